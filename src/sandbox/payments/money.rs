//! Amounts, exact to a hundredth.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// An amount in hundredths of the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Money(i64);

/// What a JSON value is as an amount.
pub(super) enum Amount {
    /// Absent or null.
    Missing,
    /// Not a number, nor a text that is one.
    NotNumeric,
    /// A number that money cannot be: negative, more decimals than the currency has, or beyond all measure.
    Impossible,
    /// An amount, zero included.
    Is(Money),
}

impl Money {
    /// Nothing.
    pub(super) const ZERO: Money = Money(0);
    /// Beyond it an amount is impossible, in units of the currency.
    const MOST: f64 = 1e10;

    /// Reads an amount with at most so many decimals. A text that is a number counts, as with the real service.
    pub(super) fn read(value: Option<&Value>, decimals: u32) -> Amount {
        let number = match value {
            None | Some(Value::Null) => return Amount::Missing,
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse::<f64>().ok(),
            Some(_) => None,
        };
        let Some(number) = number.filter(|number| number.is_finite()) else { return Amount::NotNumeric };
        if !(0.0..=Money::MOST).contains(&number) {
            return Amount::Impossible;
        }
        let hundredths = (number * 100.0).round();
        let step = if decimals == 0 { 100 } else { 1 };
        // The bound keeps it within the 53 bits in which every integer is exact.
        let whole = hundredths as i64;
        if (hundredths / 100.0 - number).abs() > 1e-9 * number.max(1.0) || whole % step != 0 {
            return Amount::Impossible;
        }
        Amount::Is(Money(whole))
    }

    /// An amount in units of the currency, rounded to a hundredth; nothing for what is no amount.
    pub(super) fn of(units: f64) -> Money {
        if (0.0..=10.0 * Money::MOST).contains(&units) { Money((units * 100.0).round() as i64) } else { Money::ZERO }
    }

    /// In units of the currency.
    pub(super) fn units(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// As the API writes it: whole amounts without decimals.
    pub(super) fn json(self) -> Value {
        if self.0 % 100 == 0 {
            Value::from(self.0 / 100)
        } else {
            Number::from_f64(self.units()).map_or(Value::Null, Value::Number)
        }
    }

    /// The sum.
    pub(super) fn plus(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// The difference.
    pub(super) fn minus(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }

    /// A part in ten thousandths, rounded to a hundredth.
    pub(super) fn part(self, ten_thousandths: i64) -> Money {
        Money((self.0.saturating_mul(ten_thousandths) + 5_000) / 10_000)
    }

    /// One of `count` equal parts, rounded to a hundredth.
    pub(super) fn share(self, count: u64) -> Money {
        let count = i64::try_from(count).unwrap_or(i64::MAX).max(1);
        Money((self.0 + count / 2) / count)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        let read = |value: Value, decimals| match Money::read(Some(&value), decimals) {
            Amount::Missing => "missing".to_owned(),
            Amount::NotNumeric => "not numeric".to_owned(),
            Amount::Impossible => "impossible".to_owned(),
            Amount::Is(money) => money.json().to_string(),
        };
        let table = [
            (json!(58), 2, "58"),
            (json!(58.8), 2, "58.8"),
            (json!(58.80), 2, "58.8"),
            (json!("58.01"), 2, "58.01"),
            (json!(0), 2, "0"),
            (json!(-0.0), 2, "0"),
            (json!(0.1 + 0.2), 2, "0.3"),
            (json!(9_999_999_999.99), 2, "9999999999.99"),
            (json!(-1), 2, "impossible"),
            (json!(0.001), 2, "impossible"),
            (json!(58.5), 0, "impossible"),
            (json!(58.0), 0, "58"),
            (json!(1e300), 2, "impossible"),
            (json!("abc"), 2, "not numeric"),
            (json!("NaN"), 2, "not numeric"),
            (json!("inf"), 2, "not numeric"),
            (json!(true), 2, "not numeric"),
            (json!([1]), 2, "not numeric"),
            (json!(null), 2, "missing"),
        ];
        for (value, decimals, expected) in table {
            assert_eq!(read(value.clone(), decimals), expected, "{value} with {decimals} decimals");
        }
    }
}
