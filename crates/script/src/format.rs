//! `string.format`.

use mlua::{LuaString, Value};

use crate::arguments::Arguments;
use crate::meter::Meter;
use crate::number;
use crate::raise::raise;
use crate::text::check_size;

/// The text of a format and its arguments. `%s` takes tables and truth values through `tostring`, as given.
pub(crate) fn format(
    arguments: &Arguments<'_>,
    meter: &Meter,
    tostring: &mlua::Function,
) -> mlua::Result<LuaString> {
    let template = arguments.text(1)?;
    let template = template.as_bytes();
    meter.charge(template.len())?;
    let mut rest: &[u8] = &template;
    let mut out = Vec::with_capacity(rest.len());
    let mut at = 1;
    while let Some(percent) = rest.iter().position(|&byte| byte == b'%') {
        out.extend_from_slice(&rest[..percent]);
        rest = &rest[percent + 1..];
        if let Some(after) = rest.strip_prefix(b"%") {
            out.push(b'%');
            rest = after;
            continue;
        }
        at += 1;
        let (item, after) = Item::parse(arguments, rest)?;
        rest = after;
        let written = item.write(arguments, at, tostring)?;
        meter.charge(written.len())?;
        check_size(arguments.lua, out.len() + written.len())?;
        out.extend_from_slice(&written);
    }
    out.extend_from_slice(rest);
    arguments.lua.create_string(out)
}

/// One `%` with what follows it.
#[derive(Default)]
struct Item {
    left: bool,
    plus: bool,
    space: bool,
    alternative: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    kind: u8,
}

impl Item {
    fn parse<'t>(arguments: &Arguments<'_>, mut rest: &'t [u8]) -> mlua::Result<(Self, &'t [u8])> {
        let mut item = Self::default();
        while let [flag @ (b'-' | b'+' | b' ' | b'#' | b'0'), after @ ..] = rest {
            match flag {
                b'-' => item.left = true,
                b'+' => item.plus = true,
                b' ' => item.space = true,
                b'#' => item.alternative = true,
                _ => item.zero = true,
            }
            rest = after;
        }
        let too_long = || raise(arguments.lua, "invalid format (width or precision too long)");
        (item.width, rest) = two_digits(rest).ok_or_else(too_long)?;
        if let Some(after) = rest.strip_prefix(b".") {
            let (precision, after) = two_digits(after).ok_or_else(too_long)?;
            (item.precision, rest) = (Some(precision), after);
        }
        let (kind, rest) = rest.split_first().unwrap_or((&0, rest));
        item.kind = *kind;
        Ok((item, rest))
    }

    fn write(
        &self,
        arguments: &Arguments<'_>,
        at: usize,
        tostring: &mlua::Function,
    ) -> mlua::Result<Vec<u8>> {
        match self.kind {
            b'c' => Ok(self.padded(&[arguments.int(at)? as u8])),
            b'd' | b'i' => {
                let n = arguments.number(at)? as i64;
                Ok(self.signed(n < 0, self.with_digits(n.unsigned_abs().to_string())))
            }
            b'u' => Ok(self.signed(false, self.with_digits((arguments.int(at)? as u64).to_string()))),
            b'o' | b'x' | b'X' => {
                let n = arguments.int(at)? as u64;
                Ok(self.padded_number("", &self.with_digits(self.in_base(n))))
            }
            b'e' | b'E' | b'f' | b'g' | b'G' => Ok(self.float(arguments.number(at)?)),
            b'q' => Ok(quoted(&arguments.text(at)?.as_bytes())),
            b's' => self.text(arguments, at, tostring),
            kind => {
                let kind = if kind == 0 { String::new() } else { (kind as char).to_string() };
                Err(raise(arguments.lua, format!("invalid option '%{kind}' to 'format'")))
            }
        }
    }

    fn in_base(&self, n: u64) -> String {
        match (self.kind, self.alternative && n != 0) {
            (b'o', false) => format!("{n:o}"),
            (b'o', true) => format!("0{n:o}"),
            (b'x', false) => format!("{n:x}"),
            (b'x', true) => format!("{n:#x}"),
            (_, false) => format!("{n:X}"),
            (_, true) => format!("0X{n:X}"),
        }
    }

    fn float(&self, n: f64) -> Vec<u8> {
        let decimals = self.precision.unwrap_or(6);
        let magnitude = n.abs();
        let text = match self.kind.to_ascii_lowercase() {
            b'e' => number::scientific(magnitude, decimals),
            b'f' => number::fixed(magnitude, decimals),
            _ => number::general(magnitude, decimals, self.alternative),
        };
        let text = if self.kind.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text };
        let item = Self { precision: None, zero: self.zero && n.is_finite(), ..*self };
        item.signed(n.is_sign_negative() && !n.is_nan(), text)
    }

    fn text(&self, arguments: &Arguments<'_>, at: usize, tostring: &mlua::Function) -> mlua::Result<Vec<u8>> {
        if at > arguments.len() {
            return Err(arguments.bad(at, "no value"));
        }
        let text = match arguments.value(at) {
            Value::String(text) => text.clone(),
            other => tostring.call::<LuaString>(other.clone())?,
        };
        let text = text.as_bytes();
        let cut = self.precision.map_or(text.len(), |most| most.min(text.len()));
        Ok(self.padded(&text[..cut]))
    }

    /// At least as many digits as the precision asks for.
    fn with_digits(&self, digits: String) -> String {
        let least = self.precision.unwrap_or(1);
        format!("{digits:0>least$}")
    }

    fn signed(&self, negative: bool, digits: String) -> Vec<u8> {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        };
        self.padded_number(sign, &digits)
    }

    /// Zeros, where they are asked for, go between the sign and the digits.
    fn padded_number(&self, sign: &str, digits: &str) -> Vec<u8> {
        if self.zero && !self.left && self.precision.is_none() {
            let width = self.width.saturating_sub(sign.len());
            return format!("{sign}{digits:0>width$}").into_bytes();
        }
        self.padded(format!("{sign}{digits}").as_bytes())
    }

    fn padded(&self, text: &[u8]) -> Vec<u8> {
        let padding = vec![b' '; self.width.saturating_sub(text.len())];
        if self.left { [text, &padding].concat() } else { [&padding, text].concat() }
    }
}

/// A number of at most two digits, 0 if there is none; nothing if there are more.
fn two_digits(text: &[u8]) -> Option<(usize, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..digits].iter().fold(0, |value, digit| value * 10 + (digit - b'0') as usize);
    (digits <= 2).then(|| (value, &text[digits..]))
}

/// A string as Lua would read it back.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in text {
        match byte {
            b'"' | b'\\' | b'\n' => out.extend([b'\\', byte]),
            b'\r' => out.extend(b"\\r"),
            0 => out.extend(b"\\000"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
    out
}
