//! `LMOVE source destination LEFT | RIGHT LEFT | RIGHT`, its older form `RPOPLPUSH source destination`, and both with a
//! timeout: `BLMOVE source destination LEFT | RIGHT LEFT | RIGHT timeout`, `BRPOPLPUSH source destination timeout`

use latchkey_keyspace::Class;
use latchkey_keyspace::value::list::End;
use latchkey_protocol::Reply;

use super::place;
use crate::Arity::Exactly;
use crate::Keys::Pair;
use crate::{Args, Category, Result, Spec, Waits, Wanted, Write, waiting};

pub(super) const LMOVE: Spec = Spec::write("LMOVE", lmove)
    .summary("Moves an element from one end of a list to an end of another, or of the same, and returns it.")
    .since("6.2.0")
    .arity(Exactly(5))
    .keys(Pair { moves: true })
    .grows_freely()
    .example(
        r#"> RPUSH waiting a b c
(integer) 3
> LMOVE waiting running LEFT RIGHT
"a"
> LRANGE running 0 -1
1) "a""#,
    );

pub(super) const BLMOVE: Spec = Spec::write("BLMOVE", blmove)
    .summary("As LMOVE, but waits for an element if there is none, so many seconds at most; 0 is for ever.")
    .since("6.2.0")
    .arity(Exactly(6))
    .keys(Pair { moves: true })
    .grows_freely()
    .no_script()
    .waits(Waits::new(Wanted::List, waiting::seconds_at_end))
    .category(Category::Blocking)
    .example(
        r#"> RPUSH waiting a b
(integer) 2
> BLMOVE waiting running LEFT RIGHT 0.5
"a""#,
    );

pub(super) const RPOPLPUSH: Spec = Spec::write("RPOPLPUSH", rpoplpush)
    .summary("Moves the last element of a list to the front of another, or of the same, and returns it.")
    .since("1.2.0")
    .arity(Exactly(3))
    .keys(Pair { moves: true })
    .grows_freely()
    .example(
        r#"> RPUSH ring a b c
(integer) 3
> RPOPLPUSH ring ring
"c"
> LRANGE ring 0 -1
1) "c"
2) "a"
3) "b""#,
    );

pub(super) const BRPOPLPUSH: Spec = Spec::write("BRPOPLPUSH", brpoplpush)
    .summary(
        "As RPOPLPUSH, but waits for an element if there is none, so many seconds at most; 0 is for ever.",
    )
    .since("2.2.0")
    .arity(Exactly(4))
    .keys(Pair { moves: true })
    .grows_freely()
    .no_script()
    .waits(Waits::new(Wanted::List, waiting::seconds_at_end))
    .category(Category::Blocking)
    .example(
        r#"> RPUSH waiting a b
(integer) 2
> BRPOPLPUSH waiting running 0.5
"b""#,
    );

fn lmove(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (source, destination) = (args.key()?, args.key()?);
    let (from, to) = (place::end(&mut args)?, place::end(&mut args)?);
    relocate(db, (source, from), (destination, to))
}

fn blmove(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (source, destination) = (args.key()?, args.key()?);
    let (from, to) = (place::end(&mut args)?, place::end(&mut args)?);
    waiting::seconds(args.next()?, db.now())?;
    relocate(db, (source, from), (destination, to))
}

fn brpoplpush(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (source, destination) = (args.key()?, args.key()?);
    waiting::seconds(args.next()?, db.now())?;
    relocate(db, (source, End::Back), (destination, End::Front))
}

fn rpoplpush(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    relocate(db, (args.key()?, End::Back), (args.key()?, End::Front))
}

fn relocate(db: &mut Write<'_>, (source, from): (&[u8], End), (destination, to): (&[u8], End)) -> Result {
    let Some(list) = db.view().list(source)? else { return Ok(Reply::Null) };
    db.view().list(destination)?;
    // To take the only element out and put it back would lose the key's deadline on the way.
    let stays = source == destination && (from == to || list.len() == 1);
    let Some(item) = list.outermost(from).cloned() else { return Ok(Reply::Null) };
    let came = if to == End::Front { "lpush" } else { "rpush" };
    let went = if from == End::Front { "lpop" } else { "rpop" };
    if stays {
        db.tell(Class::List, came, destination);
        db.tell(Class::List, went, source);
        return Ok(Reply::Bulk(item.to_bytes()));
    }
    // In this order, because that is how Redis tells of it.
    db.call_it(came);
    db.list_or_new(destination)?.push(to, vec![item.clone()]);
    db.call_it(went);
    if let Some(mut list) = db.list(source)? {
        list.pop(from, 1);
    }
    Ok(Reply::Bulk(item.to_bytes()))
}
