//! [`Str`]: the immutable, binary-safe byte string that keys, fields and members are made of.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;

/// An immutable byte string of 24 bytes: up to [`Str::INLINE_MAX`] bytes are stored in place, longer ones
/// in a shared allocation, so a clone never copies more than those 24 bytes.
///
/// Equality, order (as by `memcmp`) and hash are those of the bytes.
#[derive(Clone)]
pub struct Str(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; Str::INLINE_MAX] },
    Shared(Arc<[u8]>),
}

impl Str {
    /// The longest string, in bytes, that needs no allocation.
    pub const INLINE_MAX: usize = 22;

    /// Copies `bytes`.
    pub fn new(bytes: &[u8]) -> Str {
        if bytes.len() > Self::INLINE_MAX {
            return Str(Repr::Shared(Arc::from(bytes)));
        }
        let mut inline = [0; Self::INLINE_MAX];
        inline[..bytes.len()].copy_from_slice(bytes);
        let len = u8::try_from(bytes.len()).expect("at most INLINE_MAX");
        Str(Repr::Inline { len, bytes: inline })
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Inline { len, .. } => usize::from(*len),
            Repr::Shared(bytes) => bytes.len(),
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same bytes as [`Bytes`], for a reply. A long string is shared, not copied.
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Repr::Inline { .. } => Bytes::copy_from_slice(self.as_slice()),
            Repr::Shared(bytes) => Bytes::from_owner(Arc::clone(bytes)),
        }
    }
}

impl Default for Str {
    fn default() -> Str {
        Str::new(b"")
    }
}

impl From<&[u8]> for Str {
    fn from(bytes: &[u8]) -> Str {
        Str::new(bytes)
    }
}

impl<const N: usize> From<&[u8; N]> for Str {
    fn from(bytes: &[u8; N]) -> Str {
        Str::new(bytes)
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Str {
        Str::new(text.as_bytes())
    }
}

impl From<Vec<u8>> for Str {
    fn from(bytes: Vec<u8>) -> Str {
        Str::new(&bytes)
    }
}

impl From<&Bytes> for Str {
    fn from(bytes: &Bytes) -> Str {
        Str::new(bytes)
    }
}

impl Deref for Str {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl AsRef<[u8]> for Str {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl Borrow<[u8]> for Str {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Str) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Str {}

impl PartialEq<[u8]> for Str {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_slice() == other
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Str {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.as_slice() == *other
    }
}

impl PartialOrd for Str {
    fn partial_cmp(&self, other: &Str) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str {
    fn cmp(&self, other: &Str) -> Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

// `Borrow` demands the hash of the borrowed form, hence not a derived one.
impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

/// Like a byte string literal: `b"caf\xc3\xa9"`.
impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.as_slice().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths around the inline limit, where a slip would show.
    const LENGTHS: [usize; 6] = [0, 1, 21, 22, 23, 1000];

    #[test]
    fn is_24_bytes_also_as_an_option() {
        assert_eq!(size_of::<Str>(), 24);
        assert_eq!(size_of::<Option<Str>>(), 24);
    }

    #[test]
    fn keeps_its_bytes_at_every_length() {
        for len in LENGTHS {
            let bytes: Vec<u8> = (0..len).map(|i| u8::try_from(i % 256).expect("below 256")).collect();
            let text = Str::from(bytes.clone());
            assert_eq!(text.as_slice(), bytes);
            assert_eq!(text.len(), len);
            assert_eq!(text.is_empty(), len == 0);
            assert_eq!(text.to_bytes(), bytes);
            assert_eq!(text.clone(), text);
        }
    }

    #[test]
    fn shares_a_long_string_with_its_clones_and_bytes() {
        let text = Str::new(&[7; 100]);
        assert_eq!(text.clone().as_ptr(), text.as_ptr());
        let bytes = text.to_bytes();
        assert_eq!(bytes.as_ptr(), text.as_ptr());
        drop(text);
        assert_eq!(bytes, vec![7; 100]);
    }

    #[test]
    fn orders_as_memcmp_does_across_the_inline_limit() {
        let sorted = [&b""[..], b"\0", b"a", b"a\0", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", b"ab", b"\xff"];
        assert!(sorted.map(Str::from).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn debug_shows_every_byte() {
        assert_eq!(format!("{:?}", Str::new(b"caf\xc3\xa9\"\0")), r#"b"caf\xc3\xa9\"\x00""#);
    }
}
