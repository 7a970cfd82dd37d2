//! When a server asked everybody to slow down.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Later calls wait until its moment.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    not_before: Mutex<Option<Instant>>,
}

impl Gate {
    /// Holds calls back for `pause` from now; never shortens what was asked before.
    pub(crate) fn hold(&self, pause: Duration) {
        let Some(until) = Instant::now().checked_add(pause) else { return };
        let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        *not_before = Some(not_before.map_or(until, |earlier| earlier.max(until)));
    }

    /// Returns when calls may go on.
    ///
    /// # Errors
    /// How long it would take, when that is longer than `most`.
    pub(crate) async fn pass(&self, most: Duration) -> Result<(), Duration> {
        loop {
            let not_before = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = not_before.map_or(Duration::ZERO, |moment| moment.saturating_duration_since(Instant::now()));
            if wait.is_zero() {
                return Ok(());
            }
            if wait > most {
                return Err(wait);
            }
            pause(wait).await;
        }
    }
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "the server names the time to wait; there is no other event")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_long_pause_is_told_and_not_waited_for() {
        let gate = Gate::default();
        assert_eq!(gate.pass(MOST).await, Ok(()));
        gate.hold(Duration::from_mins(5));
        gate.hold(Duration::from_secs(1));
        let wait = gate.pass(MOST).await.unwrap_err();
        assert!(wait > Duration::from_secs(290) && wait <= Duration::from_mins(5), "{wait:?}");
    }

    #[tokio::test]
    async fn a_short_pause_is_waited_for() {
        let gate = Gate::default();
        gate.hold(Duration::from_millis(60));
        let start = Instant::now();
        assert_eq!(gate.pass(MOST).await, Ok(()));
        assert!(start.elapsed() >= Duration::from_millis(60));
    }

    #[tokio::test]
    async fn absurd_pauses_do_no_harm() {
        let gate = Gate::default();
        gate.hold(Duration::MAX);
        assert_eq!(gate.pass(MOST).await, Ok(()));
    }
}
