//! What the stream commands do at their edges.

mod groups;
mod model;

use fastrand::Rng;
use latchkey_keyspace::Keyspace;
use latchkey_keyspace::value::stream::{Id, Record};
use latchkey_protocol::Reply;

use crate::tests::{START, Shell, check, show, silent, words};
use crate::{Access, Call, Facts, Settings, Site};

/// A database for long streams: a [`Shell`] compares all of them after each command.
struct Plain {
    keyspace: Keyspace,
    chance: Rng,
}

impl Plain {
    fn new() -> Self {
        Self { keyspace: Keyspace::new(7), chance: Rng::with_seed(7) }
    }

    /// Adds entries `1-0`, `2-0` and so on.
    fn fill(&mut self, count: u64) {
        let mut edit = self.keyspace.edit(START);
        let mut stream = edit.stream_or_new(b"s").expect("a new key");
        (1..=count).for_each(|ms| {
            stream.append(Record { id: Id::new(ms, 0), fields: vec![("f".into(), "v".into())] });
        });
    }

    fn run(&mut self, line: &str) -> String {
        let call = Call::resolve(words(line)).expect("a command");
        show(&call.run(&mut Site {
            keyspace: &mut self.keyspace,
            now: START,
            chance: &mut self.chance,
            facts: &Facts::default(),
            settings: &mut Settings::default(),
            outbox: &mut silent(),
            record_bytes_max: u64::MAX,
        }))
    }
}

#[test]
fn ids_are_chosen_or_given() {
    check(
        r#"
        > XADD s * f v
        "1767323045678-0"
        > XADD s * f v
        "1767323045678-1"
        ~ 2
        > XADD s * f v
        "1767323045680-0"
        > XADD s 1767323045680-* f v
        "1767323045680-1"
        > XADD s 1767323045690-* f v
        "1767323045690-0"
        > XADD s * f v
        "1767323045690-1"
        > XADD s 1767323045690-1 f v
        (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD s 1767323045689-* f v
        (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD s 1767323045691 f v
        "1767323045691-0"
        > XADD new 0-* f v
        "0-1"
        > XADD newer 0-0 f v
        (error) ERR The ID specified in XADD must be greater than 0-0
        > XADD newer 0 f v
        (error) ERR The ID specified in XADD must be greater than 0-0
        > EXISTS newer
        (integer) 0
        "#,
    );
}

#[test]
fn the_last_id_is_the_last() {
    check(
        r#"
        > XADD s 18446744073709551615-18446744073709551614 f v
        "18446744073709551615-18446744073709551614"
        > XADD s * f v
        "18446744073709551615-18446744073709551615"
        > XADD s * f v
        (error) ERR The stream has exhausted the last possible ID, unable to add more items
        > XADD t 5-18446744073709551615 f v
        "5-18446744073709551615"
        > XADD t 5-* f v
        (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XREAD STREAMS s 18446744073709551615-18446744073709551615
        (nil)
        > XREAD STREAMS s +
        1) 1) "s"
           2) 1) 1) "18446744073709551615-18446744073709551615"
                 2) 1) "f"
                    2) "v"
        > XGROUP CREATE s g 18446744073709551615-18446744073709551615
        OK
        > XREADGROUP GROUP g c STREAMS s >
        (nil)
        > XREADGROUP GROUP g c STREAMS s 18446744073709551615-18446744073709551615
        1) 1) "s"
           2) (empty array)
        "#,
    );
}

