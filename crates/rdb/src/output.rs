//! Writing lengths and strings.

/// Appends a number.
pub(crate) fn length(out: &mut Vec<u8>, length: u64) {
    match length {
        0..0x40 => out.push(length as u8),
        0x40..0x4000 => out.extend((length as u16 | 0x4000).to_be_bytes()),
        0x4000..=0xffff_ffff => {
            out.push(0x80);
            out.extend((length as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend(length.to_be_bytes());
        }
    }
}

/// Appends a string as it is. It is not compressed: that saves the time of both sides, and payloads stay short enough.
pub(crate) fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    length(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends the string that spells a number, in the short form that there is for small ones.
pub(crate) fn decimal(out: &mut Vec<u8>, number: i64) {
    if let Ok(small) = i8::try_from(number) {
        out.push(0xc0);
        out.extend(small.to_le_bytes());
    } else if let Ok(small) = i16::try_from(number) {
        out.push(0xc1);
        out.extend(small.to_le_bytes());
    } else if let Ok(small) = i32::try_from(number) {
        out.push(0xc2);
        out.extend(small.to_le_bytes());
    } else {
        string(out, number.to_string().as_bytes());
    }
}
