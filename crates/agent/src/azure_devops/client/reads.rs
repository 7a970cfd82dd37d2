//! What is read: the state of a pull request, its files, who we are.

use std::collections::HashSet;

use review_core::{
    checks::{CheckStatus, STATUS_PREFIX},
    publication::{CheckState, DesiredStatus},
    pull_request::{Iteration, IterationFile, Person, PullRequestKey, PullRequestState, RepositoryKey, Thread, WorkItem},
};
use serde_json::Value;

use super::{
    AzureDevOps,
    send::Call,
    versions::Maturity,
    writes::{STATUS_GENRE, STATUS_NAME, state_word},
};
use crate::azure_devops::{
    AzureDevOpsError,
    wire::{
        self,
        convert::{self, canonical},
    },
};

/// A list of threads cannot be had in pages.
const MAX_THREADS_ANSWER: usize = 64 << 20;

/// Largest page of an iteration's changes.
const CHANGES_PAGE: u64 = 2_000;

/// Beyond this the service itself does not keep iterations.
const MAX_CHANGES: u64 = 100_000;

/// Pull requests of a page, and pages, of a project's list.
const PULL_REQUESTS_PAGE: usize = 100;
const MAX_PULL_REQUEST_PAGES: usize = 100;

/// Work items of one call, and of one pull request.
const MAX_WORK_ITEMS: usize = 200;

/// The path of a pull request's resource: `{project}/_apis/git/repositories/{repository}/pullRequests/{id}/{rest}`.
pub(super) fn below<'a>(key: &'a PullRequestKey, id: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let RepositoryKey { project, repository, .. } = &key.repository;
    let mut segments = vec![project.as_str(), "_apis", "git", "repositories", repository, "pullRequests", id];
    segments.extend(rest);
    segments
}

/// The path of the pull request itself; Microsoft's specification spells this one in lower case.
pub(super) fn itself<'a>(key: &'a PullRequestKey, id: &'a str) -> [&'a str; 7] {
    let RepositoryKey { project, repository, .. } = &key.repository;
    [project, "_apis", "git", "repositories", repository, "pullrequests", id]
}

/// An entry of [`AzureDevOps::active_pull_requests`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivePullRequest {
    pub key: PullRequestKey,
    /// Milliseconds since the epoch; None when the answer does not say.
    pub created: Option<i64>,
}

impl AzureDevOps {
    /// Whose token it is (`connectionData`); cached per collection after the first success.
    pub async fn me(&self, collection: &str) -> Result<Person, AzureDevOpsError> {
        let known = self.collection(collection)?;
        known.me.get_or_try_init(|| self.me_now(collection)).await.cloned()
    }

    /// The same, asked of the service: fails when the token was revoked or has expired since.
    pub async fn me_now(&self, collection: &str) -> Result<Person, AzureDevOpsError> {
        let action = format!("asking {collection} whose token it is");
        let call = Call::get("connection_data", action.clone(), &["_apis", "connectionData"]).maturity(Maturity::NeverReleased);
        let wire: wire::ConnectionData = self.fetch(collection, &call).await?;
        let user = wire.authenticated_user.unwrap_or_default();
        let id = user.id.unwrap_or_default().to_ascii_lowercase();
        if id.is_empty() {
            return Err(AzureDevOpsError::Unreadable { action, problem: "it names no authenticatedUser".to_owned() });
        }
        if is_anonymous(&id) {
            let detail =
                "it answered as to nobody; create a token of this organisation that is valid, and set AZURE_DEVOPS_BOT_TOKEN";
            return Err(AzureDevOpsError::Unauthorized { action, detail: detail.to_owned() });
        }
        let account = user.properties.as_ref().and_then(|bag| bag.get("Account")).and_then(convert::property);
        let name = user.custom_display_name.filter(|name| !name.is_empty()).or(user.provider_display_name);
        Ok(Person { id, display_name: name.unwrap_or_default(), unique_name: account.unwrap_or_default() })
    }

    /// Everything about a pull request that a run starts from. Labels and work items that the token may not read are left
    /// out: a review without them is better than none.
    pub async fn state(&self, key: &PullRequestKey) -> Result<PullRequestState, AzureDevOpsError> {
        let (pull_request, iterations, threads, labels, work_items, me) = futures::join!(
            self.pull_request(key),
            self.iterations(key),
            self.threads(key),
            self.labels(key),
            self.work_items(key),
            self.me(&key.repository.collection),
        );
        // First, so that a token that is not accepted at all is told as such.
        let pull_request = pull_request?;
        let labels = optional(labels, key, "labels")?;
        Ok(PullRequestState {
            pull_request: convert::pull_request(pull_request, key, labels),
            iterations: iterations?,
            threads: threads?,
            work_items: optional(work_items, key, "work items")?,
            me: me?,
        })
    }

