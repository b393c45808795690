//! Trimming, as XADD and XTRIM spell it: `MAXLEN | MINID [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]`.

use latchkey_keyspace::Open;
use latchkey_keyspace::value::Stream;
use latchkey_keyspace::value::stream::{Cut, Id};
use latchkey_protocol::ReplyError;

use super::id;
use super::ids::{References, is_referenced, release_everywhere};
use crate::{Args, Result};

const TWO_TARGETS: ReplyError =
    ReplyError::fixed("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
const NEGATIVE_LEN: ReplyError = ReplyError::fixed("ERR The MAXLEN argument must be >= 0.");
const NEGATIVE_LIMIT: ReplyError = ReplyError::fixed("ERR The LIMIT argument must be >= 0.");
const LIMIT_OF_NOTHING: ReplyError =
    ReplyError::fixed("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
const LIMIT_OF_EXACT: ReplyError =
    ReplyError::fixed("ERR syntax error, LIMIT cannot be used without the special ~ option");

/// With `~`, no more entries go at a time unless LIMIT says otherwise: a hundred full blocks.
const LIMIT_DEFAULT: usize = 10_000;

/// What is to be trimmed away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trim {
    target: Target,
    /// `~`: only what can be cut off cheaply, which is whole blocks.
    whole_blocks: bool,
    /// No more entries go.
    count_max: usize,
    references: References,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    /// All but the last so many entries.
    Len(usize),
    /// The entries before this id.
    Before(Id),
}

/// The options as they were given.
#[derive(Default)]
pub(super) struct Options {
    target: Option<Target>,
    whole_blocks: bool,
    limit: Option<usize>,
    references: Option<References>,
}

impl Options {
    /// Takes one option; whether there was one.
    pub(super) fn option(&mut self, args: &mut Args<'_>) -> Result<bool> {
        if References::option(args, &mut self.references)? {
            return Ok(true);
        }
        // Each of these has a value: one at the very end is something else.
        let has_value = args.len() >= 2;
        if has_value && args.option("MAXLEN") {
            self.begin_target(args)?;
            self.target = Some(Target::Len(size(args, NEGATIVE_LEN)?));
        } else if has_value && args.option("MINID") {
            self.begin_target(args)?;
            self.target = Some(Target::Before(id::id(args.next()?)?));
        } else if has_value && args.option("LIMIT") {
            self.limit = Some(size(args, NEGATIVE_LIMIT)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn begin_target(&mut self, args: &mut Args<'_>) -> Result<()> {
        if self.target.is_some() {
            return Err(TWO_TARGETS.into());
        }
        let has_value = args.len() >= 2;
        self.whole_blocks = has_value && args.option("~");
        if has_value && !self.whole_blocks {
            args.option("=");
        }
        Ok(())
    }

    /// The trim that they make together, if any; `needed` is the error if there has to be one.
    pub(super) fn finish(self, needed: Option<ReplyError>) -> Result<Option<Trim>> {
        match (self.target, self.limit, needed) {
            (None, Some(1..), _) => return Err(LIMIT_OF_NOTHING.into()),
            (None, _, Some(needed)) => return Err(needed.into()),
            _ => {}
        }
        if self.limit.is_some() && !self.whole_blocks {
            return Err(LIMIT_OF_EXACT.into());
        }
        let limit = if self.whole_blocks { self.limit.unwrap_or(LIMIT_DEFAULT) } else { 0 };
        Ok(self.target.map(|target| Trim {
            target,
            whole_blocks: self.whole_blocks,
            count_max: if limit == 0 { usize::MAX } else { limit },
            references: self.references.unwrap_or_default(),
        }))
    }
}

impl Trim {
    /// Trims. How many entries went.
    pub(super) fn run(self, stream: &mut Open<'_, Stream>) -> usize {
        match (self.references, stream.delivered_to_all()) {
            (References::Respect, Some(delivered)) => self.trim_acknowledged(stream, delivered),
            (References::Drop, Some(_)) => self.trim_with_references(stream),
            _ => stream.trim_before(self.cut(stream).before),
        }
    }

    /// Where to cut if references do not matter.
    fn cut(self, stream: &Stream) -> Cut {
        match self.target {
            Target::Len(len) => stream.cut_to_len(len, self.whole_blocks, self.count_max),
            Target::Before(id) if self.whole_blocks => stream.cut_blocks_before(id, self.count_max),
            Target::Before(before) => Cut { count_max: usize::MAX, before },
        }
    }

    fn trim_with_references(self, stream: &mut Open<'_, Stream>) -> usize {
        let Cut { before, .. } = self.cut(stream);
        let pending = stream.pending_from(Id::MIN).map(|(id, _)| id).take_while(|&id| id < before);
        let mut pending: Vec<Id> = pending.collect();
        pending.dedup();
        for id in pending {
            if stream.get(id).is_some() {
                release_everywhere(stream, id);
            }
        }
        stream.trim_before(before)
    }

    /// Trims entries that no group needs, and passes over the others: further back there may be more to trim.
    fn trim_acknowledged(self, stream: &mut Open<'_, Stream>, delivered: Id) -> usize {
        let (before, count_max) = match self.target {
            Target::Len(len) if !self.whole_blocks => (Id::MAX, stream.len().saturating_sub(len)),
            _ => {
                let cut = self.cut(stream);
                (cut.before, cut.count_max)
            }
        };
        let entries = stream.range(Id::MIN..=delivered).map(|entry| entry.id);
        let trimmed = entries
            .take_while(|&id| id < before)
            .filter(|&id| !is_referenced(stream, Some(delivered), id))
            .take(count_max);
        let trimmed: Vec<Id> = trimmed.collect();
        stream.trim_each(&trimmed);
        trimmed.len()
    }
}

/// A number of entries, which must not be negative.
fn size(args: &mut Args<'_>, negative: ReplyError) -> Result<usize> {
    let number = args.int()?;
    if number < 0 {
        return Err(negative.into());
    }
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}
