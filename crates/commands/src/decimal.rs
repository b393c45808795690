//! Addition for INCRBYFLOAT and HINCRBYFLOAT, and sums of array elements.
//!
//! Redis adds 80-bit floats and prints 17 decimals, from which it drops trailing zeros. Decimal numbers are added
//! exactly here, which prints the same wherever Redis's rounding stays below the 17th decimal, and the true sum where
//! Redis prints noise: `1234.5` plus `0.1` is `1234.6`, not `1234.59999999999999998`. What is no decimal number of
//! reasonable length (`0x1p3`, `1e300`) is added as a double.

use std::cmp::Ordering;
use std::fmt;

use latchkey_protocol::{ReplyError, number};

use crate::Result;

/// The sum in the form that Redis prints. Refuses what is not a number, and a sum that is infinite or NaN.
pub(crate) fn add(value: &[u8], increment: &[u8]) -> Result<Vec<u8>> {
    let (value, increment) = (Number::read(value)?, Number::read(increment)?);
    value.plus(increment)
}

/// A double as Redis prints its long doubles for people: with as many of 17 decimals as it needs.
pub(crate) fn print(value: f64) -> String {
    trimmed(&format!("{value:.DECIMALS$}")).into()
}

/// A number as a client or a stored value spells it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    /// Exactly this.
    Exact(Decimal),
    /// As near as a double comes; possibly infinite.
    Double(f64),
}

impl Number {
    /// Reads a whole text; `None` if it is not a number.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        Decimal::parse(text).map(Self::Exact).or_else(|| number::parse_double(text).map(Self::Double))
    }

    /// As [`parse`](Self::parse), with Redis's refusal.
    pub(crate) fn read(text: &[u8]) -> Result<Self> {
        Ok(Self::parse(text).ok_or(ReplyError::NOT_A_FLOAT)?)
    }

    /// The sum, printed; an error if it is infinite or NaN.
    pub(crate) fn plus(self, other: Self) -> Result<Vec<u8>> {
        if let (Self::Exact(left), Self::Exact(right)) = (self, other)
            && let Some(sum) = left.checked_add(right)
        {
            return Ok(sum.to_string().into_bytes());
        }
        let sum = self.to_f64() + other.to_f64();
        if !sum.is_finite() {
            return Err(ReplyError::NAN_OR_INFINITY.into());
        }
        Ok(print(sum).into())
    }

    /// The sum. Decimals are added exactly as long as they are of reasonable length.
    pub(crate) fn and(self, other: Self) -> Self {
        let exact = match (self, other) {
            (Self::Exact(left), Self::Exact(right)) => left.checked_add(right),
            _ => None,
        };
        exact.map_or_else(|| Self::Double(self.to_f64() + other.to_f64()), Self::Exact)
    }

    /// Whether it is less than another.
    pub(crate) fn is_less_than(self, other: Self) -> bool {
        let exact = match (self, other) {
            (Self::Exact(left), Self::Exact(right)) => left.checked_cmp(right),
            _ => None,
        };
        exact.map_or_else(|| self.to_f64() < other.to_f64(), |order| order == Ordering::Less)
    }

    /// What is left without its decimals, if 64 bits hold it.
    pub(crate) fn truncated(self) -> Option<i64> {
        /// 2^63, the first number that is too large.
        const BOUND: f64 = (1_u64 << 63) as f64;
        match self {
            Self::Exact(Decimal { units, scale }) => {
                i64::try_from(power_of_ten(scale).map_or(0, |divisor| units / divisor)).ok()
            }
            Self::Double(value) => (-BOUND..BOUND).contains(&value).then_some(value as i64),
        }
    }

    /// As C prints it with `%.17Lg`: up to 17 digits, and a power of ten where it would be long otherwise.
    pub(crate) fn print_general(self) -> String {
        match self {
            Self::Exact(decimal) => decimal.general(),
            Self::Double(value) if value.is_finite() => general(&format!("{value:e}")),
            Self::Double(value) => number::format_double(value),
        }
    }

    fn to_f64(self) -> f64 {
        match self {
            Self::Exact(decimal) => decimal.to_string().parse().expect("digits with a point are a number"),
            Self::Double(value) => value,
        }
    }
}

/// So many decimals are printed.
const DECIMALS: usize = 17;

/// So many digits are printed where no kind of number is meant.
const GENERAL_DIGITS: usize = 17;
const GENERAL_DIGITS_I64: i64 = GENERAL_DIGITS as i64;

