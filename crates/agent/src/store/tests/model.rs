//! Random sequences of operations against a queue that fits on one page.

use std::time::Duration;

use proptest::{
    prelude::{Just, Strategy, any},
    prop_oneof,
    test_runner::{Config, TestCaseError, TestRunner},
};

use super::{LEASE, T0, event, review};
use crate::store::{ClaimedJob, Heartbeat, NewJob, Store, StoreError};

#[derive(Debug, Clone)]
enum Step {
    /// Pull request, what it asks for, and after how many seconds it is due.
    Accept {
        key: u64,
        due: i64,
        urgent: bool,
    },
    /// The delivery before last, once more.
    Repeat,
    Claim,
    /// On one of the leases ever given, held or not.
    Heartbeat(usize),
    Finish(usize),
    Retry(usize, i64),
    Release(usize),
    Bury(usize),
    /// Seconds.
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u64, 0..90_i64, any::<bool>()).prop_map(|(key, due, urgent)| Step::Accept { key, due, urgent }),
        1 => Just(Step::Repeat),
        5 => Just(Step::Claim),
        1 => (0..8_usize).prop_map(Step::Heartbeat),
        2 => (0..8_usize).prop_map(Step::Finish),
        2 => (0..8_usize, 0..90_i64).prop_map(|(lease, after)| Step::Retry(lease, after)),
        1 => (0..8_usize).prop_map(Step::Release),
        1 => (0..8_usize).prop_map(Step::Bury),
        3 => (1..70_i64).prop_map(Step::Wait),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Queued,
    Running,
    Ended,
    Dead,
}

#[derive(Debug, Clone)]
struct Job {
    key: u64,
    state: State,
    priority: i64,
    run_at: i64,
    queued_at: i64,
    attempt: u32,
    lease_until: i64,
    token: Option<String>,
}

/// The queue as it is meant.
#[derive(Default)]
struct Model {
    jobs: Vec<Job>,
    /// Per accepted event, the job that answers for it.
    events: Vec<usize>,
}

impl Model {
    fn queued(&self, key: u64) -> Option<usize> {
        self.jobs.iter().position(|job| job.key == key && job.state == State::Queued)
    }

    fn accept(&mut self, key: u64, priority: i64, run_at: i64, now: i64) {
        let index = self.queued(key).unwrap_or_else(|| {
            let fresh =
                Job { key, state: State::Queued, priority, run_at, queued_at: now, attempt: 0, lease_until: 0, token: None };
            self.jobs.push(fresh);
            self.jobs.len() - 1
        });
        let job = &mut self.jobs[index];
        let bound = job.queued_at + 60_000;
        job.run_at = if run_at <= bound { run_at } else { job.run_at.max(bound).min(run_at) };
        job.priority = job.priority.max(priority);
        job.attempt = 0;
        self.events.push(index);
    }

    fn back(&mut self, index: usize, run_at: i64, attempt: u32, now: i64) {
        let newer = self.queued(self.jobs[index].key);
        let job = &mut self.jobs[index];
        job.token = None;
        if let Some(newer) = newer {
            job.state = State::Ended;
            for event in self.events.iter_mut().filter(|event| **event == index) {
                *event = newer;
            }
        } else {
            (job.state, job.run_at, job.queued_at, job.attempt) = (State::Queued, run_at, now, attempt);
        }
    }

    fn claim(&mut self, token: Option<&str>, now: i64) -> Option<usize> {
        for index in 0..self.jobs.len() {
            if self.jobs[index].state == State::Running && self.jobs[index].lease_until <= now {
                self.back(index, now, self.jobs[index].attempt, now);
            }
        }
        let taken: Vec<u64> = self.jobs.iter().filter(|job| job.state == State::Running).map(|job| job.key).collect();
        let next = (0..self.jobs.len())
            .filter(|index| self.jobs[*index].state == State::Queued && self.jobs[*index].run_at <= now)
            .filter(|index| !taken.contains(&self.jobs[*index].key))
            .min_by_key(|index| (-self.jobs[*index].priority, self.jobs[*index].run_at, *index))?;
        let job = &mut self.jobs[next];
        job.state = State::Running;
        job.attempt += 1;
        job.lease_until = now + 60_000;
        job.token = token.map(str::to_owned);
        Some(next)
    }

    fn held(&self, token: &str) -> Option<usize> {
        self.jobs.iter().position(|job| job.state == State::Running && job.token.as_deref() == Some(token))
    }

