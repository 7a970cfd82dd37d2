//! Where a kill hits: the program is caught in the act, or at any moment that comes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use testkit::{
    azure_devops::{AzureDevOps, Fault, Gate, On, PullRequestHandle},
    model::{CallState, ModelServer, Role},
};
use tokio::{task::JoinHandle, time::Instant};

use super::{
    is_reviewed,
    process::{Random, pass},
};
use crate::harness::PATIENCE;

/// How long a model thinks, at most; so often it is looked at which answers there are.
const THINKS: Duration = Duration::from_millis(40);
/// A moment that does not come within this time is not waited for: the kill hits whatever there is.
const AIMING: Duration = Duration::from_secs(4);
const ROLES: [Role; 4] = [Role::Findings, Role::Verdict, Role::Walkthrough, Role::Resolution];

/// What is waited for before a kill.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    /// A push was made; its event is on the way.
    Accepting,
    /// git talks to the server; after so many requests of it.
    Fetching {
        after: usize,
    },
    /// A question of this role is open.
    Asking(Role),
    /// A write is on the way: of this method and path, after so many others of them, and whether it is done.
    Writing {
        method: &'static str,
        path: &'static str,
        after: usize,
        fate: Fate,
    },
    Anywhere,
    /// Everything is reviewed.
    Rest,
}

/// What becomes of a write whose writer dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never happens.
    Undone,
    /// It is done; nobody hears of it.
    Done,
    /// It is done when its writer is dead already.
    DoneLater,
}

/// What was going on when the program died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// An event was not acknowledged yet.
    Accepting,
    Fetching,
    Asking,
    Publishing,
    /// Something else of a review.
    Between,
    Rest,
}

impl Moment {
    pub(super) fn asking(random: &mut Random) -> Self {
        Self::Asking(pick(random, &ROLES))
    }

    pub(super) fn fetching(random: &mut Random) -> Self {
        Self::Fetching { after: usize::try_from(random.below(3)).unwrap_or_default() }
    }

    pub(super) fn writing(random: &mut Random) -> Self {
        let (method, path) = pick(random, &[("POST", "/threads"), ("PATCH", "/threads"), ("POST", "/statuses")]);
        let after = usize::try_from(random.below(5)).unwrap_or_default();
        Self::Writing { method, path, after, fate: pick(random, &[Fate::Undone, Fate::Done, Fate::DoneLater]) }
    }

    /// Milliseconds between the moment and the kill, at most.
    pub(super) fn spread(self) -> u64 {
        match self {
            Self::Accepting => 15,
            // A connection that was cut is answered by the program at once.
            Self::Writing { fate: Fate::DoneLater, .. } => 1,
            Self::Writing { .. } | Self::Fetching { .. } | Self::Asking(_) => 80,
            Self::Anywhere => 1_200,
            Self::Rest => 20,
        }
    }
}

/// A moment that is being waited for, with what holds the program there.
pub(super) struct Aim<'a> {
    moment: Moment,
    azure: &'a AzureDevOps,
    thinking: &'a ThinkingModel,
    teams: &'a [PullRequestHandle],
    gate: Gate,
    /// When the moment began to be waited for.
    iterations: usize,
    calls: usize,
}

impl<'a> Aim<'a> {
    pub(super) fn take(
        moment: Moment,
        azure: &'a AzureDevOps,
        thinking: &'a ThinkingModel,
        teams: &'a [PullRequestHandle],
    ) -> Self {
        let gate = Gate::new();
        match moment {
            Moment::Fetching { after } => {
                azure.fail_times(On::git(), after, Fault::Latency(Duration::ZERO));
                azure.fail_next(On::git(), Fault::HoldAfter(gate.clone()));
            }
            Moment::Asking(role) => thinking.freeze(Some(role)),
            Moment::Writing { method, path, after, fate } => {
                let on = On::request(method, path);
                azure.fail_times(on.clone(), after, Fault::Latency(Duration::ZERO));
                let fault = match fate {
                    Fate::Undone => Fault::Hold(gate.clone()),
                    Fate::Done => Fault::HoldAfter(gate.clone()),
                    Fate::DoneLater => Fault::CommitLater(gate.clone()),
                };
                azure.fail_next(on, fault);
            }
            Moment::Accepting | Moment::Anywhere | Moment::Rest => {}
        }
        let calls = thinking.model.calls().len();
        Self { moment, azure, thinking, teams, gate, iterations: iterations(teams), calls }
    }

