//! Sets.

use latchkey_keyspace::value::Set;
use latchkey_keyspace::{Str, Value, cost};

use crate::error::Result;
use crate::input::Input;
use crate::pack::{Ints, Listpack};
use crate::{kind, output};

pub(super) fn read(input: &mut Input<'_>, kind: u8, seed: u64) -> Result<Value> {
    let members = match kind {
        kind::SET => (0..input.length()?).map(|_| input.item(cost::SET_MEMBER)).collect::<Result<_>>()?,
        kind::SET_INTS => ints(input)?,
        _ => packed(input)?,
    };
    let count = members.len();
    let set = Set::of(members.into_iter(), seed);
    match set.len() {
        0 => Err(input.flaw("an empty set")),
        len if len != count => Err(input.flaw("a set with a member twice")),
        _ => Ok(Value::Set(Box::new(set))),
    }
}

fn ints(input: &mut Input<'_>) -> Result<Vec<Str>> {
    let bytes = input.string()?;
    let ints = Ints::new(&bytes).map_err(|what| input.flaw(what))?;
    let decimal = |number: i64| {
        input.spend(cost::SET_MEMBER + 1)?;
        Ok(Str::from(number.to_string().as_str()))
    };
    ints.iter().map(decimal).collect()
}

fn packed(input: &mut Input<'_>) -> Result<Vec<Str>> {
    let bytes = input.string()?;
    let members = Listpack::new(&bytes).map_err(|what| input.flaw(what))?;
    let member = |member: Result<_, _>| {
        let member: crate::pack::Item<'_> = member.map_err(|what| input.flaw(what))?;
        input.spend(cost::SET_MEMBER + member.bytes())?;
        Ok(member.to_str())
    };
    members.map(member).collect()
}

pub(super) fn kind_of(set: &Set) -> u8 {
    match set.encoding() {
        "intset" => kind::SET_INTS,
        _ => kind::SET,
    }
}

pub(super) fn write(out: &mut Vec<u8>, set: &Set) {
    if kind_of(set) == kind::SET_INTS {
        let int = |member: Str| std::str::from_utf8(&member).ok().and_then(|member| member.parse().ok());
        let ints: Vec<i64> = set.iter().filter_map(int).collect();
        return output::string(out, &Ints::write(&ints));
    }
    output::length(out, set.len() as u64);
    set.iter().for_each(|member| output::string(out, &member));
}
