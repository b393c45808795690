//! Strings into bytes and back.

use std::sync::Arc;

use super::{Form, Text, TextEffect};
use crate::Str;
use crate::codec::tag::{effect as effect_tag, value as tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, write};

/// No string is longer: Redis's limit.
const BYTES_MAX: usize = 512 << 20;

impl Text {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Form::Int(n) => {
                out.push(tag::TEXT_INT);
                write::signed(out, *n);
            }
            Form::Fixed(text) => {
                out.push(tag::TEXT_FIXED);
                write::item(out, text);
            }
            Form::Buffer(buffer) => {
                out.push(tag::TEXT_BUFFER);
                write::item(out, buffer);
            }
        }
    }

    pub(crate) fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self(match tag {
            tag::TEXT_INT => Form::Int(reader.signed()?),
            tag::TEXT_FIXED => Form::Fixed(Str::new(reader.item()?)),
            tag::TEXT_BUFFER => Form::Buffer(Arc::new(reader.item()?.to_vec())),
            _ => return Err(reader.error("not a string")),
        }))
    }
}

impl Change for TextEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Write { .. } => effect_tag::TEXT_WRITE,
            Self::Cut(_) => effect_tag::TEXT_CUT,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                write::count(out, *offset);
                write::item(out, bytes);
            }
            Self::Cut(length) => write::count(out, *length),
        }
    }
}

impl ReadChange for TextEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        match tag {
            effect_tag::TEXT_WRITE => {
                let (offset, bytes) = (reader.position()?, reader.item()?.to_vec());
                let fits = offset.checked_add(bytes.len()).is_some_and(|end| end <= BYTES_MAX);
                reader.ensure(fits, "written beyond the longest string")?;
                Ok(Self::Write { offset, bytes })
            }
            effect_tag::TEXT_CUT => Ok(Self::Cut(reader.position()?)),
            _ => Err(reader.error("not a change of a string")),
        }
    }
}
