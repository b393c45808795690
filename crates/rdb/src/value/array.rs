//! Arrays, as Redis 8.8 has them: how many elements there are, where the last insertion was, and each place with what is
//! there: an integer, a float, or a string, which is of a kind of its own if it is short.

use latchkey_keyspace::value::Array;
use latchkey_keyspace::value::array::INDEX_MAX;
use latchkey_keyspace::{Str, Value, cost};
use latchkey_protocol::number;

use crate::error::Result;
use crate::input::Input;
use crate::output;

/// What an element is.
mod element {
    pub(super) const STRING: u64 = 0;
    pub(super) const INT: u64 = 1;
    pub(super) const FLOAT: u64 = 2;
    pub(super) const SHORT_STRING: u64 = 3;
}

/// Redis keeps strings up to this length where it otherwise keeps a pointer, and so integers of 62 bits.
const SHORT_BYTES_MAX: usize = 7;
const INT_BITS: u32 = 62;

pub(super) fn read(input: &mut Input<'_>) -> Result<Value> {
    let count = input.length()?;
    let cursor = match input.length()? {
        0 => None,
        1 => Some(place(input, 0)?),
        _ => return Err(input.flaw("neither a cursor nor none")),
    };
    let (mut items, mut least) = (Vec::new(), 0);
    for _ in 0..count {
        let index = place(input, least)?;
        least = index + 1;
        items.push((index, element(input)?));
    }
    if items.is_empty() {
        return Err(input.flaw("an empty array"));
    }
    Ok(Value::Array(Box::new(Array::from_iter(items).with_cursor(cursor))))
}

/// A place, from `least` on.
fn place(input: &mut Input<'_>, least: u64) -> Result<u64> {
    let index = input.length()?;
    if (least..=INDEX_MAX).contains(&index) {
        Ok(index)
    } else {
        Err(input.flaw("place out of order in an array"))
    }
}

fn element(input: &mut Input<'_>) -> Result<Str> {
    let spelled = match input.length()? {
        element::STRING | element::SHORT_STRING => return input.item(cost::ARRAY_ELEMENT),
        element::INT => input.u64_le()?.cast_signed().to_string(),
        element::FLOAT => spell(f64::from_bits(input.u64_le()?)),
        _ => return Err(input.flaw("unknown kind of array element")),
    };
    input.spend(cost::ARRAY_ELEMENT + spelled.len() as u64)?;
    Ok(Str::from(spelled.as_str()))
}

/// A float as the client gave it: Redis keeps as floats only those that it spells in this way.
fn spell(value: f64) -> String {
    let mut spelled = number::format_double(value);
    if value.is_finite() && !spelled.contains(['.', 'e']) {
        spelled.push_str(".0");
    }
    spelled
}

/// Appends an array. Floats are written as the strings that they are here.
pub(super) fn write(out: &mut Vec<u8>, array: &Array) {
    output::length(out, array.len() as u64);
    output::length(out, array.cursor().is_some().into());
    if let Some(cursor) = array.cursor() {
        output::length(out, cursor);
    }
    for (index, item) in array.range(0..=INDEX_MAX) {
        output::length(out, index);
        write_element(out, item);
    }
}

fn write_element(out: &mut Vec<u8>, item: &[u8]) {
    const INT_MAX: i64 = (1 << (INT_BITS - 1)) - 1;
    match number::parse_i64(item).filter(|int| (!INT_MAX..=INT_MAX).contains(int)) {
        Some(int) => {
            output::length(out, element::INT);
            out.extend(int.to_le_bytes());
        }
        None => {
            let is_short = item.len() <= SHORT_BYTES_MAX;
            output::length(out, if is_short { element::SHORT_STRING } else { element::STRING });
            output::string(out, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{NOW, restored, sealed};
    use crate::{Error, dump};

    /// A payload of Redis 8.8's: the kind, the body, the foot.
    fn payload(body: &[u8]) -> Vec<u8> {
        sealed(&[&[28], body].concat(), 14)
    }

    fn array_of(items: &[(u64, &str)], cursor: Option<u64>) -> Value {
        let items = items.iter().map(|&(index, item)| (index, Str::from(item)));
        Value::Array(Box::new(Array::from_iter(items).with_cursor(cursor)))
    }

    #[test]
    fn elements_of_every_kind_are_read() {
        let floats = [(0.5_f64, "0.5"), (1.0, "1.0"), (1e22, "1e+22"), (f64::NEG_INFINITY, "-inf")];
        let mut body = vec![7, 1, 0x41, 0x2c];
        body.extend([0, 1, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        body.extend([2, 3, 1, b'a']);
        for (index, (float, _)) in (10_u8..).zip(floats) {
            body.extend([index, 2]);
            body.extend(float.to_le_bytes());
        }
        body.extend([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 8]);
        body.extend(b"a string");
        let value = restored(&payload(&body)).expect("as Redis writes it");
        let Value::Array(array) = value else { panic!("an array") };
        let read: Vec<(u64, &[u8])> =
            array.range(0..=INDEX_MAX).map(|(at, item)| (at, item.as_slice())).collect();
        let mut expected: Vec<(u64, &[u8])> = vec![(0, b"-5"), (2, b"a")];
        expected.extend((10..).zip(floats.map(|(_, spelled)| spelled.as_bytes())));
        expected.push((INDEX_MAX, b"a string"));
        assert_eq!(read, expected);
        assert_eq!(array.cursor(), Some(300));
    }

    #[test]
    fn elements_are_written_as_redis_keeps_them() {
        let int_max = (1_i64 << 61) - 1;
        let (fits, not) = (int_max.to_string(), (int_max + 1).to_string());
        let payload = dump(&array_of(&[(0, "07"), (1, &fits), (300, &not)], None), NOW);
        let mut body = vec![28, 3, 0, 0, 3, 2, b'0', b'7', 1, 1];
        body.extend(int_max.to_le_bytes());
        body.extend([0x41, 0x2c, 0, 19]);
        body.extend(not.bytes());
        assert_eq!(payload, sealed(&body, 14));
    }

    #[test]
    fn what_no_server_writes_is_refused() {
        let refused = |body: &[u8]| match restored(&payload(body)) {
            Err(Error::Malformed { what, .. }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&[0, 0]), "an empty array");
        assert_eq!(refused(&[1, 2, 0, 3, 0]), "neither a cursor nor none");
        assert_eq!(refused(&[1, 0, 0, 4, 0]), "unknown kind of array element");
        assert_eq!(refused(&[2, 0, 5, 3, 0, 5, 3, 0]), "place out of order in an array");
        let beyond = [&[1, 0, 0x81][..], &[0xff; 8], &[3, 0]].concat();
        assert_eq!(refused(&beyond), "place out of order in an array");
        assert_eq!(refused(&[2, 0, 0, 3, 0]), "unexpected end");
    }
}
