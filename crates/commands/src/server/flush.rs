//! `FLUSHDB [ASYNC | SYNC]`, `FLUSHALL [ASYNC | SYNC]`

use latchkey_protocol::Reply;

use crate::Arity::AtLeast;
use crate::{Args, Category, Result, Spec, Write};

pub(super) const FLUSHDB: Spec = Spec::write("FLUSHDB", flush)
    .summary("Removes all keys.")
    .since("1.0.0")
    .arity(AtLeast(1))
    .reaches_all()
    .category(Category::Keyspace)
    .category(Category::Dangerous)
    .example("> SET k v\nOK\n> FLUSHDB\nOK\n> GET k\n(nil)");

pub(super) const FLUSHALL: Spec = Spec::write("FLUSHALL", flush)
    .summary("Removes all keys: the same as FLUSHDB, since there is one logical database.")
    .since("1.0.0")
    .arity(AtLeast(1))
    .reaches_all()
    .category(Category::Keyspace)
    .category(Category::Dangerous)
    .example("> SET k v\nOK\n> FLUSHALL ASYNC\nOK\n> GET k\n(nil)");

/// The keys are gone at once either way; freeing their memory never keeps anybody waiting.
fn flush(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let _ = args.option("ASYNC") || args.option("SYNC");
    args.done()?;
    db.clear();
    Ok(Reply::OK)
}
