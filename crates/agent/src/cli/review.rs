//! `coderabbit-agent review`: the pipeline over a local git range.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{ValueEnum, builder::NonEmptyStringValueParser};
use review_core::{
    configuration::{Configuration, Effective, FILE_NAMES, Layer, Level, Source},
    finding::{Finding, Severity},
    pull_request::CommitId,
    sarif::sarif,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{complain, plain, print, progress, settings_with};
use crate::{
    analyzers::Analyzers,
    app,
    git::Repository,
    llm::Model,
    net::HttpClients,
    pipeline::{Analysis, LocalReview, review_range},
    settings::{Purpose, RecordingSettings, Settings, ToolSettings},
    telemetry,
};

/// More than is read of a configuration, so that a file that is too long is told as such.
const MAX_CONFIGURATION_BYTES: u64 = 16 << 20;
/// Files set aside that the text names; JSON names all.
const MAX_SET_ASIDE: usize = 20;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What the change is compared with: a branch, a tag, a commit.
    #[arg(long, value_name = "REVISION")]
    base: String,
    /// The change.
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    head: String,
    /// The repository, or a folder in it.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    repository: PathBuf,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 1 when a finding of this severity or above is found.
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
    /// Keep every question to a model and its answer in this folder, without secrets: for a bug report, or to replay them.
    #[arg(long, value_name = "DIRECTORY", value_parser = NonEmptyStringValueParser::new())]
    record: Option<String>,
    /// Take the answers from this folder, which `--record` wrote: no model is asked, and no key is needed.
    #[arg(long, value_name = "DIRECTORY", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "record")]
    replay: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Low,
    Medium,
    High,
    Critical,
}

pub(super) async fn run(env_file: Option<PathBuf>, arguments: &Arguments) -> ExitCode {
    let settings = match settings_with(Purpose::LocalReview, env_file.as_deref(), &arguments.recording()) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    // Warnings only: what a reader of the result has to know.
    if let Err(error) = telemetry::init_logging(settings.log_format, "warn") {
        return complain(&error.to_string());
    }
    let analysis = match analyse(&settings, arguments).await {
        Ok(analysis) => analysis,
        Err(error) => return complain(&format!("the review failed: {error:#}")),
    };
    match output(&analysis, arguments.format) {
        Ok(text) => print(&text),
        Err(error) => return complain(&format!("the result cannot be written: {error}")),
    }
    let threshold = arguments.fail_on.map(FailOn::severity);
    let failed = threshold.is_some_and(|threshold| analysis.findings.iter().any(|finding| finding.severity >= threshold));
    if failed { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

async fn analyse(settings: &Settings, arguments: &Arguments) -> anyhow::Result<Analysis> {
    let http = HttpClients::new(&settings.network)?;
    let model = Model::new(&settings.model, &http, settings.redactor(), None, None, app::now)?;
    let repository = Repository::local(Path::new(&arguments.repository)).await?;
    let head = repository.resolve(&arguments.head).await?;
    let target = repository.resolve(&arguments.base).await?;
    let base = repository.merge_base(&target, &head).await?;
    progress(&format!("reviewing {}..{} with {}", base.short(), head.short(), model.endpoint()));
    if let RecordingSettings::Record(folder) = &settings.model.recording {
        let folder = folder.display();
        progress(&format!("recording in {folder}; it will hold the reviewed code: read it before you give it to anybody"));
    }
    let configuration = configuration(&repository, &head).await?;
    // Whoever reviews on their own machine has no `/cache`.
    let tools = settings.tools.clone().map(|tools| ToolSettings { place: std::env::temp_dir(), ..tools });
    let range = LocalReview {
        message: repository.message(&head).await?,
        base,
        head,
        prompt_tokens: settings.model.prompt_tokens,
        max_findings: settings.review.max_inline,
        max_looks: settings.review.max_looks,
        configuration,
        analyzers: Analyzers::new(tools.as_ref()),
    };
    let cancel = CancellationToken::new();
    let on_interrupt = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            on_interrupt.cancel();
        }
    });
    Ok(review_range(&model, &repository, &range, &cancel).await?)
}

