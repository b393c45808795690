//! What `COMMAND INFO [command …]` says of a command.

use latchkey_protocol::Reply;

use crate::{Access, Category, Command, Growth, Keys};

/// Name, arity, flags, first key, last key, step, ACL categories, tips, key specifications, subcommands.
pub(super) fn entry(command: &Command) -> Reply {
    let spec = command.spec;
    let (first, last, step) = spec.keys.range();
    let categories = command.categories().names();
    Reply::Array(vec![
        Reply::bulk(command.full_name()),
        Reply::Int(spec.arity.signed()),
        statuses(flags(command)),
        Reply::Int(first),
        Reply::Int(last),
        Reply::Int(step),
        Reply::Set(categories.map(|name| Reply::Status(format!("@{name}").into())).collect()),
        Reply::Set(Vec::new()),
        Reply::Set(key_specs(&spec.keys, spec.access())),
        Reply::Set(command.subcommands().iter().map(entry).collect()),
    ])
}

/// The flags that the declaration implies, in Redis's order.
fn flags(command: &Command) -> impl Iterator<Item = &'static str> {
    let (spec, categories) = (command.spec, command.categories());
    let flags = [
        ("write", spec.is_write()),
        ("readonly", spec.is_read()),
        ("denyoom", spec.growth != Growth::None),
        ("admin", categories.has(Category::Admin)),
        ("pubsub", categories.has(Category::PubSub)),
        ("noscript", spec.no_script),
        ("blocking", categories.has(Category::Blocking)),
        ("fast", spec.fast),
        ("movablekeys", spec.keys.are_movable()),
    ];
    flags.into_iter().filter(|&(_, holds)| holds).map(|(name, _)| name)
}

fn statuses(names: impl Iterator<Item = &'static str>) -> Reply {
    Reply::Set(names.map(Reply::status).collect())
}

/// What a command does to a key, in the words of key specifications.
pub(super) fn access_flags(access: Access) -> Reply {
    let names: &[&str] = match access {
        Access::Read => &["RO", "access"],
        Access::Write => &["OW", "update"],
        Access::Both => &["RW", "access", "update"],
    };
    statuses(names.iter().copied())
}

/// How to find the keys among a command's words.
fn key_specs(keys: &Keys, access: Access) -> Vec<Reply> {
    let one = |at: usize, access| key_spec(access, index(at), range(0, 1));
    match *keys {
        Keys::None => Vec::new(),
        Keys::At(at) => vec![one(at, access)],
        Keys::Range { first, last, step } => {
            // Counted from the first key, unless it is counted from the end.
            let last = if last < 0 { last } else { last - first as isize };
            vec![key_spec(access, index(first), range(last as i64, step as i64))]
        }
        Keys::Counted { at } => vec![key_spec(access, index(at), counted())],
        Keys::Store(sources) => {
            let destination = one(1, Access::Write);
            std::iter::once(destination).chain(key_specs(sources, Access::Read)).collect()
        }
        Keys::Into { at, access } => {
            vec![one(at, access), key_spec(Access::Read, index(at + 1), range(-1, 1))]
        }
        Keys::Pair { moves } => {
            let source = if moves { Access::Both } else { Access::Read };
            vec![one(1, source), one(2, Access::Write)]
        }
        Keys::By(_) => vec![unknown(access)],
        Keys::AtAndBy(at, _) => vec![one(at, Access::Read), unknown(Access::Write)],
    }
}

fn key_spec(access: Access, begin_search: Reply, find_keys: Reply) -> Reply {
    Reply::Map(vec![
        (Reply::bulk("flags"), access_flags(access)),
        (Reply::bulk("begin_search"), begin_search),
        (Reply::bulk("find_keys"), find_keys),
    ])
}

/// Only the command itself can tell; COMMAND GETKEYS asks it.
fn unknown(access: Access) -> Reply {
    key_spec(access, typed("unknown", &[]), typed("unknown", &[]))
}

fn index(at: usize) -> Reply {
    typed("index", &[("index", at as i64)])
}

fn range(last: i64, step: i64) -> Reply {
    typed("range", &[("lastkey", last), ("keystep", step), ("limit", 0)])
}

/// The first word says how many keys follow it.
fn counted() -> Reply {
    typed("keynum", &[("keynumidx", 0), ("firstkey", 1), ("keystep", 1)])
}

fn typed(kind: &str, fields: &[(&str, i64)]) -> Reply {
    let fields = fields.iter().map(|&(name, value)| (Reply::bulk(name), Reply::Int(value))).collect();
    Reply::Map(vec![(Reply::bulk("type"), Reply::bulk(kind)), (Reply::bulk("spec"), Reply::Map(fields))])
}
