//! What XREAD and XREADGROUP have in common: `[COUNT count] [BLOCK milliseconds] STREAMS key [key …] id [id …]`.

use bytes::Bytes;
use latchkey_keyspace::Now;
use latchkey_protocol::{Reply, ReplyError};

use crate::{Access, Args, Key, Patience, Result, waiting};

/// Which of the two is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// XREAD
    Anyone,
    /// XREADGROUP
    Consumer,
}

/// What is to be read.
pub(super) struct Request<'a> {
    /// No more entries of each stream.
    pub(super) count: usize,
    /// The group and the consumer, if they were given.
    pub(super) consumer: Option<(&'a [u8], &'a [u8])>,
    /// Whether entries count as acknowledged at once.
    pub(super) acknowledged: bool,
    /// Keys, each with the word that says from where on.
    pub(super) streams: Vec<(&'a Bytes, &'a Bytes)>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(args: &mut Args<'a>, reader: Reader, now: Now) -> Result<Self> {
        let mut request =
            Self { count: usize::MAX, consumer: None, acknowledged: false, streams: Vec::new() };
        loop {
            if args.option("STREAMS") {
                request.streams = streams(args.rest(), reader)?;
                return Ok(request);
            }
            request.option(args, reader, now)?;
        }
    }

    fn option(&mut self, args: &mut Args<'a>, reader: Reader, now: Now) -> Result<()> {
        if args.option("COUNT") {
            let count = usize::try_from(args.int()?).unwrap_or(0);
            self.count = if count == 0 { usize::MAX } else { count };
        } else if args.option("BLOCK") {
            waiting::milliseconds(args.next()?, now)?;
        } else if args.len() > 2 && args.option("GROUP") {
            check_reader(reader, "GROUP")?;
            self.consumer = Some((args.next()?, args.next()?));
        } else if args.option("NOACK") {
            check_reader(reader, "NOACK")?;
            self.acknowledged = true;
        } else {
            return Err(ReplyError::SYNTAX.into());
        }
        Ok(())
    }
}

fn check_reader(reader: Reader, option: &str) -> Result<()> {
    match reader {
        Reader::Consumer => Ok(()),
        Reader::Anyone => Err(ReplyError::new(format!(
            "ERR The {option} option is only supported by XREADGROUP. You called XREAD instead."
        ))
        .into()),
    }
}

/// Keys with ids, out of the words after STREAMS.
fn streams(words: &[Bytes], reader: Reader) -> Result<Vec<(&Bytes, &Bytes)>> {
    let (keys, ids) = words.split_at(words.len() / 2);
    if keys.is_empty() && ids.is_empty() {
        return Err(ReplyError::SYNTAX.into());
    }
    if keys.len() != ids.len() {
        return Err(unbalanced(reader));
    }
    Ok(keys.iter().zip(ids).collect())
}

fn unbalanced(reader: Reader) -> crate::Error {
    let (name, id) = match reader {
        Reader::Anyone => ("xread", "ID, '+', or '$'"),
        Reader::Consumer => ("xreadgroup", "ID or '>'"),
    };
    ReplyError::new(format!(
        "ERR Unbalanced '{name}' list of streams: for each stream key an {id} must be specified."
    ))
    .into()
}

/// The streams that had something, with what they had.
pub(super) fn answer(read: Vec<(Reply, Reply)>) -> Reply {
    if read.is_empty() { Reply::NullArray } else { Reply::NestedMap(read) }
}

/// The keys of XREAD.
pub(super) fn keys_read(words: &[Bytes]) -> Vec<Key<'_>> {
    keys(words, Access::Read)
}

/// The keys of XREADGROUP.
pub(super) fn keys_read_by_group(words: &[Bytes]) -> Vec<Key<'_>> {
    keys(words, Access::Both)
}

fn keys(words: &[Bytes], access: Access) -> Vec<Key<'_>> {
    let after = after_options(words).unwrap_or(&[]);
    let (keys, ids) = after.split_at(after.len() / 2);
    let keys = if keys.len() == ids.len() { keys } else { &[] };
    keys.iter().map(|name| Key { name, access }).collect()
}

/// How long BLOCK has them wait.
pub(super) fn patience(words: &[Bytes]) -> Option<Patience> {
    let [milliseconds, ..] = after_option(words, "BLOCK")? else { return None };
    waiting::milliseconds(milliseconds, Now::BEFORE_ALL).ok()
}

/// The group for which XREADGROUP reads.
pub(super) fn group(words: &[Bytes]) -> Option<&[u8]> {
    after_option(words, "GROUP")?.first().map(AsRef::as_ref)
}

/// The words after STREAMS, which may also be the name of a group or a consumer.
fn after_options(words: &[Bytes]) -> Option<&[Bytes]> {
    after_option(words, "STREAMS")
}

/// The words after this option, if it is there.
fn after_option<'a>(words: &'a [Bytes], option: &str) -> Option<&'a [Bytes]> {
    let mut at = 1;
    loop {
        let word = words.get(at)?;
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        at += match () {
            () if is(option) => return words.get(at + 1..),
            () if is("COUNT") || is("BLOCK") => 2,
            () if is("GROUP") => 3,
            () if is("NOACK") => 1,
            () => return None,
        };
    }
}
