//! The parts that everything else is written with.

/// Appends a number: seven bits in a byte, the lowest first; the highest bit says that more follow.
#[inline]
pub(crate) fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a count, a length or a position.
#[inline]
pub(crate) fn count(out: &mut Vec<u8>, count: usize) {
    number(out, count as u64);
}

/// Appends a number with a sign, so that small ones are short whatever their sign: 0, -1, 1, -2 are 0, 1, 2, 3.
#[inline]
pub(crate) fn signed(out: &mut Vec<u8>, value: i64) {
    number(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends a double.
pub(crate) fn double(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends a string, after its length.
#[inline]
pub(crate) fn item(out: &mut Vec<u8>, item: &[u8]) {
    count(out, item.len());
    out.extend_from_slice(item);
}

/// Appends whether there is something, and then that.
#[inline]
pub(crate) fn option<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    out.push(u8::from(value.is_some()));
    if let Some(value) = value {
        write(out, value);
    }
}

/// Appends positions that ascend: each as its distance from the least that it can be.
pub(crate) fn ascending<'a, T: 'a>(
    out: &mut Vec<u8>,
    items: impl ExactSizeIterator<Item = (usize, T)>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    count(out, items.len());
    let mut least = 0;
    for (position, item) in items {
        count(out, position - least);
        write(out, item);
        least = position + 1;
    }
}

/// Appends what `body` appends, after its length. The length is nearly always one byte; where it is more, the body is
/// moved to make room.
pub(crate) fn framed(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.push(0);
    body(out);
    let len = out.len() - at - 1;
    match u8::try_from(len) {
        Ok(short @ ..0x80) => out[at] = short,
        _ => {
            let mut prefix = Vec::with_capacity(10);
            count(&mut prefix, len);
            out.splice(at..=at, prefix);
        }
    }
}