    /// Files of an iteration with their change tracking ids, all pages.
    pub async fn iteration_files(&self, key: &PullRequestKey, iteration: u32) -> Result<Vec<IterationFile>, AzureDevOpsError> {
        let (id, number) = (key.id.to_string(), iteration.to_string());
        let action = format!("reading the files of iteration {iteration} of {key}");
        let mut files = Vec::new();
        let mut skip = 0;
        loop {
            let segments = below(key, &id, &["iterations", &number, "changes"]);
            let call =
                Call::get("iteration_changes", action.as_str(), &segments).query("$top", CHANGES_PAGE).query("$skip", skip);
            let page: wire::IterationChanges = self.fetch(&key.repository.collection, &call).await?;
            let entries = page.change_entries.unwrap_or_default();
            files.extend(entries.into_iter().flatten().filter_map(convert::iteration_file));
            match page.next_skip {
                Some(next) if next > skip && next <= MAX_CHANGES => skip = next,
                _ => return Ok(files),
            }
        }
    }

    /// Whether the newest of our statuses of an iteration is pending: the pull request shows already that a review is to come.
    pub async fn shows_pending(&self, key: &PullRequestKey, iteration: u32) -> Result<bool, AzureDevOpsError> {
        let statuses = self.our_statuses(key, iteration).await?;
        let newest = statuses.into_iter().find(|status| status_name(status) == Some(STATUS_NAME));
        Ok(newest.and_then(|status| status.state).is_some_and(|state| state.is("pending")))
    }

    /// The newest statuses of our checks that we have set for an iteration, one for each name. Those of a state that we never set
    /// are left out.
    pub async fn check_statuses(&self, key: &PullRequestKey, iteration: u32) -> Result<Vec<CheckStatus>, AzureDevOpsError> {
        let me = self.me(&key.repository.collection).await?.id;
        let mut seen = HashSet::new();
        let is_ours = |status: &wire::Status| {
            let by = status.created_by.as_ref().and_then(|by| by.id.as_deref());
            by.is_none_or(|by| by.eq_ignore_ascii_case(&me))
        };
        let newest = self.our_statuses(key, iteration).await?.into_iter().filter(is_ours).filter(|status| {
            let name = status_name(status).filter(|name| name.starts_with(STATUS_PREFIX));
            name.is_some_and(|name| seen.insert(name.to_owned()))
        });
        Ok(newest.filter_map(check_status).collect())
    }

    /// Statuses of our genre, the newest first.
    async fn our_statuses(&self, key: &PullRequestKey, iteration: u32) -> Result<Vec<wire::Status>, AzureDevOpsError> {
        let (id, number) = (key.id.to_string(), iteration.to_string());
        let action = format!("reading the statuses of iteration {iteration} of {key}");
        let call =
            Call::get("statuses", action, &below(key, &id, &["iterations", &number, "statuses"])).maturity(Maturity::ReleasedIn7);
        let wire::List(mut statuses) = self.fetch::<wire::List<wire::Status>>(&key.repository.collection, &call).await?;
        statuses.retain(|status| {
            let genre = status.context.as_ref().and_then(|context| context.genre.as_deref());
            genre == Some(STATUS_GENRE)
        });
        statuses.sort_by_key(|status| std::cmp::Reverse(status.id));
        Ok(statuses)
    }

