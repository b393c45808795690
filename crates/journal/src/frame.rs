//! Frames: a record with what is needed to trust it, as it stands in a file.
//!
//! ```text
//!  0  len       u32  bytes of the payload
//!  4  crc       u32  CRC-32C of salt ‖ bytes 0..4 ‖ bytes 8..end, padding included
//!  8  lsn       u64
//! 16  database  16 bytes
//! 32  seq       u64
//! 40  kind      u8
//! 41  flags     u8
//! 42  check     u16  low half of the CRC-32C of salt ‖ bytes 0..4 ‖ bytes 8..42
//! 44  payload   len bytes, then zeroes up to a multiple of 8
//! ```
//!
//! Numbers are little-endian. The salt belongs to the file: eight bytes of its header, never shown to a client. `check`
//! lets a reader trust `len` before it has read that much, and bounds the work of looking for frames among bytes that a
//! client chose: without the salt, nobody can write bytes that look like the head of a frame.

use std::fmt;

/// Bytes of a frame that are not its payload or padding.
pub const FRAME_HEAD_BYTES: usize = 44;

/// The largest payload. Callers refuse longer records long before.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// Frames begin at multiples of this many bytes from the start of their file's frames.
pub const FRAME_ALIGNMENT: usize = 8;

/// The payload is the effects of one step on one database.
pub const KIND_EFFECTS: u8 = 1;

/// Nobody was promised that the frame survives a crash.
pub const FLAG_NOT_PROMISED: u8 = 1;

/// When the frame was written, all that stands before it in its file had been synced. So a bad frame before it is not
/// an unfinished write but damage: of several writes without a sync between them, a crash may leave the later one.
/// Whoever writes frames into a file sets this flag; what it was in another file says nothing.
pub const FLAG_AFTER_SYNC: u8 = 2;

pub(crate) const LSN_AT: usize = 8;
pub(crate) const FLAGS_AT: usize = 41;
const HEAD_CHECKED: std::ops::Range<usize> = 8..42;

/// The number of a frame among all of a node: 1 for the first, then one more for each. 0 is before all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// What comes before any frame: always durable.
    pub const NONE: Self = Self(0);

    /// The number of the first frame of a node.
    pub const FIRST: Self = Self(1);

    /// The number after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A frame whose payload is somewhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRef<'a> {
    /// Its number among all frames of the node.
    pub lsn: Lsn,
    /// Whose it is.
    pub database: [u8; 16],
    /// Its number among the frames of its database: contiguous from 1.
    pub seq: u64,
    /// What the payload is, such as [`KIND_EFFECTS`].
    pub kind: u8,
    /// [`FLAG_NOT_PROMISED`], [`FLAG_AFTER_SYNC`].
    pub flags: u8,
    /// The record.
    pub payload: &'a [u8],
}

impl FrameRef<'_> {
    /// Appends the frame, sealed with the salt of the file that it is for.
    pub fn encode(&self, salt: u64, out: &mut Vec<u8>) {
        let start = out.len();
        self.encode_unsealed(out);
        seal(&mut out[start..], salt);
    }

    /// Bytes that the frame takes in a file.
    pub fn encoded_bytes(&self) -> usize {
        encoded_bytes(self.payload.len())
    }

    /// The frame, with a payload of its own.
    pub fn to_frame(&self) -> Frame {
        let Self { lsn, database, seq, kind, flags, payload } = *self;
        Frame { lsn, database, seq, kind, flags, payload: payload.to_vec() }
    }

    /// Appends the frame without the two sums that depend on the file; [`seal`] adds them.
    pub(crate) fn encode_unsealed(&self, out: &mut Vec<u8>) {
        assert!(self.payload.len() <= PAYLOAD_BYTES_MAX, "a record of {} bytes", self.payload.len());
        let end = out.len() + self.encoded_bytes();
        out.reserve(self.encoded_bytes());
        out.extend_from_slice(&(self.payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.lsn.0.to_le_bytes());
        out.extend_from_slice(&self.database);
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&[self.kind, self.flags, 0, 0]);
        out.extend_from_slice(self.payload);
        out.resize(end, 0);
    }
}

/// A frame with its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its number among all frames of the node.
    pub lsn: Lsn,
    /// Whose it is.
    pub database: [u8; 16],
    /// Its number among the frames of its database.
    pub seq: u64,
    /// What the payload is.
    pub kind: u8,
    /// [`FLAG_NOT_PROMISED`], [`FLAG_AFTER_SYNC`].
    pub flags: u8,
    /// The record.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The same frame, borrowed.
    pub fn as_frame_ref(&self) -> FrameRef<'_> {
        let &Self { lsn, database, seq, kind, flags, ref payload } = self;
        FrameRef { lsn, database, seq, kind, flags, payload }
    }
}

/// Reads the frame that begins where `bytes` does. How long it is tells [`FrameRef::encoded_bytes`].
pub fn decode(bytes: &[u8], salt: u64) -> Result<FrameRef<'_>, NoFrame> {
    let head = bytes.first_chunk::<FRAME_HEAD_BYTES>().ok_or(NoFrame::Short { bytes: FRAME_HEAD_BYTES })?;
    let head_crc = head_crc(head, salt);
    // Zeroes are never a frame, whatever the salt makes of their check.
    if u16_at(head, 42) != head_crc as u16 || u64_at(head, 8) == Lsn::NONE.0 {
        return Err(NoFrame::Unlike);
    }
    let len = u32_at(head, 0) as usize;
    let whole = bytes.get(..encoded_bytes(len)).ok_or(NoFrame::Short { bytes: encoded_bytes(len) })?;
    if u32_at(head, 4) != crc32c::crc32c_append(head_crc, &whole[HEAD_CHECKED.end..]) {
        return Err(NoFrame::Broken { bytes: whole.len() });
    }
    Ok(FrameRef {
        lsn: Lsn(u64_at(head, 8)),
        database: *whole[16..].first_chunk().expect("the head is longer"),
        seq: u64_at(head, 32),
        kind: head[40],
        flags: head[41],
        payload: &whole[FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + len],
    })
}

