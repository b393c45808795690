//! `LCS key1 key2 [LEN] [IDX] [MINMATCHLEN length] [WITHMATCHLEN]`

use bytes::Bytes;
use latchkey_keyspace::value::Text;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::Range;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const LCS: Spec = Spec::read("LCS", lcs)
    .summary("Finds the longest common subsequence of two strings.")
    .since("7.0.0")
    .arity(AtLeast(3))
    .keys(Range { first: 1, last: 2, step: 1 })
    .cost(Cost::Values)
    .example(
        r#"> MSET one ohmytext two mynewtext
OK
> LCS one two
"mytext"
> LCS one two LEN
(integer) 6
> LCS one two IDX MINMATCHLEN 4 WITHMATCHLEN
1) "matches"
2) 1) 1) 1) (integer) 4
         2) (integer) 7
      2) 1) (integer) 5
         2) (integer) 8
      3) (integer) 4
3) "len"
4) (integer) 6"#,
    );

fn lcs(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (one, other) = (args.key()?, args.key()?);
    let pair = Pair { one: text(db, one)?, other: text(db, other)? };
    let options = Options::parse(&mut args)?;
    pair.check_size()?;
    if options.only_length {
        return Ok(Reply::count(pair.fill(|_| {})));
    }
    let runs = pair.runs();
    Ok(if options.positions { options.show(&runs) } else { Reply::Bulk(pair.common(&runs)) })
}

fn text(db: &Read<'_>, key: &[u8]) -> Result<Bytes> {
    let not_strings = ReplyError::fixed("ERR The specified keys must contain string values");
    Ok(db.text(key).map_err(|_| not_strings)?.map(Text::to_bytes).unwrap_or_default())
}

#[derive(Default)]
struct Options {
    only_length: bool,
    positions: bool,
    run_length_min: i64,
    run_lengths: bool,
}

impl Options {
    fn parse(args: &mut Args<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !args.is_empty() {
            if args.option("LEN") {
                options.only_length = true;
            } else if args.option("IDX") {
                options.positions = true;
            } else if args.option("WITHMATCHLEN") {
                options.run_lengths = true;
            } else if args.option("MINMATCHLEN") {
                options.run_length_min = args.int()?;
            } else {
                return Err(ReplyError::SYNTAX.into());
            }
        }
        if options.only_length && options.positions {
            let text = "ERR If you want both the length and indexes, please just use IDX.";
            return Err(ReplyError::fixed(text).into());
        }
        Ok(options)
    }

    /// The runs that are long enough, and the length of all of them.
    fn show(&self, runs: &[Run]) -> Reply {
        let length = runs.iter().map(|run| run.length).sum();
        let long_enough = runs.iter().filter(|run| run.length as i64 >= self.run_length_min);
        let matches = long_enough.map(|run| run.show(self.run_lengths)).collect();
        Reply::Map(vec![
            (Reply::bulk("matches"), Reply::Array(matches)),
            (Reply::bulk("len"), Reply::count(length)),
        ])
    }
}

/// A part of the common subsequence that is contiguous in both strings: where it begins in each.
struct Run {
    one: usize,
    other: usize,
    length: usize,
}

impl Run {
    fn show(&self, with_length: bool) -> Reply {
        let span = |first| Reply::Array(vec![Reply::count(first), Reply::count(first + self.length - 1)]);
        let mut shown = vec![span(self.one), span(self.other)];
        if with_length {
            shown.push(Reply::count(self.length));
        }
        Reply::Array(shown)
    }
}

struct Pair {
    one: Bytes,
    other: Bytes,
}

impl Pair {
    /// Refuses strings for which Redis would refuse to make its table, of four bytes for each pair of positions. Ours
    /// is smaller, but filling it takes as long.
    fn check_size(&self) -> Result<()> {
        const TABLE_BYTES_MAX: u64 = 512 * 1024 * 1024;
        let positions = |text: &Bytes| text.len() as u64 + 1;
        let bytes = positions(&self.one).saturating_mul(positions(&self.other)).saturating_mul(4);
        if bytes <= TABLE_BYTES_MAX {
            return Ok(());
        }
        let text = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
        Err(ReplyError::fixed(text).into())
    }

    /// The length of the common subsequence. Calls `shorten_one` with every cell (row by row, a row for each byte of
    /// `one`) where the bytes differ and dropping the one of `one` loses less than dropping the one of `other`.
    fn fill(&self, mut shorten_one: impl FnMut(usize)) -> usize {
        let mut row = vec![0_u32; self.other.len() + 1];
        for (i, byte) in self.one.iter().enumerate() {
            let mut diagonal = 0;
            for (j, other) in self.other.iter().enumerate() {
                let (above, before) = (row[j + 1], row[j]);
                row[j + 1] = if byte == other {
                    diagonal + 1
                } else {
                    if above > before {
                        shorten_one(i * self.other.len() + j);
                    }
                    above.max(before)
                };
                diagonal = above;
            }
        }
        row[self.other.len()] as usize
    }

    /// The runs of the common subsequence, last first.
    fn runs(&self) -> Vec<Run> {
        let mut shorten_one = vec![0_u64; (self.one.len() * self.other.len()).div_ceil(64)];
        self.fill(|cell| shorten_one[cell / 64] |= 1 << (cell % 64));
        let mut runs: Vec<Run> = Vec::new();
        let (mut i, mut j) = (self.one.len(), self.other.len());
        while i > 0 && j > 0 {
            let cell = (i - 1) * self.other.len() + j - 1;
            if self.one[i - 1] == self.other[j - 1] {
                (i, j) = (i - 1, j - 1);
                match runs.last_mut().filter(|run| (run.one, run.other) == (i + 1, j + 1)) {
                    Some(run) => *run = Run { one: i, other: j, length: run.length + 1 },
                    None => runs.push(Run { one: i, other: j, length: 1 }),
                }
            } else if shorten_one[cell / 64] & 1 << (cell % 64) != 0 {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        runs
    }

    /// The common subsequence itself.
    fn common(&self, runs: &[Run]) -> Bytes {
        let parts = runs.iter().rev().map(|run| &self.one[run.one..run.one + run.length]);
        parts.collect::<Vec<_>>().concat().into()
    }
}
