//! Issues of Jira and Linear that pull requests name: title and description, looked up by their keys.
//!
//! - `jira`, `linear`: one client each; what goes over the wire stays inside
//!
//! A key is a guess until its tracker knows it, so what is not there is remembered for a while, and no pull request has more than a
//! few looked up. A tracker that does not answer costs what is made from its issues, and not the review.

mod jira;
mod linear;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{FutureExt as _, StreamExt as _, stream};
use review_core::{
    checks::NamedIssues,
    configuration::{KnowledgeBase, Usage},
    issue::{Issue, IssueKey, LINEAR_PAGE, Tracker, named_keys},
    pull_request::PullRequest,
    redaction::Redactor,
};

use self::{jira::Jira, linear::Linear};
use crate::{
    net::{HttpClients, NetError, ServiceError},
    settings::TrackerSettings,
    telemetry::Metrics,
};

const LOOKUPS_AT_ONCE: usize = 4;
/// No review waits longer for all of its issues.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an issue is believed to be as it was, in milliseconds: the looks of one run see the same.
const FOUND_FOR: i64 = 60_000;
/// And that there is none.
const MISSING_FOR: i64 = 10 * 60_000;
const MAX_REMEMBERED: usize = 2_000;

/// The trackers that are configured. Cheap to clone; clones share what they remember.
#[derive(Clone)]
pub struct Trackers {
    jira: Option<Jira>,
    linear: Option<Linear>,
    redactor: Redactor,
    remembered: Arc<Mutex<Remembered>>,
    metrics: Option<Metrics>,
    clock: fn() -> i64,
}

/// What is known of the issues that a pull request names.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// In the order in which they are named, those of Jira first, without secrets.
    pub issues: Vec<Issue>,
    /// For people: a sentence for each tracker that did not answer to all.
    pub problems: Vec<String>,
    /// What a check of the links goes by.
    pub links: NamedIssues,
}

/// One tracker that was tried, for `doctor`.
#[derive(Debug)]
pub struct Probe {
    pub tracker: Tracker,
    pub host: String,
    /// Whose token it is, or why there is no answer and what to do.
    pub result: Result<String, String>,
}

/// When it was asked for, and what there was.
type Remembered = HashMap<(Tracker, IssueKey), (i64, Option<Issue>)>;
/// What a tracker said of one key.
type Looked = (Tracker, Result<Option<Issue>, ServiceError>);

impl Trackers {
    /// `redactor` takes the secrets out of what trackers tell; `clock` in milliseconds since the epoch.
    pub fn new(
        settings: &TrackerSettings,
        http: &HttpClients,
        redactor: Redactor,
        metrics: Option<Metrics>,
        clock: fn() -> i64,
    ) -> Result<Self, NetError> {
        let jira = settings.jira.as_ref().map(|jira| Jira::new(jira, http, clock)).transpose()?;
        let linear = settings.linear.as_ref().map(|linear| Linear::new(linear, http, clock)).transpose()?;
        Ok(Self { jira, linear, redactor, remembered: Arc::default(), metrics, clock })
    }

    fn is_configured(&self, tracker: Tracker) -> bool {
        match tracker {
            Tracker::Jira => self.jira.is_some(),
            Tracker::Linear => self.linear.is_some(),
        }
    }

    /// Trackers that a repository says are to be used, and that the operator of the agent has not configured.
    pub fn missing(&self, knowledge: &KnowledgeBase) -> Vec<Tracker> {
        let is_missing = |tracker: &Tracker| usage(knowledge, *tracker) == Usage::Enabled && !self.is_configured(*tracker);
        Tracker::ALL.into_iter().filter(is_missing).collect()
    }

    /// Whether issues are looked up for a repository at all.
    pub fn are_used(&self, knowledge: &KnowledgeBase) -> bool {
        self.used(knowledge).next().is_some()
    }

    fn used<'a>(&'a self, knowledge: &'a KnowledgeBase) -> impl Iterator<Item = Tracker> + 'a {
        let is_used = |tracker: &Tracker| self.is_configured(*tracker) && usage(knowledge, *tracker) != Usage::Disabled;
        Tracker::ALL.into_iter().filter(is_used)
    }

    /// Looks the issues up that title, source branch and description name.
    pub async fn named(&self, pull_request: &PullRequest, knowledge: &KnowledgeBase) -> Named {
        let used: Vec<Tracker> = self.used(knowledge).collect();
        if used.is_empty() {
            return Named::default();
        }
        let wanted = used.iter().flat_map(|tracker| {
            let keys = named_keys(pull_request, self.page(*tracker), projects(knowledge, *tracker));
            keys.into_iter().map(|key| (*tracker, key))
        });
        let wanted: Vec<(Tracker, IssueKey)> = wanted.collect();
        // Each by itself: one that is slow must not cost the other its time.
        let asked = used.iter().map(|tracker| {
            let keys: Vec<&IssueKey> = wanted.iter().filter(|(of, _)| of == tracker).map(|(_, key)| key).collect();
            self.look_up(*tracker, keys).boxed()
        });
        let asked: Vec<(Vec<Looked>, bool)> = futures::future::join_all(asked.collect::<Vec<_>>()).await;
        let late: Vec<Tracker> =
            used.iter().zip(&asked).filter(|(_, (_, is_late))| *is_late).map(|(tracker, _)| *tracker).collect();
        let looked: Vec<Looked> = asked.into_iter().flat_map(|(looked, _)| looked).collect();
        let named = put_together(looked, &late, knowledge);
        for problem in &named.problems {
            tracing::warn!(pull_request = %pull_request.key, problem, "issues that the pull request names are left out");
        }
        named
    }