#[test]
fn xadd_refuses_what_makes_no_sense() {
    check(
        r#"
        > XADD s * f v w
        (error) ERR wrong number of arguments for 'xadd' command
        > XADD s MAXLEN 5 * f
        (error) ERR wrong number of arguments for 'xadd' command
        > XADD s MAXLEN 5 NOMKSTREAM NOMKSTREAM
        (error) ERR wrong number of arguments for 'xadd' command
        > XADD s NOMKSTREAM KEEPREF MAXLEN
        (error) ERR Invalid stream ID specified as stream command argument
        > XADD s 1-x f v
        (error) ERR Invalid stream ID specified as stream command argument
        > XADD s - f v
        (error) ERR Invalid stream ID specified as stream command argument
        > XADD s MAXLEN 5 MINID 5 * f v
        (error) ERR syntax error, MAXLEN and MINID options at the same time are not compatible
        > XADD s MAXLEN -1 * f v
        (error) ERR The MAXLEN argument must be >= 0.
        > XADD s MAXLEN x * f v
        (error) ERR value is not an int or out of range
        > XADD s MINID x * f v
        (error) ERR Invalid stream ID specified as stream command argument
        > XADD s MAXLEN ~ 5 LIMIT -1 * f v
        (error) ERR The LIMIT argument must be >= 0.
        > XADD s MAXLEN 5 LIMIT 1 * f v
        (error) ERR syntax error, LIMIT cannot be used without the special ~ option
        > XADD s LIMIT 1 * f v
        (error) ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        > XADD s LIMIT 0 * f v
        (error) ERR syntax error, LIMIT cannot be used without the special ~ option
        > XADD s KEEPREF ACKED * f v
        (error) ERR syntax error
        > EXISTS s
        (integer) 0
        > XADD s NOMKSTREAM * f v
        (nil)
        > XADD s maxlen = 1 nomkstream delref * f v
        (nil)
        > XADD s MAXLEN 0 1-0 f v
        "1-0"
        > XLEN s
        (integer) 0
        > TYPE s
        stream
        > XADD s NOMKSTREAM 1-0 f v
        (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD s NOMKSTREAM 1-1 f v
        "1-1"
        "#,
    );
}

/// With `~` only whole blocks go, of a hundred entries, and no more entries than LIMIT says.
#[test]
fn approximate_trimming_cuts_blocks_off() {
    let mut plain = Plain::new();
    plain.fill(550);
    for (line, count) in [
        ("XTRIM s MAXLEN ~ 460", 0),
        ("XTRIM s MAXLEN ~ 250 LIMIT 150", 100),
        ("XTRIM s MINID ~ 250", 100),
        ("XTRIM s MAXLEN ~ 0 LIMIT 99", 0),
        ("XTRIM s MAXLEN 300", 50),
        ("XTRIM s MINID 252", 1),
        ("XTRIM s MAXLEN ~ 9223372036854775807 LIMIT 0", 0),
        ("XTRIM s MAXLEN ~ 0 LIMIT 0", 299),
        ("XTRIM s MINID 18446744073709551615", 0),
    ] {
        assert_eq!(plain.run(line), format!("(integer) {count}"), "{line}");
    }
}

#[test]
fn xtrim_refuses_what_makes_no_sense() {
    check(
        "
        > XTRIM s MAXLEN 1
        (integer) 0
        > XTRIM s LIMIT 1
        (error) ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
        > XTRIM s LIMIT 0
        (error) ERR syntax error, XTRIM must be called with a trimming strategy
        > XTRIM s KEEPREF ACKED
        (error) ERR syntax error
        > XTRIM s KEEPREF DELREF MAXLEN 1
        (error) ERR syntax error
        > XTRIM s MAXLEN ~
        (error) ERR value is not an int or out of range
        > XTRIM s MAXLEN 1 2
        (error) ERR syntax error
        ",
    );
}

/// Without LIMIT, `~` stands for one of ten thousand entries.
#[test]
fn approximate_trimming_is_limited() {
    let mut plain = Plain::new();
    plain.fill(10_250);
    assert_eq!(plain.run("XTRIM s MAXLEN ~ 1"), "(integer) 10000");
    assert_eq!(plain.run("XADD s MAXLEN ~ 1 * f v"), "\"1767323045678-0\"");
    assert_eq!(plain.run("XLEN s"), "(integer) 51");
}

/// Groups that need an entry keep it from being trimmed with ACKED, and lose it with DELREF.
#[test]
fn trimming_minds_references() {
    let entries = "
        > XADD s 1-0 f v
        \"1-0\"
        > XADD s 2-0 f v
        \"2-0\"
        > XADD s 3-0 f v
        \"3-0\"
        > XADD s 4-0 f v
        \"4-0\"
        > XGROUP CREATE s g 3-0
        OK
        > XGROUP CREATE s h 0
        OK
        > XREADGROUP GROUP h c COUNT 2 NOACK STREAMS s >
        1) 1) \"s\"
           2) 1) 1) \"1-0\"
                 2) 1) \"f\"
                    2) \"v\"
              2) 1) \"2-0\"
                 2) 1) \"f\"
                    2) \"v\"
        > XCLAIM s h c 0 1-0 FORCE JUSTID
        1) \"1-0\"
        ";
    check(&format!(
        "{entries}
        > XTRIM s MAXLEN 3 ACKED
        (integer) 1
        > XTRIM s MAXLEN 1 ACKED
        (integer) 0
        > XINFO STREAM s
        1) \"length\"
        2) (integer) 3
        3) \"radix-tree-keys\"
        4) (integer) 1
        5) \"radix-tree-nodes\"
        6) (integer) 2
        7) \"last-generated-id\"
        8) \"4-0\"
        9) \"max-deleted-entry-id\"
        10) \"2-0\"
        11) \"entries-added\"
        12) (integer) 4
        13) \"recorded-first-entry-id\"
        14) \"1-0\"
        15) \"groups\"
        16) (integer) 2
        17) \"first-entry\"
        18) 1) \"1-0\"
        2) 1) \"f\"
        2) \"v\"
        19) \"last-entry\"
        20) 1) \"4-0\"
        2) 1) \"f\"
        2) \"v\"
        > XACK s h 1-0
        (integer) 1
        > XADD s ACKED MINID 4 5-0 f v
        \"5-0\"
        > XRANGE s - 3
        1) 1) \"3-0\"
           2) 1) \"f\"
              2) \"v\"
        "
    ));
    check(&format!(
        "{entries}
        > XTRIM s DELREF MAXLEN 3
        (integer) 1
        > XPENDING s h
        1) (integer) 0
        2) (nil)
        3) (nil)
        4) (nil)
        "
    ));
    check(&format!(
        "{entries}
        > XTRIM s MINID 2 KEEPREF
        (integer) 1
        > XREADGROUP GROUP h c STREAMS s 0
        1) 1) \"s\"
           2) 1) 1) \"1-0\"
                 2) (nil)
        > XTRIM s MINID 3 DELREF
        (integer) 1
        > XDELEX s DELREF IDS 1 1-0
        1) (integer) -1
        > XREADGROUP GROUP h c STREAMS s 0
        1) 1) \"s\"
           2) (empty array)
        "
    ));
}

