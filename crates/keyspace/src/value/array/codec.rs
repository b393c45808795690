//! Arrays into bytes and back.

use super::{Array, ArrayEffect, INDEX_MAX};

use crate::Str;
use crate::codec::tag::{effect as effect_tag, value as tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, write};

impl Array {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(tag::ARRAY);
        write::option(out, self.cursor, write::number);
        let items = self.range(0..=INDEX_MAX);
        write_places(out, self.len, items, |out, item| write::item(out, item));
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let cursor = reader.option(read_place)?;
        let items = read_places(reader, |reader, index| Ok((index, reader.string()?)))?;
        reader.ensure(!items.is_empty(), "array without elements")?;
        Ok(items.into_iter().collect::<Self>().with_cursor(cursor))
    }
}

impl Change for ArrayEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Put { cursor: None, .. } => effect_tag::ARRAY_PUT,
            Self::Put { cursor: Some(_), .. } => effect_tag::ARRAY_INSERT,
            Self::Remove(_) => effect_tag::ARRAY_REMOVE,
            Self::RemoveRange(_) => effect_tag::ARRAY_REMOVE_RANGE,
            Self::Seek(_) => effect_tag::ARRAY_SEEK,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Put { items, cursor } => {
                if let Some(cursor) = cursor {
                    write::number(out, *cursor);
                }
                let places = items.iter().map(|(index, item)| (*index, item));
                write_places(out, items.len(), places, |out, item: &Str| write::item(out, item));
            }
            Self::Remove(places) => {
                write_places(out, places.len(), places.iter().map(|&index| (index, ())), |_, ()| ());
            }
            Self::RemoveRange(range) => {
                write::number(out, *range.start());
                write::number(out, *range.end());
            }
            Self::Seek(cursor) => write::option(out, *cursor, write::number),
        }
    }
}

impl ReadChange for ArrayEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let items =
            |reader: &mut Reader<'_>| read_places(reader, |reader, index| Ok((index, reader.string()?)));
        match tag {
            effect_tag::ARRAY_PUT => Ok(Self::Put { items: items(reader)?, cursor: None }),
            effect_tag::ARRAY_INSERT => {
                let cursor = Some(read_place(reader)?);
                Ok(Self::Put { items: items(reader)?, cursor })
            }
            effect_tag::ARRAY_REMOVE => Ok(Self::Remove(read_places(reader, |_, index| Ok(index))?)),
            effect_tag::ARRAY_REMOVE_RANGE => {
                let (first, last) = (read_place(reader)?, read_place(reader)?);
                reader.ensure(first <= last, "range that ends before it begins")?;
                Ok(Self::RemoveRange(first..=last))
            }
            effect_tag::ARRAY_SEEK => Ok(Self::Seek(reader.option(read_place)?)),
            _ => Err(reader.error("not a change of an array")),
        }
    }
}

/// Appends places that ascend: each as its distance from the least that it can be.
fn write_places<T>(
    out: &mut Vec<u8>,
    len: usize,
    items: impl Iterator<Item = (u64, T)>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    write::count(out, len);
    let mut least = 0;
    for (index, item) in items {
        write::number(out, index - least);
        write(out, item);
        least = index + 1;
    }
}

fn read_places<T>(
    reader: &mut Reader<'_>,
    mut read: impl FnMut(&mut Reader<'_>, u64) -> Result<T, CodecError>,
) -> Result<Vec<T>, CodecError> {
    let mut least = 0_u64;
    reader.sequence(1, |reader| {
        let index = least.checked_add(reader.number()?).filter(|&index| index <= INDEX_MAX);
        let index = index.ok_or_else(|| reader.error(BEYOND))?;
        least = index + 1;
        read(reader, index)
    })
}

fn read_place(reader: &mut Reader<'_>) -> Result<u64, CodecError> {
    let index = reader.number()?;
    reader.ensure(index <= INDEX_MAX, BEYOND)?;
    Ok(index)
}

const BEYOND: &str = "place beyond the last";