/// Why there is no frame to be read at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFrame {
    /// There may be one, but it needs so many bytes.
    Short {
        /// From where it begins.
        bytes: usize,
    },
    /// No frame of this file begins here.
    Unlike,
    /// One begins here, and is not as it was written.
    Broken {
        /// Its length.
        bytes: usize,
    },
}

/// Reads frames that stand one after the other. After the last one, [`Scanner::end`] says why it was the last.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    salt: u64,
    offset: usize,
}

impl<'a> Scanner<'a> {
    /// Over the frames of a file, from the first one on, to the end of the file.
    pub fn new(bytes: &'a [u8], salt: u64) -> Self {
        Self { bytes, salt, offset: 0 }
    }

    /// Where the next frame begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Why no frame can be read at [`offset`](Self::offset). Looks at all that follows.
    pub fn end(&self) -> End {
        let offset = self.offset;
        let rest = &self.bytes[offset..];
        let mut torn_bytes = match decode(rest, self.salt) {
            Err(NoFrame::Short { bytes }) if rest.len() >= FRAME_HEAD_BYTES => bytes.min(rest.len()),
            Err(NoFrame::Broken { bytes }) => bytes,
            _ => 0,
        };
        for (good_at, frame) in self.frames_after_the_bad_one() {
            if frame.flags & FLAG_AFTER_SYNC != 0 {
                return End::Damaged { offset, good_at };
            }
            torn_bytes = good_at + frame.encoded_bytes() - offset;
        }
        if torn_bytes > 0 {
            End::Torn { offset, bytes: torn_bytes }
        } else {
            match rest.iter().rposition(|&byte| byte != 0) {
                None => End::Clean { offset },
                Some(last) => End::Leftover { offset, bytes: last + 1 },
            }
        }
    }

    /// Good frames behind the place where none begins, wherever they are.
    fn frames_after_the_bad_one(&self) -> impl Iterator<Item = (usize, FrameRef<'a>)> {
        let mut place = self.offset + FRAME_ALIGNMENT;
        std::iter::from_fn(move || {
            while let Some(rest) = self.bytes.get(place..).filter(|rest| rest.len() >= FRAME_HEAD_BYTES) {
                let at = place;
                let Ok(frame) = decode(rest, self.salt) else {
                    place += FRAME_ALIGNMENT;
                    continue;
                };
                place += frame.encoded_bytes();
                return Some((at, frame));
            }
            None
        })
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = FrameRef<'a>;

    fn next(&mut self) -> Option<FrameRef<'a>> {
        let frame = decode(&self.bytes[self.offset..], self.salt).ok()?;
        self.offset += frame.encoded_bytes();
        Some(frame)
    }
}

/// Why frames end. Offsets are in the bytes that were scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The file ends, or has only zeroes from there.
    Clean {
        /// After the last frame.
        offset: usize,
    },
    /// What follows is not zero, and nothing in it is a frame of this file: the start of a write that never ended, or,
    /// in a file that was used before, what it held then.
    Leftover {
        /// After the last frame.
        offset: usize,
        /// Up to the last byte that is not zero.
        bytes: usize,
    },
    /// A write that never ended: a frame begins and is not whole, or frames follow that were written together with it.
    Torn {
        /// After the last frame.
        offset: usize,
        /// How far the traces of the write go.
        bytes: usize,
    },
    /// What stood there had been synced: a frame follows that was written after that.
    Damaged {
        /// After the last frame before the damage.
        offset: usize,
        /// Where the next good frame is that proves it.
        good_at: usize,
    },
}

impl End {
    /// After the last frame.
    pub fn offset(&self) -> usize {
        match *self {
            Self::Clean { offset }
            | Self::Leftover { offset, .. }
            | Self::Torn { offset, .. }
            | Self::Damaged { offset, .. } => offset,
        }
    }
}

/// Writes the sums of the one frame that `frame` is.
pub(crate) fn seal(frame: &mut [u8], salt: u64) {
    let head = frame.first_chunk::<FRAME_HEAD_BYTES>().expect("a frame has a head");
    let head_crc = head_crc(head, salt);
    frame[42..44].copy_from_slice(&(head_crc as u16).to_le_bytes());
    let crc = crc32c::crc32c_append(head_crc, &frame[HEAD_CHECKED.end..]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
}

/// Bytes that a frame with such a payload takes in a file.
pub(crate) fn encoded_bytes(payload_bytes: usize) -> usize {
    (FRAME_HEAD_BYTES + payload_bytes).next_multiple_of(FRAME_ALIGNMENT)
}

fn head_crc(head: &[u8; FRAME_HEAD_BYTES], salt: u64) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&salt.to_le_bytes()), &head[..4]);
    crc32c::crc32c_append(crc, &head[HEAD_CHECKED])
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(*bytes[at..].first_chunk().expect("the caller knows the length"))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("the caller knows the length"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("the caller knows the length"))
}