    /// What came of the keys, as far as the tracker answered in time, and whether it did not for some.
    async fn look_up(&self, tracker: Tracker, keys: Vec<&IssueKey>) -> (Vec<Looked>, bool) {
        let lookups: Vec<_> = keys.into_iter().map(|key| async move { (tracker, self.issue(tracker, key).await) }).collect();
        let mut looked: Vec<Looked> = Vec::new();
        let mut lookups = stream::iter(lookups).buffered(LOOKUPS_AT_ONCE);
        let all = async {
            while let Some(one) = lookups.next().await {
                looked.push(one);
            }
        };
        let is_late = tokio::time::timeout(PATIENCE, all).await.is_err();
        (looked, is_late)
    }

    async fn issue(&self, tracker: Tracker, key: &IssueKey) -> Result<Option<Issue>, ServiceError> {
        let now = (self.clock)();
        let place = (tracker, key.clone());
        let lock = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |(at, issue): &(i64, Option<Issue>)| {
            let believed_for = if issue.is_some() { FOUND_FOR } else { MISSING_FOR };
            (0..believed_for).contains(&now.saturating_sub(*at))
        };
        let known = lock().get(&place).filter(|known| is_fresh(known)).map(|(_, issue)| issue.clone());
        if let Some(issue) = known {
            return Ok(issue);
        }
        let asked = match (tracker, &self.jira, &self.linear) {
            (Tracker::Jira, Some(jira), _) => jira.issue(key).await,
            (Tracker::Linear, _, Some(linear)) => linear.issue(key).await,
            _ => return Ok(None),
        };
        let result = match &asked {
            Ok(Some(_)) => "found",
            Ok(None) => "missing",
            Err(error) => error.word(),
        };
        if let Some(metrics) = &self.metrics {
            metrics.tracker_call(tracker.word(), result);
        }
        let issue = asked.inspect_err(|error| tracing::warn!(%key, %error, "an issue cannot be looked up"))?;
        let issue = issue.map(|issue| self.without_secrets(issue));
        let mut remembered = lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(place, (now, issue.clone()));
        Ok(issue)
    }

    fn without_secrets(&self, issue: Issue) -> Issue {
        let clean = |text: &str| self.redactor.redact(text).text.into_owned();
        Issue { title: clean(&issue.title), state: clean(&issue.state), text: clean(&issue.text), ..issue }
    }

    fn page(&self, tracker: Tracker) -> &str {
        match tracker {
            Tracker::Jira => self.jira.as_ref().map_or("", Jira::page),
            Tracker::Linear => LINEAR_PAGE,
        }
    }

    /// Asks each tracker that is configured whose token it was given.
    pub async fn probe(&self) -> Vec<Probe> {
        let mut probes = Vec::new();
        if let Some(jira) = &self.jira {
            let result = jira.myself().await.map_err(|error| error.to_string());
            probes.push(Probe { tracker: Tracker::Jira, host: jira.host().to_owned(), result });
        }
        if let Some(linear) = &self.linear {
            let result = linear.viewer().await.map_err(|error| error.to_string());
            probes.push(Probe { tracker: Tracker::Linear, host: linear.host().to_owned(), result });
        }
        probes
    }
}

impl std::fmt::Debug for Trackers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Trackers").field("jira", &self.jira).field("linear", &self.linear).finish_non_exhaustive()
    }
}

/// `late`: trackers that still had something to answer when nobody waited any more.
fn put_together(looked: Vec<Looked>, late: &[Tracker], knowledge: &KnowledgeBase) -> Named {
    let mut issues: Vec<Issue> = Vec::new();
    let mut failed: Vec<(Tracker, String)> = Vec::new();
    for (tracker, result) in looked {
        match result {
            Ok(None) => {}
            Ok(Some(issue)) => {
                // One that was moved into a project that is left out.
                let projects = projects(knowledge, tracker);
                let is_left_out =
                    !projects.is_empty() && !projects.iter().any(|one| one.trim().eq_ignore_ascii_case(issue.key.project()));
                let is_known = issues.iter().any(|known| (known.tracker, &known.key) == (tracker, &issue.key));
                if !is_left_out && !is_known {
                    issues.push(issue);
                }
            }
            Err(error) => failed.push((tracker, error.sentence())),
        }
    }
    failed.extend(late.iter().map(|tracker| (*tracker, format!("{tracker} did not answer in time."))));
    failed.dedup_by_key(|(tracker, _)| *tracker);
    let problems = failed.iter().map(|(_, sentence)| format!("{sentence} Its issues are left out of this review."));
    let links = if issues.is_empty() && !failed.is_empty() {
        NamedIssues::Unknown
    } else {
        NamedIssues::Known(issues.iter().map(|issue| issue.key.to_string()).collect())
    };
    Named { problems: problems.collect(), issues, links }
}

fn usage(knowledge: &KnowledgeBase, tracker: Tracker) -> Usage {
    match tracker {
        Tracker::Jira => knowledge.jira.usage,
        Tracker::Linear => knowledge.linear.usage,
    }
}

fn projects(knowledge: &KnowledgeBase, tracker: Tracker) -> &[String] {
    match tracker {
        Tracker::Jira => &knowledge.jira.project_keys,
        Tracker::Linear => &knowledge.linear.team_keys,
    }
}
