//! What a provider says is left of its rate limit, so that the next request waits instead of being refused.
//!
//! Sources: OpenAI's guide "Rate limits" (`x-ratelimit-remaining-tokens`, `x-ratelimit-reset-tokens`, and the same for
//! requests), Anthropic's API reference "Rate limits" (`anthropic-ratelimit-input-tokens-remaining`, `…-reset` in RFC 3339).

use std::time::Duration;

use tokio::time::Instant;

/// Bytes of a prompt per token, for a guess that is rather too low than too high: whoever waits needlessly is slow.
const BYTES_PER_TOKEN: usize = 4;

/// What may still be asked of a model, and until when that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remaining {
    pub(super) tokens: Option<(u64, Instant)>,
    pub(super) requests: Option<(u64, Instant)>,
}

impl Remaining {
    /// How long a request with so many bytes had better wait; None: not at all.
    pub(super) fn wait(&self, bytes: usize, now: Instant) -> Option<Duration> {
        let tokens = (bytes / BYTES_PER_TOKEN) as u64;
        let until = |limit: Option<(u64, Instant)>, wanted: u64| limit.filter(|(left, _)| *left < wanted).map(|(_, until)| until);
        let until = until(self.tokens, tokens).max(until(self.requests, 1))?;
        Some(until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// As if a request with so many bytes had been made: those that begin at the same time share what is left.
    pub(super) fn take(&mut self, bytes: usize) {
        if let Some((left, _)) = &mut self.tokens {
            *left = left.saturating_sub((bytes / BYTES_PER_TOKEN) as u64);
        }
        if let Some((left, _)) = &mut self.requests {
            *left = left.saturating_sub(1);
        }
    }
}

/// What the headers of an answer say, which came at `now`; None where they say nothing.
pub(super) fn remaining(header: impl Fn(&str) -> Option<String>, now: Instant) -> Option<Remaining> {
    let left = |name: &str| header(name)?.trim().parse::<u64>().ok();
    let after = |name: &str| now.checked_add(span(&header(name)?)?);
    // A date is read against the server's own clock.
    let clock = header("date").and_then(|date| jiff::fmt::rfc2822::parse(&date).ok()).map(|date| date.timestamp());
    let at = |name: &str| {
        let reset: jiff::Timestamp = header(name)?.trim().parse().ok()?;
        let span = Duration::try_from(reset.duration_since(clock?)).unwrap_or_default();
        now.checked_add(span)
    };
    let openai = |kind: &str| left(&format!("x-ratelimit-remaining-{kind}")).zip(after(&format!("x-ratelimit-reset-{kind}")));
    let anthropic =
        |kind: &str| left(&format!("anthropic-ratelimit-{kind}-remaining")).zip(at(&format!("anthropic-ratelimit-{kind}-reset")));
    let tokens = openai("tokens").or_else(|| anthropic("input-tokens")).or_else(|| anthropic("tokens"));
    let requests = openai("requests").or_else(|| anthropic("requests"));
    (tokens.is_some() || requests.is_some()).then_some(Remaining { tokens, requests })
}

/// "6m0s", "1.5s", "120ms", "1h2m"; Azure writes bare seconds.
fn span(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let (mut total, mut rest) = (Duration::ZERO, text);
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let number: f64 = number.parse().ok()?;
        let unit = tail.find(|character: char| character.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{remaining, span};

    #[test]
    fn spans_are_read_as_providers_write_them() {
        let cases = [("6m0s", 360_000), ("1.5s", 1_500), ("120ms", 120), ("1h2m", 3_720_000), ("7", 7_000), ("0s", 0)];
        for (text, millis) in cases {
            assert_eq!(span(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "s", "1x", "-1s", "1..2s", "é", "9e99s", "18446744073709551615h"] {
            assert_eq!(span(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_request_that_does_not_fit_waits_and_those_at_the_same_time_share() {
        let now = Instant::now();
        let headers = |name: &str| match name {
            "x-ratelimit-remaining-tokens" => Some("1000".to_owned()),
            "x-ratelimit-reset-tokens" => Some("2s".to_owned()),
            "x-ratelimit-remaining-requests" => Some("2".to_owned()),
            "x-ratelimit-reset-requests" => Some("30s".to_owned()),
            _ => None,
        };
        let mut left = remaining(headers, now).unwrap();
        assert_eq!(left.wait(4_000, now), None);
        assert_eq!(left.wait(4_004, now), Some(Duration::from_secs(2)));
        assert_eq!(left.wait(4_004, now + Duration::from_secs(3)), None, "it was given back meanwhile");
        left.take(2_000);
        assert_eq!(left.wait(4_000, now), Some(Duration::from_secs(2)));
        left.take(0);
        assert_eq!(left.wait(0, now), Some(Duration::from_secs(30)), "no request is left");
    }

    #[test]
    fn anthropic_names_a_time_and_its_own_clock() {
        let now = Instant::now();
        let headers = |name: &str| match name {
            "date" => Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
            "anthropic-ratelimit-input-tokens-remaining" => Some("0".to_owned()),
            "anthropic-ratelimit-input-tokens-reset" => Some("1994-11-06T08:49:47Z".to_owned()),
            _ => None,
        };
        assert_eq!(remaining(headers, now).unwrap().wait(400, now), Some(Duration::from_secs(10)));
        assert_eq!(remaining(|_| None, now), None);
        assert_eq!(remaining(|_| Some("nonsense".to_owned()), now), None);
    }
}
