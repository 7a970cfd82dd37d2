//! Faults on demand: what goes wrong with which of the next requests.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

/// What happens to a request instead of, or around, its answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// A refusal with this status and `Retry-After` in seconds; nothing is done.
    Status(u16, Option<u64>),
    /// The connection is cut; nothing was done.
    DropBefore,
    /// The request is done and the connection is cut before the answer.
    DropAfter,
    /// The request waits at the gate before it is done.
    Hold(Gate),
    /// The request is done; its answer waits at the gate.
    HoldAfter(Gate),
    /// The connection is cut now; the request is done when the gate opens.
    CommitLater(Gate),
    /// The request is done after this time; its answer is the usual one.
    Latency(Duration),
    /// 203 with the sign-in page.
    Html203,
    /// The request is done and half of the answer's body is sent, as if it were all.
    TruncatedJson,
    /// 200 with `Retry-After`, the first sign of a limit.
    Throttled(u64),
}

/// Which requests a fault is for: those with this method (any when empty) whose path with query contains this text, in any
/// case. The path starts after the collection.
#[derive(Debug, Clone, Default)]
pub struct On {
    method: String,
    path: String,
}

impl On {
    pub fn any() -> Self {
        Self::default()
    }

    pub fn request(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_lowercase() }
    }

    pub fn get(path: &str) -> Self {
        Self::request("GET", path)
    }

    pub fn post(path: &str) -> Self {
        Self::request("POST", path)
    }

    pub fn patch(path: &str) -> Self {
        Self::request("PATCH", path)
    }

    pub fn put(path: &str) -> Self {
        Self::request("PUT", path)
    }

    /// A request of git, fetch or push.
    pub fn git() -> Self {
        Self::request("", "/_git/")
    }

    pub(crate) fn matches(&self, method: &str, path: &str) -> bool {
        (self.method.is_empty() || self.method.eq_ignore_ascii_case(method)) && path.to_lowercase().contains(&self.path)
    }
}

impl From<(&str, &str)> for On {
    fn from((method, path): (&str, &str)) -> Self {
        Self::request(method, path)
    }
}

/// Where requests wait until the test lets them go.
#[derive(Debug, Clone)]
pub struct Gate(Arc<GateState>);

#[derive(Debug)]
struct GateState {
    is_open: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Gate {
    /// A closed gate.
    #[expect(clippy::new_without_default, reason = "a gate that is closed by default would surprise")]
    pub fn new() -> Self {
        Self(Arc::new(GateState { is_open: watch::Sender::new(false), waiting: watch::Sender::new(0) }))
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        self.0.is_open.send_replace(true);
    }

    /// Returns when `count` requests have arrived at the gate since it was made.
    pub async fn arrived(&self, count: usize) {
        let mut waiting = self.0.waiting.subscribe();
        // The sender lives in `self`.
        waiting.wait_for(|waiting| *waiting >= count).await.ok();
    }

    pub(crate) async fn pass(&self) {
        self.0.waiting.send_modify(|waiting| *waiting = waiting.saturating_add(1));
        let mut is_open = self.0.is_open.subscribe();
        is_open.wait_for(|is_open| *is_open).await.ok();
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Planned>);

#[derive(Debug)]
struct Planned {
    on: On,
    /// None: until healed.
    left: Option<usize>,
    fault: Fault,
}

impl Faults {
    pub(crate) fn plan(&mut self, on: On, times: Option<usize>, fault: Fault) {
        self.0.push(Planned { on, left: times, fault });
    }

    pub(crate) fn heal(&mut self) {
        self.0.clear();
    }

    /// The first fault that is for this request; counted as used.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let planned = self.0.iter_mut().find(|planned| planned.left != Some(0) && planned.on.matches(method, path))?;
        if let Some(left) = &mut planned.left {
            *left = left.saturating_sub(1);
        }
        Some(planned.fault.clone())
    }
}
