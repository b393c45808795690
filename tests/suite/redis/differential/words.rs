//! The words that random commands are made of. Few keys and few members, so that commands meet.

use fastrand::Rng;

/// A word of the vocabulary of this name; the name itself if there is none.
pub(super) fn word(name: &str, chance: &mut Rng) -> Vec<u8> {
    match name {
        "int" if chance.u8(..8) == 0 => return ODD[chance.usize(..ODD.len())].into(),
        "int" | "index" => return chance.i32(-6..8).to_string().into_bytes(),
        "count" => return chance.i32(0..5).to_string().into_bytes(),
        // Deadlines that are meant to be equal are not: between two commands a millisecond passes here, and not there. GT and
        // LT would notice, so no two are alike.
        "ttl" if chance.u8(..4) > 0 => return chance.u32(100..1_000_000).to_string().into_bytes(),
        "ttlms" if chance.u8(..4) > 0 => return chance.u32(100_000..1_000_000_000).to_string().into_bytes(),
        "newid" => return format!("{}-{}", chance.u32(1..12), chance.u32(..4)).into_bytes(),
        _ => {}
    }
    let one_of = |words: &[&str]| chance.choice(words).expect("there are some").as_bytes().to_vec();
    listed(name, one_of)
}

/// Those of which all words are listed.
fn listed(name: &str, mut one_of: impl FnMut(&[&str]) -> Vec<u8>) -> Vec<u8> {
    match name {
        "k" => one_of(&["a", "a", "a", "b", "b", "c"]),
        "f" | "m" => one_of(&["", "f", "g", "h", "10", "2", "-7", "3.5", "member", "\u{e9}", LONG]),
        "v" => one_of(&[
            "",
            "v",
            "hello",
            "hello world",
            "10",
            "-3",
            "0",
            "12.5",
            "1e2",
            " 1",
            "caf\u{e9}",
            LONG,
        ]),
        "many" => b"1000".to_vec(),
        // Sums of these are exact, and are printed in the same digits by all.
        "float" => one_of(&["0.5", "-0.25", "3", "1.5e2", "-2.75", "abc", "0"]),
        "score" => one_of(&["0", "1", "2", "-1.5", "2.5", "10", "1e2", "inf", "-inf", "-3", "x"]),
        "weight" => one_of(&["0", "1", "2", "-1", "0.5", "x"]),
        "range" => one_of(&["", "(", " 1", "-inf", "+inf", "0", "(1", "2.5", "(2.5", "-2", "10", "(x"]),
        "lex" => one_of(&["-", "+", "[f", "(f", "[g", "(m", "[2", "x", "["]),
        "offset" => one_of(&["0", "1", "3", "7", "8", "20", "100", "-1", "x"]),
        "bit" => one_of(&["0", "1", "1", "2"]),
        "bits" => one_of(&["u8", "i5", "u1", "i64", "u63", "i16", "u64", "x8", "u0"]),
        // Redis saturates -2^63 upwards, as its subtraction overflows.
        "amount" => one_of(&["0", "1", "-1", "5", "-7", "200", "-300", "70000", "9223372036854775807", "x"]),
        "place" => one_of(&["0", "3", "8", "#1", "#3", "-1", "40"]),
        // As a number no time that passes during the test.
        "wrong" => one_of(&["", "x", "0", "-1", "1000000", "GET", "(1", LONG]),
        "ttl" | "ttlms" => one_of(&["0", "-1", "x"]),
        "at" => one_of(&["4000000000", "5000000000", "1", "-1", "x"]),
        "atms" => one_of(&["4000000000000", "5000000000000", "1", "x"]),
        "pattern" => one_of(&["*", "a*", "[ab]", "?", "b", "[^a]", "\\a"]),
        "id" => one_of(&["1-1", "1-2", "2-1", "2-5", "3-0", "3-7", "5", "0-0", "0-1", "7-x"]),
        "from" => one_of(&["-", "0", "1-1", "(1-1", "2", "(2-1", "3-0"]),
        "to" => one_of(&["+", "5", "2-5", "(3-0", "1", "3"]),
        "group" => one_of(&["g", "g", "g", "h"]),
        "consumer" => one_of(&["ann", "bob"]),
        "longitude" => one_of(&["13.361389", "15.087269", "0", "-122.27652", "179.9", "181", "x"]),
        "latitude" => one_of(&["38.115556", "37.502669", "0", "37.805186", "-85", "86", "x"]),
        "radius" => one_of(&["200", "0", "1000.5", "20000", "-1", "x"]),
        "unit" => one_of(&["m", "km", "mi", "ft", "x"]),
        literal => literal.into(),
    }
}

/// Longer than what is packed.
const LONG: &str = "a text that is longer than what fits the small encodings of collections";

/// What is no integer, or one at the edge.
const ODD: [&str; 10] = [
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "4294967296",
    "1.5",
    "abc",
    "",
    " 1",
    "-0",
    "+1",
];
