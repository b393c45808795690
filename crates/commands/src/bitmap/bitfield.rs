//! `BITFIELD key [GET type offset | [OVERFLOW WRAP | SAT | FAIL] SET type offset value | INCRBY type offset n …]`, and
//! `BITFIELD_RO key [GET type offset …]`

use latchkey_keyspace::value::Text;
use latchkey_keyspace::{Open, View};
use latchkey_protocol::{Reply, ReplyError};

use super::field::{Field, Overflow};
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec, Write};

pub(super) const BITFIELD: Spec = Spec::write("BITFIELD", bitfield)
    .event("setbit")
    .summary("Reads and writes integers of any width at any bit of a string.")
    .since("3.2.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .grows_freely()
    .example(
        r#"> BITFIELD player SET u8 #0 200 GET u4 0
1) (integer) 0
2) (integer) 12
> BITFIELD player OVERFLOW SAT INCRBY u8 #0 100 OVERFLOW FAIL INCRBY u8 #0 1
1) (integer) 255
2) (nil)"#,
    );

pub(super) const BITFIELD_RO: Spec = Spec::read("BITFIELD_RO", bitfield_ro)
    .summary("Reads integers of any width at any bit of a string.")
    .since("6.0.0")
    .arity(AtLeast(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> SET bytes "\x01\x80"
OK
> BITFIELD_RO bytes GET u8 0 GET i8 8
1) (integer) 1
2) (integer) -128"#,
    );

fn bitfield(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, steps) = (args.key()?, Step::parse_all(args)?);
    let Some(length) = steps.iter().filter_map(Step::needs_bytes).max() else {
        return read(db.view(), key, &steps);
    };
    let old_length = db.view().text(key)?.map_or(0, Text::len);
    db.check_text_len(length.max(old_length) as u64)?;
    let mut text = db.text_or_new(key)?;
    text.extend_to(length);
    Ok(Reply::Array(steps.iter().map(|step| step.run(&mut text)).collect()))
}

fn bitfield_ro(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    const ONLY_GET: ReplyError = ReplyError::fixed("ERR BITFIELD_RO only supports the GET subcommand");
    let (key, steps) = (args.key()?, Step::parse_all(args)?);
    if steps.iter().any(|step| step.needs_bytes().is_some()) {
        return Err(ONLY_GET.into());
    }
    read(**db, key, &steps)
}

/// Runs steps that only read.
fn read(view: View<'_>, key: &[u8], steps: &[Step]) -> Result {
    let values = |bytes: &[u8]| steps.iter().map(|step| int(step.field.get(bytes))).collect();
    Ok(Reply::Array(view.text(key)?.map_or_else(|| values(&[]), |text| text.with(values))))
}

/// A subcommand.
#[derive(Clone, Copy, Debug)]
struct Step {
    field: Field,
    action: Action,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Get,
    /// Writes a value, answers the old one.
    Set(i64, Overflow),
    /// Adds to the value, answers the sum.
    Increment(i64, Overflow),
}

impl Step {
    fn parse_all(mut args: Args<'_>) -> Result<Vec<Self>> {
        let (mut steps, mut overflow) = (Vec::new(), Overflow::default());
        while !args.is_empty() {
            if args.len() > 1 && args.option("OVERFLOW") {
                overflow = parse_overflow(&mut args)?;
            } else {
                steps.push(Self::parse(&mut args, overflow)?);
            }
        }
        Ok(steps)
    }

    fn parse(args: &mut Args<'_>, overflow: Overflow) -> Result<Self> {
        if args.len() > 2 && args.option("GET") {
            return Ok(Self { field: Field::parse(args)?, action: Action::Get });
        }
        let action = if args.len() > 3 && args.option("SET") {
            Action::Set
        } else if args.len() > 3 && args.option("INCRBY") {
            Action::Increment
        } else {
            return Err(ReplyError::SYNTAX.into());
        };
        Ok(Self { field: Field::parse(args)?, action: action(args.int()?, overflow) })
    }

    /// How long the string has to be, if the step writes.
    fn needs_bytes(&self) -> Option<usize> {
        match self.action {
            Action::Get => None,
            Action::Set(..) | Action::Increment(..) => Some(self.field.end_bytes()),
        }
    }

    fn run(&self, text: &mut Open<'_, Text>) -> Reply {
        let (field, old) = (self.field, text.with(|bytes| self.field.get(bytes)));
        let new = match self.action {
            Action::Get => return int(old),
            Action::Set(value, overflow) => field.kind().fit(field.kind().read(value), overflow),
            Action::Increment(by, overflow) => field.kind().fit(old + i128::from(by), overflow),
        };
        let Some(new) = new else { return Reply::Null };
        if new != old {
            let (at, bytes) = text.with(|bytes| field.with(bytes, new));
            text.write(at, &bytes);
        }
        int(if matches!(self.action, Action::Set(..)) { old } else { new })
    }
}

fn parse_overflow(args: &mut Args<'_>) -> Result<Overflow> {
    const NO_SUCH_TYPE: ReplyError = ReplyError::fixed("ERR Invalid OVERFLOW type specified");
    let names = [("WRAP", Overflow::Wrap), ("SAT", Overflow::Saturate), ("FAIL", Overflow::Fail)];
    let named = names.into_iter().find(|(name, _)| args.option(name));
    Ok(named.ok_or(NO_SUCH_TYPE)?.1)
}

/// A field's value, which 64 bits can hold.
fn int(value: i128) -> Reply {
    Reply::Int(i64::try_from(value).expect("a field has at most 64 bits, and 63 if it is unsigned"))
}
