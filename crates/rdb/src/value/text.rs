//! Strings.

use latchkey_keyspace::Value;
use latchkey_keyspace::value::Text;

use crate::error::Result;
use crate::input::Input;
use crate::output;

pub(super) fn read(input: &mut Input<'_>) -> Result<Value> {
    Ok(Value::Text(Text::from(&*input.string()?)))
}

pub(super) fn write(out: &mut Vec<u8>, text: &Text) {
    match text.as_int() {
        Some(number) => output::decimal(out, number),
        None => text.with(|text| output::string(out, text)),
    }
}
