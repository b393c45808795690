//! Numbers as Redis reads and writes them.

use std::fmt::{self, Write};

/// Appends `value` as Redis 8.2 prints a score: the shortest digits that read back as the same number.
///
/// Integral values up to 2^62 are plain integers. Others follow the layout of Redis's `fpconv`: plain digits where few
/// zeros are needed, otherwise `1.5e-7` or `1e+22`. Specials are `inf`, `-inf`, `nan` and `-0`.
///
/// Redis finds the digits with Grisu2, which misses the shortest form for about one number in a thousand. Ours are
/// always shortest; both read back as the same number.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    if let Some(special) = special(value) {
        out.extend_from_slice(special.as_bytes());
    } else if let Some(integer) = exact_integer(value) {
        write_i64(out, integer);
    } else {
        write_shortest(out, value);
    }
}

/// `value` as [`write_double`] prints it.
pub fn format_double(value: f64) -> String {
    let mut out = Vec::new();
    write_double(&mut out, value);
    out.into_iter().map(char::from).collect()
}

/// Appends `value` in decimal.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    write_u64(out, value.unsigned_abs());
}

/// Appends `value` in decimal.
pub fn write_u64(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Reads a whole text as a 64-bit integer, as Redis's `string2ll` does: digits with an optional `-`, no `+`, no spaces,
/// no leading zeros, no `-0`. `None` for anything else and for what does not fit.
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [b'0'] if !negative => Some(0),
        [b'1'..=b'9', ..] => digits.iter().try_fold(0, |value, digit| append_digit(value, *digit, negative)),
        _ => None,
    }
}

/// Reads a whole text as a finite or infinite number, as Redis reads a score or an increment: decimal with an optional
/// exponent, C's hexadecimal form (`0x1p3`), or `inf`/`infinity` in any case; an optional sign.
///
/// `None` for NaN, the empty text, spaces around, and numbers too large or too small for a double.
pub fn parse_double(text: &[u8]) -> Option<f64> {
    let (negative, magnitude) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let value = match magnitude {
        [b'0', b'x' | b'X', hex @ ..] => parse_hex(hex),
        [b'0'..=b'9' | b'.', ..] => parse_decimal(magnitude),
        _ => parse_infinity(magnitude),
    }?;
    Some(if negative { -value } else { value })
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_nan() => Some("nan"),
        f64::INFINITY => Some("inf"),
        f64::NEG_INFINITY => Some("-inf"),
        0.0 if value.is_sign_negative() => Some("-0"),
        _ => None,
    }
}

/// `value` as an integer, if it is one within ±2^62: the range in which Redis casts without further thought.
fn exact_integer(value: f64) -> Option<i64> {
    const BOUND: f64 = (1_u64 << 62) as f64;
    ((-BOUND..=BOUND).contains(&value) && value.trunc() == value).then_some(value as i64)
}

/// Appends a finite number that is not zero.
fn write_shortest(out: &mut Vec<u8>, value: f64) {
    if value < 0.0 {
        out.push(b'-');
    }
    let shortest = Shortest::of(value.abs());
    let digits = shortest.digits();
    // The value is `digits` × 10^scale, and `digits[0]` stands for 10^exponent.
    let exponent = shortest.exponent;
    let scale = exponent - (digits.len() as i32 - 1);
    if scale >= 0 && exponent < digits.len() as i32 + 7 {
        out.extend_from_slice(digits);
        write_zeros(out, scale as usize);
    } else if scale < 0 && (scale > -7 || exponent.abs() < 4) {
        write_point(out, digits, exponent);
    } else {
        write_scientific(out, digits, exponent);
    }
}

/// Appends digits with a decimal point among or before them.
fn write_point(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        write_zeros(out, (-1 - exponent) as usize);
        out.extend_from_slice(digits);
    } else {
        let (whole, fraction) = digits.split_at(exponent as usize + 1);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
}

/// Appends `d.ddde±x`.
fn write_scientific(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    write_u64(out, u64::from(exponent.unsigned_abs()));
}

fn write_zeros(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b'0');
}

/// The shortest decimal digits of a positive number, the first standing for 10^`exponent`.
struct Shortest {
    /// At most 17 digits, without the point.
    bytes: [u8; 17],
    len: usize,
    exponent: i32,
}

