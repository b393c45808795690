//! `PFMERGE destkey [sourcekey …]`

use latchkey_keyspace::Class;
use latchkey_protocol::Reply;

use super::sketch::{Sketch, Union, View};
use crate::Arity::AtLeast;
use crate::Keys::Into;
use crate::{Access, Args, Cost, Result, Spec, Write};

pub(super) const PFMERGE: Spec = Spec::write("PFMERGE", pfmerge)
    .no_event()
    .summary("Adds to a HyperLogLog all that was added to others. Creates the key if it doesn't exist.")
    .since("2.8.9")
    .arity(AtLeast(2))
    .keys(Into { at: 1, access: Access::Both })
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> PFADD monday ann bob
(integer) 1
> PFADD tuesday bob dan
(integer) 1
> PFMERGE week monday tuesday
OK
> PFCOUNT week
(integer) 3"#,
    );

fn pfmerge(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let keys = args.rest();
    let mut union = Union::new();
    for key in keys {
        if let Some(text) = db.view().text(key)? {
            text.with(|bytes| union.add(View::of(bytes)?))?;
        }
    }
    let Some(destination) = keys.first() else { return Ok(Reply::OK) };
    let mut sketch =
        db.view().text(destination)?.map_or_else(|| Ok(Sketch::new()), |text| text.with(Sketch::read))?;
    if union.is_dense {
        sketch.make_dense()?;
    }
    for (register, rank) in union.ranked() {
        sketch.raise(register, rank)?;
    }
    db.text_or_new(destination)?.replace(&sketch.into_bytes());
    db.tell(Class::Text, "pfadd", destination); // as in Redis, also where nothing is new
    Ok(Reply::OK)
}
