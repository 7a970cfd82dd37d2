//! What the tasks need of the machine, and how it gets there.

use std::{env, path::PathBuf};

use anyhow::{Context, bail};

use crate::process::{cargo, command, output, run, say, works};

/// The agent's mirrors need what this version of git brought (`--refetch` of partial clones, `safe.bareRepository`).
const GIT: (u32, u32) = (2, 38);
const NEXTEST: &str = "cargo-nextest";

/// A system tool, how to see that it is there, and the Debian packages that bring it.
struct Tool {
    name: &'static str,
    present: fn() -> bool,
    packages: &'static [&'static str],
}

const GIT_TOOL: Tool = Tool { name: "git 2.38 or newer", present: git_is_new_enough, packages: &["git"] };
const PYTHON: Tool =
    Tool { name: "python3 with venv", present: python_makes_environments, packages: &["python3", "python3-venv"] };
const NODE: Tool = Tool { name: "node with npm", present: node_and_npm, packages: &["nodejs", "npm"] };

/// What the tests of the workspace need.
pub(crate) fn for_tests() -> anyhow::Result<()> {
    ensure(&[GIT_TOOL])?;
    if !works(cargo().args(["nextest", "--version"])) {
        run(cargo().args(["install", "--locked", NEXTEST]))?;
    }
    Ok(())
}

/// What the third-party clients need.
pub(crate) fn for_checks() -> anyhow::Result<()> {
    ensure(&[GIT_TOOL, PYTHON, NODE])
}

/// What Prism needs.
pub(crate) fn for_conformance() -> anyhow::Result<()> {
    for_tests()?;
    ensure(&[NODE])
}

pub(crate) fn for_demo() -> anyhow::Result<()> {
    ensure(&[GIT_TOOL])
}

fn ensure(tools: &[Tool]) -> anyhow::Result<()> {
    let missing = || tools.iter().filter(|tool| !(tool.present)()).collect::<Vec<_>>();
    let before = missing();
    if before.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = before.iter().flat_map(|tool| tool.packages).copied().collect();
    let names = |tools: &[&Tool]| tools.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", ");
    if !may_install() {
        bail!("missing: {}. Install it, on Debian or Ubuntu with: sudo apt-get install {}", names(&before), packages.join(" "));
    }
    say(&format!("installing {}", packages.join(", ")));
    run(command("apt-get").args(["update", "-qq"]))?;
    run(command("apt-get")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(&packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    let still = missing();
    if !still.is_empty() {
        bail!(
            "{} is still missing after apt-get install {}; this system's packages are too old",
            names(&still),
            packages.join(" ")
        );
    }
    Ok(())
}

/// Root on a system with apt.
fn may_install() -> bool {
    let root = output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && find("apt-get").is_some()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = crate::process::variable("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

fn git_is_new_enough() -> bool {
    output(command("git").arg("--version")).ok().and_then(|text| version(&text)).is_some_and(|found| found >= GIT)
}

fn python_makes_environments() -> bool {
    works(command("python3").args(["-c", "import venv, ensurepip"]))
}

fn node_and_npm() -> bool {
    works(command("node").arg("--version")) && works(command("npm").arg("--version"))
}

/// The first `major.minor` in a text like `git version 2.47.3`.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Installs npm packages into a directory, unless exactly these stand there.
pub(crate) fn npm_packages(dir: &std::path::Path, packages: &[&str]) -> anyhow::Result<()> {
    let stamp = dir.join("installed.txt");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    std::fs::write(dir.join("package.json"), "{\"private\": true}\n").context("cannot write package.json")?;
    run(command("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(packages)
        .current_dir(dir))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read_from_what_git_prints() {
        assert_eq!(version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 2.38.1.windows.1"), Some((2, 38)));
        assert_eq!(version("no such thing"), None);
        assert!(Some((2, 9)) < Some((2, 38)));
    }
}
