//! `PFADD key [element …]`

use latchkey_protocol::Reply;

use super::sketch::Sketch;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write};

pub(super) const PFADD: Spec = Spec::write("PFADD", pfadd)
    .summary("Adds elements to a HyperLogLog. Creates the key if it doesn't exist.")
    .since("2.8.9")
    .arity(AtLeast(2))
    .keys(At(1))
    .grows_freely()
    .fast()
    .example(
        r#"> PFADD visitors ann bob cid
(integer) 1
> PFADD visitors ann bob
(integer) 0
> PFCOUNT visitors
(integer) 3"#,
    );

fn pfadd(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let (mut sketch, mut changed) = match db.view().text(key)? {
        Some(text) => (text.with(Sketch::read)?, false),
        None => (Sketch::new(), true),
    };
    for element in args.rest() {
        changed |= sketch.add(element)?;
    }
    if changed {
        db.text_or_new(key)?.replace(&sketch.into_bytes());
    }
    Ok(Reply::flag(changed))
}
