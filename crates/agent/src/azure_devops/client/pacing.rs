//! When a collection asked us to slow down. `Retry-After` comes with 429 and 503, and on a 200 as the first sign of load.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use review_core::retry::parse_retry_after;

/// A call waits for a collection this long; when it asks for more, the caller is told instead.
pub(super) const MAX_INLINE_WAIT: Duration = Duration::from_mins(1);

/// Longest pause that is believed. Load is counted over five minutes; a proxy's nonsense shall not stop us for years.
const MAX_PAUSE: Duration = Duration::from_mins(15);

/// How long the service delayed the request by itself, in seconds.
const RATE_LIMIT_DELAY: &str = "x-ratelimit-delay";

/// What `Retry-After` asks for. A date is read against the service's own clock, when it tells it.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let told = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = told.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map_or_else(now, |date| date.timestamp().as_second());
    parse_retry_after(value, now).map(|pause| pause.min(MAX_PAUSE))
}

/// How long later calls shall wait after this answer, whatever its status.
pub(super) fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    retry_after(headers).or_else(|| {
        let seconds: f64 = headers.get(RATE_LIMIT_DELAY)?.to_str().ok()?.trim().parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok().map(|delay| delay.min(MAX_INLINE_WAIT))
    })
}

#[expect(clippy::disallowed_methods, reason = "only for an absolute Retry-After of a service that does not tell its clock")]
fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_retry_after_is_read_against_the_clock_of_the_service() {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, "Mon, 04 May 2020 10:00:00 GMT".parse().unwrap());
        headers.insert(RETRY_AFTER, "Mon, 04 May 2020 10:00:30 GMT".parse().unwrap());
        assert_eq!(asked_pause(&headers), Some(Duration::from_secs(30)));
        headers.insert(RETRY_AFTER, "Mon, 04 May 2099 10:00:30 GMT".parse().unwrap());
        assert_eq!(asked_pause(&headers), Some(MAX_PAUSE));
    }

    #[test]
    fn the_delay_of_the_rate_limit_is_honoured_where_no_retry_after_is_told() {
        let mut headers = HeaderMap::new();
        headers.insert(RATE_LIMIT_DELAY, "1.5".parse().unwrap());
        assert_eq!(asked_pause(&headers), Some(Duration::from_millis(1_500)));
        for nonsense in ["NaN", "-1", "inf", "soon", ""] {
            headers.insert(RATE_LIMIT_DELAY, nonsense.parse().unwrap());
            assert_eq!(asked_pause(&headers), None, "{nonsense}");
        }
    }
}
