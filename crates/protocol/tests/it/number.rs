//! Numbers survive being written and read.

use latchkey_protocol::number::{format_double, parse_double, parse_i64, write_i64};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_double_reads_back_as_itself(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(!value.is_nan());
        check_double(value)?;
    }

    #[test]
    fn an_everyday_double_reads_back_as_itself(mantissa in -1_000_000_000_i64..1_000_000_000, places in 0_i32..12) {
        check_double(mantissa as f64 / 10_f64.powi(places))?;
    }

    #[test]
    fn an_integral_double_below_two_to_the_62_is_printed_as_an_integer(value in -(1_i64 << 62)..(1_i64 << 62)) {
        let value = value as f64;
        prop_assert_eq!(format_double(value), (value as i64).to_string());
    }

    #[test]
    fn an_integer_reads_back_as_itself(value: i64) {
        let mut text = Vec::new();
        write_i64(&mut text, value);
        prop_assert_eq!(&text, &value.to_string().into_bytes());
        prop_assert_eq!(parse_i64(&text), Some(value));
    }

    #[test]
    fn only_the_canonical_text_is_an_integer(text in "[-+ 0-9]{0,21}") {
        let canonical = text.parse::<i64>().ok().filter(|value| value.to_string() == text);
        prop_assert_eq!(parse_i64(text.as_bytes()), canonical);
    }

    #[test]
    fn a_decimal_is_read_as_the_standard_library_does(text in "[-+]?[0-9]{0,20}[.]?[0-9]{0,20}(e[-+]?[0-9]{1,2})?") {
        prop_assert_eq!(parse_double(text.as_bytes()), text.parse().ok());
    }

    #[test]
    fn hexadecimal_has_the_bits_it_says(mantissa in 0_u64..1 << 53, power in -1126_i32..970) {
        let (negative, text) = (power % 2 == 0, format!("0x{mantissa:x}p{power}"));
        let text = if negative { format!("-{text}") } else { text };
        let expected = exact_product(mantissa, power) * if negative { -1.0 } else { 1.0 };
        let expected = (expected != 0.0 || mantissa == 0).then_some(expected);
        prop_assert_eq!(parse_double(text.as_bytes()), expected);
    }
}

/// mantissa × 2^power for a mantissa that is exact: the second product is the only one that can round.
fn exact_product(mantissa: u64, power: i32) -> f64 {
    let first = power.clamp(-900, 900);
    mantissa as f64 * 2_f64.powi(first) * 2_f64.powi(power - first)
}

fn check_double(value: f64) -> Result<(), TestCaseError> {
    let text = format_double(value);
    let read = parse_double(text.as_bytes()).map(f64::to_bits);
    prop_assert_eq!(read, Some(value.to_bits()), "{}", text);
    // The longest: a sign, 17 digits and 7 zeros.
    prop_assert!(text.len() <= 25, "{}", text);
    Ok(())
}
