//! `ARINFO key [FULL]`

use latchkey_keyspace::value::Array;
use latchkey_keyspace::value::array::{INDEX_MAX, Layout};
use latchkey_protocol::{Reply, ReplyError};

use super::unsigned;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ARINFO: Spec = Spec::read("ARINFO", arinfo)
    .summary("Tells how large an array is, where its cursor is, and how it is laid out.")
    .since("8.8.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ARINSERT log started ready
(integer) 1
> ARINFO log
 1) "count"
 2) (integer) 2
 3) "len"
 4) (integer) 2
 5) "next-insert-index"
 6) (integer) 2
 7) "slices"
 8) (integer) 1
 9) "directory-size"
10) (integer) 1
11) "super-dir-entries"
12) (integer) 0
13) "slice-size"
14) (integer) 64"#,
    );

fn arinfo(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let is_full = args.option("FULL");
    args.done()?;
    let array = db.array(key)?.ok_or(ReplyError::NO_SUCH_KEY)?;
    let mut facts = facts(array).to_vec();
    if is_full {
        facts.extend(layout(array.layout()));
    }
    Ok(Reply::Map(facts.into_iter().map(|(name, fact)| (Reply::bulk(name), fact)).collect()))
}

type Fact = (&'static str, Reply);

/// Redis's slices are our pages. All of them are in one directory.
fn facts(array: &Array) -> [Fact; 7] {
    let next = array.cursor().filter(|&last| last < INDEX_MAX).map_or(0, |last| last + 1);
    [
        ("count", Reply::count(array.len())),
        ("len", unsigned(array.span())),
        ("next-insert-index", unsigned(next)),
        ("slices", Reply::count(array.pages())),
        ("directory-size", Reply::count(array.pages())),
        ("super-dir-entries", Reply::Int(0)),
        ("slice-size", unsigned(Array::PAGE_PLACES)),
    ]
}

/// A page is dense if it has no gaps.
fn layout(layout: Layout) -> [Fact; 5] {
    let has_dense = layout.full_pages > 0;
    let places = Array::PAGE_PLACES as f64;
    let capacity = layout.other_capacity as f64 / layout.other_pages.max(1) as f64;
    [
        ("dense-slices", Reply::count(layout.full_pages)),
        ("sparse-slices", Reply::count(layout.other_pages)),
        ("avg-dense-size", Reply::Double(if has_dense { places } else { 0.0 })),
        ("avg-dense-fill", Reply::Double(if has_dense { 1.0 } else { 0.0 })),
        ("avg-sparse-size", Reply::Double(capacity)),
    ]
}
