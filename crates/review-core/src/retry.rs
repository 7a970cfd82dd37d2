//! When a request that failed is made again.

use std::time::Duration;

const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_mins(1);

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An HTTP status.
    Status(u16),
    /// No answer: connection refused, reset, timed out.
    NoAnswer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Retry(Duration),
    GiveUp,
}

/// `attempt` counts from 1. Retries 408, 425, 429, 500, 502, 503, 504, 529 (Anthropic's "overloaded") and missing answers with exponential backoff (1 s,
/// doubled, at most 60 s, spread by `jitter` in 0..1), or exactly after `retry_after`, while the whole stays within `budget`.
///
/// The spread is downwards, to half of the delay at `jitter` 0.
pub fn decide(
    attempt: u32,
    outcome: Outcome,
    retry_after: Option<Duration>,
    elapsed: Duration,
    budget: Duration,
    jitter: f64,
) -> Decision {
    let may_pass = match outcome {
        Outcome::NoAnswer => true,
        Outcome::Status(status) => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 529),
    };
    if !may_pass {
        return Decision::GiveUp;
    }
    let delay = retry_after.unwrap_or_else(|| backoff(attempt, jitter));
    match elapsed.checked_add(delay) {
        Some(end) if end <= budget => Decision::Retry(delay),
        _ => Decision::GiveUp,
    }
}

fn backoff(attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let delay = FIRST_DELAY.saturating_mul(2u32.saturating_pow(doublings)).min(LONGEST_DELAY);
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 1.0 };
    delay.mul_f64(0.5 + jitter / 2.0)
}

/// Parses `Retry-After` (seconds, fractions allowed, or an HTTP date); `now` in seconds since the epoch.
///
/// The three forms of a date are those of RFC 9110, section 5.6.7; a date that has passed is zero. None for everything
/// else, negative seconds included.
pub fn parse_retry_after(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    let seconds_only = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if seconds_only {
        return Duration::try_from_secs_f64(value.parse().ok()?).ok();
    }
    let wait = http_date(value)?.checked_sub(now)?;
    Some(Duration::from_secs(u64::try_from(wait).unwrap_or(0)))
}

/// Seconds since the epoch.
fn http_date(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    // Sun, 06 Nov 1994 08:49:37 GMT, the older Sunday, 06-Nov-94 08:49:37 GMT, and Sun Nov  6 08:49:37 1994
    let ([_, day, month, year, time, "GMT" | "UTC"] | [_, month, day, time, year]) = *words.as_slice() else { return None };
    seconds_at(year_of(year)?, month_of(month)?, day.parse().ok()?, time)
}

fn year_of(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let year: i64 = text.parse().ok().filter(|_| digits)?;
    match text.len() {
        4 => Some(year),
        // Two digits are of this century, but for those of the last thirty years of the one before.
        2 => Some(if year >= 70 { 1900 + year } else { 2000 + year }),
        _ => None,
    }
}

fn month_of(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    (1..).zip(MONTHS).find(|(_, month)| text.eq_ignore_ascii_case(month)).map(|(number, _)| number)
}

