//! Money in US dollars, exact to the millionth of a dollar.

use std::{fmt, iter::Sum, ops::AddAssign};

use serde::{Deserialize, Serialize};

/// Micro-dollars in a dollar.
const DOLLAR: u64 = 1_000_000;

/// An amount of US dollars in whole micro-dollars; never negative. Sums stop at the greatest amount (18 trillion dollars).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(u64);

impl Money {
    pub const ZERO: Self = Self(0);
    /// The most that [`Money::parse`] takes: a million dollars.
    pub const MOST_WRITTEN: Self = Self(1_000_000 * DOLLAR);

    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> u64 {
        self.0
    }

    /// For gauges and counters, which hold no whole numbers of this size; rounded above nine billion dollars.
    pub fn dollars(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "what is lost is less than a millionth of the amount")]
        let micros = self.0 as f64;
        micros / 1_000_000.0
    }

    /// Reads dollars as people write them, `5` or `0.0125`: at most six decimals, at most [`Money::MOST_WRITTEN`]. The error
    /// says what is wrong, without repeating the text.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const NO_AMOUNT: &str = "it is no amount of dollars";
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) {
            return Err(NO_AMOUNT);
        }
        if decimals.len() > 6 {
            return Err("it has more than six decimals");
        }
        // Only digits: what does not fit 64 bits is above every maximum.
        let whole: u64 = whole.parse().unwrap_or(u64::MAX);
        let micros: u64 = format!("{decimals:0<6}").parse().map_err(|_| NO_AMOUNT)?;
        let amount = Self(whole.saturating_mul(DOLLAR).saturating_add(micros));
        if amount > Self::MOST_WRITTEN { Err("it is more than a million dollars") } else { Ok(amount) }
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |mut sum, amount| {
            sum += amount;
            sum
        })
    }
}

/// `$12.35` from a dollar up, `$0.0123` below, and every digit of what would otherwise read as nothing: `$0.000003`. Rounded
/// down, so that an amount below a limit never reads like the limit.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = (self.0 / DOLLAR, self.0 % DOLLAR);
        let shown = match self.0 {
            DOLLAR.. => 2,
            100.. => 4,
            _ => 6,
        };
        let decimals: String = format!("{micros:06}").chars().take(shown).collect();
        let kept = decimals.trim_end_matches('0').len().max(2);
        write!(formatter, "${dollars}.{}", decimals.chars().take(kept).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Money;

    #[test]
    fn amounts_are_shown_with_the_digits_that_tell_something() {
        let shown = [0, 3, 99, 100, 12_345, 42_000, 500_000, 999_999, 1_000_000, 12_345_678, u64::MAX]
            .map(|micros| Money::from_micros(micros).to_string());
        let expected = [
            "$0.00",
            "$0.000003",
            "$0.000099",
            "$0.0001",
            "$0.0123",
            "$0.042",
            "$0.50",
            "$0.9999",
            "$1.00",
            "$12.34",
            "$18446744073709.55",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn dollars_are_read_as_people_write_them() {
        for (written, micros) in
            [("0", 0), ("5", 5_000_000), ("2.50", 2_500_000), ("0.000001", 1), ("1000000", 1_000_000_000_000)]
        {
            assert_eq!(Money::parse(written), Ok(Money::from_micros(micros)), "{written}");
        }
        let no_amount = ["", ".", ".5", "5.", "-1", "+1", "$5", "1e3", "1,5", "5 ", "٣", "0.1.2"];
        for written in no_amount {
            assert_eq!(Money::parse(written), Err("it is no amount of dollars"), "{written}");
        }
        assert_eq!(Money::parse("0.0000001"), Err("it has more than six decimals"));
        assert_eq!(Money::parse("1000000.000001"), Err("it is more than a million dollars"));
        assert_eq!(Money::parse("99999999999999999999999999"), Err("it is more than a million dollars"));
    }

    #[test]
    fn sums_stop_at_the_greatest_amount() {
        let sum: Money = [Money::from_micros(u64::MAX - 1), Money::from_micros(5)].into_iter().sum();
        assert_eq!(sum, Money::from_micros(u64::MAX));
    }

    proptest! {
        #[test]
        fn what_is_written_out_in_full_is_read_back(micros in 0_u64..1_000_000_000_000) {
            let written = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            prop_assert_eq!(Money::parse(&written), Ok(Money::from_micros(micros)));
        }

        #[test]
        fn no_text_is_too_strange_to_be_refused(text in any::<String>()) {
            prop_assert!(Money::parse(&text).is_ok_and(|amount| amount <= Money::MOST_WRITTEN) || Money::parse(&text).is_err());
        }

        #[test]
        fn an_amount_never_reads_as_more_than_it_is(micros in any::<u64>()) {
            let shown = Money::from_micros(micros).to_string();
            let (dollars, decimals) = shown.trim_start_matches('$').split_once('.').unwrap();
            let read = dollars.parse::<u128>().unwrap() * 1_000_000 + format!("{decimals:0<6}").parse::<u128>().unwrap();
            prop_assert!(read <= u128::from(micros));
            prop_assert_eq!(read == 0, micros == 0);
        }
    }
}
