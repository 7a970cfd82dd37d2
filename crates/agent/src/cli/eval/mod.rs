//! `coderabbit-agent eval`: the pipeline over labelled cases, and how good its reviews are.

mod cases;
mod runs;

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::builder::NonEmptyStringValueParser;
use jiff::Timestamp;
use review_core::eval::{FORMAT, Report, compare, comparison_page, comparison_table, page, parse_report, report_table};
use tokio_util::sync::CancellationToken;

use self::{
    cases::{CaseProblem, load},
    runs::{Runs, Stopped},
};
use super::{complain, plain, print, progress, settings_with};
use crate::{
    app,
    llm::Model,
    net::HttpClients,
    settings::{Purpose, RecordingSettings, Settings},
    telemetry,
};

/// A report of thousands of cases has a few hundred megabytes; above that it is another file.
const MAX_REPORT_BYTES: u64 = 512 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder of cases, or one case: see docs/eval.md.
    #[arg(value_name = "DIRECTORY", required_unless_present = "compare")]
    cases: Option<PathBuf>,
    /// Write the report to this file, for `--compare`.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report, or the comparison, to this file as a page.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Review each case so often, and report the median.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100), conflicts_with_all = ["record", "replay"])]
    runs: u32,
    /// Reviews at the same time. More than one says less about how long a review takes.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// Also let the model of the heavy role say which findings mean the expected ones. It is asked about each pair.
    #[arg(long)]
    judge: bool,
    /// Keep every question to a model and its answer in this folder, without secrets, to replay them.
    #[arg(long, value_name = "DIRECTORY", value_parser = NonEmptyStringValueParser::new())]
    record: Option<String>,
    /// Take the answers from this folder, which `--record` wrote: no model is asked, and no key is needed.
    #[arg(long, value_name = "DIRECTORY", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "record")]
    replay: Option<String>,
    /// Compare two reports that `--json` wrote: what changed from the first to the second, and whether that can be chance.
    #[arg(long, num_args = 2, value_names = ["FIRST", "SECOND"], conflicts_with_all = ["cases", "runs", "parallel", "judge", "record", "replay"])]
    compare: Option<Vec<PathBuf>>,
}

pub(super) async fn run(env_file: Option<PathBuf>, arguments: &Arguments) -> ExitCode {
    let outcome = match (arguments.compare.as_deref(), &arguments.cases) {
        (Some([first, second]), _) => run_comparison(first, second, arguments),
        (_, Some(cases)) => {
            let settings = match settings_with(Purpose::LocalReview, env_file.as_deref(), &arguments.recording()) {
                Ok(settings) => settings,
                Err(code) => return code,
            };
            if let Err(error) = telemetry::init_logging(settings.log_format, "warn") {
                return complain(&error.to_string());
            }
            run_cases(&settings, cases, arguments).await
        }
        (_, None) => return complain("name a folder of cases, or two reports to --compare"),
    };
    outcome.unwrap_or_else(|error| complain(&plain(&format!("{error:#}"))))
}

async fn run_cases(settings: &Settings, directory: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    // Before anything is paid for.
    for file in [&arguments.json, &arguments.html].into_iter().flatten() {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(file)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let loaded = match load(directory).await? {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(refuse(&problems)),
    };
    let http = HttpClients::new(&settings.network)?;
    let model = Model::new(&settings.model, &http, settings.redactor(), None, None, app::now)?;
    let models = model.table().await?.to_string();
    let started_at = Timestamp::from_second(app::now() / 1_000).map(|now| now.to_string()).unwrap_or_default();
    progress(&format!("reviewing {} cases with {models} at {}", loaded.cases.len(), model.endpoint()));
    let cancel = CancellationToken::new();
    let on_interrupt = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            on_interrupt.cancel();
        }
    });
    let runs = Runs {
        model: &model,
        prompt_tokens: settings.model.prompt_tokens,
        max_findings: settings.review.max_inline,
        max_looks: settings.review.max_looks,
        judges: arguments.judge,
        times: arguments.runs,
        parallel: arguments.parallel.into(),
    };
    let cases = match runs.over(&loaded.cases, &cancel).await {
        Ok(cases) => cases,
        Err(Stopped) => anyhow::bail!("stopped; no report was written"),
    };
    let report = Report {
        format: FORMAT,
        agent: env!("CARGO_PKG_VERSION").to_owned(),
        started_at,
        models,
        is_replay: matches!(settings.model.recording, RecordingSettings::Replay(_)),
        runs: arguments.runs,
        figures: Vec::new(),
        cases,
    };
    let report = report.with_figures();
    // Before the table, whose reader may go away (`| head`); and the table all the same when a disk is full by now.
    let saved = save(&report, arguments);
    print(&plain(&report_table(&report)));
    saved?;
    Ok(if report.failures() > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn save(report: &Report, arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(file) = &arguments.json {
        write(file, &(serde_json::to_string_pretty(report)? + "\n"))?;
    }
    if let Some(file) = &arguments.html {
        write(file, &page(report))?;
    }
    Ok(())
}

/// Tells everything that is wrong with the cases.
fn refuse(problems: &[CaseProblem]) -> ExitCode {
    for CaseProblem { path, text } in problems {
        progress(&plain(&format!("error: {}: {text}", path.display())).replace('\n', " "));
    }
    let (count, noun) = (problems.len(), if problems.len() == 1 { "problem" } else { "problems" });
    complain(&format!("{count} {noun} with the cases, so nothing was run; docs/eval.md describes their form"))
}

fn run_comparison(first: &Path, second: &Path, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let (first, second) = match (read_report(first), read_report(second)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => {
            let problems: Vec<String> = [first.err(), second.err()].into_iter().flatten().collect();
            anyhow::bail!(problems.join("\n"));
        }
    };
    let comparisons = compare(&first, &second);
    if let Some(file) = &arguments.json {
        write(file, &(serde_json::to_string_pretty(&comparisons)? + "\n"))?;
    }
    if let Some(file) = &arguments.html {
        write(file, &comparison_page(&first, &second, &comparisons))?;
    }
    print(&plain(&comparison_table(&comparisons)));
    Ok(ExitCode::SUCCESS)
}

fn read_report(file: &Path) -> Result<Report, String> {
    let about = |problem: &dyn std::fmt::Display| format!("{}: {problem}", file.display());
    let length = std::fs::metadata(file).map_err(|error| about(&error))?.len();
    if length > MAX_REPORT_BYTES {
        return Err(about(&"it is too large for a report"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| about(&error))?;
    parse_report(&text).map_err(|problem| about(&problem))
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

impl Arguments {
    fn recording(&self) -> RecordingSettings {
        match (&self.replay, &self.record) {
            (Some(folder), _) => RecordingSettings::Replay(folder.into()),
            (None, Some(folder)) => RecordingSettings::Record(folder.into()),
            (None, None) => RecordingSettings::Off,
        }
    }
}