impl Shortest {
    fn of(value: f64) -> Self {
        let mut this = Self { bytes: [0; 17], len: 0, exponent: 0 };
        // The standard library prints `d.ddde-x`, which `write_str` takes apart as it comes.
        write!(Parts { shortest: &mut this, part: Part::Digits }, "{value:e}")
            .expect("every part is accepted");
        this
    }

    fn digits(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Takes `{:e}` output apart into a [`Shortest`], however it is cut into pieces.
struct Parts<'a> {
    shortest: &'a mut Shortest,
    part: Part,
}

#[derive(Clone, Copy)]
enum Part {
    Digits,
    Exponent { negative: bool },
}

impl Write for Parts<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match (byte, self.part) {
                (b'.', Part::Digits) => {}
                (b'e', Part::Digits) => self.part = Part::Exponent { negative: false },
                (b'-', Part::Exponent { .. }) => self.part = Part::Exponent { negative: true },
                (digit, Part::Digits) => {
                    self.shortest.bytes[self.shortest.len] = digit;
                    self.shortest.len += 1;
                }
                (digit, Part::Exponent { negative }) => {
                    let digit = i32::from(digit - b'0');
                    let digit = if negative { -digit } else { digit };
                    self.shortest.exponent = self.shortest.exponent * 10 + digit;
                }
            }
        }
        Ok(())
    }
}

/// `value` with one more digit, counted away from zero so that `i64::MIN` needs no special case.
fn append_digit(value: i64, digit: u8, negative: bool) -> Option<i64> {
    if !digit.is_ascii_digit() {
        return None;
    }
    let digit = i64::from(digit - b'0');
    let shifted = value.checked_mul(10)?;
    if negative { shifted.checked_sub(digit) } else { shifted.checked_add(digit) }
}

fn parse_infinity(magnitude: &[u8]) -> Option<f64> {
    let infinite = magnitude.eq_ignore_ascii_case(b"inf") || magnitude.eq_ignore_ascii_case(b"infinity");
    infinite.then_some(f64::INFINITY)
}

fn parse_decimal(magnitude: &[u8]) -> Option<f64> {
    let value: f64 = str::from_utf8(magnitude).ok()?.parse().ok()?;
    let mantissa = magnitude.split(|byte| matches!(byte, b'e' | b'E')).next().unwrap_or(&[]);
    in_range(value, mantissa.iter().any(|digit| matches!(digit, b'1'..=b'9')))
}

/// Refuses a finite text whose value ran out of a double's range, in either direction.
fn in_range(value: f64, nonzero: bool) -> Option<f64> {
    (value.is_finite() && (value != 0.0 || !nonzero)).then_some(value)
}

/// Reads what follows `0x`: hexadecimal digits with an optional point, then optionally `p` and a power of two.
fn parse_hex(text: &[u8]) -> Option<f64> {
    let (mantissa, power) = match text.iter().position(|byte| matches!(byte, b'p' | b'P')) {
        Some(at) => (&text[..at], parse_power(&text[at + 1..])?),
        None => (text, 0),
    };
    let mut value = 0_u64;
    let mut exponent = power;
    let (mut digits, mut point) = (0, false);
    for byte in mantissa {
        if *byte == b'.' && !point {
            point = true;
            continue;
        }
        let digit = u64::from(char::from(*byte).to_digit(16)?);
        digits += 1;
        if value >> 60 == 0 {
            value = value << 4 | digit;
            exponent -= if point { 4 } else { 0 };
        } else {
            // Beyond what rounding can see, only "is there anything more" matters.
            value |= u64::from(digit != 0);
            exponent += if point { 0 } else { 4 };
        }
    }
    if digits == 0 { None } else { in_range(round_binary(value, exponent), value != 0) }
}

/// Reads the power of a hexadecimal number. Powers far out of range are clamped, which keeps sums small and changes
/// nothing: no text that fits a request has enough digits to bring them back.
fn parse_power(text: &[u8]) -> Option<i64> {
    const FAR: i64 = 1 << 40;
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let power = digits.iter().fold(0, |power, digit| FAR.min(power * 10 + i64::from(digit - b'0')));
    Some(if negative { -power } else { power })
}

