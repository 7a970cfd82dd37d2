//! When an answer begins to come.

use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};

/// Tells that the answer to a question has begun to come, or that it is not to be waited for: it came, it failed, nobody asks any
/// more, or it would come all at once. What the provider read of the question is in its cache by then.
#[derive(Debug, Clone, Default)]
pub struct Begun(CancellationToken);

impl Begun {
    pub(super) fn tell(&self) {
        self.0.cancel();
    }

    /// Returns when it was told, or after `most`.
    pub async fn wait(&self, most: Duration) {
        // Told or not, whoever waited goes on.
        tokio::time::timeout(most, self.0.cancelled()).await.ok();
    }

    /// Tells at the latest when what is returned is dropped.
    pub fn at_the_latest(&self) -> DropGuard {
        self.0.clone().drop_guard()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_goes_on_when_it_is_told_or_when_the_time_is_over() {
        let begun = Begun::default();
        let start = tokio::time::Instant::now();
        begun.wait(Duration::from_secs(3)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        let telling = begun.clone();
        tokio::join!(begun.wait(Duration::from_secs(3)), async move { telling.tell() });
        begun.wait(Duration::from_secs(3)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(3), "told once, told for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_without_a_word_holds_up_nobody() {
        let begun = Begun::default();
        let start = tokio::time::Instant::now();
        drop(begun.at_the_latest());
        begun.wait(Duration::from_secs(3)).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
