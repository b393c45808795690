//! `AROP key start end (SUM | MIN | MAX | AND | OR | XOR | USED | MATCH value)`

use latchkey_keyspace::Str;
use latchkey_protocol::{Reply, ReplyError};

use super::place::Places;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::decimal::Number;
use crate::{Args, Cost, Read, Result, Spec};

pub(super) const AROP: Spec = Spec::read("AROP", arop)
    .summary("Sums up, compares or counts the elements of an array from one place to another.")
    .since("8.8.0")
    .arity(AtLeast(5))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> ARSET readings 0 20.5 unknown 21
(integer) 3
> AROP readings 0 9 SUM
"41.5"
> AROP readings 0 9 MAX
"21"
> AROP readings 0 9 USED
(integer) 3
> AROP readings 0 9 MATCH unknown
(integer) 1"#,
    );

/// What is made of the elements.
#[derive(Clone, Copy, Debug)]
enum Operation<'a> {
    /// Of those that are numbers.
    Sum,
    Min,
    Max,
    /// Of those that are numbers whose whole part has 64 bits.
    And,
    Or,
    Xor,
    /// How many there are.
    Used,
    /// How many are this.
    Match(&'a [u8]),
}

fn arop(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let (key, places) = (args.key()?, Places::read(&mut args)?);
    let operation = Operation::read(&mut args)?;
    let elements = db.array(key)?.into_iter().flat_map(|array| array.range(places.range()));
    Ok(operation.of(elements.map(|(_, item)| item)))
}

impl<'a> Operation<'a> {
    fn read(args: &mut Args<'a>) -> Result<Self> {
        let operation = match args.next()?.to_ascii_uppercase().as_slice() {
            b"SUM" => Self::Sum,
            b"MIN" => Self::Min,
            b"MAX" => Self::Max,
            b"AND" => Self::And,
            b"OR" => Self::Or,
            b"XOR" => Self::Xor,
            b"USED" => Self::Used,
            b"MATCH" if args.len() == 1 => return Ok(Self::Match(args.next()?)),
            b"MATCH" => return Err(ReplyError::fixed("ERR MATCH requires a value argument").into()),
            _ => return Err(ReplyError::fixed("ERR unknown operation").into()),
        };
        if args.is_empty() { Ok(operation) } else { Err(ReplyError::wrong_arity("arop").into()) }
    }

    fn of<'i>(self, items: impl Iterator<Item = &'i Str>) -> Reply {
        match self {
            Self::Sum => number(numbers(items).reduce(Number::and)),
            Self::Min => number(
                numbers(items).reduce(|least, next| if next.is_less_than(least) { next } else { least }),
            ),
            Self::Max => {
                number(numbers(items).reduce(|most, next| if most.is_less_than(next) { next } else { most }))
            }
            Self::And => bits(items, |bits, next| bits & next),
            Self::Or => bits(items, |bits, next| bits | next),
            Self::Xor => bits(items, |bits, next| bits ^ next),
            Self::Used => Reply::count(items.count()),
            Self::Match(value) => Reply::count(items.filter(|item| item.as_slice() == value).count()),
        }
    }
}

fn numbers<'i>(items: impl Iterator<Item = &'i Str>) -> impl Iterator<Item = Number> {
    items.filter_map(|item| Number::parse(item))
}

fn number(result: Option<Number>) -> Reply {
    Reply::or_null(result.map(|number| Reply::bulk(number.print_general())))
}

fn bits<'i>(items: impl Iterator<Item = &'i Str>, combine: fn(i64, i64) -> i64) -> Reply {
    Reply::or_null(numbers(items).filter_map(Number::truncated).reduce(combine).map(Reply::Int))
}
