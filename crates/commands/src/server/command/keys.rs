//! `COMMAND GETKEYS command [word …]`, `COMMAND GETKEYSANDFLAGS command [word …]`

use bytes::Bytes;
use latchkey_protocol::{Reply, ReplyError, Words, number};

use super::info::access_flags;
use crate::{Access, Args, Call, Key, Keys, Result, Server, Spec};

pub(super) fn names(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let words = args.rest();
    let keys = keys(words)?.into_iter();
    Ok(Reply::Array(keys.map(|key| Reply::bulk(key.name)).collect()))
}

pub(super) fn names_and_flags(_: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let words = args.rest();
    let keys = keys(words)?.into_iter();
    let pair = |key: Key<'_>| Reply::Array(vec![Reply::bulk(key.name), access_flags(key.access)]);
    Ok(Reply::Array(keys.map(pair).collect()))
}

/// The keys of a command line, which has to be one that could be run.
fn keys(words: &[Bytes]) -> Result<Vec<Key<'_>>> {
    let spec = spec_of(words)?;
    if matches!(spec.keys, Keys::None) {
        return Err(ReplyError::fixed("ERR The command has no key arguments").into());
    }
    if !spec.arity.accepts(words.len()) {
        return Err(ReplyError::fixed("ERR Invalid number of arguments specified for command").into());
    }
    if !counts_hold(&spec.keys, words) {
        return Err(ReplyError::fixed("ERR Invalid arguments specified for command").into());
    }
    Ok(spec.keys.among(words, spec.access()))
}

fn spec_of(words: &[Bytes]) -> Result<&'static Spec> {
    let words: Words = words.iter().take(2).cloned().collect();
    let command = Call::find(&words).map_err(|_| ReplyError::fixed("ERR Invalid command specified"))?;
    Ok(command.spec)
}

/// Whether there are as many keys as a number among the words says, if there is such a number.
fn counts_hold(keys: &Keys, words: &[Bytes]) -> bool {
    match *keys {
        Keys::Counted { at } => {
            let count = words.get(at).and_then(|word| number::parse_i64(word));
            count == Some(keys.among(words, Access::Read).len() as i64)
        }
        Keys::Store(sources) => counts_hold(sources, words),
        _ => true,
    }
}