/// `units` / 10^`scale`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    /// Reads an optional sign, digits with an optional point, an optional power of ten. `None` if it is something else
    /// or has too many digits.
    fn parse(text: &[u8]) -> Option<Self> {
        let (mantissa, power) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (&text[..at], parse_power(&text[at + 1..])?),
            None => (text, 0),
        };
        let (negative, magnitude) = match mantissa {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let point = magnitude.iter().position(|&byte| byte == b'.').unwrap_or(magnitude.len());
        let decimals = magnitude.get(point + 1..).unwrap_or(&[]);
        let mut digits = magnitude[..point].iter().chain(decimals).peekable();
        digits.peek()?;
        let units = digits.try_fold(0_i128, |units, &digit| {
            let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
            units.checked_mul(10)?.checked_add(digit)
        })?;
        let units = if negative { -units } else { units };
        let scale = i32::try_from(decimals.len()).ok()?.checked_sub(power)?;
        Self { units, scale: 0 }.shifted(scale)
    }

    /// With the point `scale` digits further to the left.
    fn shifted(self, scale: i32) -> Option<Self> {
        match u32::try_from(scale) {
            Ok(scale) => Some(Self { scale, ..self }),
            Err(_) => {
                Some(Self { units: self.units.checked_mul(power_of_ten(scale.unsigned_abs())?)?, ..self })
            }
        }
    }

    fn checked_cmp(self, other: Self) -> Option<Ordering> {
        let scale = self.scale.max(other.scale);
        Some(self.at_scale(scale)?.cmp(&other.at_scale(scale)?))
    }

    fn general(self) -> String {
        let digits = self.units.unsigned_abs().to_string();
        let dropped = digits.len().saturating_sub(GENERAL_DIGITS) as u32;
        let units = power_of_ten(dropped).map_or(0, |divisor| round(self.units, divisor));
        general(&format!("{units}e{}", i64::from(dropped) - i64::from(self.scale)))
    }

    fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Some(Self { units: self.at_scale(scale)?.checked_add(other.at_scale(scale)?)?, scale })
    }

    /// Its units at a scale that is not smaller.
    fn at_scale(self, scale: u32) -> Option<i128> {
        self.units.checked_mul(power_of_ten(scale - self.scale)?)
    }

    /// Its units at 17 decimals, half to even.
    fn rounded(self) -> (i128, u32) {
        let dropped = self.scale.saturating_sub(DECIMALS as u32);
        if dropped == 0 {
            return (self.units, self.scale);
        }
        // Nothing is left of a number that is divided by more than an i128 can hold.
        let Some(divisor) = power_of_ten(dropped) else { return (0, 0) };
        (round(self.units, divisor), DECIMALS as u32)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, scale) = self.rounded();
        let scale = scale as usize;
        let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
        let (whole, decimals) = digits.split_at(digits.len() - scale);
        let sign = if units < 0 { "-" } else { "" };
        f.write_str(trimmed(&format!("{sign}{whole}.{decimals}")))
    }
}

/// The nearest quotient, the even one of two.
fn round(units: i128, divisor: i128) -> i128 {
    let (floor, rest) = (units.div_euclid(divisor), units.rem_euclid(divisor));
    let half = divisor / 2;
    let up = rest > half || (rest == half && divisor > 1 && floor & 1 == 1);
    floor + i128::from(up)
}

