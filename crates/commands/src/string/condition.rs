//! When SET writes and DELEX removes.

use std::mem::discriminant;

use latchkey_keyspace::View;
use latchkey_keyspace::value::Text;
use latchkey_protocol::ReplyError;

use super::digest;
use super::expiry::Exclusive;
use crate::{Args, Result};

/// What has to be so of a key.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition<'a> {
    /// `NX`: it does not exist.
    Absent,
    /// `XX`: it exists.
    Present,
    /// `IFEQ` and the like: its value is, or is not, such a one.
    Value(Match<'a>),
}

/// What has to be so of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Match<'a> {
    /// `IFEQ`
    Equals(&'a [u8]),
    /// `IFNE`
    Differs(&'a [u8]),
    /// `IFDEQ`
    DigestEquals(&'a [u8]),
    /// `IFDNE`
    DigestDiffers(&'a [u8]),
}

impl<'a> Condition<'a> {
    /// Takes the next argument if it is a condition, with what it compares to.
    pub(super) fn option(args: &mut Args<'a>) -> Result<Option<Self>> {
        if args.option("NX") {
            return Ok(Some(Self::Absent));
        }
        if args.option("XX") {
            return Ok(Some(Self::Present));
        }
        Ok(Match::option(args)?.map(Self::Value))
    }

    /// Whether it is so. Only a comparison looks into the value, which has to be a string then.
    pub(super) fn holds(&self, view: View<'_>, key: &[u8]) -> Result<bool> {
        match self {
            Self::Absent => Ok(!view.exists(key)),
            Self::Present => Ok(view.exists(key)),
            Self::Value(compared) => compared.holds(view.text(key)?),
        }
    }
}

impl Exclusive for Condition<'_> {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(one), Self::Value(other)) => discriminant(one) != discriminant(other),
            _ => discriminant(self) != discriminant(other),
        }
    }
}

impl<'a> Match<'a> {
    /// Takes the next argument if it is a comparison, with what it compares to.
    pub(super) fn option(args: &mut Args<'a>) -> Result<Option<Self>> {
        Ok(Some(if args.option("IFEQ") {
            Self::Equals(args.next()?)
        } else if args.option("IFNE") {
            Self::Differs(args.next()?)
        } else if args.option("IFDEQ") {
            Self::DigestEquals(args.next()?)
        } else if args.option("IFDNE") {
            Self::DigestDiffers(args.next()?)
        } else {
            return Ok(None);
        }))
    }

    /// Whether it is so of a value. A key that does not exist equals nothing and differs from everything.
    pub(super) fn holds(&self, text: Option<&Text>) -> Result<bool> {
        let Some(text) = text else { return Ok(matches!(self, Self::Differs(_) | Self::DigestDiffers(_))) };
        match *self {
            Self::Equals(value) => Ok(text.with(|text| text == value)),
            Self::Differs(value) => Ok(text.with(|text| text != value)),
            Self::DigestEquals(digest) => has_digest(text, digest),
            Self::DigestDiffers(digest) => has_digest(text, digest).map(|equal| !equal),
        }
    }
}

/// Whether a client's digest, its digits in either case, is the value's.
fn has_digest(text: &Text, digest: &[u8]) -> Result<bool> {
    if digest.len() != digest::LENGTH {
        return Err(ReplyError::fixed("ERR digest must be exactly 16 hexadecimal characters").into());
    }
    Ok(text.with(digest::of).as_bytes().eq_ignore_ascii_case(digest))
}