#[test]
fn ranges_have_ends_of_all_kinds() {
    let mut shell = Shell::new();
    for id in ["1-0", "1-1", "2-0", "3-0"] {
        shell.run(&format!("XADD s {id} f v"));
    }
    let mut check = |line: &str, expected: &[&str]| {
        let Reply::Array(entries) = shell.run(line) else { panic!("{line} has no range") };
        let ids: Vec<String> = entries
            .iter()
            .map(|entry| {
                show(entry).lines().next().expect("an id").trim_start_matches("1) ").replace('"', "")
            })
            .collect();
        assert_eq!(ids, expected, "{line}");
    };
    check("XRANGE s - +", &["1-0", "1-1", "2-0", "3-0"]);
    check("XRANGE s 1 1", &["1-0", "1-1"]);
    check("XRANGE s (1-0 (3-0", &["1-1", "2-0"]);
    check("XRANGE s (1 + COUNT 2", &["1-1", "2-0"]);
    check("XRANGE s + -", &[]);
    check("XRANGE s 2-1 3-0 COUNT 1 COUNT 5", &["3-0"]);
    check("XRANGE s - + COUNT 9223372036854775807", &["1-0", "1-1", "2-0", "3-0"]);
    check("XREVRANGE s + - COUNT 3", &["3-0", "2-0", "1-1"]);
    check("XREVRANGE s (3-0 (1-0", &["2-0", "1-1"]);
    check("XREVRANGE s - +", &[]);
    check("XRANGE nobody - + COUNT 0", &[]);
    shell.check(
        "
        > XRANGE s - + COUNT 0
        (nil)
        > XRANGE s - + COUNT -9223372036854775808
        (nil)
        > XRANGE s - + COUNT x
        (error) ERR value is not an int or out of range
        > XRANGE s - + COUNT
        (error) ERR syntax error
        > XRANGE s - + LIMIT 1
        (error) ERR syntax error
        > XRANGE s ( +
        (error) ERR Invalid stream ID specified as stream command argument
        > XRANGE s - (0-0
        (error) ERR invalid end ID for the interval
        > XREVRANGE s + (18446744073709551615-18446744073709551615
        (error) ERR invalid start ID for the interval
        ",
    );
}

#[test]
fn xread_answers_at_once() {
    check(
        r#"
        > XADD s 1-0 f v
        "1-0"
        > XADD s 2-0 f v
        "2-0"
        > XDEL s 2-0
        (integer) 1
        > XREAD BLOCK 0 STREAMS s $
        (nil)
        > XREAD BLOCK 10 COUNT 0 STREAMS s 1
        (nil)
        > XREAD count -5 streams s nobody + 0
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        > XREAD STREAMS nobody +
        (nil)
        > XREAD BLOCK x STREAMS s 0
        (error) ERR timeout is not an integer or out of range
        > XREAD BLOCK -1 STREAMS s 0
        (error) ERR timeout is negative
        > XREAD BLOCK 9223372036854775807 STREAMS s 0
        (error) ERR timeout is out of range
        > XREAD COUNT x STREAMS s 0
        (error) ERR value is not an int or out of range
        > XREAD STREAMS s 0 1
        (error) ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.
        > XREAD STREAMS s >
        (error) ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
        > XREAD GROUP g c STREAMS s 0
        (error) ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
        > XREAD NOACK STREAMS s 0
        (error) ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
        > XREAD COUNT 1 COUNT 1
        (error) ERR syntax error
        > XREAD COUNT 1 STREAMS
        (error) ERR syntax error
        > XREAD STREAMS s (1
        (error) ERR Invalid stream ID specified as stream command argument
        "#,
    );
}

/// Pairs of key and entries are nested in RESP2 and JSON, and a map in RESP3.
#[test]
fn what_is_read_is_by_key() {
    let mut shell = Shell::new();
    shell.run("XADD s 1-0 f v f w");
    let reply = shell.run("XREAD STREAMS s 0");
    let Reply::NestedMap(streams) = reply else { panic!("{reply:?} is not by key") };
    assert_eq!(streams[0].0, Reply::bulk("s"));
}

#[test]
fn keys_are_found_among_options() {
    let keys = |line: &str| {
        let call = Call::resolve(words(line)).expect("a command");
        let keys = call.keys().into_iter();
        keys.map(|key| (String::from_utf8_lossy(key.name).into_owned(), key.access)).collect::<Vec<_>>()
    };
    let all =
        |names: &[&str], access| names.iter().map(|&name| (name.to_owned(), access)).collect::<Vec<_>>();
    assert_eq!(keys("XREAD COUNT 1 BLOCK 0 STREAMS a b 0 0"), all(&["a", "b"], Access::Read));
    let line = "XREADGROUP GROUP streams streams NOACK streams x 0";
    assert_eq!(keys(line), all(&["x"], Access::Both));
    assert_eq!(keys("XREAD COUNT STREAMS a 0"), []);
    assert_eq!(keys("XREAD STREAMS a b 0"), []);
    assert_eq!(keys("XREAD FOO STREAMS a 0"), []);
}

#[test]
fn entries_are_removed_with_their_references_or_not() {
    let read = r#"
        > XADD s 1-0 f v
        "1-0"
        > XGROUP CREATE s g 0
        OK
        > XGROUP CREATE s h 0
        OK
        > XREADGROUP GROUP g c STREAMS s >
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        > XREADGROUP GROUP h c STREAMS s >
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        "#;
    check(&format!(
        "{read}
        > XACKDEL s g ACKED IDS 2 1-0 1-0
        1) (integer) 2
        2) (integer) -1
        > XDELEX s ACKED IDS 1 1-0
        1) (integer) 2
        > XACKDEL s h ACKED IDS 1 1-0
        1) (integer) 1
        > XLEN s
        (integer) 0
        "
    ));
    check(&format!(
        "{read}
        > XACKDEL s g IDS 1 1-0 DELREF
        1) (integer) 1
        > XACKDEL s h DELREF IDS 1 1-0
        1) (integer) -1
        "
    ));
    check(&format!(
        "{read}
        > XACKDEL s g IDS 1 1-0
        1) (integer) 1
        > XACKDEL s h KEEPREF IDS 1 1-0
        1) (integer) 1
        "
    ));
    check(
        "
        > XACKDEL s g IDS 2 1-1 2-2
        1) (integer) -1
        2) (integer) -1
        > XDELEX s IDS 2 1-1 2-2
        1) (integer) -1
        2) (integer) -1
        > XACKDEL s g
        (error) ERR wrong number of arguments for 'xackdel' command
        > XACKDEL s g IDS abc 1-1
        (error) ERR Number of IDs must be a positive integer
        > XDELEX s IDS 0 1-1
        (error) ERR Number of IDs must be a positive integer
        > XDELEX s IDS 3 1-1 2-2
        (error) ERR The `numids` parameter must match the number of arguments
        > XDELEX s IDS 9223372036854775807 1-1 2-2
        (error) ERR The `numids` parameter must match the number of arguments
        > XDELEX s IDS 1 1-1 2-2
        (error) ERR syntax error
        > XDELEX s KEEPREF DELREF IDS 1 1-1
        (error) ERR syntax error
        > XDELEX s DELREF 1-1 2-2
        (error) ERR syntax error
        > XDEL s x
        (integer) 0
        ",
    );
}

