//! The repository's tasks. Each prints what it does; `cargo xtask help` lists them.

mod agent;
mod bench;
mod checks;
mod conformance;
mod daemon;
mod demo;
mod eval;
mod generate;
mod peers;
mod process;
mod real_model;
mod steps;
mod test;
mod tidy;
mod tools;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The tasks of this repository")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Everything that CI checks, installing what it needs.
    Test {
        /// Only what a change needs before it is committed: no documentation, no third-party clients, no demo.
        #[arg(long)]
        quick: bool,
        /// Only this: a pull request is reviewed by a real language model on this machine (a download of 1.2 GB, minutes).
        #[arg(long, conflicts_with = "quick")]
        real_model: bool,
    },
    /// `test`, then `conformance`: what `.ci/run` does.
    Ci {
        /// Folder of the prepared `OpenAPI` files; see CONTRIBUTING.md.
        #[arg(long, value_name = "DIR")]
        openapi: PathBuf,
    },
    /// A pull request is reviewed before your eyes, then pushed to and reviewed again.
    Demo(demo::Arguments),
    /// The shipped cases of `eval/cases`, reviewed with the scripted model: table, report and page.
    Eval(eval::Arguments),
    /// Runs the end-to-end stories through Prism, against Microsoft's `OpenAPI` files.
    Conformance(conformance::Arguments),
    /// The stand-ins of Azure DevOps, Jira, Linear and Perplexity, driven by clients that others wrote.
    Checks,
    /// The agent against counterparts that others wrote: a model's server, a token server, a proxy.
    Peers(peers::Arguments),
    /// Writes the generated files.
    Gen {
        /// Only say which of them are out of date.
        #[arg(long)]
        check: bool,
    },
    /// The rules of ARCHITECTURE.md that can be read off the sources.
    Tidy,
    /// Measurements.
    Bench {
        #[command(subcommand)]
        what: Measurement,
    },
}

#[derive(Debug, Subcommand)]
enum Measurement {
    /// How fast webhooks are acknowledged while a review runs.
    Ack(bench::ack::Arguments),
    /// How long the code index of a large repository takes, at first and after a change.
    Index {
        /// Files of the repository.
        #[arg(long, default_value_t = 10_000)]
        files: usize,
    },
    /// What a review takes beside the model: wall time and CPU.
    Pipeline(bench::pipeline::Arguments),
    /// What the prompts of a run hold, and how much of them its calls share.
    Tokens,
}

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    match run(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::say(&format!("\nfailed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Test { real_model: true, .. } => real_model::test(),
        Task::Test { quick, .. } => test::run(quick),
        Task::Ci { openapi } => {
            test::run(false)?;
            on_runtime(conformance::run(&conformance::Arguments::all(openapi)))
        }
        Task::Demo(arguments) => on_runtime(demo::run(&arguments)),
        Task::Eval(arguments) => on_runtime(eval::evaluate(&arguments)),
        Task::Conformance(arguments) => on_runtime(conformance::run(&arguments)),
        Task::Checks => checks::run(),
        Task::Peers(arguments) => peers::run(&arguments, &mut Vec::new()),
        Task::Gen { check: true } => generate::check(),
        Task::Gen { check: false } => generate::write(),
        Task::Tidy => tidy::run(),
        Task::Bench { what: Measurement::Ack(arguments) } => on_runtime(bench::ack::run(&arguments)),
        Task::Bench { what: Measurement::Index { files } } => bench::index::run(files),
        Task::Bench { what: Measurement::Pipeline(arguments) } => on_runtime(bench::pipeline::run(&arguments)),
        Task::Bench { what: Measurement::Tokens } => on_runtime(bench::tokens::run()),
    }
}

/// Tasks that serve or ask over HTTP.
fn on_runtime(task: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        anyhow::bail!("TLS cannot be set up: another provider is installed");
    }
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(task)
}
