//! `coderabbit-agent doctor`: every problem in one run, each with what to do.

mod ways;

use std::{path::PathBuf, process::ExitCode};

use review_core::finding::answer::ResolutionAnswer;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{plain, print};
use crate::{
    analyzers::Analyzers,
    app,
    azure_devops::{AzureDevOps, AzureDevOpsError},
    git,
    llm::{Model, Role},
    net::HttpClients,
    settings::{Loaded, Part, Problem, Purpose, RecordingSettings, Settings, StorageSettings, ToolSettings},
    store::Store,
    trackers::{Probe, Trackers},
    web_search::WebSearch,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only what needs no network.
    #[arg(long)]
    offline: bool,
    /// For machines.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Failed,
}

#[derive(Debug, Serialize)]
struct Check {
    subject: String,
    verdict: Verdict,
    text: String,
}

#[derive(Debug, Default)]
struct Report {
    checks: Vec<Check>,
}

/// Exit code 1 when anything failed; warnings alone are 0.
pub(super) async fn run(env_file: Option<PathBuf>, arguments: &Arguments) -> ExitCode {
    let mut report = Report::default();
    let loaded = Settings::load(Purpose::Serve, env_file.as_deref());
    report.settings(&loaded);
    report.git().await;
    // With a wrong setting the parts that it does not concern are checked all the same.
    let (settings, problems) = match loaded {
        Ok(loaded) => (Some(loaded.settings), Vec::new()),
        Err(problems) => (Settings::load_despite(&problems, env_file.as_deref()), problems),
    };
    match &settings {
        Some(settings) => report.parts(settings, &problems, arguments.offline).await,
        None => report.warn("everything else", "not checked: mend the settings first".to_owned()),
    }
    let failed = report.checks.iter().any(|check| check.verdict == Verdict::Failed);
    print(&if arguments.json { report.as_json() } else { plain(&report.as_text()) });
    if failed { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

impl Report {
    fn settings(&mut self, loaded: &Result<Loaded, Vec<Problem>>) {
        match loaded {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    self.warn(&warning.variable, warning.text.clone());
                }
                if loaded.settings.server.webhook_credentials.is_none() {
                    self.warn(
                        "AZURE_DEVOPS_WEBHOOK_USERNAME",
                        "not set, nor AZURE_DEVOPS_WEBHOOK_PASSWORD: whoever reaches the port can queue reviews; set both, here and in the service hooks"
                            .to_owned(),
                    );
                }
                self.ok("settings", "complete".to_owned());
            }
            Err(problems) => {
                for problem in problems {
                    self.failed(&problem.variable, problem.text.clone());
                }
            }
        }
    }

    /// Every part of which no setting has a problem.
    async fn parts(&mut self, settings: &Settings, problems: &[Problem], offline: bool) {
        let is_spoilt = |part: Part| problems.iter().any(|problem| problem.part() == part);
        let later = "not checked: mend its settings first".to_owned();
        if is_spoilt(Part::Storage) {
            self.warn("database", later.clone());
        } else {
            self.storage(&settings.storage).await;
        }
        self.tools(settings.tools.as_ref()).await;
        if is_spoilt(Part::Network) {
            return self.warn("network", later);
        }
        let http = match HttpClients::new(&settings.network) {
            Ok(http) => http,
            Err(error) => return self.failed("network", error.to_string()),
        };
        for (_, url) in ways::targets(settings).into_iter().filter(|(part, _)| !is_spoilt(*part)) {
            self.ok(url.as_str().trim_end_matches('/'), http.way(&url).to_string());
        }
        if is_spoilt(Part::AzureDevOps) {
            self.warn("Azure DevOps", later.clone());
        } else if !offline {
            self.azure_devops(settings, &http).await;
        }
        if !offline {
            self.services(settings, &http).await;
        }
        if is_spoilt(Part::Model) {
            self.warn("model", later);
        } else {
            self.model(settings, &http, offline).await;
        }
    }

    async fn git(&mut self) {
        match git::git_version().await {
            Ok(version) if version.is_supported() => self.ok("git", version.text),
            Ok(version) => self.failed("git", format!("{} is too old; install git 2.38 or newer", version.text)),
            Err(error) => self.failed("git", error.to_string()),
        }
    }

    /// Which tools there are, and whether the sandbox of this machine would keep them in.
    async fn tools(&mut self, settings: Option<&ToolSettings>) {
        let Some(settings) = settings else { return self.ok("tools", "off (`ENABLE_TOOLS`)".to_owned()) };
        let Some((names, refused)) = Analyzers::new(Some(settings)).state().await else { return };
        let folders: Vec<String> = settings.folders.iter().map(|folder| folder.display().to_string()).collect();
        match refused {
            _ if names.is_empty() => self.ok("tools", format!("none is installed in {} (`TOOLS_PATH`)", folders.join(", "))),
            None => self.ok("tools", format!("{}; the sandbox holds", names.join(", "))),
            Some(why) => self.warn("tools", format!("none of {} is run: {why}; see docs/tools.md", names.join(", "))),
        }
    }

    async fn storage(&mut self, storage: &StorageSettings) {
        match std::fs::create_dir_all(&storage.temp_path).and_then(|()| tempfile::tempfile_in(&storage.temp_path)) {
            Ok(_) => self.ok("TEMP_PATH", format!("{} can be written", storage.temp_path.display())),
            Err(error) => self.failed(
                "TEMP_PATH",
                format!(
                    "{} cannot be written ({error}); give the agent's user the right, or name another folder",
                    storage.temp_path.display()
                ),
            ),
        }
        let opened = async {
            let store = Store::open(&storage.database_url).await?;
            store.pending_migrations().await
        };
        match opened.await {
            Ok(0) => self.ok("database", "open, up to date".to_owned()),
            Ok(count) => self.ok("database", format!("open; {count} migrations will be applied when the agent starts")),
            Err(error) => self.failed("database", error.to_string()),
        }
    }

    async fn azure_devops(&mut self, settings: &Settings, http: &HttpClients) {
        let Some(azure_settings) = &settings.azure_devops else { return };
        let azure = match AzureDevOps::new(azure_settings, http, app::azure_devops_timeout(settings.server.job_lease)) {
            Ok(azure) => azure,
            Err(error) => return self.failed("Azure DevOps", error.to_string()),
        };
        if azure_settings.collections.is_empty() {
            self.warn(
                "AZURE_DEVOPS_URL",
                "not set: events of any organisation on dev.azure.com are taken, and the token cannot be checked before the first; set it to your organisation, e.g. https://dev.azure.com/contoso"
                    .to_owned(),
            );
        }
        for collection in &azure_settings.collections {
            let collection = collection.as_str().trim_end_matches('/');
            for probe in azure.probe(collection).await {
                let subject = format!("{collection}: {}", probe.what);
                match probe.result {
                    Ok(text) => self.ok(&subject, text),
                    Err(text) => self.failed(&subject, text),
                }
            }
            // A project lies in one collection: in the others it is not found, which is no trouble by itself.
            for project in &azure_settings.projects {
                let subject = format!("{collection}: project {project}");
                match azure.active_pull_requests(collection, project).await {
                    Ok(active) => self.ok(&subject, format!("{} active pull requests; looked through in rounds", active.len())),
                    Err(AzureDevOpsError::NotFound { .. }) if azure_settings.collections.len() > 1 => {
                        self.ok(&subject, "not in this collection".to_owned());
                    }
                    Err(error) => {
                        self.failed(&subject, format!("{error}; mend AZURE_DEVOPS_PROJECTS, or give the agent's user access"));
                    }
                }
            }
        }
    }

    async fn services(&mut self, settings: &Settings, http: &HttpClients) {
        match Trackers::new(&settings.trackers, http, settings.redactor(), None, app::now) {
            Ok(trackers) => {
                for Probe { tracker, host, result } in trackers.probe().await {
                    let subject = format!("{tracker} at {host}");
                    match result {
                        Ok(account) => self.ok(&subject, format!("answers; the token is that of {account}")),
                        Err(text) => self.failed(&subject, text),
                    }
                }
            }
            Err(error) => self.failed("trackers", error.to_string()),
        }
        let Some(search) = &settings.web_search else { return };
        match WebSearch::new(search, http, settings.redactor(), None, None, app::now) {
            Ok(web) => {
                let subject = format!("web search at {}", web.host());
                match web.probe().await {
                    Ok(results) => self.ok(&subject, format!("answers; a search brought {results} results, and was paid for")),
                    Err(error) => self.failed(&subject, error.to_string()),
                }
            }
            Err(error) => self.failed("web search", error.to_string()),
        }
    }

    async fn model(&mut self, settings: &Settings, http: &HttpClients, offline: bool) {
        let model = |settings_of_model| Model::new(settings_of_model, http, settings.redactor(), None, None, app::now);
        let mut unrecorded = settings.model.clone();
        if let RecordingSettings::Record(folder) = &settings.model.recording {
            match model(&settings.model) {
                Ok(_) => {
                    let folder = folder.display();
                    let text = format!(
                        "every question to a model, with the code in it, is kept in {folder}; unset it when you have what you need"
                    );
                    self.warn("MODEL_RECORD_PATH", text);
                }
                Err(error) => self.failed("MODEL_RECORD_PATH", error.to_string()),
            }
            // The doctor's own questions are none of a review.
            unrecorded.recording = RecordingSettings::Off;
        }
        let model = match model(&unrecorded) {
            Ok(model) => model,
            Err(error) => return self.failed("model", error.to_string()),
        };
        let is_replay = matches!(settings.model.recording, RecordingSettings::Replay(_));
        // What is recorded is on this machine.
        if offline && !is_replay {
            return;
        }
        let table = match model.table().await {
            Ok(table) => table,
            Err(error) => return self.failed("model", error.to_string()),
        };
        self.ok("models", format!("{table} at {}", model.endpoint()));
        if is_replay {
            let text =
                "is set: a recording answers, and no model is asked; unset it to review anything else than what was recorded";
            return self.warn("MODEL_REPLAY_PATH", text.to_owned());
        }
        if settings.review.cost_limits.are_set() {
            for name in table.without_price(&settings.model.prices) {
                let text = "its price is not known, so COST_LIMIT_PULL_REQUEST and COST_LIMIT_DAY do not hold it; set it in MODEL_PRICES";
                self.warn(&format!("model {name}"), text.to_owned());
            }
        }
        let cancel = CancellationToken::new();
        let question = "Code before: `int total = 0`. Code now: `int total = 0;`. Claim: a semicolon is missing. Is it fixed?";
        let mut asked = Vec::new();
        for role in Role::ALL {
            let name = table.first(role);
            if asked.contains(&name) {
                continue;
            }
            asked.push(name);
            match model.ask::<ResolutionAnswer>(role, "", question, &cancel).await {
                Ok(reply) if reply.model == name => self.ok(&format!("model {name}"), "answers in the schema".to_owned()),
                Ok(reply) => self.warn(&format!("model {name}"), format!("does not answer; {} stands in for it", reply.model)),
                Err(error) => self.failed(&format!("model {name}"), error.to_string()),
            }
        }
    }

    fn ok(&mut self, subject: &str, text: String) {
        self.checks.push(Check { subject: subject.to_owned(), verdict: Verdict::Ok, text });
    }

    fn warn(&mut self, subject: &str, text: String) {
        self.checks.push(Check { subject: subject.to_owned(), verdict: Verdict::Warning, text });
    }

    fn failed(&mut self, subject: &str, text: String) {
        self.checks.push(Check { subject: subject.to_owned(), verdict: Verdict::Failed, text });
    }

    fn as_text(&self) -> String {
        let word = |verdict| match verdict {
            Verdict::Ok => "ok      ",
            Verdict::Warning => "warning ",
            Verdict::Failed => "FAILED  ",
        };
        let lines = self.checks.iter().map(|check| format!("{}{}: {}\n", word(check.verdict), check.subject, check.text));
        let failed = self.checks.iter().filter(|check| check.verdict == Verdict::Failed).count();
        let end = match failed {
            0 => "everything that was checked works\n".to_owned(),
            1 => "1 problem to mend\n".to_owned(),
            count => format!("{count} problems to mend\n"),
        };
        lines.chain([end]).collect()
    }

    fn as_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.checks).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
        text.push('\n');
        text
    }
}
