//! An endpoint that fails and fails is left alone for a while: every review would only wait for it in vain, and hit it while it
//! comes back.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// Failures in a row, over all questions, that open it.
const FAILURES: u32 = 5;
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_mins(5);

/// Closed as long as calls succeed; open for five seconds after five failures in a row, then one call may try, and each one
/// that fails doubles the time, up to five minutes.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
    /// Something was learnt.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// How often it opened since the last success.
    opened: u32,
    closed_until_then: Option<Instant>,
    /// One call tries whether the endpoint is back.
    is_tried: bool,
    /// What failed last, for messages.
    problem: String,
}

/// It is open.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) rest: Duration,
    pub(super) problem: String,
    /// Its rest is over, and a call that was let through will soon tell whether it is back.
    is_tried: bool,
}

impl Breaker {
    /// Returns once a call may be made. While one call tries whether the endpoint is back, the others wait for what it learns,
    /// at most for `most`.
    pub(super) async fn pass(&self, most: Duration) -> Result<(), Open> {
        let deadline = Instant::now() + most;
        loop {
            let changed = self.changed.notified();
            let now = Instant::now();
            match self.admit(now) {
                Err(open) if open.is_tried && now < deadline => {
                    // Either way the state is looked at again.
                    tokio::time::timeout_at(deadline.min(now + open.rest), changed).await.ok();
                }
                admitted => return admitted,
            }
        }
    }

    /// Whether a call may be made at `now`. The one that is let through after a rest keeps the others out for as long as the
    /// next rest would be, so that one that never ends shuts nobody out for ever.
    fn admit(&self, now: Instant) -> Result<(), Open> {
        let mut state = self.state();
        let Some(until) = state.closed_until_then else { return Ok(()) };
        let rest = until.saturating_duration_since(now);
        if !rest.is_zero() {
            let problem = format!("{}; it failed {} times in a row and is left alone", state.problem, state.failures);
            return Err(Open { rest, problem, is_tried: state.is_tried });
        }
        state.closed_until_then = now.checked_add(rest_after(state.opened.saturating_add(1)));
        state.is_tried = true;
        Ok(())
    }

    /// An answer came, be it a refusal: the endpoint is there.
    pub(super) fn answered(&self) {
        *self.state() = State::default();
        self.changed.notify_waiters();
    }

    /// No answer came, or an error of the server's own; whether this opened it.
    pub(super) fn failed(&self, problem: &str, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        problem.clone_into(&mut state.problem);
        if state.failures < FAILURES {
            return false;
        }
        state.opened = state.opened.saturating_add(1);
        state.closed_until_then = now.checked_add(rest_after(state.opened));
        state.is_tried = false;
        self.changed.notify_waiters();
        true
    }

    /// For the metrics.
    pub(super) fn is_open(&self) -> bool {
        self.state().closed_until_then.is_some()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rest_after(opened: u32) -> Duration {
    FIRST_REST.saturating_mul(1 << opened.saturating_sub(1).min(16)).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Breaker;

    const SECOND: Duration = Duration::from_secs(1);

    fn broken(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for number in 1..=5 {
            assert_eq!(breaker.admit(now), Ok(()), "{number}");
            assert_eq!(breaker.failed("500", now), number == 5);
        }
        breaker
    }

    #[test]
    fn a_few_failures_and_a_success_leave_it_closed() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..10 {
            (0..4).for_each(|_| assert!(!breaker.failed("500", now)));
            breaker.answered();
        }
        assert_eq!(breaker.admit(now), Ok(()));
        assert!(!breaker.is_open());
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_call_at_a_time_tries_again() {
        let now = Instant::now();
        let breaker = broken(now);
        let open = breaker.admit(now + SECOND).unwrap_err();
        assert_eq!((open.rest, open.problem.as_str()), (4 * SECOND, "500; it failed 5 times in a row and is left alone"));
        assert_eq!(breaker.admit(now + 5 * SECOND), Ok(()));
        assert_eq!(breaker.admit(now + 5 * SECOND).unwrap_err().rest, 10 * SECOND, "another one tries already");
        assert!(breaker.failed("502", now + 6 * SECOND));
        assert_eq!(breaker.admit(now + 7 * SECOND).unwrap_err().rest, 9 * SECOND);
        assert_eq!(breaker.admit(now + 16 * SECOND), Ok(()));
        breaker.answered();
        assert_eq!(breaker.admit(now + 16 * SECOND), Ok(()));
        assert!(!breaker.is_open());
    }

    #[tokio::test]
    async fn while_one_call_tries_the_others_wait_for_what_it_learns() {
        let rested = || broken(Instant::now().checked_sub(6 * SECOND).unwrap());
        assert!(broken(Instant::now()).pass(60 * SECOND).await.is_err(), "nobody waits for a rest");

        let breaker = rested();
        breaker.pass(60 * SECOND).await.unwrap();
        let (waited, ()) = tokio::join!(breaker.pass(60 * SECOND), async { breaker.answered() });
        assert_eq!(waited, Ok(()));

        let breaker = rested();
        breaker.pass(60 * SECOND).await.unwrap();
        let (waited, opened) = tokio::join!(breaker.pass(60 * SECOND), async { breaker.failed("502", Instant::now()) });
        assert!(opened);
        assert_eq!(waited.unwrap_err().problem, "502; it failed 6 times in a row and is left alone");
    }

    #[test]
    fn an_hour_of_failures_is_a_score_of_calls() {
        let (start, mut calls) = (Instant::now(), 0);
        let breaker = Breaker::default();
        for second in 0..3_600 {
            let now = start + second * SECOND;
            if breaker.admit(now).is_ok() {
                calls += 1;
                breaker.failed("500", now);
            }
        }
        assert!((15..=25).contains(&calls), "{calls}");
        assert!(breaker.admit(start + 2 * 3_600 * SECOND).is_ok(), "it is tried again, however long it was away");
    }
}
