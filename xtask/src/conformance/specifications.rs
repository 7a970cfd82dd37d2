//! The `OpenAPI` files, as Prism is given them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::process::work_dir;

/// A set of files that describe one release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Family {
    /// Azure DevOps Services, 7.1.
    #[value(name = "7.1")]
    Services,
    /// Azure DevOps Server 2022, 7.0.
    #[value(name = "server-7.0")]
    Server,
}

impl Family {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Services => "stories against 7.1",
            Self::Server => "stories against Server 7.0",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Services => "-7.1.json",
            Self::Server => "-server-7.0.json",
        }
    }

    /// Every version that this release takes: its own and all before.
    fn versions(self) -> &'static [&'static str] {
        match self {
            Self::Services => &["5.0", "5.1", "6.0", "7.0", "7.1"],
            Self::Server => &["5.0", "5.1", "6.0", "7.0"],
        }
    }
}

/// Copies the files of a family for Prism, by area (`git`, `wit`, ...). The prepared files name exactly one `api-version`; the
/// service takes older ones as well, and so do the copies; fields of work items are declared as objects, and the service sends
/// texts and numbers; what makes a push or a pull request is answered with 201. Nothing else is changed.
pub(super) fn prepare(family: Family, openapi: &Path) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let copies = work_dir("openapi")?;
    let mut areas = BTreeMap::new();
    for entry in fs::read_dir(openapi).with_context(|| format!("cannot read {}", openapi.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Some(area) = name.strip_suffix(family.suffix()).filter(|area| !area.contains('-')) else { continue };
        let path = openapi.join(&name);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut specification = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
        accept_older_versions(&mut specification, family.versions());
        accept_plain_fields(&mut specification);
        answer_created(&mut specification);
        let copy = copies.join(&name);
        fs::write(&copy, specification.to_string()).with_context(|| format!("cannot write {}", copy.display()))?;
        areas.insert(area.to_owned(), copy);
    }
    for needed in ["git", "wit"] {
        if !areas.contains_key(needed) {
            bail!("{} has no {needed}{}; see CONTRIBUTING.md", openapi.display(), family.suffix());
        }
    }
    Ok(areas)
}

fn accept_older_versions(specification: &mut Value, versions: &[&str]) {
    let Some(parameters) = specification.get_mut("parameters").and_then(Value::as_object_mut) else { return };
    for parameter in parameters.values_mut().filter(|parameter| parameter["name"] == "api-version") {
        let Some(own) = parameter["enum"][0].as_str().map(str::to_owned) else { continue };
        let preview = own.split_once('-').map(|(_, preview)| preview.to_owned());
        let mut taken = vec![Value::String(own)];
        for version in versions {
            // Server 2020 has as previews what later releases have for good.
            taken.extend([format!("{version}-preview"), format!("{version}-preview.1")].map(Value::String));
            match &preview {
                Some(preview) => taken.push(Value::String(format!("{version}-{preview}"))),
                None => taken.push(Value::String((*version).to_owned())),
            }
        }
        taken.sort_by_key(ToString::to_string);
        taken.dedup();
        parameter["enum"] = Value::Array(taken);
    }
}

/// The files say that fields of work items and attributes of their links are objects; the service sends texts and numbers.
fn accept_plain_fields(specification: &mut Value) {
    for values in ["WorkItem/properties/fields", "Link/properties/attributes"] {
        if let Some(values) = specification.pointer_mut(&format!("/definitions/{values}/additionalProperties")) {
            *values = serde_json::json!({});
        }
    }
}

/// The files declare 200 for them; the service answers 201 (Microsoft's own client for Rust patches its copy the same way,
/// `microsoft/azure-devops-rust-api#47`).
fn answer_created(specification: &mut Value) {
    let Some(paths) = specification.get_mut("paths").and_then(Value::as_object_mut) else { return };
    let makers = paths.iter_mut().filter(|(path, _)| path.ends_with("/pushes") || path.ends_with("{repositoryId}/pullrequests"));
    for (_, operations) in makers {
        let Some(responses) = operations.pointer_mut("/post/responses").and_then(Value::as_object_mut) else { continue };
        if let Some(made) = responses.remove("200") {
            responses.insert("201".to_owned(), made);
        }
    }
}

#[cfg(test)]
pub(super) fn accept_older_versions_of(specification: &mut Value, family: Family) {
    accept_older_versions(specification, family.versions());
}
