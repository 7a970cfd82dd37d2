//! What the sections of a walkthrough need of the forge beside the pull request itself (step 5): other pull requests of the
//! repository, their files, and what the linked work items are linked with.
//!
//! Pull requests of other repositories of the project are among them only where the team says so: who reads this repository may not be
//! allowed to read those.
//!
//! Nothing of it is worth a review: what cannot be read, or not soon, is left out.

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt, stream};
use review_core::{
    configuration::{Configuration, Reach},
    pull_request::PullRequestState,
    sections::{OtherPullRequest, OtherWorkItem, Surroundings, worth_reading},
};

use crate::azure_devops::{AzureDevOps, AzureDevOpsError, Link, ListedPullRequest};

/// Pull requests of each status that are looked at, the newest.
const NEIGHBOURS: usize = 50;
/// Pull requests whose files are read, each with one call.
const MAX_FILES_READ: usize = 12;
const READS_AT_ONCE: usize = 4;
/// Work items that linked ones are linked with and that are read.
const MAX_WORK_ITEMS: usize = 10;
/// Longer than this no review waits for them.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the operator of the agent lets it look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    /// `ENABLE_PRS_INDEX`.
    pub pull_requests: bool,
    /// `ENABLE_ISSUES_INDEX`.
    pub work_items: bool,
}

/// Reads what the wished sections need, and nothing more.
pub(super) async fn surroundings(
    azure: &AzureDevOps,
    state: &PullRequestState,
    configuration: &Configuration,
    allowed: Neighbours,
) -> Surroundings {
    // Boxed: a review is moved between threads often enough.
    let reading = Box::pin(read(azure, state, configuration, allowed));
    let read = tokio::time::timeout(PATIENCE, reading).await;
    read.unwrap_or_else(|_| {
        let pull_request = &state.pull_request.key;
        tracing::warn!(%pull_request, "reading related pull requests took too long; their sections are left out");
        Surroundings { me: state.me.id.clone(), ..Surroundings::default() }
    })
}

async fn read(azure: &AzureDevOps, state: &PullRequestState, configuration: &Configuration, allowed: Neighbours) -> Surroundings {
    let reviews = &configuration.reviews;
    let key = &state.pull_request.key;
    let wants_labels = (reviews.suggested_labels || reviews.auto_apply_labels) && reviews.labeling_instructions.is_empty();
    let wants_reviewers = reviews.suggested_reviewers || reviews.auto_assign_reviewers;
    let wants_related = reviews.related_issues && allowed.work_items;
    let wants_pull_requests = reviews.related_prs && allowed.pull_requests;
    let wants_links = (wants_related || wants_pull_requests) && !state.work_items.is_empty();
    let wants_files = reviews.related_prs || wants_reviewers && reviews.suggested_reviewers_instructions.is_empty();
    let wants_neighbours = (reviews.related_prs || wants_labels || wants_reviewers) && allowed.pull_requests;
    let wants_elsewhere = wants_pull_requests && configuration.knowledge_base.pull_requests.scope == Reach::Global;
    let linked: Vec<u64> = state.work_items.iter().map(|item| item.id).collect();
    let neighbours = async |are_completed: bool| {
        if !wants_neighbours {
            return Vec::new();
        }
        or_none(azure.neighbours(key, are_completed, NEIGHBOURS).await, state)
    };
    let elsewhere = async |are_completed: bool| {
        if !wants_elsewhere {
            return Vec::new();
        }
        or_none(azure.neighbours_elsewhere(key, are_completed, NEIGHBOURS).await, state)
    };
    let links = async {
        if !wants_links {
            return Vec::new();
        }
        or_none(azure.work_item_links(key, &linked).await, state)
    };
    let (active, completed, active_elsewhere, completed_elsewhere, links) =
        futures::join!(neighbours(false), neighbours(true), elsewhere(false), elsewhere(true), links);
    let mut elsewhere: Vec<OtherPullRequest> = active_elsewhere.into_iter().chain(completed_elsewhere).collect();
    elsewhere.sort_by_key(|other| std::cmp::Reverse(other.id));
    let mut neighbours = active;
    neighbours.extend(completed);
    neighbours.sort_by_key(|neighbour| std::cmp::Reverse(neighbour.other.id));
    neighbours.dedup_by_key(|neighbour| neighbour.other.id);
    for (work_item, link) in &links {
        let Link::PullRequest(id) = link else { continue };
        let others = neighbours.iter_mut().map(|neighbour| &mut neighbour.other).chain(&mut elsewhere);
        let shared = others.into_iter().find(|other| other.id == *id).map(|found| &mut found.shared_work_items);
        if let Some(shared) = shared.filter(|shared| !shared.contains(work_item)) {
            shared.push(*work_item);
        }
    }
    let (neighbours, work_items) = futures::join!(
        with_files(azure, state, neighbours, wants_files),
        linked_work_items(azure, state, &links, &linked, wants_related),
    );
    Surroundings {
        me: state.me.id.clone(),
        pull_requests: neighbours.into_iter().map(|neighbour| neighbour.other).collect(),
        elsewhere,
        work_items,
    }
}