    /// Our own vote, as the API numbers it; None: we are no reviewer.
    pub async fn own_vote(&self, key: &PullRequestKey) -> Result<Option<i32>, AzureDevOpsError> {
        let me = self.me(&key.repository.collection).await?.id;
        let reviewers = self.pull_request(key).await?.reviewers.unwrap_or_default();
        let own = reviewers
            .into_iter()
            .flatten()
            .find(|reviewer| reviewer.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&me)));
        Ok(own.map(|reviewer| reviewer.vote.unwrap_or_default()))
    }

    /// The work items that are linked, by their ids, whether or not the token may read them. An error where even that is not to
    /// be had.
    pub async fn linked_work_items(&self, key: &PullRequestKey) -> Result<Vec<u64>, AzureDevOpsError> {
        let id = key.id.to_string();
        let action = format!("reading which work items are linked to {key}");
        let call = Call::get("work_item_links", action, &below(key, &id, &["workitems"]));
        let links: Vec<wire::WorkItemRef> = self.fetch_list(&key.repository.collection, &call).await?;
        Ok(links.into_iter().filter_map(|link| link.id?.0.parse().ok()).take(MAX_WORK_ITEMS).collect())
    }

    /// Active pull requests of a project, for events without details.
    pub async fn active_pull_requests(
        &self,
        collection: &str,
        project: &str,
    ) -> Result<Vec<ActivePullRequest>, AzureDevOpsError> {
        let base =
            self.allowed(collection).ok_or_else(|| AzureDevOpsError::NotAllowed(collection.chars().take(200).collect()))?;
        let action = format!("listing the active pull requests of {base}/{project}");
        let mut found: Vec<ActivePullRequest> = Vec::new();
        let mut seen = HashSet::new();
        for page in 0..MAX_PULL_REQUEST_PAGES {
            let call = Call::get("pull_requests", action.as_str(), &[project, "_apis", "git", "pullrequests"])
                .query("searchCriteria.status", "active")
                .query("$top", PULL_REQUESTS_PAGE)
                .query("$skip", page * PULL_REQUESTS_PAGE);
            let listed: wire::List<wire::PullRequest> = self.fetch(&base, &call).await?;
            let is_last = listed.0.len() < PULL_REQUESTS_PAGE;
            // A pull request that moves between pages while we read is listed once.
            let active = listed.0.into_iter().filter_map(|wire| active_pull_request(wire, &base, project));
            found.extend(active.filter(|pull_request| seen.insert(pull_request.key.clone())));
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    pub(super) async fn pull_request(&self, key: &PullRequestKey) -> Result<wire::PullRequest, AzureDevOpsError> {
        let id = key.id.to_string();
        let call = Call::get("pull_request", format!("reading {key}"), &itself(key, &id));
        self.fetch(&key.repository.collection, &call).await
    }

    pub(super) async fn thread(&self, key: &PullRequestKey, thread: u64) -> Result<Thread, AzureDevOpsError> {
        let (id, number) = (key.id.to_string(), thread.to_string());
        let action = format!("reading thread {thread} of {key}");
        let call = Call::get("thread", action.as_str(), &below(key, &id, &["threads", &number])).max_answer(MAX_THREADS_ANSWER);
        let wire: wire::Thread = self.fetch(&key.repository.collection, &call).await?;
        convert::thread(wire).ok_or(AzureDevOpsError::Unreadable { action, problem: "the thread has no id".to_owned() })
    }

    async fn iterations(&self, key: &PullRequestKey) -> Result<Vec<Iteration>, AzureDevOpsError> {
        let id = key.id.to_string();
        let call = Call::get("iterations", format!("reading the iterations of {key}"), &below(key, &id, &["iterations"]));
        let listed: Vec<wire::Iteration> = self.fetch_list(&key.repository.collection, &call).await?;
        let mut iterations: Vec<Iteration> = listed.into_iter().filter_map(convert::iteration).collect();
        iterations.sort_by_key(|iteration| iteration.id);
        iterations.dedup_by_key(|iteration| iteration.id);
        Ok(iterations)
    }

    async fn threads(&self, key: &PullRequestKey) -> Result<Vec<Thread>, AzureDevOpsError> {
        let id = key.id.to_string();
        let call = Call::get("threads", format!("reading the threads of {key}"), &below(key, &id, &["threads"]));
        let listed: Vec<wire::Thread> = self.fetch_list(&key.repository.collection, &call.max_answer(MAX_THREADS_ANSWER)).await?;
        Ok(listed.into_iter().filter_map(convert::thread).collect())
    }

    async fn labels(&self, key: &PullRequestKey) -> Result<Vec<String>, AzureDevOpsError> {
        let id = key.id.to_string();
        let call = Call::get("labels", format!("reading the labels of {key}"), &below(key, &id, &["labels"]));
        let listed: Vec<wire::Label> = self.fetch_list(&key.repository.collection, &call.maturity(Maturity::ReleasedIn7)).await?;
        Ok(listed.into_iter().filter(|label| label.active != Some(false)).filter_map(|label| label.name).collect())
    }

    /// The work items that are linked and that the token may read. An error where the list is not to be had.
    pub async fn work_items(&self, key: &PullRequestKey) -> Result<Vec<WorkItem>, AzureDevOpsError> {
        let id = key.id.to_string();
        let action = format!("reading the work items of {key}");
        let call = Call::get("work_item_links", action.as_str(), &below(key, &id, &["workitems"]));
        let links: Vec<wire::WorkItemRef> = self.fetch_list(&key.repository.collection, &call).await?;
        let mut wanted: Vec<u64> = Vec::new();
        for number in links.into_iter().filter_map(|link| link.id?.0.parse().ok()) {
            if !wanted.contains(&number) && wanted.len() < MAX_WORK_ITEMS {
                wanted.push(number);
            }
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let project = &key.repository.project;
        let mut found = self.work_items_of(key, &action, &[project, "_apis", "wit", "workitems"], &wanted).await?;
        // Those of other projects are known to the collection only.
        let elsewhere: Vec<u64> = wanted.iter().copied().filter(|id| !found.iter().any(|item| item.id == *id)).collect();
        if !elsewhere.is_empty() {
            match self.work_items_of(key, &action, &["_apis", "wit", "workitems"], &elsewhere).await {
                Ok(items) => found.extend(items),
                Err(problem) => tracing::info!(%problem, ids = ?elsewhere, "linked work items of other projects are left out"),
            }
        }
        found.sort_by_key(|item| wanted.iter().position(|id| *id == item.id));
        Ok(found)
    }

    pub(super) async fn work_items_of(
        &self,
        key: &PullRequestKey,
        action: &str,
        segments: &[&str],
        ids: &[u64],
    ) -> Result<Vec<WorkItem>, AzureDevOpsError> {
        let ids = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let call = Call::get("work_items", action, segments).query("ids", ids).query("errorPolicy", "omit");
        match self.fetch_list::<wire::WorkItem>(&key.repository.collection, &call).await {
            Ok(items) => Ok(items.into_iter().filter_map(convert::work_item).collect()),
            // Older servers refuse the whole list for one missing id.
            Err(AzureDevOpsError::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// What the token may not read, or the server does not know, is empty. A token without the scope gets 401 or 403.
fn optional<T>(read: Result<Vec<T>, AzureDevOpsError>, key: &PullRequestKey, what: &str) -> Result<Vec<T>, AzureDevOpsError> {
    match read {
        Err(
            problem @ (AzureDevOpsError::Forbidden { .. }
            | AzureDevOpsError::NotFound { .. }
            | AzureDevOpsError::Unauthorized { .. }
            | AzureDevOpsError::Refused { .. }),
        ) => {
            tracing::warn!(pull_request = %key, %problem, "the {what} are left out of the review");
            Ok(Vec::new())
        }
        read => read,
    }
}

fn status_name(status: &wire::Status) -> Option<&str> {
    status.context.as_ref().and_then(|context| context.name.as_deref())
}

fn check_status(status: wire::Status) -> Option<CheckStatus> {
    let name = status_name(&status)?.to_owned();
    let word = status.state.unwrap_or_default();
    let states = [CheckState::Pending, CheckState::Succeeded, CheckState::Failed, CheckState::NotApplicable];
    let state = states.into_iter().find(|state| word.is(state_word(*state)))?;
    Some(CheckStatus { name, status: DesiredStatus { state, description: status.description.unwrap_or_default() } })
}

fn active_pull_request(wire: wire::PullRequest, base: &str, project: &str) -> Option<ActivePullRequest> {
    let created = wire.creation_date.and_then(|date| convert::milliseconds(&date));
    let id = wire.pull_request_id.filter(|id| *id > 0)?;
    let repository = wire.repository?;
    repository.id.as_ref().or(repository.name.as_ref())?;
    let named = RepositoryKey { collection: base.to_owned(), project: project.to_owned(), repository: String::new() };
    let key = PullRequestKey { repository: canonical(&repository, &named), id };
    Some(ActivePullRequest { key, created })
}

/// Ids that stand for nobody in particular.
fn is_anonymous(id: &str) -> bool {
    id.starts_with("aaaaaaaa-aaaa-") || id.bytes().all(|byte| matches!(byte, b'0' | b'-'))
}

/// What a bag may hold when it is written: `{"$type":"System.String","$value":"…"}`.
pub(super) fn bag(properties: &[(String, String)]) -> Value {
    let wrap = |value: &String| serde_json::json!({ "$type": "System.String", "$value": value });
    properties.iter().map(|(key, value)| (key.clone(), wrap(value))).collect::<serde_json::Map<_, _>>().into()
}
