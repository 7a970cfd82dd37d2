//! Questions that begin alike: the first of them goes ahead, so that the others find what they share in the provider's cache.

use std::time::Duration;

use crate::llm::Begun;

/// Fewer tokens than these are not worth the wait of a whole review: reading them once more costs a cent or two, and below 1,024 no
/// provider keeps them at all (source: OpenAI's guide to prompt caching, and Anthropic's).
const LEAST_TOKENS: usize = 8_000;
/// Tokens that a provider reads in a millisecond, as hosted models do; a server that is slower is not waited for to its end.
const TOKENS_PER_MILLI: usize = 20;
/// The others wait no longer than this: what a cache saves is no reason to keep people waiting.
const LONGEST_LEAD: Duration = Duration::from_secs(5);

/// The lead of the first question of several that share a pack. The others ask when its answer begins to come, and after about as long
/// as a provider takes to read the pack: a model that reasons first is silent for longer, with its cache filled long before.
#[derive(Debug)]
pub(super) struct WarmUp {
    begun: Begun,
    most: Duration,
}

impl WarmUp {
    /// For questions that share so many tokens.
    pub(super) fn over(pack_tokens: usize) -> Self {
        let most = if pack_tokens < LEAST_TOKENS {
            Duration::ZERO
        } else {
            let millis = u64::try_from(pack_tokens / TOKENS_PER_MILLI).unwrap_or(u64::MAX);
            Duration::from_millis(millis).min(LONGEST_LEAD)
        };
        Self { begun: Begun::default(), most }
    }

    /// What the first question tells when its answer begins.
    pub(super) fn begun(&self) -> &Begun {
        &self.begun
    }

    /// Before every other question.
    pub(super) async fn wait(&self) {
        self.begun.wait(self.most).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_grows_with_what_is_shared_and_has_an_end() {
        let millis = |tokens| WarmUp::over(tokens).most.as_millis();
        assert_eq!([0, 7_999, 10_000, 60_000, usize::MAX].map(millis), [0, 0, 500, 3_000, 5_000]);
    }
}