/// Lays a number out that is given as digits, with or without a point, and a power of ten.
fn general(text: &str) -> String {
    let (mantissa, power) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{decimals}");
    let digits = all.trim_end_matches('0');
    if digits.is_empty() {
        return format!("{sign}0");
    }
    // The first digit stands for this power of ten.
    let exponent = power.parse::<i64>().unwrap_or_default() + whole.len() as i64 - 1;
    let (first, rest) = digits.split_at(1);
    match exponent {
        0..GENERAL_DIGITS_I64 => {
            let padded = format!("{digits:0<width$}", width = exponent as usize + 1);
            let (whole, decimals) = padded.split_at(exponent as usize + 1);
            format!("{sign}{}", trimmed(&format!("{whole}.{decimals}")))
        }
        -4..0 => format!("{sign}0.{digits:0>width$}", width = digits.len() + (-1 - exponent) as usize),
        _ => {
            let point = if rest.is_empty() { "" } else { "." };
            let of_power = if exponent < 0 { '-' } else { '+' };
            format!("{sign}{first}{point}{rest}e{of_power}{:02}", exponent.unsigned_abs())
        }
    }
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// Drops zeros at the end of the decimals, the point if none is left, and the sign of zero.
fn trimmed(text: &str) -> &str {
    match text.trim_end_matches('0').trim_end_matches('.') {
        "" | "-" | "-0" => "0",
        trimmed => trimmed,
    }
}

/// The power of ten after an `e`. `None` if there is none, or one that only a double can deal with.
fn parse_power(text: &[u8]) -> Option<i32> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, increment: &str, sum: &str) {
        let printed = match add(value.as_bytes(), increment.as_bytes()) {
            Ok(sum) => String::from_utf8(sum).expect("digits"),
            Err(error) => error.0.to_string(),
        };
        assert_eq!(printed, sum, "{value} + {increment}");
    }

    /// Each of these sums was printed by a Redis 7.0.15.
    #[test]
    fn sums_look_as_in_redis() {
        for (value, increment, sum) in [
            ("10.5", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("3", "0.1", "3.1"),
            ("0.1", "0.2", "0.3"),
            ("10.6", "-5", "5.6"),
            ("19.99", "0.01", "20"),
            ("100.1", "0.1", "100.2"),
            ("99.99", "0.05", "100.04"),
            ("1e20", "1e3", "100000000000000001000"),
            ("0", "+1", "1"),
            ("0", ".5", "0.5"),
            ("0", "-.5", "-0.5"),
            ("0", "1.", "1"),
            ("0", "-0", "0"),
            ("-1", "1", "0"),
            ("-0.3", "0.1", "-0.2"),
            ("007", "1", "8"),
            ("0", "0x10", "16"),
            ("5e-18", "5e-18", "0.00000000000000001"),
            ("0", "2.5e-17", "0.00000000000000002"),
            ("0", "1e-300", "0"),
            ("0", "-1e-300", "0"),
            ("0", "1e-30", "0"),
            ("1e-17", "0", "0.00000000000000001"),
            ("0", "12345678901234567890", "12345678901234567890"),
        ] {
            check(value, increment, sum);
        }
    }

    #[test]
    fn many_small_additions_do_not_drift() {
        let mut sum = b"0".to_vec();
        for _ in 0..10_000 {
            sum = add(&sum, b"0.1").expect("two numbers");
        }
        assert_eq!(sum, b"1000");
    }

    #[test]
    fn what_is_too_long_for_decimals_is_added_as_doubles() {
        check("1e300", "1e300", &format!("{:.0}", 2e300));
        check("1e40", "0.5", &format!("{:.0}", 1e40));
        check("170141183460469231731687303715884105727", "1", &format!("{:.0}", 2_f64.powi(127)));
        check("1.00000000000000000000000000000000000000000000000001", "1", "2");
    }

    /// Each was printed by C's `printf` of an 80-bit float.
    #[test]
    fn general_numbers_look_as_in_c() {
        for (text, printed) in [
            ("0", "0"),
            ("60.5", "60.5"),
            ("-0.25", "-0.25"),
            ("100", "100"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("0.00012345", "0.00012345"),
            ("99999999999999999.5", "1e+17"),
            ("12345678901234567", "12345678901234567"),
            ("100000000000000000", "1e+17"),
            ("9223372036854775807", "9.2233720368547758e+18"),
            ("-123456789012345678", "-1.2345678901234568e+17"),
            ("3.14159", "3.14159"),
            ("1e300", "1e+300"),
            ("1e22", "1e+22"),
            ("inf", "inf"),
            ("-inf", "-inf"),
        ] {
            let number = Number::parse(text.as_bytes()).expect("a number");
            assert_eq!(number.print_general(), printed, "{text}");
        }
    }

    #[test]
    fn a_sum_that_is_not_finite_is_refused() {
        let refusal = "ERR increment would produce NaN or Infinity";
        check("0", "inf", refusal);
        check("inf", "-inf", refusal);
        check("1.7976931348623157e308", "1.7976931348623157e308", refusal);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let texts = [
            "", " 1", "1 ", "nan", "abc", ".", "-", "+", "--1", "+-1", "1e", "e1", "1..2", "1.2.3", "1e+",
            "0x",
        ];
        for text in texts {
            check(text, "1", "ERR value is not a valid float");
            check("1", text, "ERR value is not a valid float");
        }
    }
}
