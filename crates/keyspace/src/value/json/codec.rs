//! JSON documents into bytes and back.

use super::{DEPTH_MAX, Json, JsonEffect, Location, Node, Number, Object};
use crate::Str;
use crate::codec::tag::{effect as effect_tag, node as tag, value as value_tag};
use crate::codec::{Change, CodecError, ReadChange, Reader, write};

impl Json {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(value_tag::JSON);
        self.root().encode(out);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self::new(decode_node(reader)?))
    }
}

impl Node {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(tag::NULL),
            Self::Bool(false) => out.push(tag::FALSE),
            Self::Bool(true) => out.push(tag::TRUE),
            Self::Number(number) => number.encode(out),
            Self::Text(text) => {
                out.push(tag::TEXT);
                write::item(out, text);
            }
            Self::Array(array) => {
                out.push(tag::ARRAY);
                write::count(out, array.len());
                array.iter().for_each(|element| element.encode(out));
            }
            Self::Object(object) => {
                out.push(tag::OBJECT);
                write::count(out, object.len());
                for (name, value) in object.iter() {
                    write::item(out, name);
                    value.encode(out);
                }
            }
        }
    }
}

impl Number {
    fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Int(value) => {
                out.push(tag::INT);
                write::signed(out, value);
            }
            Self::Uint(value) => {
                out.push(tag::UINT);
                write::number(out, value);
            }
            Self::Float(value) => {
                out.push(tag::FLOAT);
                write::double(out, value);
            }
        }
    }
}

fn decode_node(reader: &mut Reader<'_>) -> Result<Node, CodecError> {
    decode_within(reader, DEPTH_MAX)
}

/// Reads a value that may be nested so deep.
fn decode_within(reader: &mut Reader<'_>, depth: usize) -> Result<Node, CodecError> {
    match reader.byte()? {
        tag::NULL => Ok(Node::Null),
        tag::FALSE => Ok(Node::Bool(false)),
        tag::TRUE => Ok(Node::Bool(true)),
        tag::INT => Ok(Node::int(reader.signed()?)),
        tag::UINT => {
            let value = reader.number()?;
            reader.ensure(i64::try_from(value).is_err(), "integer of the wrong kind")?;
            Ok(Node::Number(Number::Uint(value)))
        }
        tag::FLOAT => {
            let value = reader.double()?;
            reader.ensure(value.is_finite(), "number that JSON does not have")?;
            Ok(Node::Number(Number::Float(value)))
        }
        tag::TEXT => Ok(Node::Text(decode_text(reader)?)),
        tag::ARRAY => {
            let depth = inner(reader, depth)?;
            Ok(Node::array(reader.sequence(1, |reader| decode_within(reader, depth))?))
        }
        tag::OBJECT => {
            let depth = inner(reader, depth)?;
            decode_object(reader, depth)
        }
        _ => Err(reader.error("unknown kind of JSON value")),
    }
}

fn inner(reader: &Reader<'_>, depth: usize) -> Result<usize, CodecError> {
    depth.checked_sub(1).ok_or_else(|| reader.error("nested too deep"))
}

fn decode_object(reader: &mut Reader<'_>, depth: usize) -> Result<Node, CodecError> {
    let members = reader.sequence(2, |reader| Ok((decode_text(reader)?, decode_within(reader, depth)?)))?;
    let count = members.len();
    let object = Object::from_members(members);
    reader.ensure(object.len() == count, "member that comes twice")?;
    Ok(Node::Object(Box::new(object)))
}

fn decode_text(reader: &mut Reader<'_>) -> Result<Str, CodecError> {
    let text = reader.item()?;
    reader.ensure(std::str::from_utf8(text).is_ok(), "text that is not UTF-8")?;
    Ok(Str::new(text))
}

fn encode_location(out: &mut Vec<u8>, at: &[usize]) {
    write::count(out, at.len());
    at.iter().for_each(|&position| write::count(out, position));
}

fn decode_location(reader: &mut Reader<'_>) -> Result<Location, CodecError> {
    let at = reader.sequence(1, Reader::position)?;
    reader.ensure(at.len() <= DEPTH_MAX, "nested too deep")?;
    Ok(at)
}

impl Change for JsonEffect {
    fn tag(&self) -> u8 {
        match self {
            Self::Set { .. } => effect_tag::JSON_SET,
            Self::InsertElements { .. } => effect_tag::JSON_INSERT_ELEMENTS,
            Self::InsertMembers { .. } => effect_tag::JSON_INSERT_MEMBERS,
            Self::Remove { .. } => effect_tag::JSON_REMOVE,
            Self::Empty => effect_tag::JSON_EMPTY,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Set { at, node } => {
                encode_location(out, at);
                node.encode(out);
            }
            Self::InsertElements { at, elements } => {
                encode_location(out, at);
                let elements = elements.iter().map(|(position, node)| (*position, node));
                write::ascending(out, elements, |out, node| node.encode(out));
            }
            Self::InsertMembers { at, members } => {
                encode_location(out, at);
                let members = members.iter().map(|(position, name, node)| (*position, (name, node)));
                write::ascending(out, members, |out, (name, node)| {
                    write::item(out, name);
                    node.encode(out);
                });
            }
            Self::Remove { at, positions } => {
                encode_location(out, at);
                write::ascending(out, positions.iter().map(|&position| (position, ())), |_, ()| ());
            }
            Self::Empty => {}
        }
    }
}

impl ReadChange for JsonEffect {
    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        if tag == effect_tag::JSON_EMPTY {
            return Ok(Self::Empty);
        }
        let at = decode_location(reader)?;
        match tag {
            effect_tag::JSON_SET => Ok(Self::Set { at, node: decode_node(reader)? }),
            effect_tag::JSON_INSERT_ELEMENTS => {
                let elements = reader.ascending(|reader, position| Ok((position, decode_node(reader)?)))?;
                Ok(Self::InsertElements { at, elements })
            }
            effect_tag::JSON_INSERT_MEMBERS => {
                let member = |reader: &mut Reader<'_>, position| {
                    Ok((position, decode_text(reader)?, decode_node(reader)?))
                };
                Ok(Self::InsertMembers { at, members: reader.ascending(member)? })
            }
            effect_tag::JSON_REMOVE => {
                Ok(Self::Remove { at, positions: reader.ascending(|_, position| Ok(position))? })
            }
            _ => Err(reader.error("not a change of a JSON document")),
        }
    }
}