/// The pull requests, some of them with the files that they change.
async fn with_files(
    azure: &AzureDevOps,
    state: &PullRequestState,
    mut neighbours: Vec<ListedPullRequest>,
    wants_files: bool,
) -> Vec<ListedPullRequest> {
    if !wants_files {
        return neighbours;
    }
    let others = neighbours.iter().filter(|neighbour| neighbour.commits.is_some()).map(|neighbour| &neighbour.other);
    let chosen: BTreeSet<u64> = worth_reading(&state.pull_request.title, others, MAX_FILES_READ).into_iter().collect();
    let repository = &state.pull_request.key.repository;
    let reads = neighbours.iter_mut().filter(|neighbour| chosen.contains(&neighbour.other.id)).map(|neighbour| async {
        let Some((source, target)) = &neighbour.commits else { return };
        match azure.changed_files(repository, source, target).await {
            Ok(files) => neighbour.other.files = Some(files),
            // Commits of an old pull request may be gone.
            Err(error) => tracing::info!(pull_request = neighbour.other.id, %error, "its files are not known"),
        }
    });
    stream::iter(reads).for_each_concurrent(READS_AT_ONCE, |read| read).await;
    neighbours
}

async fn linked_work_items(
    azure: &AzureDevOps,
    state: &PullRequestState,
    links: &[(u64, Link)],
    linked: &[u64],
    is_wanted: bool,
) -> Vec<OtherWorkItem> {
    let mut wanted: Vec<(u64, u64)> = Vec::new();
    for (from, link) in links.iter().filter(|_| is_wanted) {
        if let Link::WorkItem(id) = link
            && !linked.contains(id)
            && !wanted.iter().any(|(_, known)| known == id)
        {
            wanted.push((*from, *id));
        }
    }
    wanted.truncate(MAX_WORK_ITEMS);
    if wanted.is_empty() {
        return Vec::new();
    }
    let ids: Vec<u64> = wanted.iter().map(|(_, id)| *id).collect();
    let found = or_none(azure.work_items_by_id(&state.pull_request.key, &ids).await, state);
    let linked_from = |id: u64| wanted.iter().find(|(_, known)| *known == id).map(|(from, _)| *from);
    let mut found: Vec<OtherWorkItem> = found
        .into_iter()
        .filter_map(|work_item| Some(OtherWorkItem { linked_from: linked_from(work_item.id)?, work_item }))
        .collect();
    found.sort_by_key(|other| ids.iter().position(|id| *id == other.work_item.id));
    found
}

fn or_none<T>(read: Result<Vec<T>, AzureDevOpsError>, state: &PullRequestState) -> Vec<T> {
    read.unwrap_or_else(|error| {
        tracing::warn!(pull_request = %state.pull_request.key, %error, "sections of the walkthrough are left out");
        Vec::new()
    })
}
