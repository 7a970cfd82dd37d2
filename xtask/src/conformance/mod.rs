//! The end-to-end stories once more, with a judge in between: every request of the agent and every answer of the stand-in is
//! checked by Prism against Microsoft's `OpenAPI` files.
//!
//! ```text
//! agent -> entry -> Prism (one per area: git, wit, ...) -> switchboard -> the stand-in of that test
//!             `------- what the files do not describe ------^
//! ```
//!
//! Stories start their stand-ins themselves, on ports nobody knows beforehand. So the stand-in, when `TESTKIT_CONFORMANCE_ENTRY` is
//! set, names itself `{entry}/@{its port}` to everybody; the entry turns that into a header, and the switchboard reads the
//! header.

mod entry;
mod prism;
mod specifications;
mod violations;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::bail;
use clap::ValueEnum;

use crate::{
    process::{self, cargo, say, work_dir},
    steps::Steps,
    tools,
};
use entry::Entry;
use prism::Prisms;
use specifications::Family;
use violations::Ledger;

/// Tells the stand-in by which address it is reached; see this module's documentation.
const ENTRY_VARIABLE: &str = "TESTKIT_CONFORMANCE_ENTRY";
/// The stories: tests of the agent whose names begin so.
const STORIES: &str = "test(/^stories::/) and not test(/^stories::crash/)";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of the prepared `OpenAPI` files; see CONTRIBUTING.md.
    #[arg(long, value_name = "DIR")]
    openapi: PathBuf,
    /// Only this one.
    #[arg(long, value_enum)]
    family: Option<Family>,
    /// Another choice of tests, in nextest's language.
    #[arg(long, value_name = "EXPRESSION", default_value = STORIES)]
    filter: String,
    /// Run no story: serve until Ctrl-C, for tests that are started elsewhere with the printed variable set.
    #[arg(long, requires = "family")]
    serve: bool,
}

impl Arguments {
    pub(crate) fn all(openapi: PathBuf) -> Self {
        Self { openapi, family: None, filter: STORIES.to_owned(), serve: false }
    }
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // Relative to where the caller stands, not to the repository.
    let openapi = std::path::absolute(&arguments.openapi)?;
    if !openapi.is_dir() {
        bail!(
            "there is no folder {}. It holds Microsoft's OpenAPI files prepared for Prism; CONTRIBUTING.md (\"Conformance\") says where \
             anyone gets them",
            openapi.display()
        );
    }
    let mut steps = Steps::default();
    if !steps.run("tools", tools::for_conformance) {
        return steps.finish();
    }
    let modules = work_dir("prism")?;
    let mut prism = PathBuf::new();
    if !steps.run("Prism", || {
        prism = prism::install(&modules)?;
        Ok(())
    }) {
        return steps.finish();
    }
    if arguments.serve {
        let way = Way::open(arguments.family.unwrap_or(Family::Services), &openapi, &prism).await?;
        say(&format!("  {ENTRY_VARIABLE}={}\n  Ctrl-C ends it", way.entry.url()));
        tokio::signal::ctrl_c().await?;
        return way.conclude(&mut Vec::new());
    }
    // Built before any Prism takes its memory.
    steps.run("build", || process::run(cargo().args(["nextest", "run", "--locked", "--workspace", "--no-run"])));
    let families = Family::value_variants().iter().filter(|family| arguments.family.is_none_or(|one| one == **family));
    for family in families {
        let mut summary = Vec::new();
        let run = stories(*family, &openapi, &prism, &arguments.filter, &mut summary).await;
        steps.run(family.title(), || run);
        for line in summary {
            steps.note(format!("{}: {line}", family.title()));
        }
    }
    steps.finish()
}

/// The stories through the files of one family.
async fn stories(family: Family, openapi: &Path, prism: &Path, filter: &str, summary: &mut Vec<String>) -> anyhow::Result<()> {
    let way = Way::open(family, openapi, prism).await?;
    let url = way.entry.url();
    // The whole workspace, as the test command builds it: a part of it would be built anew with fewer features.
    let filter = format!("package(coderabbit-agent) and ({filter})");
    let (result, kept) = tokio::task::spawn_blocking(move || {
        let arguments = ["nextest", "run", "--locked", "--workspace", "--profile", "ci", "-E", &filter];
        process::run_keeping(cargo().args(arguments).env(ENTRY_VARIABLE, url), |line| line.contains("Summary ["))
    })
    .await?;
    summary.extend(kept);
    let judged = way.conclude(summary);
    result.and(judged)
}

/// The entry with the Prisms behind it.
struct Way {
    entry: Entry,
    ledger: Arc<Ledger>,
}

impl Way {
    async fn open(family: Family, openapi: &Path, prism: &Path) -> anyhow::Result<Self> {
        say(&format!("\n-- {}", family.title()));
        let ledger = Arc::new(Ledger::default());
        let entry = Entry::start(Arc::clone(&ledger)).await?;
        let prisms = Prisms::new(prism.to_owned(), specifications::prepare(family, openapi)?, entry.switchboard_url());
        // Nearly every story needs these two; others start when they are first asked for.
        tokio::try_join!(prisms.url("git"), prisms.url("wit"))?;
        entry.route_through(prisms).await;
        Ok(Self { entry, ledger })
    }

    /// Tells what was seen; an error when something was objected to, or nothing was seen at all.
    fn conclude(self, summary: &mut Vec<String>) -> anyhow::Result<()> {
        let counts = self.ledger.counts();
        let text = format!(
            "{} calls checked, {} not described by the files, {} deliberate faults, {} violations",
            counts.checked, counts.undescribed, counts.faults, counts.violations
        );
        say(&format!("  {text}"));
        summary.push(text);
        self.ledger.print();
        if counts.violations > 0 {
            bail!("{} violations of Microsoft's OpenAPI files, listed above", counts.violations);
        }
        if counts.checked == 0 {
            bail!("no call went through Prism: the stand-in does not heed {ENTRY_VARIABLE}, or no story matches the filter");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
