//! Several keys, taken in turn; one that was refused or is rate limited rests for a while.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use secrecy::SecretString;
use tokio::time::Instant;

pub(super) struct KeyRing {
    /// Empty where the provider takes another credential.
    keys: Vec<SecretString>,
    state: Mutex<State>,
}

struct State {
    next: usize,
    /// When each key may be used again.
    rests_until: Vec<Option<Instant>>,
}

/// One key of the ring.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) index: usize,
    pub(super) secret: SecretString,
}

/// What one request shows to the provider.
#[derive(Debug, Clone, Default)]
pub(super) struct Credential {
    pub(super) key: Option<Key>,
    /// Of `OAuth2`; goes before a key where there is room for one only.
    pub(super) token: Option<SecretString>,
}

impl Credential {
    pub(super) fn secrets(&self) -> Vec<&SecretString> {
        self.key.iter().map(|key| &key.secret).chain(&self.token).collect()
    }
}

impl KeyRing {
    pub(super) fn new(keys: Vec<SecretString>) -> Self {
        let rests_until = vec![None; keys.len()];
        Self { keys, state: Mutex::new(State { next: 0, rests_until }) }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The next key in turn that does not rest; when all do, the one that is rested soonest. None: there is no key at all.
    pub(super) fn pick(&self, now: Instant) -> Option<Key> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let next = state.next;
        let in_turn = self.keys.iter().enumerate().skip(next).chain(self.keys.iter().enumerate().take(next));
        let rests = |index: usize| state.rests_until.get(index).copied().flatten().filter(|&until| until > now);
        let (index, secret) = in_turn.min_by_key(|&(index, _)| rests(index))?;
        state.next = (index + 1) % self.keys.len();
        Some(Key { index, secret: secret.clone() })
    }

    pub(super) fn set_aside(&self, index: usize, now: Instant, pause: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = state.rests_until.get_mut(index) {
            *until = now.checked_add(pause);
        }
    }

    pub(super) fn all_set_aside(&self, now: Instant) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rests_until.iter().all(|until| until.is_some_and(|until| until > now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::KeyRing;

    fn ring() -> KeyRing {
        KeyRing::new(["a", "b", "c"].map(Into::into).to_vec())
    }

    #[test]
    fn an_empty_ring_has_no_key_and_none_that_could_rest() {
        let ring = KeyRing::new(Vec::new());
        assert!(ring.pick(Instant::now()).is_none());
        ring.set_aside(0, Instant::now(), Duration::from_secs(1));
        assert_eq!(ring.len(), 0);
    }

    #[test]
    fn keys_are_taken_in_turn() {
        let (ring, now) = (ring(), Instant::now());
        let order: Vec<usize> = (0..5).map(|_| ring.pick(now).unwrap().index).collect();
        assert_eq!(order, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn a_refused_key_rests_and_comes_back() {
        let (ring, now) = (ring(), Instant::now());
        ring.set_aside(1, now, Duration::from_secs(10));
        let order: Vec<usize> = (0..4).map(|_| ring.pick(now).unwrap().index).collect();
        assert_eq!(order, [0, 2, 0, 2]);
        let later = now + Duration::from_secs(11);
        assert_eq!((ring.pick(later).unwrap().index, ring.pick(later).unwrap().index), (0, 1));
    }

    #[test]
    fn when_all_rest_the_one_that_is_rested_soonest_is_tried() {
        let (ring, now) = (ring(), Instant::now());
        for (index, seconds) in [(0, 30), (1, 10), (2, 20)] {
            ring.set_aside(index, now, Duration::from_secs(seconds));
        }
        assert!(ring.all_set_aside(now));
        assert_eq!(ring.pick(now).unwrap().index, 1);
        assert!(!ring.all_set_aside(now + Duration::from_secs(11)));
    }
}
