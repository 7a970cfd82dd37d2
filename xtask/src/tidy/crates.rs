//! Which crate may depend on what.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::SourceFile;
use crate::process::{cargo, output};

/// Crates that do I/O: none may be anywhere in the tree of the core.
const IO_CRATES: &[&str] = &["tokio", "sqlx", "sqlx-core", "reqwest", "axum", "hyper", "mio", "socket2", "rustls", "tempfile"];
const CORE: &str = "review-core";
const DEPENDENCY_LIST: &str = "docs/dependencies.md";

/// Which crates of the workspace a crate may use outside of its tests.
const DIRECTIONS: &[(&str, &[&str])] =
    &[(CORE, &[]), ("code-index", &[CORE]), ("testkit", &[]), ("coderabbit-agent", &[CORE, "code-index"])];

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    dependencies: Vec<Declared>,
}

/// A line of a manifest.
#[derive(Debug, Deserialize)]
struct Declared {
    name: String,
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

pub(super) fn problems(files: &[SourceFile]) -> anyhow::Result<Vec<String>> {
    let metadata: Metadata = serde_json::from_str(&output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?)?;
    let mut problems = core_is_pure(&metadata);
    problems.extend(directions(&metadata));
    problems.extend(declared_and_explained(&metadata, files));
    Ok(problems)
}

fn core_is_pure(metadata: &Metadata) -> Vec<String> {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
    let nodes: BTreeMap<&str, &Node> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let Some(core) = metadata.packages.iter().find(|package| package.name == CORE) else {
        return vec![format!("the workspace has no crate {CORE}")];
    };
    let mut seen = BTreeSet::new();
    let mut waiting = vec![core.id.as_str()];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        let linked = |edge: &&Edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none());
        let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        waiting.extend(edges.filter(linked).map(|edge| edge.pkg.as_str()));
    }
    let tree = seen.iter().filter_map(|id| names.get(id).copied());
    tree.filter(|name| IO_CRATES.contains(name))
        .map(|name| format!("{CORE} depends on {name}, which does I/O (cargo tree -p {CORE} -i {name})"))
        .collect()
}

fn directions(metadata: &Metadata) -> Vec<String> {
    let members = members(metadata);
    let is_member = |name: &str| members.iter().any(|package| package.name == name);
    let mut problems = Vec::new();
    for (name, allowed) in DIRECTIONS {
        let Some(package) = members.iter().find(|package| package.name == *name) else {
            problems.push(format!("the workspace has no crate {name}"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev")) {
            if is_member(&dependency.name) && !allowed.contains(&dependency.name.as_str()) {
                problems.push(format!("{name} may not depend on {}", dependency.name));
            }
        }
    }
    problems
}

/// Every dependency of the root manifest is used, and has its line in the list; the list has no others.
fn declared_and_explained(metadata: &Metadata, files: &[SourceFile]) -> Vec<String> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let declared = declared_dependencies(text("Cargo.toml"));
    let explained = explained_dependencies(text(DEPENDENCY_LIST));
    let used: BTreeSet<&str> =
        members(metadata).iter().flat_map(|package| &package.dependencies).map(|dependency| dependency.name.as_str()).collect();
    let mut problems = Vec::new();
    for name in &declared {
        if !explained.contains(name) {
            problems.push(format!("{DEPENDENCY_LIST} has no line for {name}"));
        }
        if !used.contains(name) {
            problems.push(format!("Cargo.toml lists {name}, which no crate uses"));
        }
    }
    let gone = explained.iter().filter(|name| !declared.contains(*name));
    problems.extend(gone.map(|name| format!("{DEPENDENCY_LIST} has a line for {name}, which Cargo.toml does not list")));
    problems
}

fn members(metadata: &Metadata) -> Vec<&Package> {
    metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id)).collect()
}

/// Names in `[workspace.dependencies]` that are not paths into this repository.
fn declared_dependencies(manifest: &str) -> BTreeSet<&str> {
    let lines = manifest.lines().skip_while(|line| line.trim() != "[workspace.dependencies]").skip(1);
    let section = lines.take_while(|line| !line.starts_with('['));
    let entries = section.filter_map(|line| line.split_once('='));
    entries
        .filter(|(_, value)| !value.contains("path ="))
        .map(|(name, _)| name.trim())
        .filter(|name| !name.starts_with('#'))
        .collect()
}

/// Names in backticks in the first column of the tables.
fn explained_dependencies(list: &str) -> BTreeSet<&str> {
    let cells = list.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    cells.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::{declared_dependencies, explained_dependencies};

    #[test]
    fn names_are_read_from_the_manifest_and_from_the_list() {
        let manifest = "[workspace]\nx = 1\n[workspace.dependencies]\nown = { path = \"crates/own\" }\n\nserde = \"1\"\n# odd = \"1\"\n\
                        tokio = { version = \"1\" }\n[profile.dev]\ndebug = true\n";
        assert_eq!(declared_dependencies(manifest).into_iter().collect::<Vec<_>>(), ["serde", "tokio"]);
        let list = "# Dependencies\n\n| crate | for |\n|---|---|\n| `serde` | values |\n| not this | - |\n";
        assert_eq!(explained_dependencies(list).into_iter().collect::<Vec<_>>(), ["serde"]);
    }
}