    fn number(&self, state: State) -> u64 {
        u64::try_from(self.jobs.iter().filter(|job| job.state == state).count()).unwrap()
    }
}

#[test]
fn any_sequence_of_operations_leads_where_the_model_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&proptest::collection::vec(step(), 1..60), |steps| runtime.block_on(play(&steps))).unwrap();
}

async fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let store = Store::open(&"sqlite::memory:".to_owned().into()).await.unwrap();
    store.migrate().await.unwrap();
    let mut model = Model::default();
    let mut leases: Vec<ClaimedJob> = Vec::new();
    let mut now = T0;
    for step in steps {
        let pick = |index: &usize| leases.get(leases.len().checked_sub(1 + index)?).cloned();
        match step {
            Step::Accept { key, due, urgent } => {
                let job = NewJob { priority: i64::from(*urgent), run_at: now + due * 1_000, ..review(*key, now) };
                store.accept(&event(&format!("e{}", model.events.len()), now), Some(&job)).await.unwrap();
                model.accept(*key, i64::from(*urgent), now + due * 1_000, now);
            }
            Step::Repeat => {
                if let Some(before_last) = model.events.len().checked_sub(2) {
                    store.accept(&event(&format!("e{before_last}"), now), Some(&review(9, now))).await.unwrap();
                }
            }
            Step::Claim => {
                let claimed = store.claim("worker", LEASE, now).await.unwrap();
                let expected = model.claim(claimed.as_ref().map(|job| job.lease.token.as_str()), now);
                let expected = expected.map(|index| (format!("pr {}", model.jobs[index].key), model.jobs[index].attempt));
                same(claimed.as_ref().map(|job| (job.serial_key.clone(), job.attempt)), expected, step)?;
                leases.extend(claimed);
            }
            Step::Heartbeat(index) => {
                let Some(job) = pick(index) else { continue };
                let answer = store.heartbeat(&job.lease, Duration::from_mins(1), now).await.unwrap();
                let held = model.held(&job.lease.token);
                same(answer != Heartbeat::Lost, held.is_some(), step)?;
                if let Some(held) = held {
                    model.jobs[held].lease_until = now + 60_000;
                }
            }
            Step::Finish(index) => {
                let Some(job) = pick(index) else { continue };
                let held = model.held(&job.lease.token);
                written(&store.finish(&job.lease, "reviewed", now).await, held.is_some(), step)?;
                if let Some(held) = held {
                    model.jobs[held].state = State::Ended;
                }
            }
            Step::Retry(index, after) => {
                let Some(job) = pick(index) else { continue };
                let held = model.held(&job.lease.token);
                written(&store.retry(&job.lease, now + after * 1_000, "no", now).await, held.is_some(), step)?;
                if let Some(held) = held {
                    model.back(held, now + after * 1_000, model.jobs[held].attempt, now);
                }
            }
            Step::Release(index) => {
                let Some(job) = pick(index) else { continue };
                let held = model.held(&job.lease.token);
                written(&store.release(&job.lease, now).await, held.is_some(), step)?;
                if let Some(held) = held {
                    model.back(held, now, model.jobs[held].attempt - 1, now);
                }
            }
            Step::Bury(index) => {
                let Some(job) = pick(index) else { continue };
                let held = model.held(&job.lease.token);
                written(&store.bury(&job.lease, "no", now).await, held.is_some(), step)?;
                if let Some(held) = held {
                    model.jobs[held].state = State::Dead;
                }
            }
            Step::Wait(seconds) => now += seconds * 1_000,
        }
        let counts = store.queue_counts(now).await.unwrap();
        let expected = (model.number(State::Queued), model.number(State::Running), model.number(State::Dead));
        same((counts.queued, counts.running, counts.dead), expected, step)?;
        let open = model.events.iter().filter(|job| matches!(model.jobs[**job].state, State::Queued | State::Running));
        same(store.events_without_end().await.unwrap(), u64::try_from(open.count()).unwrap(), step)?;
    }
    store.close().await;
    Ok(())
}

fn written(result: &Result<(), StoreError>, held: bool, step: &Step) -> Result<(), TestCaseError> {
    same(matches!(result, Err(StoreError::LeaseLost(_))), !held, step)?;
    same(result.is_ok(), held, step)
}

#[expect(clippy::needless_pass_by_value, reason = "callers compare values made on the spot")]
fn same<T: PartialEq + std::fmt::Debug>(found: T, expected: T, step: &Step) -> Result<(), TestCaseError> {
    if found == expected {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("after {step:?}: found {found:?}, the model says {expected:?}")))
}
