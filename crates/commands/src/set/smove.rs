//! `SMOVE source destination member`

use std::iter::once;

use latchkey_keyspace::Str;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::Pair;
use crate::{Args, Result, Spec, Write};

pub(super) const SMOVE: Spec = Spec::write("SMOVE", smove)
    .summary("Moves a member from one set to another, and returns whether it was in the first.")
    .since("1.0.0")
    .arity(Exactly(4))
    .keys(Pair { moves: true })
    .grows() // by the destination's key, though Redis does not flag it
    .fast()
    .example(
        r#"> SADD todo wash dry
(integer) 2
> SMOVE todo done wash
(integer) 1
> SMEMBERS done
1) "wash""#,
    );

fn smove(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (source, destination, member) = (args.key()?, args.key()?, args.next()?);
    let Some(set) = db.view().set(source)? else { return Ok(Reply::Int(0)) };
    db.view().set(destination)?;
    let found = set.contains(member);
    if found && source != destination {
        let member = Str::from(member);
        db.call_it("srem");
        if let Some(mut set) = db.set(source)? {
            set.remove(once(member.clone()));
        }
        db.call_it("sadd");
        db.set_or_new(destination)?.add(once(member));
    }
    Ok(Reply::flag(found))
}
