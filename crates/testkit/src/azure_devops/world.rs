//! The state of the service: plain values, changed only under the lock of [`super::server::Server`].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    faults::Faults,
    hooks::{Occurrence, SubscriptionRecord},
    ledger::Ledger,
    objects::{CommitFields, RawChange},
    options::Options,
};
use crate::repository::Repository;

/// Everything that the service remembers.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Options,
    /// `http://127.0.0.1:port`, with the prefix of the mount, without a trailing slash.
    pub(crate) base: String,
    /// Under which URL links to the API are given when that is not `base`, e.g. that of a proxy in front.
    pub(crate) announced: Option<String>,
    /// Where the repositories are kept.
    pub(crate) root: PathBuf,
    pub(crate) collections: Vec<Collection>,
    pub(crate) projects: Vec<Project>,
    pub(crate) teams: Vec<Team>,
    pub(crate) repositories: Vec<GitRepository>,
    pub(crate) pull_requests: Vec<PullRequest>,
    pub(crate) users: Vec<User>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) work_items: BTreeMap<u32, WorkItem>,
    pub(crate) subscriptions: Vec<SubscriptionRecord>,
    pub(crate) ledger: Ledger,
    pub(crate) faults: Faults,
    /// Events that happened and were not yet handed to the deliveries.
    pub(crate) outbox: Vec<Occurrence>,
    /// Queues of subscriptions whose delivery has not been started yet.
    pub(crate) unattended: Vec<(usize, mpsc::UnboundedReceiver<usize>)>,
    pub(crate) next_thread: u32,
    pub(crate) next_status: u32,
    pub(crate) next_push: u32,
    pub(crate) next_work_item: u32,
    guids: u64,
    commits: HashMap<(usize, String), Arc<CommitFields>>,
    diffs: HashMap<(usize, String, String), Arc<Vec<RawChange>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Collection {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Index into [`World::collections`].
    pub(crate) collection: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Team {
    /// Index into [`World::projects`].
    pub(crate) project: usize,
    pub(crate) name: String,
    /// Indices into [`World::users`].
    pub(crate) members: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct GitRepository {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Index into [`World::projects`].
    pub(crate) project: usize,
    pub(crate) git: Arc<Repository>,
    /// Index of the repository that this one is a fork of.
    pub(crate) parent: Option<usize>,
    pub(crate) is_disabled: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) unique_name: String,
    pub(crate) descriptor: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) secret: String,
    /// Index into [`World::users`].
    pub(crate) user: usize,
    pub(crate) state: TokenState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenState {
    Valid,
    Expired,
    Revoked,
}

#[derive(Debug, Clone)]
pub(crate) struct PullRequest {
    pub(crate) id: u32,
    /// Index into [`World::repositories`].
    pub(crate) repository: usize,
    /// The repository of the source branch: the same one, or a fork of it. As forks see the objects of their parents, git
    /// knows all commits of the pull request there.
    pub(crate) source_repository: usize,
    pub(crate) title: String,
    pub(crate) description: String,
    /// `active`, `completed`, `abandoned`; a text, because tests may set any.
    pub(crate) status: String,
    pub(crate) is_draft: bool,
    pub(crate) source_ref: String,
    pub(crate) target_ref: String,
    pub(crate) created_by: usize,
    pub(crate) created: Timestamp,
    pub(crate) closed: Option<Timestamp>,
    pub(crate) closed_by: Option<usize>,
    pub(crate) merge_status: String,
    pub(crate) merge_id: String,
    /// What the last merge was computed from; absent while the first one is queued.
    pub(crate) merge_source: Option<String>,
    pub(crate) merge_target: Option<String>,
    pub(crate) merge_commit: Option<String>,
    pub(crate) iterations: Vec<Iteration>,
    pub(crate) threads: Vec<Thread>,
    pub(crate) statuses: Vec<Status>,
    pub(crate) labels: Vec<Label>,
    pub(crate) reviewers: Vec<Reviewer>,
    pub(crate) work_items: Vec<u32>,
    pub(crate) properties: BTreeMap<String, Value>,
    pub(crate) tracking: BTreeMap<String, u32>,
    pub(crate) auto_complete_by: Option<usize>,
    pub(crate) completion_options: Option<Value>,
    /// Gone as if somebody had deleted it: every call answers 404.
    pub(crate) is_gone: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Iteration {
    pub(crate) id: u32,
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) common: String,
    pub(crate) reason: String,
    pub(crate) author: usize,
    pub(crate) push: u32,
    pub(crate) created: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Thread {
    pub(crate) id: u32,
    /// None: the key is missing, as on system threads and on threads that were posted without one.
    pub(crate) status: Option<String>,
    pub(crate) comments: Vec<Comment>,
    /// `threadContext` as it was sent, positions normalised.
    pub(crate) context: Option<Value>,
    /// `pullRequestThreadContext` as it was sent.
    pub(crate) pull_request_context: Option<Value>,
    /// In the service's shape, `{"$type", "$value"}`.
    pub(crate) properties: BTreeMap<String, Value>,
    /// Users that the properties of system threads refer to, by number from 1.
    pub(crate) identities: Vec<usize>,
    pub(crate) is_deleted: bool,
    pub(crate) published: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u32,
    pub(crate) parent: u32,
    pub(crate) author: usize,
    pub(crate) content: String,
    pub(crate) kind: String,
    pub(crate) is_deleted: bool,
    pub(crate) published: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) content_updated: Timestamp,
    pub(crate) liked_by: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) id: u32,
    pub(crate) state: String,
    pub(crate) description: Option<String>,
    pub(crate) genre: Option<String>,
    pub(crate) name: String,
    pub(crate) target_url: Option<String>,
    pub(crate) iteration: Option<u32>,
    pub(crate) created_by: usize,
    pub(crate) created: Timestamp,
    pub(crate) properties: BTreeMap<String, Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Reviewer {
    pub(crate) user: usize,
    pub(crate) vote: i64,
    pub(crate) is_required: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct WorkItem {
    /// Index into [`World::projects`].
    pub(crate) project: usize,
    pub(crate) rev: u32,
    pub(crate) fields: BTreeMap<String, Value>,
    pub(crate) relations: Vec<Value>,
    /// Fields in markdown; the others are HTML.
    pub(crate) markdown: BTreeSet<String>,
    pub(crate) comments: Vec<String>,
}

impl PullRequest {
    pub(crate) fn is_from_fork(&self) -> bool {
        self.source_repository != self.repository
    }
}

impl World {
    pub(crate) fn new(options: Options, base: String, root: PathBuf) -> Self {
        Self {
            options,
            base,
            announced: None,
            root,
            collections: Vec::new(),
            projects: Vec::new(),
            teams: Vec::new(),
            repositories: Vec::new(),
            pull_requests: Vec::new(),
            users: Vec::new(),
            tokens: Vec::new(),
            work_items: BTreeMap::new(),
            subscriptions: Vec::new(),
            ledger: Ledger::default(),
            faults: Faults::default(),
            outbox: Vec::new(),
            unattended: Vec::new(),
            next_thread: 1,
            next_status: 1,
            next_push: 1,
            next_work_item: 1,
            guids: 0,
            commits: HashMap::new(),
            diffs: HashMap::new(),
        }
    }

    /// A GUID that looks random and is the same in every run.
    pub(crate) fn guid(&mut self) -> String {
        self.guids = self.guids.wrapping_add(1);
        let mut bytes = [0; 16];
        for (half, chunk) in (0_u64..).zip(bytes.chunks_mut(8)) {
            let mut x = self.guids.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(half.wrapping_mul(0xd1b5_4a32_d192_ed03));
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(x ^ (x >> 31)).to_be_bytes());
        }
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    pub(crate) fn add_user(&mut self, display_name: &str, unique_name: &str) -> usize {
        let id = self.guid();
        let descriptor = format!("aad.{}", hex::encode(id.as_bytes().get(..12).unwrap_or_default()));
        let user = User { id, display_name: display_name.to_owned(), unique_name: unique_name.to_owned(), descriptor };
        self.users.push(user);
        self.users.len() - 1
    }

    pub(crate) fn collection_url(&self, collection: usize) -> String {
        let name = self.collections.get(collection).map_or("", |collection| &collection.name);
        format!("{}/{}", self.base, encode(name))
    }

    /// The collection's URL as payloads and links to the API give it.
    pub(crate) fn announced_collection_url(&self, collection: usize) -> String {
        match &self.announced {
            Some(base) => {
                format!("{base}/{}", encode(self.collections.get(collection).map_or("", |collection| &collection.name)))
            }
            None => self.collection_url(collection),
        }
    }

    pub(crate) fn pull_request(&self, id: u32) -> Option<&PullRequest> {
        self.pull_requests.iter().find(|pull_request| pull_request.id == id)
    }

    pub(crate) fn pull_request_mut(&mut self, id: u32) -> Option<&mut PullRequest> {
        self.pull_requests.iter_mut().find(|pull_request| pull_request.id == id)
    }

    pub(crate) fn git(&self, repository: usize) -> Option<Arc<Repository>> {
        self.repositories.get(repository).map(|repository| Arc::clone(&repository.git))
    }

    /// Whether `repository` is a fork of `of`, or a fork of such a fork.
    pub(crate) fn is_fork_of(&self, repository: usize, of: usize) -> bool {
        let parent = |index: &usize| self.repositories.get(*index).and_then(|found| found.parent);
        std::iter::successors(parent(&repository), parent).any(|ancestor| ancestor == of)
    }

    /// A commit's fields, remembered after the first question.
    pub(crate) fn commit(&mut self, repository: usize, id: &str) -> Option<Arc<CommitFields>> {
        let key = (repository, id.to_owned());
        if let Some(known) = self.commits.get(&key) {
            return Some(Arc::clone(known));
        }
        let fields = Arc::new(super::objects::commit_fields(self.git(repository)?.as_ref(), id)?);
        self.commits.insert(key, Arc::clone(&fields));
        Some(fields)
    }

    /// The files between two commits, remembered after the first question. Unknown commits differ in nothing.
    pub(crate) fn diff(&mut self, repository: usize, from: &str, to: &str) -> Arc<Vec<RawChange>> {
        let key = (repository, from.to_owned(), to.to_owned());
        if let Some(known) = self.diffs.get(&key) {
            return Arc::clone(known);
        }
        let found = self.git(repository).and_then(|git| super::objects::diff(&git, from, to).ok()).unwrap_or_default();
        let found = Arc::new(found);
        self.diffs.insert(key, Arc::clone(&found));
        found
    }
}

/// The clock of the service.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the service has a clock of its own, as the real one does")]
    Timestamp::now()
}

/// One path segment or query value, percent-encoded.
pub(crate) fn encode(segment: &str) -> String {
    const SEGMENT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'$');
    percent_encoding::utf8_percent_encode(segment, SEGMENT).to_string()
}
