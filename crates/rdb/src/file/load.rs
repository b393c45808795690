//! Putting what a file holds into a keyspace.

use latchkey_keyspace::Edit;

use super::{Part, Reader};
use crate::error::Result;

/// What was in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// How many keys are in the keyspace now.
    pub keys: u64,
    /// How many were past their deadline, and were left out.
    pub expired: u64,
    /// How many belong to other databases.
    pub elsewhere: u64,
    /// Keys whose values are of modules that we do not know, each with its module's type, as `name/version`.
    pub unknown: Vec<(Vec<u8>, String)>,
    /// The sources of function libraries, in order.
    pub libraries: Vec<Vec<u8>>,
}

/// Puts the keys of one database of a file into a keyspace, over what it had under the same names. If the file turns out
/// to be malformed, what came before stays: whoever does not want that takes it back.
pub fn load(reader: &mut Reader<'_>, database: u64, edit: &mut Edit<'_>) -> Result<Loaded> {
    let mut loaded = Loaded::default();
    while let Some(part) = reader.next_part()? {
        match part {
            Part::Entry { database: other, .. } | Part::Skipped { database: other, .. }
                if other != database =>
            {
                loaded.elsewhere += 1;
            }
            Part::Entry { key, value, expires_at_ms, .. } => {
                if expires_at_ms.is_some_and(|at_ms| edit.now().is_past(at_ms)) {
                    loaded.expired += 1;
                } else {
                    edit.put_until(&key, value, expires_at_ms);
                    loaded.keys += 1;
                }
            }
            Part::Skipped { key, module, .. } => loaded.unknown.push((key.to_vec(), module)),
            Part::Library(source) => loaded.libraries.push(source),
            Part::Fact { .. } => {}
        }
    }
    Ok(loaded)
}
