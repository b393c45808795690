//! `ARGREP key start end (EXACT value | MATCH text | GLOB pattern | RE pattern) […] [AND | OR] [NOCASE] [WITHVALUES]
//! [LIMIT count]`

use latchkey_keyspace::value::Array;
use latchkey_protocol::{Reply, ReplyError};

use super::pattern::{Predicate, Search};
use super::place::{Places, place};
use super::{arscan, pair, unsigned};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const ARGREP: Spec = Spec::read("ARGREP", argrep)
    .summary("Finds the elements of an array that are, contain or match something, and returns their places.")
    .since("8.8.0")
    .arity(AtLeast(6))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ARINSERT log "boot ok" "disk full" "Disk failing" "boot ok"
(integer) 3
> ARGREP log - + EXACT "boot ok"
1) (integer) 0
2) (integer) 3
> ARGREP log + - MATCH disk GLOB "*ing" AND NOCASE WITHVALUES
1) 1) (integer) 2
   2) "Disk failing"
> ARGREP log - + RE "^boot|full$" LIMIT 2
1) (integer) 0
2) (integer) 1"#,
    );

fn argrep(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, start, end) = (args.key()?, Bound::read(args.next()?)?, Bound::read(args.next()?)?);
    let options = Options::read(&mut args)?;
    let mut search = Search::new(&options.predicates, options.all, options.nocase)?;
    let Some(array) = db.array(key)? else { return Ok(Reply::Array(Vec::new())) };
    let places = Places { start: start.of(array), end: end.of(array) };
    let mut found = Vec::new();
    for (index, item) in places.elements(array) {
        if search.accepts(item)? {
            found.push(if options.with_values { pair((index, item)) } else { unsigned(index) });
        }
        if found.len() == options.limit {
            break;
        }
    }
    Ok(Reply::Array(found))
}

/// Where a range begins or ends.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// `-`: at place 0.
    First,
    /// `+`: at the last place that is used.
    Last,
    At(u64),
}

impl Bound {
    fn read(word: &[u8]) -> Result<Self> {
        Ok(match word {
            b"-" => Self::First,
            b"+" => Self::Last,
            word => Self::At(place(word)?),
        })
    }

    fn of(self, array: &Array) -> u64 {
        match self {
            Self::First => 0,
            Self::Last => array.span().saturating_sub(1),
            Self::At(index) => index,
        }
    }
}

/// What is looked for. Predicates and options come in any order; of options that exclude each other the last one counts.
struct Options<'a> {
    predicates: Vec<Predicate<'a>>,
    /// Whether all predicates have to hold, and not any.
    all: bool,
    nocase: bool,
    with_values: bool,
    limit: usize,
}

impl<'a> Options<'a> {
    fn read(args: &mut Args<'a>) -> Result<Self> {
        let mut options =
            Self { predicates: Vec::new(), all: false, nocase: false, with_values: false, limit: usize::MAX };
        while !args.is_empty() {
            match Predicate::read(args, options.predicates.len())? {
                Some(predicate) => options.predicates.push(predicate),
                None => options.read_option(args)?,
            }
        }
        if options.predicates.is_empty() { Err(ReplyError::SYNTAX.into()) } else { Ok(options) }
    }

    fn read_option(&mut self, args: &mut Args<'a>) -> Result<()> {
        match args.next()?.to_ascii_uppercase().as_slice() {
            b"LIMIT" => self.limit = arscan::positive(args)?,
            b"WITHVALUES" => self.with_values = true,
            b"NOCASE" => self.nocase = true,
            b"AND" => self.all = true,
            b"OR" => self.all = false,
            _ => return Err(ReplyError::SYNTAX.into()),
        }
        Ok(())
    }
}
