//! `redis.setresp(3)`: replies with more than strings, numbers and lists.

use latchkey_protocol::{Reply, Words};

use super::{refusal, run, run_in, scripts};
use crate::{Called, Input, Scripts};

/// Answers one reply of each kind.
fn host(words: Words) -> Called {
    let name = |name: &str| Reply::bulk(name);
    let reply = match words.name() {
        b"MAP" => Reply::Map(vec![(name("a"), Reply::Int(1)), (name("b"), Reply::Null)]),
        b"NESTED" => Reply::NestedMap(vec![(name("s"), Reply::Array(vec![Reply::Int(1)]))]),
        b"PAIRS" => Reply::Pairs(vec![(name("a"), Reply::Double(1.5))]),
        b"SET" => Reply::Set(vec![name("m")]),
        b"DOUBLE" => Reply::Double(2.5),
        b"DIGITS" => Reply::Number("0.25".into()),
        b"BOOL" => Reply::Bool(true),
        b"BIG" => Reply::BigNumber("123456789012345678901".into()),
        b"TEXT" => Reply::Verbatim("text".into()),
        b"HOLES" => Reply::Array(vec![Reply::Null, Reply::Int(1)]),
        _ => Reply::NullArray,
    };
    Called { reply, steps: 0 }
}

fn run_on_host(scripts: &mut Scripts, text: &str) -> Reply {
    let source = scripts.load(text.as_bytes()).expect("a script");
    scripts.run(&source, &Input { keys: &[], arguments: &[], seed: 1 }, &mut host).expect("an answer")
}

#[test]
fn replies_come_in_the_shapes_of_resp3() {
    let mut scripts = scripts();
    for (expression, shown) in [
        ("redis.call('MAP').map.a", "1"),
        ("redis.call('MAP').map.b", "nil"),
        ("redis.call('NESTED').map.s[1]", "1"),
        ("redis.call('PAIRS')[1][2].double", "1.5"),
        ("redis.call('SET').set.m", "true"),
        ("redis.call('DOUBLE').double", "2.5"),
        ("redis.call('DIGITS').double", "0.25"),
        ("redis.call('BOOL')", "true"),
        ("redis.call('BIG').big_number", "123456789012345678901"),
        ("redis.call('TEXT').verbatim_string.string", "text"),
        ("redis.call('TEXT').verbatim_string.format", "txt"),
        ("redis.call('HOLES')[1]", "nil"),
        ("redis.call('HOLES')[2]", "1"),
        ("#redis.call('HOLES')", "0"),
        ("redis.pcall('NIL')", "nil"),
    ] {
        let text = format!("redis.setresp(3) return tostring({expression})");
        assert_eq!(run_on_host(&mut scripts, &text), Reply::bulk(shown), "{expression}");
    }
}

#[test]
fn without_it_they_are_those_of_resp2() {
    let mut scripts = scripts();
    for (expression, shown) in [
        ("redis.call('MAP')[1]", "a"),
        ("redis.call('MAP')[4]", "false"),
        ("redis.call('NESTED')[1][1]", "s"),
        ("redis.call('PAIRS')[2]", "1.5"),
        ("redis.call('SET')[1]", "m"),
        ("redis.call('DOUBLE')", "2.5"),
        ("redis.call('BOOL')", "1"),
        ("redis.call('BIG')", "123456789012345678901"),
        ("redis.call('TEXT')", "text"),
        ("redis.call('NIL')", "false"),
    ] {
        for text in [
            format!("return tostring({expression})"),
            format!("redis.setresp(3) redis.setresp(2) return tostring({expression})"),
        ] {
            assert_eq!(run_on_host(&mut scripts, &text), Reply::bulk(shown), "{text}");
        }
    }
}

#[test]
fn answers_go_out_in_the_shapes_of_resp3() {
    for (text, reply) in [
        ("return {double = 1.5}", Reply::Double(1.5)),
        ("return {double = 3}", Reply::Double(3.0)),
        ("return {map = {a = 1}}", Reply::Map(vec![(Reply::bulk("a"), Reply::Int(1))])),
        ("return {set = {a = true}}", Reply::Set(vec![Reply::bulk("a")])),
        ("return {big_number = '12\\r\\n3'}", Reply::BigNumber("12  3".into())),
        ("return {verbatim_string = {format = 'txt', string = 'x'}}", Reply::Verbatim("x".into())),
        ("return {verbatim_string = {string = 'x'}}", Reply::Array(vec![])),
        ("return true", Reply::Int(1)),
        ("return false", Reply::Null),
        ("redis.setresp(3) return true", Reply::Bool(true)),
        ("redis.setresp(3) return {false, true}", Reply::Array(vec![Reply::Bool(false), Reply::Bool(true)])),
        ("redis.setresp(3) return nil", Reply::Null),
    ] {
        assert_eq!(run(text), Ok(reply), "{text}");
    }
}

#[test]
fn each_run_begins_with_resp2() {
    let mut scripts = scripts();
    assert_eq!(run_in(&mut scripts, "redis.setresp(3) return true"), Ok(Reply::Bool(true)));
    assert_eq!(run_in(&mut scripts, "return true"), Ok(Reply::Int(1)));
    assert!(refusal("redis.setresp(4)").contains("RESP version must be 2 or 3."));
    assert!(refusal("redis.setresp()").contains("redis.setresp() requires one argument."));
}