#[test]
fn lag_is_known_as_long_as_there_are_no_gaps() {
    let mut shell = Shell::new();
    let mut lag = |lines: &[&str]| {
        lines.iter().for_each(|line| assert!(!matches!(shell.run(line), Reply::Error(_)), "{line}"));
        let groups = show(&shell.run("XINFO GROUPS s"));
        let values: Vec<&str> = groups.lines().rev().step_by(2).take(2).collect();
        let word = |line: &str| line.rsplit(") ").next().expect("a value").to_owned();
        (word(values[1]), word(values[0]))
    };
    let known = |read: &str, lag: &str| (read.to_owned(), lag.to_owned());
    // Entries read, and lag.
    assert_eq!(lag(&["XGROUP CREATE s g 0 MKSTREAM"]), known("(nil)", "0"));
    assert_eq!(lag(&["XADD s 1-0 f v", "XADD s 2-0 f v", "XADD s 3-0 f v"]), known("(nil)", "3"));
    assert_eq!(lag(&["XREADGROUP GROUP g c COUNT 1 STREAMS s >"]), known("1", "2"));
    assert_eq!(lag(&["XDEL s 3-0", "XADD s 4-0 f v"]), known("1", "(nil)"));
    assert_eq!(lag(&["XREADGROUP GROUP g c STREAMS s >"]), known("4", "0"));
    assert_eq!(lag(&["XADD s 5-0 f v"]), known("4", "1"));
    assert_eq!(lag(&["XGROUP SETID s g 1-0"]), known("(nil)", "(nil)"));
    assert_eq!(lag(&["XTRIM s MINID 4"]), known("(nil)", "2"));
    assert_eq!(lag(&["XGROUP SETID s g 5-0 ENTRIESREAD 999"]), known("5", "0"));
    assert_eq!(lag(&["XTRIM s MAXLEN 0", "XGROUP SETID s g 0"]), known("(nil)", "0"));
}