/// What the repository wants, by the file of this commit. For a review that of the head: whoever reviews on their own machine is
/// trusted.
pub(super) async fn configuration(repository: &Repository, head: &CommitId) -> anyhow::Result<Configuration> {
    let (mut layers, mut remarks) = (Vec::new(), Vec::new());
    for name in FILE_NAMES {
        let Some(bytes) = repository.blob(head, name, MAX_CONFIGURATION_BYTES).await? else { continue };
        match Layer::read(Source::Repository(name.to_owned()), &bytes) {
            Ok(layer) => layers.push(layer),
            Err(remark) => remarks.push(remark),
        }
        break;
    }
    let Effective { configuration, remarks, .. } = Effective::of(layers, remarks);
    for remark in remarks.iter().filter(|remark| remark.level == Level::Warning) {
        progress(&plain(&remark.to_string()));
    }
    Ok(configuration)
}

fn output(analysis: &Analysis, format: Format) -> Result<String, serde_json::Error> {
    match format {
        // The other forms escape what a terminal acts on, or are not read on one.
        Format::Text => Ok(plain(&text(analysis))),
        Format::Json => {
            let document = json!({
                "summary": analysis.walkthrough.as_ref().map(|walkthrough| &walkthrough.summary),
                "findings": analysis.findings,
                "small_matters": analysis.small_matters,
                "dropped": analysis.dropped,
                "reviewed_files": analysis.reviewed_files,
                "set_aside": analysis.set_aside,
                "partial": analysis.is_partial(),
                "usage": analysis.usage,
            });
            Ok(serde_json::to_string_pretty(&document)? + "\n")
        }
        Format::Sarif => Ok(serde_json::to_string_pretty(&sarif(&analysis.findings, env!("CARGO_PKG_VERSION")))? + "\n"),
    }
}

fn text(analysis: &Analysis) -> String {
    let mut text = String::new();
    if let Some(walkthrough) = &analysis.walkthrough {
        text.push_str(walkthrough.summary.trim());
        text.push_str("\n\n");
    }
    for finding in analysis.findings.iter().chain(&analysis.small_matters) {
        push_finding(&mut text, finding);
    }
    let files = analysis.reviewed_files.len();
    let noun = if files == 1 { "file" } else { "files" };
    let verdict = match analysis.findings.len() {
        _ if files == 0 && analysis.set_aside.is_empty() => "nothing to review: the two are the same".to_owned(),
        _ if files == 0 => "nothing to review: every changed file is set aside".to_owned(),
        0 => format!("no findings in {files} {noun}"),
        1 => format!("1 finding in {files} {noun}"),
        count => format!("{count} findings in {files} {noun}"),
    };
    text.push_str(&verdict);
    if analysis.is_partial() {
        text.push_str("; partly reviewed: some files are too large, or the change is larger than PROMPT_TOKENS allows");
    }
    text.push('\n');
    for file in analysis.set_aside.iter().take(MAX_SET_ASIDE) {
        push_line(&mut text, format_args!("  not reviewed: {} ({})", file.path, file.why.words()));
    }
    if let Some(more) = analysis.set_aside.len().checked_sub(MAX_SET_ASIDE).filter(|more| *more > 0) {
        push_line(&mut text, format_args!("  and {more} more files not reviewed"));
    }
    for (reason, count) in analysis.dropped_by_reason() {
        push_line(&mut text, format_args!("  {count} dropped: {}", reason.words()));
    }
    text
}

fn push_finding(text: &mut String, finding: &Finding) {
    let lines = finding.lines;
    let place = if lines.first == lines.last { lines.first.to_string() } else { format!("{}-{}", lines.first, lines.last) };
    push_line(text, format_args!("{}:{place}  {}  {}", finding.path, finding.severity, finding.claim.trim()));
    push_line(text, format_args!("    {}", finding.scenario.trim()));
    if !finding.fix.trim().is_empty() {
        push_line(text, format_args!("    Fix: {}", finding.fix.trim()));
    }
    if let Some(suggestion) = &finding.suggestion {
        for line in suggestion.replacement.lines() {
            push_line(text, format_args!("    + {line}"));
        }
    }
    text.push('\n');
}

fn push_line(text: &mut String, line: std::fmt::Arguments<'_>) {
    #[expect(clippy::let_underscore_must_use, reason = "writing to a String cannot fail")]
    let _ = writeln!(text, "{line}");
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

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
            Self::Critical => Severity::Critical,
        }
    }
}
