//! `BITOP AND | OR | XOR | NOT | DIFF | DIFF1 | ANDOR | ONE destkey key [key …]`

use latchkey_keyspace::value::Text;
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::Keys::Into;
use crate::{Access, Args, Cost, Result, Spec, Write};

pub(super) const BITOP: Spec = Spec::write("BITOP", bitop)
    .event("set")
    .summary("Combines strings bit by bit and stores the result. Shorter strings are followed by zeros.")
    .since("2.6.0")
    .arity(AtLeast(4))
    .keys(Into { at: 2, access: Access::Write })
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> MSET monday "\x0f" tuesday "\x3c"
OK
> BITOP AND both monday tuesday
(integer) 1
> GET both
"\x0c"
> BITOP ONE single monday tuesday
(integer) 1
> GET single
"3""#,
    );

fn bitop(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let operation = Operation::parse(&mut args)?;
    let (destination, sources) = (args.key()?, args.rest());
    operation.check(sources.len())?;
    let view = db.view();
    let texts = sources.iter().map(|key| Ok(view.text(key)?)).collect::<Result<Vec<_>>>()?;
    let result = operation.of(&texts);
    let length = result.len();
    if length == 0 {
        db.remove(destination);
    } else {
        db.put(destination, Text::from(result));
    }
    Ok(Reply::count(length))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// Set in all.
    And,
    /// Set in any.
    Or,
    /// Set in an odd number of them.
    Xor,
    /// Not set in the only one.
    Not,
    /// Set in the first and in none of the others.
    Diff,
    /// Set in any of the others and not in the first.
    Diff1,
    /// Set in the first and in any of the others.
    AndOr,
    /// Set in exactly one.
    One,
}

impl Operation {
    const NAMES: [(&str, Self); 8] = [
        ("AND", Self::And),
        ("OR", Self::Or),
        ("XOR", Self::Xor),
        ("NOT", Self::Not),
        ("DIFF", Self::Diff),
        ("DIFF1", Self::Diff1),
        ("ANDOR", Self::AndOr),
        ("ONE", Self::One),
    ];

    fn parse(args: &mut Args<'_>) -> Result<Self> {
        let named = Self::NAMES.into_iter().find(|(name, _)| args.option(name));
        Ok(named.ok_or(ReplyError::SYNTAX)?.1)
    }

    /// Refuses a number of sources that makes no sense.
    fn check(self, sources: usize) -> Result<()> {
        const ONE_ONLY: ReplyError =
            ReplyError::fixed("ERR BITOP NOT must be called with a single source key.");
        match self {
            Self::Not if sources != 1 => Err(ONE_ONLY.into()),
            Self::Diff | Self::Diff1 | Self::AndOr if sources < 2 => {
                let name = Self::NAMES.iter().find(|(_, named)| *named == self).map_or("", |(name, _)| name);
                let text = format!("ERR BITOP {name} must be called with at least two source keys.");
                Err(ReplyError::new(text).into())
            }
            _ => Ok(()),
        }
    }

    /// The result, as long as the longest source.
    fn of(self, sources: &[Option<&Text>]) -> Vec<u8> {
        let length = sources.iter().flatten().map(|text| text.len()).max().unwrap_or(0);
        let Some((first, others)) = sources.split_first() else { return Vec::new() };
        let mut result = padded(*first, length);
        match self {
            Self::And => others.iter().for_each(|source| and(&mut result, *source)),
            Self::Or => others.iter().for_each(|source| or(&mut result, *source)),
            Self::Xor => others.iter().for_each(|source| combine(&mut result, *source, |a, b| a ^ b)),
            Self::Not => result.iter_mut().for_each(|byte| *byte = !*byte),
            Self::Diff => zip(&mut result, &any_of(others, length), |first, any| first & !any),
            Self::Diff1 => zip(&mut result, &any_of(others, length), |first, any| any & !first),
            Self::AndOr => zip(&mut result, &any_of(others, length), |first, any| first & any),
            Self::One => keep_single(&mut result, others),
        }
        result
    }
}

/// The bytes of a source, followed by zeros.
fn padded(source: Option<&Text>, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length);
    if let Some(text) = source {
        text.with(|text| bytes.extend_from_slice(text));
    }
    bytes.resize(length, 0);
    bytes
}

/// The bits that are set in any of the sources.
fn any_of(sources: &[Option<&Text>], length: usize) -> Vec<u8> {
    let mut any = vec![0; length];
    sources.iter().for_each(|source| or(&mut any, *source));
    any
}

/// Leaves those bits of `result` that no other source has set, and adds those that only one of the others has.
fn keep_single(result: &mut [u8], others: &[Option<&Text>]) {
    let mut several = vec![0; result.len()];
    for text in others.iter().flatten() {
        text.with(|text| {
            for ((any, several), byte) in result.iter_mut().zip(&mut several).zip(text) {
                *several |= *any & byte;
                *any |= byte;
            }
        });
    }
    zip(result, &several, |any, several| any & !several);
}

fn or(result: &mut [u8], source: Option<&Text>) {
    combine(result, source, |a, b| a | b);
}

fn and(result: &mut [u8], source: Option<&Text>) {
    combine(result, source, |a, b| a & b);
    let length = source.map_or(0, Text::len);
    result[length..].fill(0);
}

/// Combines as many bytes as the source has.
fn combine(result: &mut [u8], source: Option<&Text>, operation: impl Fn(u8, u8) -> u8) {
    if let Some(text) = source {
        text.with(|text| zip(result, text, operation));
    }
}

/// The loop that compilers turn into wide instructions.
fn zip(result: &mut [u8], other: &[u8], operation: impl Fn(u8, u8) -> u8) {
    for (byte, other) in result.iter_mut().zip(other) {
        *byte = operation(*byte, *other);
    }
}