#[test]
fn a_stream_is_told_of_in_full() {
    check(
        r#"
        > XINFO STREAM s
        (error) ERR no such key
        > XINFO GROUPS s
        (error) ERR no such key
        > XINFO CONSUMERS s g
        (error) ERR no such key
        > XADD s 1-0 f v
        "1-0"
        > XADD s 2-0 f v
        "2-0"
        > XGROUP CREATE s g 0
        OK
        > XINFO CONSUMERS s h
        (error) NOGROUP No such consumer group 'h' for key name 's'
        > XREADGROUP GROUP g ann COUNT 1 STREAMS s >
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        > XINFO STREAM s FULL COUNT 1
        1) "length"
        2) (integer) 2
        3) "radix-tree-keys"
        4) (integer) 1
        5) "radix-tree-nodes"
        6) (integer) 2
        7) "last-generated-id"
        8) "2-0"
        9) "max-deleted-entry-id"
        10) "0-0"
        11) "entries-added"
        12) (integer) 2
        13) "recorded-first-entry-id"
        14) "1-0"
        15) "entries"
        16) 1) 1) "1-0"
        2) 1) "f"
        2) "v"
        17) "groups"
        18) 1)  1) "name"
        2) "g"
        3) "last-delivered-id"
        4) "1-0"
        5) "entries-read"
        6) (integer) 1
        7) "lag"
        8) (integer) 1
        9) "pel-count"
        10) (integer) 1
        11) "pending"
        12) 1) 1) "1-0"
        2) "ann"
        3) (integer) 1767323045678
        4) (integer) 1
        13) "consumers"
        14) 1)  1) "name"
        2) "ann"
        3) "seen-time"
        4) (integer) 1767323045678
        5) "active-time"
        6) (integer) 1767323045678
        7) "pel-count"
        8) (integer) 1
        9) "pending"
        10) 1) 1) "1-0"
        2) (integer) 1767323045678
        3) (integer) 1
        > XINFO STREAM s FOO
        (error) ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        > XINFO STREAM s FULL COUNT
        (error) ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        > XINFO STREAM s FULL FOO 1
        (error) ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        > XINFO STREAM s FULL COUNT x
        (error) ERR value is not an int or out of range
        "#,
    );
}

