//! Tokens that the model calls of a run took, and what they cost.

use std::{fmt, ops::AddAssign};

use serde::{Deserialize, Serialize};

use crate::money::Money;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub calls: u64,
    pub input_tokens: u64,
    /// Part of `input_tokens` that the provider took from its cache.
    pub cached_tokens: u64,
    /// Part of the other input tokens that the provider wrote to its cache, where it asks more for that. Known as long as the
    /// run: what is stored is the cost with it.
    #[serde(skip)]
    pub cache_write_tokens: u64,
    pub output_tokens: u64,
    /// Of the calls whose price is known.
    #[serde(default, rename = "cost_microdollars")]
    pub cost: Money,
    /// Calls of models whose price is not known; `cost` holds nothing of them.
    #[serde(default)]
    pub unpriced_calls: u64,
}

impl Usage {
    /// Tokens read and written.
    pub fn tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// What is known about the cost, in words. None when nothing was asked.
    pub fn cost_words(&self) -> Option<CostWords> {
        (self.calls > 0).then_some(CostWords(*self))
    }
}

/// "about $0.042", "cost not known: …".
#[derive(Debug, Clone, Copy)]
pub struct CostWords(Usage);

impl fmt::Display for CostWords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Usage { calls, unpriced_calls, cost, .. } = self.0;
        match unpriced_calls {
            0 => write!(formatter, "about {cost}"),
            unpriced if unpriced >= calls => formatter.write_str("cost not known: the model's price is not known"),
            1 => write!(formatter, "about {cost} and 1 call whose price is not known"),
            unpriced => write!(formatter, "about {cost} and {unpriced} calls whose price is not known"),
        }
    }
}

impl AddAssign for Usage {
    /// Stops at the largest number: a server that counts nonsense must not stop a review.
    fn add_assign(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(other.cache_write_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cost += other.cost;
        self.unpriced_calls = self.unpriced_calls.saturating_add(other.unpriced_calls);
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;
    use crate::money::Money;

    const ONE: Usage = Usage {
        calls: 1,
        input_tokens: 100,
        cached_tokens: 40,
        cache_write_tokens: 0,
        output_tokens: 7,
        cost: Money::from_micros(42_000),
        unpriced_calls: 0,
    };

    #[test]
    fn calls_add_up_and_nonsense_does_not_overflow() {
        let mut sum = ONE;
        sum += Usage { calls: 1, input_tokens: 50, cached_tokens: 50, output_tokens: 3, unpriced_calls: 1, ..Usage::default() };
        let expected = Usage { calls: 2, input_tokens: 150, cached_tokens: 90, output_tokens: 10, unpriced_calls: 1, ..ONE };
        assert_eq!(sum, expected);
        sum += Usage { input_tokens: u64::MAX, cost: Money::from_micros(u64::MAX), ..Usage::default() };
        assert_eq!((sum.input_tokens, sum.output_tokens, sum.cost.micros()), (u64::MAX, 10, u64::MAX));
    }

    #[test]
    fn the_cost_is_told_with_what_is_not_known_about_it() {
        let words = |calls, unpriced_calls| {
            let usage = Usage { calls, unpriced_calls, ..ONE };
            usage.cost_words().map(|words| words.to_string())
        };
        assert_eq!(words(0, 0), None);
        assert_eq!(words(3, 0).as_deref(), Some("about $0.042"));
        assert_eq!(words(3, 1).as_deref(), Some("about $0.042 and 1 call whose price is not known"));
        assert_eq!(words(3, 2).as_deref(), Some("about $0.042 and 2 calls whose price is not known"));
        assert_eq!(words(3, 3).as_deref(), Some("cost not known: the model's price is not known"));
    }

    #[test]
    fn what_an_earlier_version_stored_is_still_read() {
        let stored = r#"{"calls":1,"input_tokens":100,"cached_tokens":40,"output_tokens":7}"#;
        let expected = Usage { cost: Money::ZERO, ..ONE };
        assert_eq!(serde_json::from_str::<Usage>(stored).unwrap(), expected);
    }
}
