//! Rules of ARCHITECTURE.md and CONTRIBUTING.md that can be read off manifests and sources.

mod crates;
mod links;
mod modules;
mod named_tests;
mod texts;

use anyhow::bail;

use crate::process::{command, output, root, say};

/// A file of the repository.
pub(super) struct SourceFile {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl SourceFile {
    pub(super) fn is(&self, extension: &str) -> bool {
        std::path::Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

/// Looks at everything that git tracks or would track, and lists all broken rules.
pub(crate) fn run() -> anyhow::Result<()> {
    let files = source_files()?;
    let mut problems = crates::problems(&files)?;
    problems.extend(modules::problems(&files));
    problems.extend(links::problems(&files, &|path| root().join(path).exists()));
    problems.extend(texts::problems(&files));
    problems.extend(named_tests::problems(&files, &review_core::configuration::tests_of_keys()));
    if problems.is_empty() {
        say(&format!("  {} files are tidy", files.len()));
        return Ok(());
    }
    for problem in &problems {
        say(&format!("  {problem}"));
    }
    bail!("{} rules are broken, listed above", problems.len())
}

fn source_files() -> anyhow::Result<Vec<SourceFile>> {
    let listed = output(command("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]))?;
    let paths = listed.split('\0').filter(|path| !path.is_empty());
    // What is no text (pictures), or was deleted but not yet from the index, has no rules.
    let read =
        |path: &str| std::fs::read_to_string(root().join(path)).ok().map(|text| SourceFile { path: path.to_owned(), text });
    Ok(paths.filter_map(read).collect())
}
