//! JSON documents, and what else modules store.
//!
//! A module's value begins with a number that holds the module's name, nine characters of six bits, and the version of
//! its encoding, ten bits. What follows is the module's own, but in pieces that say what they are: it can be skipped.
//! Version 3 of RedisJSON's (2.0 and later) is one string, the document's text.

use latchkey_keyspace::Value;
use latchkey_keyspace::value::Json;
use latchkey_keyspace::value::json;

use super::Read;
use crate::error::Result;
use crate::input::Input;
use crate::output;

const MODULE: &str = "ReJSON-RL";
const MODULE_VERSION: u64 = 3;

/// The characters of a module's name, by number.
const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a piece is.
mod piece {
    pub(super) const END: u64 = 0;
    pub(super) const SIGNED: u64 = 1;
    pub(super) const UNSIGNED: u64 = 2;
    pub(super) const FLOAT: u64 = 3;
    pub(super) const DOUBLE: u64 = 4;
    pub(super) const STRING: u64 = 5;
}

pub(super) fn read(input: &mut Input<'_>) -> Result<Read> {
    let id = input.length()?;
    if id != module_id() {
        skip_module_data(input)?;
        return Ok(Read::OfModule(name_of(id)));
    }
    if input.length()? != piece::STRING {
        return Err(input.flaw("a JSON document that is no string"));
    }
    let text = input.string()?;
    let node = json::parse(&text).map_err(|_| input.flaw("a JSON document that is not JSON"))?;
    let document = Json::new(node);
    if input.length()? != piece::END {
        return Err(input.flaw("a JSON document that goes on"));
    }
    Ok(Read::Value(Value::Json(Box::new(document))))
}

pub(super) fn write(out: &mut Vec<u8>, json: &Json) {
    output::length(out, module_id());
    output::length(out, piece::STRING);
    let mut text = Vec::new();
    json.root().print(&mut text);
    output::string(out, &text);
    output::length(out, piece::END);
}

/// Goes past what a module stored.
pub(crate) fn skip_module_data(input: &mut Input<'_>) -> Result<()> {
    loop {
        match input.length()? {
            piece::END => return Ok(()),
            piece::SIGNED | piece::UNSIGNED => drop(input.length()?),
            piece::FLOAT => drop(input.bytes::<4>()?),
            piece::DOUBLE => drop(input.bytes::<8>()?),
            piece::STRING => drop(input.string()?),
            _ => return Err(input.flaw("unknown piece of a module's value")),
        }
    }
}

fn module_id() -> u64 {
    let number = |character| CHARACTERS.iter().position(|&known| known == character).unwrap_or_default();
    MODULE.bytes().fold(0, |id, character| id << 6 | number(character) as u64) << 10 | MODULE_VERSION
}

/// As `name/version`.
fn name_of(id: u64) -> String {
    let places = (0..MODULE.len()).rev();
    let name: String =
        places.map(|place| char::from(CHARACTERS[(id >> (10 + 6 * place) & 0x3f) as usize])).collect();
    format!("{name}/{}", id & 0x3ff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_in_the_number() {
        assert_eq!(name_of(module_id()), "ReJSON-RL/3");
    }
}
