//! Tokens that the model calls of a run took.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub calls: u64,
    pub input_tokens: u64,
    /// Part of `input_tokens` that the provider took from its cache.
    pub cached_tokens: u64,
    pub output_tokens: u64,
}

impl AddAssign for Usage {
    /// Stops at the largest number: a server that counts nonsense must not stop a review.
    fn add_assign(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::Usage;

    #[test]
    fn calls_add_up_and_nonsense_does_not_overflow() {
        let mut sum = Usage { calls: 1, input_tokens: 100, cached_tokens: 40, output_tokens: 7 };
        sum += Usage { calls: 1, input_tokens: 50, cached_tokens: 50, output_tokens: 3 };
        assert_eq!(sum, Usage { calls: 2, input_tokens: 150, cached_tokens: 90, output_tokens: 10 });
        sum += Usage { input_tokens: u64::MAX, ..Usage::default() };
        assert_eq!((sum.input_tokens, sum.output_tokens), (u64::MAX, 10));
    }
}