/// `value` × 2^`exponent`, rounded once, half to even.
fn round_binary(value: u64, exponent: i64) -> f64 {
    if value == 0 {
        return 0.0;
    }
    let bits = i64::from(u64::BITS - value.leading_zeros());
    let top = exponent + bits - 1;
    if top > 1023 {
        return f64::INFINITY;
    }
    // Subnormal numbers keep fewer bits: nothing below 2^-1074 exists.
    let kept = (top + 1075).min(53);
    if kept < 0 {
        return 0.0;
    }
    let dropped = (bits - kept).max(0) as u32;
    let rounded = round_half_even(u128::from(value), dropped);
    let exponent = (exponent + i64::from(dropped)) as i32;
    // In two steps, because 2^exponent alone may not exist.
    let half = exponent / 2;
    rounded as f64 * 2_f64.powi(half) * 2_f64.powi(exponent - half)
}

fn round_half_even(value: u128, dropped: u32) -> u128 {
    if dropped == 0 {
        return value;
    }
    let floor = value >> dropped;
    let rest = value - (floor << dropped);
    let half = 1 << (dropped - 1);
    let up = rest > half || (rest == half && floor & 1 == 1);
    floor + u128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_look_as_in_redis() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-3.0, "-3"),
            (1.5, "1.5"),
            (-0.25, "-0.25"),
            (0.1, "0.1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.0 / 3.0, "0.3333333333333333"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-7, "1.5e-7"),
            (-1.5e-10, "-1.5e-10"),
            (0.001234567, "0.001234567"),
            (0.00012345678, "1.2345678e-4"),
            (12345.123456, "12345.123456"),
            (12345.1234567, "1.23451234567e+4"),
            (1_694_012_345.123_456, "1694012345.123456"),
            (1e15, "1000000000000000"),
            (1e18, "1000000000000000000"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (4_611_686_018_427_387_904.0, "4611686018427387904"),
            (5e18, "5e+18"),
            (9_223_372_036_854_775_808.0, "9223372036854776000"),
            (-9_223_372_036_854_775_808.0, "-9223372036854776000"),
            (1e19, "1e+19"),
            (1e21, "1e+21"),
            (1e22, "1e+22"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (-1.7976931348623157e308, "-1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (2.2250738585072014e-308, "2.2250738585072014e-308"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(format_double(value), text, "{value:e}");
        }
    }

    #[test]
    fn integers_are_read_as_string2ll_does() {
        for (text, value) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("-7", Some(-7)),
            ("1234567890", Some(1_234_567_890)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("99999999999999999999", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("+1", None),
            ("01", None),
            ("00", None),
            ("-01", None),
            (" 1", None),
            ("1 ", None),
            ("1.0", None),
            ("1e3", None),
            ("0x1", None),
        ] {
            assert_eq!(parse_i64(text.as_bytes()), value, "{text:?}");
        }
    }

    #[test]
    fn doubles_are_read_as_strtod_does() {
        for (text, value) in [
            ("1", 1.0),
            ("+1", 1.0),
            ("-1", -1.0),
            ("007", 7.0),
            ("1.", 1.0),
            (".5", 0.5),
            ("1e3", 1000.0),
            ("1E+3", 1000.0),
            ("1.5e-3", 0.0015),
            ("inf", f64::INFINITY),
            ("+inf", f64::INFINITY),
            ("-INF", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("0e999", 0.0),
            ("4.9e-324", 5e-324),
            ("0x10", 16.0),
            ("0X1P3", 8.0),
            ("-0x1.8p1", -3.0),
            ("0x.8", 0.5),
            ("0x0p99999999999999", 0.0),
            ("0x1p-1074", 5e-324),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x0.0000000000000000000000001p100", 1.0),
            // Half-way cases round to even, a bit far to the right decides them.
            ("0x20000000000001", 9_007_199_254_740_992.0),
            ("0x20000000000001.000000000000001", 9_007_199_254_740_994.0),
            ("0x1.8p-1074", 1e-323),
        ] {
            assert_eq!(parse_double(text.as_bytes()), Some(value), "{text:?}");
        }
        assert!(parse_double(b"-0").is_some_and(|zero| zero.is_sign_negative()));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            " 1",
            "1 ",
            "+",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "--1",
            "+-1",
            "1x",
            "1,5",
            "nan",
            "-NaN",
            "in",
            "infinit",
            "1e400",
            "-1e400",
            "1e-400",
            "0x",
            "0x.",
            "0xg",
            "0x1p",
            "0x1p+",
            "0x1.1.1",
            "0x1p1024",
            "0x1p-1075",
            "0x1p99999999999999999999",
            "1_000",
            "1\0",
        ] {
            assert_eq!(parse_double(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse_double(b"\xff"), None);
    }
}
