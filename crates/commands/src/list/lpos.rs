//! `LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]`

use latchkey_keyspace::Str;
use latchkey_keyspace::value::List;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::counts::{count, signed_count};
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const LPOS: Spec = Spec::read("LPOS", lpos)
    .summary("Returns the index of the first element that equals a value, or of several.")
    .since("6.0.6")
    .arity(AtLeast(3))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> RPUSH queue a b c a b
(integer) 5
> LPOS queue b
(integer) 1
> LPOS queue b RANK -1
(integer) 4
> LPOS queue a COUNT 0
1) (integer) 0
2) (integer) 3"#,
    );

const RANK_ZERO: ReplyError = ReplyError::fixed(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start \
     from the end of the list",
);
const COUNT_NEGATIVE: ReplyError = ReplyError::fixed("ERR COUNT can't be negative");
const MAXLEN_NEGATIVE: ReplyError = ReplyError::fixed("ERR MAXLEN can't be negative");

fn lpos(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, item) = (args.key()?, args.next()?);
    let search = Search::parse(&mut args)?;
    let list = db.list(key)?;
    let mut found = list.map_or(Vec::new(), |list| search.run(list, item)).into_iter().map(Reply::count);
    Ok(match search.count {
        Some(_) => Reply::Array(found.collect()),
        None => Reply::or_null(found.next()),
    })
}

struct Search {
    /// How many matches are passed over.
    skipped: usize,
    from_back: bool,
    /// How many matches are wanted, 0 for all; one, not in an array, if the option is not given.
    count: Option<usize>,
    /// How many elements are compared at most.
    compared_max: usize,
}

impl Search {
    fn parse(args: &mut Args<'_>) -> Result<Self> {
        let mut search = Self { skipped: 0, from_back: false, count: None, compared_max: usize::MAX };
        while !args.is_empty() {
            if args.option("RANK") {
                let (rank, from_back) = signed_count(args)?;
                search.skipped = rank.checked_sub(1).ok_or(RANK_ZERO)?;
                search.from_back = from_back;
            } else if args.option("COUNT") {
                search.count = Some(count(args, 0, COUNT_NEGATIVE)?);
            } else if args.option("MAXLEN") {
                search.compared_max = or_all(count(args, 0, MAXLEN_NEGATIVE)?);
            } else {
                return Err(ReplyError::SYNTAX.into());
            }
        }
        Ok(search)
    }

    /// The indexes of the matches, in the order in which they are found.
    fn run(&self, list: &List, item: &[u8]) -> Vec<usize> {
        let items = list.iter().enumerate();
        if self.from_back { self.among(items.rev(), item) } else { self.among(items, item) }
    }

    fn among<'a>(&self, items: impl Iterator<Item = (usize, &'a Str)>, item: &[u8]) -> Vec<usize> {
        let matches = items.take(self.compared_max).filter(|(_, other)| ***other == *item);
        let wanted = self.count.map_or(1, or_all);
        matches.map(|(index, _)| index).skip(self.skipped).take(wanted).collect()
    }
}

/// 0 means all.
fn or_all(count: usize) -> usize {
    if count == 0 { usize::MAX } else { count }
}
