//! Files that are made from the sources.

use std::fs;

use anyhow::{Context, bail};
use coderabbit_agent::settings;
use review_core::configuration;

use crate::process::{root, say};

/// Path from the root, and what makes its text.
type Generated = (&'static str, fn() -> String);

const FILES: &[Generated] = &[
    ("docs/configuration.md", settings::reference_page),
    (".env.example", settings::example_env),
    ("docs/configuration-file.md", configuration::reference_page),
    ("docs/coderabbit.schema.json", configuration::schema_file),
];

pub(crate) fn write() -> anyhow::Result<()> {
    for (path, text) in FILES {
        let file = root().join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        fs::write(&file, text()).with_context(|| format!("cannot write {path}"))?;
        say(&format!("wrote {path}"));
    }
    Ok(())
}

/// Fails, naming them, when files are not what the sources would make.
pub(crate) fn check() -> anyhow::Result<()> {
    let stale = |(path, text): &&Generated| fs::read_to_string(root().join(path)).ok().as_deref() != Some(text().as_str());
    let stale: Vec<&str> = FILES.iter().filter(stale).map(|(path, _)| *path).collect();
    if stale.is_empty() {
        return Ok(());
    }
    bail!("out of date: {}. Run `cargo xtask gen`", stale.join(", "))
}
