//! Linters and scanners of this machine, run over the files of a change in the sandbox.
//!
//! What a tool is and what its output means: `review_core::analyzers`. Here: which are installed (`installed`), the folder that one
//! of them sees (`workplace`), and that no tool is run where the sandbox does not hold.

mod installed;
mod workplace;

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, stream};
use review_core::{
    analyzers::{ANALYZERS, Analyzer, Linted, MAX_RESULTS, Texts, ToolResult, ToolRun, fresh_results},
    configuration::Tools,
};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};

use self::{
    installed::Installed,
    workplace::{Workplace, WorkplaceError},
};
use crate::{
    sandbox::{How, Limits, Sandbox, SandboxError},
    settings::ToolSettings,
};

/// Tools that run at a time, over all reviews: each takes a processor for itself.
const AT_ONCE: usize = 2;
/// A start with less than this comes to nothing.
const LEAST_WALL: Duration = Duration::from_millis(10);
/// All tools together have so many times what one has.
const MOST_WALLS: u32 = 4;
/// Files that a tool is given; a change above it is linted as far as its first files go.
const MAX_FILES: usize = 200;

/// The tools of this machine; by default none. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Analyzers {
    inner: Option<Arc<Inner>>,
}

#[derive(Debug)]
struct Inner {
    sandbox: Sandbox,
    folders: Vec<PathBuf>,
    /// Where workplaces are made.
    place: PathBuf,
    limits: Limits,
    permits: Semaphore,
    /// Found, and the sandbox tried, before the first run.
    ready: OnceCell<Arc<Ready>>,
}

/// What can be run here, or why nothing is.
#[derive(Debug)]
struct Ready {
    installed: Vec<Installed>,
    refused: Option<String>,
}

/// A file that tools look at.
#[derive(Debug, Clone)]
pub struct LintedFile {
    /// From the root of the repository.
    pub path: String,
    /// None: it is new.
    pub base: Option<String>,
    pub head: String,
}

