//! `SPOP key [count]`

use std::iter::once;

use latchkey_keyspace::Class;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::counts::count;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const SPOP: Spec = Spec::write("SPOP", spop)
    .summary("Removes and returns a member of a set, or several, drawn at random.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .cost(Cost::Values)
    .fast()
    .example(
        r#"> SADD tickets 17
(integer) 1
> SPOP tickets
"17"
> SPOP tickets
(nil)"#,
    );

fn spop(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    match args.len() {
        0 => pop_one(db, key),
        1 => pop_many(db, key, count(&mut args, 0, ReplyError::MUST_BE_POSITIVE)?),
        _ => Err(ReplyError::SYNTAX.into()),
    }
}

fn pop_one(db: &mut Write<'_>, key: &[u8]) -> Result {
    let mut chance = db.chance.fork(); // the view borrows `db`
    let member = db.view().set(key)?.and_then(|set| set.random(&mut chance));
    if let (Some(member), Some(mut set)) = (&member, db.set(key)?) {
        set.remove(once(member.clone()));
    }
    Ok(Reply::or_null(member.map(|member| Reply::Bulk(member.to_bytes()))))
}

fn pop_many(db: &mut Write<'_>, key: &[u8], count: usize) -> Result {
    let mut chance = db.chance.fork(); // the view borrows `db`
    let Some(set) = db.view().set(key)? else { return Ok(Reply::Set(Vec::new())) };
    let takes_all = count >= set.len();
    let drawn = set.sample(count, &mut chance);
    let reply = Reply::Set(super::bulks(drawn.iter().cloned()));
    if takes_all {
        db.tell(Class::Set, "spop", key);
        db.remove(key);
    } else if let Some(mut set) = db.set(key)? {
        set.remove(drawn.into_iter());
    }
    Ok(reply)
}