    /// Whether the moment came.
    pub(super) async fn reached(&self) -> bool {
        let teams = self.teams.to_vec();
        match self.moment {
            Moment::Accepting => {
                let before = self.iterations;
                self.azure.wait_for(move |_| iterations(&teams) > before, AIMING).await.is_ok()
            }
            Moment::Fetching { .. } | Moment::Writing { .. } => tokio::time::timeout(AIMING, self.gate.arrived(1)).await.is_ok(),
            Moment::Asking(role) => {
                let open = |calls: &[testkit::model::Call]| {
                    calls.iter().skip(self.calls).any(|call| call.role == role && call.state == CallState::Open)
                };
                tokio::time::timeout(AIMING, self.thinking.model.wait_until(open)).await.is_ok()
            }
            Moment::Anywhere => true,
            Moment::Rest => {
                self.azure.wait_for(move |_| teams.iter().all(is_reviewed), PATIENCE).await.unwrap();
                true
            }
        }
    }

    /// What is going on now; `hit` is what `reached` said.
    pub(super) fn phases(&self, hit: bool, has_open_deliveries: impl FnOnce() -> bool) -> Vec<Phase> {
        let mut phases = Vec::new();
        if has_open_deliveries() {
            phases.push(Phase::Accepting);
        }
        if self.thinking.model.calls().iter().any(|call| call.state == CallState::Open) {
            phases.push(Phase::Asking);
        }
        match self.moment {
            Moment::Fetching { .. } if hit => phases.push(Phase::Fetching),
            Moment::Writing { .. } if hit => phases.push(Phase::Publishing),
            Moment::Rest => phases.push(Phase::Rest),
            _ if phases.is_empty() => phases.push(Phase::Between),
            _ => {}
        }
        phases
    }

    /// The program is dead: what it held up goes on, writes that were on their way after `later`.
    pub(super) async fn release(self, later: Duration) {
        self.thinking.freeze(None);
        self.azure.heal();
        if matches!(self.moment, Moment::Writing { .. }) {
            pass(later).await;
        }
        self.gate.open();
    }
}

/// A model that takes its time, and a record of when it answered what.
pub(super) struct ThinkingModel {
    model: Arc<ModelServer>,
    shared: Arc<Shared>,
    thinking: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// Its questions wait until it is released.
    frozen: Mutex<Option<Role>>,
    /// By the number of the call: when its answer was first seen.
    answered: Mutex<HashMap<usize, Instant>>,
}

impl ThinkingModel {
    pub(super) fn start(model: Arc<ModelServer>) -> Self {
        let shared = Arc::new(Shared::default());
        let thinking = tokio::spawn(think(Arc::clone(&model), Arc::clone(&shared)));
        Self { model, shared, thinking }
    }

    fn freeze(&self, role: Option<Role>) {
        *self.shared.frozen.lock().unwrap_or_else(PoisonError::into_inner) = role;
    }

    /// A question is asked again only when its answer cannot have been stored: its asker went away, or died within `commit`
    /// of the answer. `kills` are the beginnings and ends of deaths. How many were asked again.
    pub(super) fn assert_nothing_is_paid_for_twice(&self, kills: &[(Instant, Instant)], commit: Duration) -> usize {
        let answered = self.shared.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last: HashMap<u64, usize> = HashMap::new();
        let calls = self.model.calls();
        let mut repeated = 0;
        for call in &calls {
            let Some(before) = last.insert(call.hash, call.number) else { continue };
            repeated += 1;
            let in_flight = match calls[before].state {
                CallState::Abandoned => true,
                CallState::Open => false,
                CallState::Answered(_) => {
                    let at = answered[&before];
                    kills.iter().any(|(dying, dead)| *dying < at + commit && at < *dead + commit)
                }
            };
            assert!(in_flight, "{:?} {} repeats {before}, which was answered far from any kill", call.role, call.number);
        }
        repeated
    }
}

impl Drop for ThinkingModel {
    fn drop(&mut self) {
        self.thinking.abort();
    }
}

/// Questions wait for the next tick; those of the frozen role for longer.
async fn think(model: Arc<ModelServer>, shared: Arc<Shared>) {
    let mut gates = HashMap::new();
    loop {
        let frozen = *shared.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        for role in ROLES {
            if Some(role) != frozen || !gates.contains_key(&role) {
                gates.insert(role, model.hold(role));
            }
        }
        {
            let mut answered = shared.answered.lock().unwrap_or_else(PoisonError::into_inner);
            for call in model.calls() {
                if matches!(call.state, CallState::Answered(_)) {
                    answered.entry(call.number).or_insert_with(Instant::now);
                }
            }
        }
        pass(THINKS).await;
    }
}

fn pick<T: Copy>(random: &mut Random, of: &[T]) -> T {
    of[usize::try_from(random.below(of.len() as u64)).unwrap_or_default()]
}

fn iterations(teams: &[PullRequestHandle]) -> usize {
    teams.iter().map(|team| team.iterations().len()).sum()
}
