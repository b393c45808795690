//! Lists.

use latchkey_keyspace::value::List;
use latchkey_keyspace::{Str, Value, cost};

use crate::error::{Flaw, Result};
use crate::input::Input;
use crate::pack::{Item, Listpack, ListpackWriter, Ziplist};
use crate::{kind, output};

/// Redis begins another listpack rather than let one become longer than this.
const LISTPACK_BYTES_MAX: usize = 8 * 1024;

/// The form of a piece of a list: one element as it is.
const PLAIN: u64 = 1;
/// The form of a piece of a list: a listpack.
const PACKED: u64 = 2;

pub(super) fn read(input: &mut Input<'_>, kind: u8) -> Result<Value> {
    let mut items = Vec::new();
    match kind {
        kind::LIST_ZIPLIST => read_ziplist(input, &mut items)?,
        kind::LIST => {
            for _ in 0..input.length()? {
                items.push(input.item(cost::LIST_ELEMENT)?);
            }
        }
        kind::LIST_ZIPLISTS => {
            for _ in 0..input.length()? {
                read_ziplist(input, &mut items)?;
            }
        }
        _ => {
            for _ in 0..input.length()? {
                read_piece(input, &mut items)?;
            }
        }
    }
    if items.is_empty() {
        return Err(input.flaw("an empty list"));
    }
    Ok(Value::List(Box::new(List::from_iter(items))))
}

fn read_piece(input: &mut Input<'_>, items: &mut Vec<Str>) -> Result<()> {
    match input.length()? {
        PLAIN => items.push(input.item(cost::LIST_ELEMENT)?),
        PACKED => {
            let bytes = input.string()?;
            let elements = Listpack::new(&bytes).map_err(|what| input.flaw(what))?;
            collect(input, elements, items)?;
        }
        _ => return Err(input.flaw("unknown form of a piece of a list")),
    }
    Ok(())
}

fn read_ziplist(input: &mut Input<'_>, items: &mut Vec<Str>) -> Result<()> {
    let bytes = input.string()?;
    let elements = Ziplist::new(&bytes).map_err(|what| input.flaw(what))?;
    collect(input, elements, items)
}

fn collect<'p>(
    input: &mut Input<'_>,
    elements: impl Iterator<Item = Result<Item<'p>, Flaw>>,
    items: &mut Vec<Str>,
) -> Result<()> {
    for element in elements {
        let element = element.map_err(|what| input.flaw(what))?;
        input.spend(cost::LIST_ELEMENT + element.bytes())?;
        items.push(element.to_str());
    }
    Ok(())
}

pub(super) fn write(out: &mut Vec<u8>, list: &List) {
    let pieces = pieces(list);
    output::length(out, pieces.len() as u64);
    for piece in pieces {
        output::length(out, PACKED);
        output::string(out, &piece);
    }
}

/// The list in listpacks, cut as Redis cuts them.
fn pieces(list: &List) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let mut piece = ListpackWriter::new();
    for item in list.iter() {
        if !piece.is_empty() && piece.len() + item.len() > LISTPACK_BYTES_MAX {
            pieces.push(std::mem::replace(&mut piece, ListpackWriter::new()).finish());
        }
        piece.push(item);
    }
    pieces.push(piece.finish());
    pieces
}