/// Why one tool has nothing to say.
#[derive(Debug, thiserror::Error)]
enum ToolError {
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Workplace(#[from] WorkplaceError),
    #[error(transparent)]
    Unreadable(#[from] review_core::analyzers::Unreadable),
    #[error("{0}")]
    Ended(String),
}

impl Analyzers {
    /// None: no tool is run.
    pub fn new(settings: Option<&ToolSettings>) -> Self {
        let inner = settings.map(|settings| {
            Arc::new(Inner {
                sandbox: Sandbox::new(settings.launcher.clone()),
                folders: settings.folders.clone(),
                place: settings.place.clone(),
                limits: Limits { wall: settings.timeout, ..Limits::default() },
                permits: Semaphore::new(AT_ONCE),
                ready: OnceCell::new(),
            })
        });
        Self { inner }
    }

    /// No tool is run.
    pub fn none() -> Self {
        Self { inner: None }
    }

    /// Whether any may be run.
    pub fn are_on(&self) -> bool {
        self.inner.is_some()
    }

    /// For `doctor`: the names of the tools that are installed, and why none of them is run, if so. None: tools are off.
    pub async fn state(&self) -> Option<(Vec<&'static str>, Option<String>)> {
        let inner = self.inner.as_ref()?;
        let ready = inner.ready().await;
        let Ready { installed, refused } = &*ready;
        Some((installed.iter().map(|installed| installed.analyzer.name).collect(), refused.clone()))
    }

    /// Runs the tools that the repository wants over what they know, before and after the change. Best effort: what fails is told.
    pub async fn lint(&self, files: &[LintedFile], wanted: &Tools) -> Linted {
        let Some(inner) = &self.inner else { return Linted::default() };
        let is_concerned = |analyzer: &Analyzer| analyzer.is_on(wanted) && files.iter().any(|file| analyzer.takes(&file.path));
        if !ANALYZERS.iter().any(is_concerned) {
            return Linted::default();
        }
        let ready = inner.ready().await;
        let Ready { installed, refused } = &*ready;
        let concerned: Vec<&Installed> = installed.iter().filter(|installed| is_concerned(installed.analyzer)).collect();
        if concerned.is_empty() {
            return Linted::default();
        }
        if let Some(why) = refused {
            return Linted { refused: Some(why.clone()), ..Linted::default() };
        }
        // Boxed and collected, so that the compiler sees that the whole may move between threads.
        let deadline = Instant::now() + inner.limits.wall.saturating_mul(MOST_WALLS);
        let runs: Vec<_> = concerned.into_iter().map(|installed| inner.lint_until(deadline, installed, files).boxed()).collect();
        let mut linted = Linted::default();
        let mut ended = stream::iter(runs).buffered(AT_ONCE);
        while let Some((results, run)) = ended.next().await {
            linted.results.extend(results);
            linted.runs.push(run);
        }
        linted.results.sort_unstable();
        linted
    }
}

impl Inner {
    /// Found out once; what may be otherwise a moment later (a full disk, a machine that is too busy) is not remembered.
    async fn ready(&self) -> Arc<Ready> {
        let look = || async {
            let installed = installed::search(&self.folders);
            let names: Vec<&str> = installed.iter().map(|installed| installed.analyzer.name).collect();
            let names = names.join(", ");
            workplace::remove_old(&self.place);
            let probed = if installed.is_empty() { Ok(()) } else { self.sandbox.probe(&self.place).await };
            match probed {
                Ok(()) => {
                    tracing::info!(tools = names, "tools that are run over changes");
                    Ok(Arc::new(Ready { installed, refused: None }))
                }
                Err(error) => {
                    tracing::warn!(%error, tools = names, "tools are not run: nothing would keep them in");
                    let ready = Arc::new(Ready { installed, refused: Some(error.to_string()) });
                    if matches!(error, SandboxError::Leaks(_)) { Ok(ready) } else { Err(ready) }
                }
            }
        };
        self.ready.get_or_try_init(look).await.map_or_else(|ready| ready, Arc::clone)
    }

    /// The same, as far as there is time: a review waits for all tools together no longer than for a few that hang.
    async fn lint_until(&self, deadline: Instant, installed: &Installed, files: &[LintedFile]) -> (Vec<ToolResult>, ToolRun) {
        let late = || {
            let taken = files.iter().filter(|file| installed.analyzer.takes(&file.path)).count();
            let problem = Some("there was no time left for it".to_owned());
            (Vec::new(), ToolRun { tool: installed.analyzer.name.to_owned(), files: taken.min(MAX_FILES), problem })
        };
        tokio::time::timeout_at(deadline, self.lint_with(installed, files)).await.unwrap_or_else(|_| late())
    }

    /// What the tool says that it did not say before, and how it went.
    async fn lint_with(&self, installed: &Installed, files: &[LintedFile]) -> (Vec<ToolResult>, ToolRun) {
        let analyzer = installed.analyzer;
        let taken: Vec<&LintedFile> = files.iter().filter(|file| analyzer.takes(&file.path)).collect();
        let given = taken.len().min(MAX_FILES);
        let mut run = ToolRun { tool: analyzer.name.to_owned(), files: given, problem: None };
        let taken: Vec<&LintedFile> = taken.into_iter().take(MAX_FILES).collect();
        let head: Vec<(&str, &str)> = taken.iter().map(|file| (file.path.as_str(), file.head.as_str())).collect();
        let base: Vec<(&str, &str)> = taken.iter().filter_map(|file| Some((file.path.as_str(), file.base.as_deref()?))).collect();
        let both = async {
            let now = self.results(installed, &head).await?;
            // What the change left as it was is nobody's business; without results there is nothing to compare.
            let before = if now.is_empty() || base.is_empty() { Vec::new() } else { self.results(installed, &base).await? };
            Ok::<_, ToolError>((now, before))
        };
        match both.await {
            Ok((now, before)) => {
                let texts = |path: &str| {
                    let file = taken.iter().find(|file| file.path == path)?;
                    Some(Texts { base: file.base.as_deref(), head: &file.head })
                };
                let mut results = fresh_results(now, &before, &texts);
                results.truncate(MAX_RESULTS);
                tracing::debug!(tool = analyzer.name, files = given, results = results.len(), "a tool was run");
                (results, run)
            }
            Err(error) => {
                tracing::warn!(tool = analyzer.name, %error, "a tool has nothing to say");
                run.problem = Some(error.to_string());
                (Vec::new(), run)
            }
        }
    }

    async fn results(&self, installed: &Installed, files: &[(&str, &str)]) -> Result<Vec<ToolResult>, ToolError> {
        let analyzer = installed.analyzer;
        let permit = self.permits.acquire().await;
        let workplace = Workplace::set(&self.place, analyzer, files)?;
        let mut results = Vec::new();
        // One time for all starts: a tool that reads file by file has no more than the others.
        let until = Instant::now() + self.limits.wall;
        for mut call in workplace.calls(installed, self.limits) {
            call.program.limits.wall = until.saturating_duration_since(Instant::now());
            if call.program.limits.wall < LEAST_WALL {
                return Err(ToolError::Ended(format!("it was ended after {} s", self.limits.wall.as_secs())));
            }
            let ended = self.sandbox.run(&call.program).await?;
            match ended.how {
                How::Exited(code) if analyzer.exits.contains(&code) => {}
                How::Exited(code) => return Err(ToolError::Ended(format!("it ended with exit code {code}"))),
                How::Killed(signal) => return Err(ToolError::Ended(format!("it was ended by signal {signal}"))),
                How::TimedOut => {
                    let seconds = self.limits.wall.as_secs();
                    return Err(ToolError::Ended(format!("it was ended after {seconds} s")));
                }
                How::TooMuchOutput => return Err(ToolError::Ended("it wrote more than anybody reads".to_owned())),
            }
            let output = String::from_utf8_lossy(&ended.output);
            let reported = analyzer.read(&output)?;
            results.extend(reported.into_iter().filter_map(|reported| workplace.placed(analyzer, reported, call.file)));
        }
        drop(permit);
        Ok(results)
    }
}
