//! Numbers as C's `printf` writes them.

/// A number with so many significant digits, as `%.14g`; `keep_zeros` is the flag `#`.
pub(crate) fn general(n: f64, digits: usize, keep_zeros: bool) -> String {
    if let Some(text) = not_finite(n) {
        return text.into();
    }
    let digits = digits.max(1);
    let rounded = format!("{n:.*e}", digits - 1);
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let mantissa = if keep_zeros { mantissa } else { trimmed(mantissa) };
        return with_exponent(mantissa, exponent);
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let fixed = format!("{n:.decimals$}");
    if keep_zeros { fixed } else { trimmed(&fixed).into() }
}

/// A number with so many decimals and an exponent, as `%.6e`.
pub(crate) fn scientific(n: f64, decimals: usize) -> String {
    if let Some(text) = not_finite(n) {
        return text.into();
    }
    let rounded = format!("{n:.decimals$e}");
    let (mantissa, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    with_exponent(mantissa, exponent.parse().unwrap_or(0))
}

/// A number with so many decimals, as `%.6f`.
pub(crate) fn fixed(n: f64, decimals: usize) -> String {
    not_finite(n).map_or_else(|| format!("{n:.decimals$}"), Into::into)
}

/// A number as Lua 5.1 prints it.
pub(crate) fn lua_text(n: f64) -> String {
    general(n, 14, false)
}

fn with_exponent(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn not_finite(n: f64) -> Option<&'static str> {
    match n {
        _ if n.is_nan() => Some(if n.is_sign_negative() { "-nan" } else { "nan" }),
        f64::INFINITY => Some("inf"),
        f64::NEG_INFINITY => Some("-inf"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn general_is_that_of_c() {
        let cases = [
            (0.0, "0"),
            (1e15, "1e+15"),
            (123456789012345.0, "1.2345678901234e+14"),
            (99999999999999.0, "99999999999999"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.33333333333333"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5, "-2.5"),
            (1e100, "1e+100"),
            (f64::INFINITY, "inf"),
        ];
        for (n, text) in cases {
            assert_eq!(lua_text(n), text);
        }
        assert_eq!(general(1.0, 3, true), "1.00");
    }

    #[test]
    fn scientific_has_two_digits_of_exponent() {
        assert_eq!(scientific(12345.678, 2), "1.23e+04");
        assert_eq!(fixed(2.0 / 3.0, 3), "0.667");
    }
}
