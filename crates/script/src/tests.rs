//! What a script can do, and what it cannot.

mod functions;
mod libraries;
mod resp3;
mod sandbox;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use bytes::Bytes;
use latchkey_protocol::{Reply, ReplyError, Words};

use crate::{Budget, Called, Digest, Input, SCRIPTS_BYTES_MAX, SCRIPTS_MAX, Scripts, Source};

/// Small, so that a script which uses all of it ends soon.
const TIGHT: Budget = Budget { steps: 300_000, memory_bytes: 4 << 20, time_us: 1_000_000 };

fn scripts() -> Scripts {
    Scripts::new(TIGHT, None)
}

/// Answers as a small Redis would.
fn host(words: Words) -> Called {
    let texts: Vec<&[u8]> = words.as_slice().iter().map(AsRef::as_ref).collect();
    let reply = match texts[..] {
        [b"ECHO", text] => Reply::bulk(text),
        [b"STATUS"] => Reply::OK,
        [b"NIL"] => Reply::Null,
        [b"PAIRS"] => Reply::Pairs(vec![(Reply::bulk("a"), Reply::Double(1.5))]),
        [b"WORDS", ..] => Reply::Array(texts[1..].iter().map(Reply::bulk).collect()),
        [b"SLOW"] => return Called { reply: Reply::OK, steps: TIGHT.steps as usize },
        _ => ReplyError::fixed("WRONGTYPE not that").into(),
    };
    Called { reply, steps: 0 }
}

fn run(text: &str) -> Result<Reply, ReplyError> {
    run_in(&mut scripts(), text)
}

fn run_in(scripts: &mut Scripts, text: &str) -> Result<Reply, ReplyError> {
    run_with(scripts, text, &["k1", ""], &["a1", "a2"])
}

fn run_with(
    scripts: &mut Scripts,
    text: &str,
    keys: &[&str],
    arguments: &[&str],
) -> Result<Reply, ReplyError> {
    let bytes =
        |words: &[&str]| words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect::<Vec<_>>();
    let (keys, arguments) = (bytes(keys), bytes(arguments));
    let source = scripts.load(text.as_bytes())?;
    scripts.run(&source, &Input { keys: &keys, arguments: &arguments, seed: 1 }, &mut host)
}

/// Runs an expression, and gives it as Lua's `tostring` does.
#[track_caller]
fn shown(expression: &str) -> String {
    match run(&format!("return tostring({expression})")) {
        Ok(Reply::Bulk(text)) => String::from_utf8_lossy(&text).into_owned(),
        other => panic!("{expression} gives {other:?}"),
    }
}

#[track_caller]
fn check(expressions: &[(&str, &str)]) {
    for (expression, expected) in expressions {
        assert_eq!(shown(expression), *expected, "{expression}");
    }
}

#[track_caller]
fn refusal(text: &str) -> String {
    match run(text) {
        Err(error) => error.text().to_owned(),
        Ok(reply) => panic!("{text} answers {reply:?}"),
    }
}

#[test]
fn values_become_replies() {
    let cases = [
        ("return 3.9", Reply::Int(3)),
        ("return -3.9", Reply::Int(-3)),
        ("return true", Reply::Int(1)),
        ("return false", Reply::Null),
        ("return nil", Reply::Null),
        ("return", Reply::Null),
        ("return 'x'", Reply::bulk("x")),
        ("return {ok = 'fine'}", Reply::Status("fine".into())),
        ("return redis.status_reply('fine')", Reply::Status("fine".into())),
        ("return {err = 'MY own'}", Reply::Error(ReplyError::fixed("MY own"))),
        ("return redis.error_reply('MY own')", Reply::Error(ReplyError::fixed("MY own"))),
        ("return redis.error_reply('OOPS')", Reply::Error(ReplyError::fixed("ERR OOPS"))),
        (
            "return {1, false, true, 'a', nil, 'b'}",
            Reply::Array(vec![Reply::Int(1), Reply::Null, Reply::Int(1), Reply::bulk("a")]),
        ),
        (
            "return {KEYS[1], KEYS[2], ARGV[2], KEYS[3]}",
            Reply::Array(vec![Reply::bulk("k1"), Reply::bulk(""), Reply::bulk("a2")]),
        ),
    ];
    for (text, reply) in cases {
        assert_eq!(run(text), Ok(reply), "{text}");
    }
}

#[test]
fn replies_become_values() {
    check(&[
        ("redis.call('ECHO', 'x')", "x"),
        ("redis.call('NIL')", "false"),
        ("redis.call('STATUS').ok", "OK"),
        ("redis.call('PAIRS')[2]", "1.5"),
        ("redis.pcall('BAD').err", "WRONGTYPE not that"),
        ("#redis.call('WORDS', unpack({'a', 'b'}))", "2"),
    ]);
}

/// As Upstash does, and unlike Redis.
#[test]
fn numbers_are_cut_toward_zero_on_their_way_to_a_command() {
    check(&[
        ("redis.call('ECHO', 3.7)", "3"),
        ("redis.call('ECHO', -3.7)", "-3"),
        ("redis.call('ECHO', 1767323045678)", "1767323045678"),
        ("redis.call('ECHO', 1e20)", "1e+20"),
        ("redis.call('ECHO', '3.7')", "3.7"),
    ]);
}