#[test]
fn xsetid_keeps_ids_in_order() {
    check(
        r#"
        > XSETID s 1-0
        (error) ERR no such key
        > XADD s 5-0 f v
        "5-0"
        > XSETID s 4-0
        (error) ERR The ID specified in XSETID is smaller than the target stream top item
        > XSETID s 9-0 ENTRIESADDED -1
        (error) ERR entries_added must be positive
        > XSETID s 9-0 ENTRIESADDED 0
        (error) ERR The entries_added specified in XSETID is smaller than the target stream length
        > XSETID s 9-0 MAXDELETEDID 10-0
        (error) ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
        > XSETID s 9-0 MAXDELETEDID 7-0
        OK
        > XSETID s 6-0
        (error) ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
        > XSETID s 9-0 FOO
        (error) ERR syntax error
        > XADD s 9-* f v
        "9-1"
        "#,
    );
}

#[test]
fn other_commands_know_streams() {
    check(
        r#"
        > XADD s 1-0 f v
        "1-0"
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g ann STREAMS s >
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        > TYPE s
        stream
        > OBJECT ENCODING s
        "stream"
        > MEMORY USAGE s
        (integer) 523
        > SCAN 0 TYPE stream
        1) "0"
        2) 1) "s"
        > COPY s t
        (integer) 1
        > XACK s g 1-0
        (integer) 1
        > RENAME t u
        OK
        > XPENDING u g - + 10
        1) 1) "1-0"
           2) "ann"
           3) (integer) 0
           4) (integer) 1
        > DEL u
        (integer) 1
        > SORT s
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > GET s
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > XDEL s 1-0
        (integer) 1
        > EXISTS s
        (integer) 1
        > EXPIRE s 1
        (integer) 1
        ~ 1001
        > XLEN s
        (integer) 0
        > XADD s NOMKSTREAM * f v
        (nil)
        "#,
    );
}

#[test]
fn other_types_are_no_streams() {
    let mut shell = Shell::new();
    shell.run("SET s text");
    for line in [
        "XADD s * f v",
        "XLEN s",
        "XRANGE s - +",
        "XREVRANGE s + - COUNT 0",
        "XREAD STREAMS s 0",
        "XREADGROUP GROUP g c STREAMS s >",
        "XGROUP CREATE s g $ MKSTREAM",
        "XGROUP SETID s g 0",
        "XGROUP DESTROY s g",
        "XGROUP CREATECONSUMER s g c",
        "XGROUP DELCONSUMER s g c",
        "XACK s g 1",
        "XACKDEL s g IDS 1 1",
        "XDEL s 1",
        "XDELEX s IDS 1 1",
        "XCLAIM s g c 0 1",
        "XAUTOCLAIM s g c 0 0",
        "XPENDING s g",
        "XINFO STREAM s",
        "XINFO GROUPS s",
        "XINFO CONSUMERS s g",
        "XSETID s 1-1",
        "XTRIM s MAXLEN 1",
    ] {
        let refusal = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
        assert_eq!(show(&shell.run(line)), refusal, "{line}");
    }
}
