//! The longest chain of calls of which each needs the answer of the one before.

use std::time::{Duration, Instant};

use testkit::model::{Call, Role};

/// When a call came and when its answer was on its way.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    role: Role,
    prompt: String,
    begun: Instant,
    ended: Instant,
}

impl Answered {
    /// None: it has no answer.
    pub(super) fn of(call: &Call) -> Option<Self> {
        Some(Self { role: call.role, prompt: call.prompt(), begun: call.begun, ended: call.ended? })
    }

    /// Whether this is a later turn of the same conversation, or the same question once more.
    fn follows(&self, earlier: &Self) -> bool {
        self.role == earlier.role && earlier.ended <= self.begun && self.prompt.starts_with(&earlier.prompt)
    }
}

/// What a review takes at the least with these calls, however many of them run at a time: the turns of each conversation one
/// after the other, and verifiers after all finders. How many finders and verifiers there are plays no part.
pub(super) fn longest_chain(calls: &[Answered]) -> Duration {
    let mut calls: Vec<&Answered> = calls.iter().collect();
    calls.sort_by_key(|call| call.begun);
    let mut chains: Vec<(&Answered, Duration)> = Vec::with_capacity(calls.len());
    for call in calls {
        let before = chains.iter().filter(|(earlier, _)| call.follows(earlier)).map(|(_, chain)| *chain).max();
        let finders = || {
            let finders = chains.iter().filter(|(earlier, _)| call.role == Role::Verdict && earlier.role == Role::Findings);
            finders.map(|(_, chain)| *chain).max().unwrap_or_default()
        };
        let chain = before.unwrap_or_else(finders) + call.ended.duration_since(call.begun);
        chains.push((call, chain));
    }
    chains.into_iter().map(|(_, chain)| chain).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use testkit::model::Role;

    use super::{Answered, longest_chain};

    #[test]
    fn turns_and_stages_wait_for_each_other_and_nothing_else_does() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let call = |role, prompt: &str, from, to| Answered { role, prompt: prompt.to_owned(), begun: at(from), ended: at(to) };
        let one = call(Role::Findings, "pack, find", 0, 2);
        let other = call(Role::Findings, "pack, look for leaks", 0, 2);
        let turn = call(Role::Findings, "pack, find, seen", 3, 5);
        let walkthrough = call(Role::Walkthrough, "pack, tell", 0, 7);
        let verifiers = [
            call(Role::Verdict, "pack, refute 1", 9, 11),
            // Held up by nothing but a limit on how many run at once.
            call(Role::Verdict, "pack, refute 2", 11, 13),
            call(Role::Verdict, "pack, refute 2, seen", 13, 14),
        ];
        let again = call(Role::Verdict, "pack, refute 1", 14, 18);
        for (calls, seconds) in [
            (vec![], 0),
            (vec![one.clone(), other.clone()], 2),
            (vec![turn.clone(), one.clone(), other.clone()], 4),
            (vec![one.clone(), other.clone(), turn.clone(), walkthrough.clone()], 7),
            ([vec![one.clone(), turn.clone(), walkthrough.clone()], verifiers.to_vec()].concat(), 7),
            ([vec![one, turn, other, walkthrough, again], verifiers.to_vec()].concat(), 10),
            (verifiers.to_vec(), 3),
        ] {
            assert_eq!(longest_chain(&calls), Duration::from_secs(seconds), "{calls:#?}");
        }
    }
}
