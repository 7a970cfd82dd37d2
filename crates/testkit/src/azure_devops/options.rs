//! How the service is set up and what it is told to do differently.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

/// Which release of the service is played; it decides the versions of the API that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Azure DevOps Services: up to 7.1, and 7.2 in preview.
    #[default]
    Services,
    /// Up to 7.0.
    Server2022,
    /// Up to 6.0; statuses, labels, likes, properties and merge bases in preview only.
    Server2020,
    /// Update 1: up to 5.1, with the same previews.
    Server2019,
}

/// How a request with a token that is not valid is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignIn {
    /// As observed: 401 when the request carries `X-TFS-FedAuthRedirect: Suppress` or is a PATCH, else 203 with a page.
    #[default]
    AsTheService,
    /// 203 with the HTML of the sign-in page, whatever was sent.
    Page203,
    /// 302 to `_signin`, whatever was sent.
    Redirect302,
    /// 401 with JSON, whatever was sent.
    Unauthorized401,
}

/// When the merge of a pull request is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MergeComputation {
    /// At once, before the event goes out.
    #[default]
    Immediate,
    /// Not before `PullRequestHandle::finish_merge`: until then `mergeStatus` is `queued` and there is no merge commit.
    Queued,
    /// The same, and the other `lastMerge…` commits are absent as well.
    QueuedWithoutCommits,
}

/// Which commits git serves by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServedCommits {
    /// Every object in the repository.
    Any,
    /// What a ref can reach: not the old head of a branch that was rewritten.
    Reachable,
    /// Tips of refs only.
    Tips,
}

/// A right that the token may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Threads, comments, labels, votes: 403 `GitNeedsPermissionException`.
    ContributeToPullRequests,
    /// Pushes, by the API: 403 `GitNeedsPermissionException`.
    ContributeCode,
    /// Pushes to branches that are not there yet.
    CreateBranch,
    /// Statuses of pull requests.
    WriteStatuses,
    /// Work items: 401, as for a token without the scope.
    ReadWorkItems,
    /// The same of those that are created or changed.
    WriteWorkItems,
    /// Repositories and pull requests: 404, as for somebody who is not a member.
    ReadCode,
}

/// The headers of a service that is close to its limit, on every answer.
#[derive(Debug, Clone, PartialEq)]
pub struct RateLimit {
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// `X-RateLimit-Delay`, in seconds.
    pub delay: Option<f64>,
    pub limit: u64,
    pub remaining: u64,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a test service")]
pub(crate) struct Options {
    pub(crate) mode: Mode,
    pub(crate) address: SocketAddr,
    pub(crate) prefix: Vec<String>,
    pub(crate) collections: Vec<String>,
    pub(crate) token: String,
    pub(crate) sign_in: SignIn,
    /// connectionData answers as to nobody when no token is sent.
    pub(crate) is_public: bool,
    pub(crate) merges: MergeComputation,
    pub(crate) upper_case_ids: bool,
    /// `edit, rename` as the service says it, or `rename` alone as its specification lists it.
    pub(crate) combined_change_types: bool,
    pub(crate) served: ServedCommits,
    pub(crate) partial_clone: bool,
    pub(crate) denied: BTreeSet<Permission>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// How much faster than the real one the clock of redeliveries runs.
    pub(crate) delivery_speed: f64,
    /// How long a receiver of webhooks may take to answer.
    pub(crate) delivery_timeout: Duration,
    pub(crate) is_unreachable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            prefix: Vec::new(),
            collections: vec!["contoso".to_owned()],
            token: "testkit-personal-access-token-0123456789abcdefghijklm".to_owned(),
            sign_in: SignIn::default(),
            is_public: false,
            merges: MergeComputation::default(),
            upper_case_ids: false,
            combined_change_types: true,
            served: ServedCommits::Any,
            partial_clone: true,
            denied: BTreeSet::new(),
            rate_limit: None,
            delivery_speed: 100.0,
            delivery_timeout: Duration::from_secs(10),
            is_unreachable: false,
        }
    }
}

impl Mode {
    pub fn is_server(self) -> bool {
        self != Self::Services
    }

    /// The newest released version that is taken.
    pub(crate) fn released(self) -> (u32, u32) {
        match self {
            Self::Services => (7, 1),
            Self::Server2022 => (7, 0),
            Self::Server2020 => (6, 0),
            Self::Server2019 => (5, 1),
        }
    }

    /// The newest version that is taken with `-preview`.
    pub(crate) fn newest(self) -> (u32, u32) {
        if self == Self::Services { (7, 2) } else { self.released() }
    }
}