#[test]
fn an_error_that_is_not_caught_tells_where() {
    assert_eq!(
        refusal("\nreturn redis.call('BAD')"),
        "ERR Error running script: @user_script:2: WRONGTYPE not that\nstack traceback:\n\t[G]: in function 'call'\n\t\
         @user_script:2: in main chunk\n\t[G]: ?"
    );
    assert_eq!(
        refusal("local function f()\n  error('mine')\nend\nf()"),
        "ERR Error running script: @user_script:2: mine\nstack traceback:\n\t[G]: in function 'error'\n\t\
         @user_script:2: in function 'f'\n\t@user_script:4: in main chunk\n\t[G]: ?"
    );
    assert_eq!(
        refusal("local x = nil + 1"),
        "ERR Error running script: @user_script:1: attempt to perform arithmetic on a nil value\nstack traceback:\n\t\
         @user_script:1: in main chunk\n\t[G]: ?"
    );
    assert!(
        refusal("redis.call('ECHO', {})")
            .contains("Lua redis lib command arguments must be strings or integers")
    );
    assert!(refusal("redis.call()").contains("Please specify at least one argument"));
}

#[test]
fn a_script_may_throw_an_error_reply() {
    assert_eq!(refusal("error({err = 'MINE it is'})"), "MINE it is");
}

#[test]
fn what_does_not_compile_is_refused_and_not_kept() {
    let mut scripts = scripts();
    let text = "return (";
    let error = run_in(&mut scripts, text).expect_err("no program");
    assert_eq!(
        error.text(),
        "ERR Error compiling script (new function): @user_script:1: unexpected symbol near '<eof>'"
    );
    assert!(!scripts.has(&Digest::of(text.as_bytes())));
}

#[test]
fn an_error_can_be_caught() {
    check(&[
        ("select(2, pcall(redis.call, 'BAD')).err", "WRONGTYPE not that"),
        ("select(2, pcall(error, 'x'))", "x"),
        ("select(2, pcall(error, {1}))[1]", "1"),
        ("select(2, xpcall(function() error('x', 0) end, function(e) return e .. '!' end))", "x!"),
        (
            "select(2, pcall(string.rep))",
            "@user_script:1: bad argument #1 to 'rep' (string expected, got no value)",
        ),
        ("select('#', pcall(function() return 1, nil, nil end))", "4"),
    ]);
    let caught = run("local ok, e = pcall(function()\nredis.call('BAD') end) return {e.source, e.line}");
    assert_eq!(caught, Ok(Reply::Array(vec![Reply::bulk("@user_script"), Reply::Int(2)])));
}

#[test]
fn the_first_line_says_what_a_script_promises() {
    let source = Source::parse(b"#!lua flags=allow-key-locking,no-writes\nreturn 1").expect("a script");
    assert!(source.flags.allow_key_locking() && source.flags.no_writes());
    assert!(!Source::parse(b"return 1").expect("a script").flags.allow_key_locking());
    assert_eq!(run("#!lua flags=allow-oom\nreturn 1"), Ok(Reply::Int(1)));
    assert!(refusal("#!lua\nerror('x')").contains("@user_script:2: x"), "lines keep their numbers");
    for (text, why) in [
        ("#!lua flags=nonsense\nreturn 1", "ERR Unexpected flag in script shebang: nonsense"),
        ("#!lua name=x\nreturn 1", "ERR Unknown lua shebang option: name=x"),
        ("#!python\nreturn 1", "ERR Unexpected engine in script shebang: python"),
        ("#!lua", "ERR Invalid script shebang"),
    ] {
        assert_eq!(refusal(text), why);
    }
}

/// The digest is known from outside: clients compute it themselves.
#[test]
fn a_script_is_named_by_the_sha1_of_its_exact_text() {
    let digest = Digest::of(b"return 1");
    assert_eq!(digest.to_string(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    assert_eq!(Digest::parse(b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"), Some(digest));
    assert_eq!(Digest::parse(b"e0e1"), None);
    assert_eq!(Digest::parse(&[b'g'; 40]), None);
    assert_ne!(Digest::of(b"#!lua\nreturn 1"), digest);
}

#[test]
fn the_cache_has_a_limit_and_drops_what_was_not_used() {
    let mut scripts = scripts();
    let first = scripts.load(b"return 0").expect("a script").digest;
    let second = scripts.load(b"return 1").expect("a script").digest;
    for n in 2..SCRIPTS_MAX {
        scripts.load(format!("return {n}").as_bytes()).expect("a script");
    }
    assert!(scripts.find(&first).is_some());
    scripts.load(b"return 'one more'").expect("a script");
    assert!(scripts.has(&first), "it was just used");
    assert!(!scripts.has(&second));
    let long = format!("return 1 --{}", "x".repeat(SCRIPTS_BYTES_MAX));
    let mut roomy = Scripts::new(Budget { memory_bytes: 64 << 20, ..TIGHT }, None);
    assert_eq!(run_in(&mut roomy, &long), Ok(Reply::Int(1)), "it runs");
    assert!(!roomy.has(&Digest::of(long.as_bytes())), "and is not kept");
    scripts.flush();
    assert!(!scripts.has(&first));
}

#[test]
fn chance_follows_from_the_seed() {
    let draw = "return {math.random(1, 1000000), math.random(1000000), math.random() < 1 and 1}";
    assert_eq!(run(draw), run(draw));
    assert_eq!(
        run("math.randomseed(7) local a = math.random(1e6) math.randomseed(7) return a - math.random(1e6)"),
        Ok(Reply::Int(0))
    );
    assert!(refusal("math.random(0)").contains("interval is empty"));
}

#[test]
fn a_clock_ends_what_steps_do_not_measure() {
    let ticks = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&ticks);
    let budget = Budget { steps: i64::MAX / 2, ..TIGHT };
    // Each look at it takes 100 ms.
    let mut scripts = Scripts::new(budget, Some(Arc::new(move || clock.fetch_add(100_000, Relaxed))));
    let error = run_in(&mut scripts, "while true do end").expect_err("no end");
    assert!(error.text().contains("exceeded its time limit"), "{error}");
    assert!(ticks.load(Relaxed) < 3_000_000);
}