fn seconds_at(year: i64, month: i64, day: i64, time: &str) -> Option<i64> {
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    // A leap second is written as 60.
    let in_range = (1..=days_in(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && parts.next().is_none();
    in_range.then(|| days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Of the Gregorian calendar; years count from March here, so that the leap day is a year's last.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Decision, Outcome, decide, parse_retry_after};

    const AMPLE: Duration = Duration::from_hours(1);

    #[test]
    fn passing_troubles_are_retried_and_lasting_ones_are_not() {
        let after = |outcome| decide(1, outcome, None, Duration::ZERO, AMPLE, 1.0);
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(after(Outcome::Status(status)), Decision::Retry(Duration::from_secs(1)), "{status}");
        }
        for status in [0, 200, 203, 302, 400, 401, 403, 404, 409, 410, 413, 422, 501, 505, u16::MAX] {
            assert_eq!(after(Outcome::Status(status)), Decision::GiveUp, "{status}");
        }
        assert_eq!(after(Outcome::NoAnswer), Decision::Retry(Duration::from_secs(1)));
    }

    #[test]
    fn the_delay_doubles_up_to_a_minute_and_is_spread_over_its_upper_half() {
        let table = [(0, 1.0, 1_000), (1, 1.0, 1_000), (2, 1.0, 2_000), (3, 1.0, 4_000), (6, 1.0, 32_000), (7, 1.0, 60_000)];
        let spread = [(3, 0.0, 2_000), (3, 0.5, 3_000), (u32::MAX, 0.0, 30_000), (1, f64::NAN, 1_000), (1, 9.0, 1_000)];
        for (attempt, jitter, milliseconds) in table.into_iter().chain(spread) {
            let decision = decide(attempt, Outcome::NoAnswer, None, Duration::ZERO, AMPLE, jitter);
            assert_eq!(decision, Decision::Retry(Duration::from_millis(milliseconds)), "attempt {attempt}, jitter {jitter}");
        }
    }

    #[test]
    fn a_stated_wait_is_kept_exactly_and_ends_the_matter_when_it_is_too_long() {
        let stated = |seconds, elapsed| {
            let wait = Some(Duration::from_secs(seconds));
            decide(5, Outcome::Status(429), wait, Duration::from_secs(elapsed), Duration::from_secs(100), 0.3)
        };
        assert_eq!(stated(17, 0), Decision::Retry(Duration::from_secs(17)));
        assert_eq!(stated(0, 0), Decision::Retry(Duration::ZERO));
        assert_eq!(stated(60, 40), Decision::Retry(Duration::from_mins(1)));
        assert_eq!(stated(61, 40), Decision::GiveUp);
        assert_eq!(stated(u64::MAX, 40), Decision::GiveUp);
    }

    #[test]
    fn every_form_of_the_header_is_read() {
        // 1994-11-06T08:49:37Z, the example of RFC 9110.
        let then = 784_111_777;
        let table = [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("0.5", Some(500)),
            ("1.25", Some(1_250)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(30_000)),
            ("Sun Nov  6 08:49:37 1994", Some(30_000)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Thu, 29 Feb 2024 00:00:00 GMT", Some((1_709_164_800 - (then - 30)) * 1_000)),
            ("", None),
            ("-1", None),
            (".", None),
            ("1.2.3", None),
            ("soon", None),
            ("inf", None),
            ("1e3", None),
            ("Sun, 31 Feb 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 25:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:37 PST", None),
        ];
        for (header, milliseconds) in table {
            let wait = parse_retry_after(header, then - 30).map(|wait| i64::try_from(wait.as_millis()).unwrap());
            assert_eq!(wait, milliseconds, "{header:?}");
        }
    }

    #[test]
    fn a_number_without_end_is_refused() {
        assert_eq!(parse_retry_after(&"9".repeat(400), 0), None);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in "\\PC{0,40}", now: i64) {
            parse_retry_after(&header, now);
        }

        #[test]
        fn no_date_makes_it_panic(
            day in 0u64..99, month in "Jan|Feb|Dec|Xyz", year in 0u32..99_999, hour in 0u32..99, now: i64,
        ) {
            parse_retry_after(&format!("Mon, {day:02} {month} {year:04} {hour:02}:00:00 GMT"), now);
        }

        #[test]
        fn a_retry_never_ends_past_the_budget(
            attempt: u32, seconds in proptest::option::of(0u64..1_000), elapsed in 0u64..1_000, budget in 0u64..1_000, jitter: f64,
        ) {
            let (elapsed, budget) = (Duration::from_secs(elapsed), Duration::from_secs(budget));
            let wait = seconds.map(Duration::from_secs);
            if let Decision::Retry(delay) = decide(attempt, Outcome::NoAnswer, wait, elapsed, budget, jitter) {
                prop_assert!(elapsed + delay <= budget);
            }
        }
    }
}
