//! What the examples of the hash commands do not show.

mod model;

use latchkey_protocol::Reply;

use crate::tests::{Shell, check, show};

/// A shell whose hash `big` is no longer packed.
fn with_big(fields: usize) -> Shell {
    let mut shell = Shell::new();
    let pairs: String = (0..fields).map(|i| format!(" f{i} {i}")).collect();
    shell.run(&format!("HSET big{pairs}"));
    shell
}

fn encoding(shell: &Shell, key: &str) -> &'static str {
    let entry = shell.keyspace.view(shell.now).peek(key.as_bytes()).expect("the key exists");
    entry.value().encoding()
}

fn len(reply: &Reply) -> usize {
    match reply {
        Reply::Array(items) => items.len(),
        Reply::Pairs(pairs) | Reply::Map(pairs) => pairs.len(),
        other => panic!("not a list: {other:?}"),
    }
}

#[test]
fn a_missing_key_is_an_empty_hash() {
    check(
        r#"> HGETALL h
        (empty array)
        > HKEYS h
        (empty array)
        > HVALS h
        (empty array)
        > HGET h f
        (nil)
        > HMGET h f g
        1) (nil)
        2) (nil)
        > HLEN h
        (integer) 0
        > HSTRLEN h f
        (integer) 0
        > HEXISTS h f
        (integer) 0
        > HDEL h f
        (integer) 0
        > HRANDFIELD h
        (nil)
        > HRANDFIELD h 3
        (empty array)
        > HRANDFIELD h -3 WITHVALUES
        (empty array)
        > HSCAN h 0 NOSUCH
        1) "0"
        2) (empty array)
        > HTTL h FIELDS 2 f g
        1) (integer) -2
        2) (integer) -2
        > HPERSIST h FIELDS 1 f
        1) (integer) -2
        > HEXPIRE h 10 FIELDS 1 f
        1) (integer) -2
        > HGETEX h EX 10 FIELDS 1 f
        1) (nil)
        > HGETDEL h FIELDS 1 f
        1) (nil)
        > HSETEX h FXX FIELDS 1 f v
        (integer) 0"#,
    );
    assert_eq!(Shell::new().run("HGETALL h"), Reply::Map(Vec::new()), "a map, not null");
}

#[test]
fn a_key_of_another_type_is_refused() {
    let mut shell = Shell::new();
    shell.run("SET s text");
    for line in [
        "HGETALL s",
        "HKEYS s",
        "HVALS s",
        "HGET s f",
        "HMGET s f",
        "HLEN s",
        "HSTRLEN s f",
        "HEXISTS s f",
        "HDEL s f",
        "HSET s f v",
        "HMSET s f v",
        "HSETNX s f v",
        "HINCRBY s f 1",
        "HINCRBYFLOAT s f 1",
        "HRANDFIELD s",
        "HRANDFIELD s -2000000",
        "HSCAN s 0",
        "HTTL s NOFIELDS 0 f",
        "HPERSIST s NOFIELDS 0 f",
        "HEXPIRE s x NOFIELDS 0 f",
        "HGETEX s EX x FIELDS 1 f",
        "HGETDEL s NOFIELDS 0 f",
        "HSETEX s FIELDS 1 f v",
    ] {
        let reply = show(&shell.run(line));
        assert_eq!(
            reply, "(error) WRONGTYPE Operation against a key holding the wrong kind of value",
            "{line}"
        );
    }
    assert_eq!(show(&shell.run("GET s")), "\"text\"");
}

#[test]
fn the_last_field_takes_the_key_with_it() {
    let mut shell = Shell::new();
    shell.check(
        r#"> HSET h a 1 b 2
        (integer) 2
        > HDEL h a b a
        (integer) 2
        > HSET h a 1
        (integer) 1
        > HGETDEL h FIELDS 2 a a
        1) "1"
        2) (nil)
        > HSET h a 1
        (integer) 1
        > HPEXPIREAT h 0 FIELDS 1 a
        1) (integer) 2"#,
    );
    assert!(shell.keyspace.view(shell.now).is_empty());
    assert_eq!(shell.keyspace.bytes(), 0);
}

#[test]
fn a_pair_without_its_value_is_a_wrong_number_of_arguments() {
    check(
        "> HSET h a 1 b
        (error) ERR wrong number of arguments for 'hset' command
        > hmset h a 1 b
        (error) ERR wrong number of arguments for 'hmset' command
        > HLEN h
        (integer) 0",
    );
}

#[test]
fn a_field_named_twice_counts_once_and_keeps_the_last_value() {
    check(
        r#"> HSET h a 1 a 2
        (integer) 1
        > HGET h a
        "2"
        > HSET h "" ""
        (integer) 1
        > HSTRLEN h ""
        (integer) 0
        > HEXISTS h ""
        (integer) 1"#,
    );
}

#[test]
fn integers_are_added_within_64_bits() {
    check(
        r#"> HINCRBY h n 9223372036854775807
        (integer) 9223372036854775807
        > HINCRBY h n 1
        (error) ERR increment or decrement would overflow
        > HINCRBY h n -9223372036854775808
        (integer) -1
        > HINCRBY h n -9223372036854775808
        (error) ERR increment or decrement would overflow
        > HINCRBY h n 9223372036854775808
        (error) ERR value is not an int or out of range
        > HSET h text abc spaced " 1"
        (integer) 2
        > HINCRBY h text 1
        (error) ERR hash value is not an integer
        > HINCRBY h spaced 1
        (error) ERR hash value is not an integer
        > HGET h n
        "-1"
        > HINCRBY new n x
        (error) ERR value is not an int or out of range
        > HLEN new
        (integer) 0"#,
    );
}

#[test]
fn floats_are_added_as_decimals() {
    check(
        r#"> HINCRBYFLOAT h n 0.1
        "0.1"
        > HINCRBYFLOAT h n 0.2
        "0.3"
        > HINCRBYFLOAT h n 2.7
        "3"
        > HINCRBYFLOAT h n x
        (error) ERR value is not a valid float
        > HINCRBYFLOAT h n inf
        (error) ERR value is NaN or Infinity
        > HINCRBYFLOAT h n nan
        (error) ERR value is not a valid float
        > HSET h text abc huge 1.7976931348623157e308
        (integer) 2
        > HINCRBYFLOAT h text 1
        (error) ERR hash value is not a float
        > HINCRBYFLOAT h huge 1.7976931348623157e308
        (error) ERR increment would produce NaN or Infinity
        > HINCRBYFLOAT new n inf
        (error) ERR value is NaN or Infinity
        > HLEN new
        (integer) 0"#,
    );
}

#[test]
fn a_new_value_loses_the_deadline_and_a_sum_keeps_it() {
    check(
        r#"> HSETEX h PX 1000 FIELDS 4 a 1 b 1 c 1 d 1
        (integer) 1
        > HSET h a 2
        (integer) 0
        > HINCRBY h b 1
        (integer) 2
        > HINCRBYFLOAT h c 0.5
        "1.5"
        > HSETNX h d 2
        (integer) 0
        > HPTTL h FIELDS 4 a b c d
        1) (integer) -1
        2) (integer) 1000
        3) (integer) 1000
        4) (integer) 1000"#,
    );
}

#[test]
fn a_field_is_gone_after_its_deadline_for_every_reader() {
    check(
        r#"> HSET h stays 1 goes 2
        (integer) 2
        > HPEXPIRE h 1000 FIELDS 1 goes
        1) (integer) 1
        ~ 1000
        > HGET h goes
        "2"
        > HTTL h FIELDS 1 goes
        1) (integer) 0
        ~ 1
        > HGET h goes
        (nil)
        > HMGET h goes stays
        1) (nil)
        2) "1"
        > HLEN h
        (integer) 1
        > HGETALL h
        1) "stays"
        2) "1"
        > HKEYS h
        1) "stays"
        > HVALS h
        1) "1"
        > HEXISTS h goes
        (integer) 0
        > HSTRLEN h goes
        (integer) 0
        > HTTL h FIELDS 1 goes
        1) (integer) -2
        > HSCAN h 0
        1) "0"
        2) 1) "stays"
           2) "1"
        > HRANDFIELD h
        "stays"
        > HRANDFIELD h 5
        1) "stays"
        > HRANDFIELD h -2
        1) "stays"
        2) "stays"
        > HSETNX h goes 3
        (integer) 1
        > HTTL h FIELDS 1 goes
        1) (integer) -1"#,
    );
}

#[test]
fn a_writer_finds_no_trace_of_a_field_past_its_deadline() {
    for (line, reply) in [
        ("HDEL h f", "(integer) 0"),
        ("HSET h f 2", "(integer) 1"),
        ("HSETNX h f 2", "(integer) 1"),
        ("HINCRBY h f 5", "(integer) 5"),
        ("HINCRBYFLOAT h f 5", "\"5\""),
        ("HGETDEL h FIELDS 1 f", "1) (nil)"),
        ("HGETEX h PERSIST FIELDS 1 f", "1) (nil)"),
        ("HPERSIST h FIELDS 1 f", "1) (integer) -2"),
        ("HPEXPIRE h 9 FIELDS 1 f", "1) (integer) -2"),
        ("HSETEX h FNX KEEPTTL FIELDS 1 f 2", "(integer) 1"),
    ] {
        let mut shell = Shell::new();
        shell.check("> HSETEX h PX 10 FIELDS 1 f 1\n(integer) 1\n> HSET h g 1\n(integer) 1\n~ 11");
        assert_eq!(show(&shell.run(line)), reply, "{line}");
        let ttl = show(&shell.run("HPTTL h FIELDS 1 f"));
        assert_ne!(ttl, "1) (integer) 0", "{line} kept a deadline that had passed");
    }
}

#[test]
fn a_hash_goes_with_its_last_deadline() {
    let mut shell = Shell::new();
    shell.check(
        "> HSETEX h PX 500 FIELDS 1 a 1
        (integer) 1
        > HSETEX h PX 1000 FIELDS 1 b 1
        (integer) 1
        ~ 501
        > HLEN h
        (integer) 1
        ~ 500
        > HGETALL h
        (empty array)",
    );
    let view = shell.keyspace.view(shell.now);
    assert!(!view.exists(b"h"));
    assert_eq!(view.len(), 0, "although it was not swept");
    assert_eq!(shell.keyspace.edit(shell.now).sweep(10), 1);
    assert_eq!(shell.keyspace.bytes(), 0);
}

#[test]
fn a_sweep_drops_only_what_is_past_its_deadline() {
    let mut shell = with_big(1000);
    let fields: String = (0..500).map(|i| format!(" f{i}")).collect();
    shell.run(&format!("HPEXPIRE big 10 FIELDS 500{fields}"));
    let bytes = shell.keyspace.bytes();
    shell.wait_ms(11);
    assert_eq!(show(&shell.run("HLEN big")), "(integer) 500");
    assert_eq!(shell.keyspace.bytes(), bytes, "a read changes nothing");
    shell.keyspace.edit(shell.now).sweep(10);
    assert_eq!(shell.keyspace.bytes(), shell.keyspace.recount_bytes());
    assert!(shell.keyspace.bytes() < bytes);
    assert_eq!(shell.keyspace.next_due_ms(), None);
    let hash = shell.keyspace.view(shell.now).hash(b"big");
    assert_eq!(hash.map(|hash| hash.map(|hash| hash.len_at(shell.now))), Ok(Some(500)));
}

#[test]
fn deadlines_are_set_under_conditions() {
    check(
        "> HSET h none 1 some 1
        (integer) 2
        > HPEXPIRE h 1000 FIELDS 1 some
        1) (integer) 1
        > HPEXPIRE h 2000 NX FIELDS 1 some
        1) (integer) 0
        > HPEXPIRE h 2000 xx FIELDS 2 none some
        1) (integer) 0
        2) (integer) 1
        > HPEXPIRE h 2000 GT FIELDS 2 none some
        1) (integer) 0
        2) (integer) 0
        > HPEXPIRE h 2000 LT FIELDS 1 some
        1) (integer) 0
        > HPEXPIRE h 3000 GT FIELDS 1 some
        1) (integer) 1
        > HPEXPIRE h 1500 LT FIELDS 2 none some
        1) (integer) 1
        2) (integer) 1
        > HPTTL h FIELDS 2 none some
        1) (integer) 1500
        2) (integer) 1500
        > HPEXPIREAT h 1 GT FIELDS 1 some
        1) (integer) 0
        > HPEXPIREAT h 1 FIELDS 3 some some none
        1) (integer) 2
        2) (integer) -2
        3) (integer) 2
        > HLEN h
        (integer) 0",
    );
}

#[test]
fn expiration_times_are_checked() {
    check(
        "> HSET h f 1
        (integer) 1
        > HEXPIRE h -1 FIELDS 1 f
        (error) ERR invalid expire time, must be >= 0
        > HEXPIRE h x FIELDS 1 f
        (error) ERR value is not an int or out of range
        > HEXPIRE h 9223372036854775807 FIELDS 1 f
        (error) ERR invalid expire time in 'hexpire' command
        > HPEXPIRE h 70368744177663 FIELDS 1 f
        (error) ERR invalid expire time in 'hpexpire' command
        > HPEXPIREAT h 70368744177664 FIELDS 1 f
        (error) ERR invalid expire time in 'hpexpireat' command
        > HEXPIREAT h 70368744178 FIELDS 1 f
        (error) ERR invalid expire time in 'hexpireat' command
        > HGETEX h EX 9223372036854775807 FIELDS 1 f
        (error) ERR invalid expire time in 'hgetex' command
        > HSETEX h PX -1 FIELDS 1 f v
        (error) ERR invalid expire time, must be >= 0
        > HTTL h FIELDS 1 f
        1) (integer) -1
        > HPEXPIREAT h 70368744177663 FIELDS 1 f
        1) (integer) 1
        > HPEXPIRETIME h FIELDS 1 f
        1) (integer) 70368744177663
        > HEXPIRETIME h FIELDS 1 f
        1) (integer) 70368744178",
    );
}

#[test]
fn lists_of_fields_are_checked() {
    let missing = "(error) ERR Mandatory argument FIELDS is missing or not at the right position";
    let mismatch = "(error) ERR The `numfields` parameter must match the number of arguments";
    let expire_count = "(error) ERR Parameter `numFields` should be greater than 0";
    let count = "(error) ERR Number of fields must be a positive integer";
    let mut shell = Shell::new();
    for (line, reply) in [
        ("HEXPIRE h 10 NX XX FIELDS 1 f", missing),
        ("HEXPIRE h 10 FIELD 1 f", missing),
        ("HEXPIRE h 10 FIELDS 0 f", expire_count),
        ("HEXPIRE h 10 FIELDS x f", expire_count),
        ("HEXPIRE h 10 FIELDS -9223372036854775808 f", expire_count),
        ("HEXPIRE h 10 FIELDS 9223372036854775807 f", mismatch),
        ("HEXPIRE h 10 FIELDS 2 f", mismatch),
        ("HEXPIRE h 10 NX FIELDS 1", mismatch),
        ("HTTL h FIELD 1 f", missing),
        ("HTTL h FIELDS 0 f", count),
        ("HTTL h FIELDS 1 f g", mismatch),
        ("HPERSIST h FIELDS x f", count),
        ("HPERSIST h FIELDS 2 f", mismatch),
        ("HGETDEL h FIELDS 0 f", count),
        ("HGETDEL h f FIELDS 1", missing),
        ("HGETEX h EX 10 FIELDS", mismatch),
        ("HGETEX h EX 10 PERSIST FIELDS 1 f", missing),
        ("HGETEX h FIELDS 0 f", count),
        ("HEXPIRE h 10 FIELDS 1", "(error) ERR wrong number of arguments for 'hexpire' command"),
    ] {
        assert_eq!(show(&shell.run(line)), reply, "{line}");
    }
}

#[test]
fn hsetex_takes_its_options_in_any_order_and_checks_them() {
    let arity = "(error) ERR wrong number of arguments for 'hsetex' command";
    let two_deadlines = "(error) ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    let mut shell = Shell::new();
    for (line, reply) in [
        ("HSETEX h ex 10 fnx fields 1 f v", "(integer) 1"),
        ("HSETEX h FXX KEEPTTL FIELDS 1 f w", "(integer) 1"),
        ("HTTL h FIELDS 1 f", "1) (integer) 10"),
        ("HSETEX h FXX FIELDS 2 f x g x", "(integer) 0"),
        ("HSETEX h FNX FIELDS 2 g x f x", "(integer) 0"),
        ("HSETEX h FNX FIELDS 2 g x g y", "(integer) 1"),
        ("HGETALL h", "1) \"f\"\n2) \"w\"\n3) \"g\"\n4) \"y\""),
        ("HSETEX h FIELDS 1 f v", "(integer) 1"),
        ("HTTL h FIELDS 1 f", "1) (integer) -1"),
        ("HSETEX h PXAT 1 FIELDS 1 f v", "(integer) 1"),
        ("HEXISTS h f", "(integer) 0"),
        ("HSETEX new EXAT 1 FIELDS 1 f v", "(integer) 1"),
        ("HLEN new", "(integer) 0"),
        ("HSETEX h FNX FXX FIELDS 1 f v", "(error) ERR Only one of FXX or FNX arguments can be specified"),
        ("HSETEX h EX 1 PX 1 FIELDS 1 f v", two_deadlines),
        ("HSETEX h KEEPTTL EX 1 FIELDS 1 f v", two_deadlines),
        ("HSETEX h FNX NX FIELDS 1 f v", "(error) ERR unknown argument: NX"),
        ("HSETEX h FNX 1 f EX", "(error) ERR unknown argument: 1"),
        ("HSETEX h FNX KEEPTTL FXX EX", "(error) ERR Only one of FXX or FNX arguments can be specified"),
        ("HSETEX h FNX KEEPTTL FIELDS 1", arity),
        ("HSETEX h FIELDS 2 f v", arity),
        ("HSETEX h FIELDS 1 f v w", arity),
        ("HSETEX h FIELDS 0 f v", "(error) ERR invalid number of fields"),
        ("HSETEX h FIELDS 2147483648 f v", "(error) ERR invalid number of fields"),
    ] {
        assert_eq!(show(&shell.run(line)), reply, "{line}");
    }
}

#[test]
fn hgetex_changes_deadlines_of_what_it_returns() {
    check(
        r#"> HSETEX h PX 1000 FIELDS 2 a 1 b 2
        (integer) 1
        > HGETEX h FIELDS 1 a
        1) "1"
        > HPTTL h FIELDS 1 a
        1) (integer) 1000
        > HGETEX h persist FIELDS 2 a nosuch
        1) "1"
        2) (nil)
        > HGETEX h PX 2000 FIELDS 1 b
        1) "2"
        > HPTTL h FIELDS 2 a b
        1) (integer) -1
        2) (integer) 2000
        > HGETEX h PX 0 FIELDS 2 a a
        1) "1"
        2) (nil)
        > HGETEX h EXAT 5 FIELDS 1 b
        1) "2"
        > HLEN h
        (integer) 0"#,
    );
}

#[test]
fn counts_of_random_fields_are_bounded() {
    let out_of_range = "(error) ERR value is out of range";
    let mut shell = with_big(200);
    for (line, reply) in [
        ("HRANDFIELD big 9223372036854775807 WITHVALUES", out_of_range),
        ("HRANDFIELD big -9223372036854775807 WITHVALUES", out_of_range),
        (
            "HRANDFIELD big -9223372036854775808",
            "(error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
        (
            "HRANDFIELD big -9223372036854775807",
            "(error) ERR value is out of range, at most 1000000 repetitions are answered",
        ),
        ("HRANDFIELD big 9223372036854775808", "(error) ERR value is not an int or out of range"),
        ("HRANDFIELD big 1 VALUES", "(error) ERR syntax error"),
        ("HRANDFIELD big 1 WITHVALUES WITHVALUES", "(error) ERR syntax error"),
        ("HRANDFIELD big 0", "(empty array)"),
        ("HRANDFIELD big -0", "(error) ERR value is not an int or out of range"),
    ] {
        assert_eq!(show(&shell.run(line)), reply, "{line}");
    }
    assert_eq!(len(&shell.run("HRANDFIELD big 9223372036854775807")), 200);
    assert_eq!(len(&shell.run("HRANDFIELD big 4611686018427387903 WITHVALUES")), 200);
}

/// Packed, mapped, and mapped with most fields past their deadline: three ways to draw.
#[test]
fn random_fields_are_different_ones_or_repeat() {
    for (size, passed) in [(20, 0), (600, 0), (600, 500)] {
        let mut shell = with_big(size);
        let fields: String = (0..passed).map(|i| format!(" f{i}")).collect();
        shell.run(&format!("HPEXPIRE big 1 FIELDS {passed}{fields}"));
        shell.wait_ms(2);
        for count in [1, 10, 19, 60] {
            let Reply::Pairs(pairs) = shell.run(&format!("HRANDFIELD big {count} WITHVALUES")) else {
                panic!("pairs")
            };
            let mut names: Vec<String> = pairs.iter().map(|(name, _)| show(name)).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count.min(size - passed));
            for (name, value) in &pairs {
                assert_eq!(show(name).replace('f', ""), show(value), "a field with its own value");
            }
        }
        assert_eq!(len(&shell.run("HRANDFIELD big -1000")), 1000);
        let Reply::Array(names) = shell.run("HRANDFIELD big -4000") else { panic!("an array") };
        let drawn = |i: usize| names.iter().filter(|name| show(name) == format!("\"f{i}\"")).count();
        assert!((0..passed).all(|i| drawn(i) == 0), "nothing that is past its deadline");
        let expected = 4000 / (size - passed);
        assert!((passed..size).all(|i| drawn(i) <= expected * 4 + 10), "none much more often than others");
    }
}

#[test]
fn a_scan_visits_every_field_once() {
    let mut shell = with_big(1000);
    let (mut cursor, mut seen) = ("0".to_owned(), Vec::new());
    loop {
        let Reply::Array(reply) = shell.run(&format!("HSCAN big {cursor} COUNT 100 NOVALUES")) else {
            panic!("a cursor and an array")
        };
        let Reply::Array(names) = &reply[1] else { panic!("an array") };
        assert!(names.len() < 300, "{} fields at once", names.len());
        seen.extend(names.iter().map(show));
        cursor = show(&reply[0]).replace('"', "");
        if cursor == "0" {
            break;
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 1000);
}

#[test]
fn scans_are_filtered_and_checked() {
    check(
        r#"> HSET h apple 1 banana 2 avocado 3
        (integer) 3
        > HSCAN h 0 COUNT 1 match a*
        1) "0"
        2) 1) "apple"
           2) "1"
           3) "avocado"
           4) "3"
        > HSCAN h 0 NOVALUES MATCH *an*
        1) "0"
        2) 1) "banana"
        > HSCAN h 0 COUNT 0
        (error) ERR syntax error
        > HSCAN h 0 COUNT x
        (error) ERR value is not an int or out of range
        > HSCAN h 0 COUNT
        (error) ERR syntax error
        > HSCAN h 0 TYPE hash
        (error) ERR syntax error
        > HSCAN h x
        (error) ERR invalid cursor
        > HSCAN h -1
        (error) ERR invalid cursor
        > HSCAN h 18446744073709551616
        (error) ERR invalid cursor
        > HSCAN h 18446744073709551615 COUNT 9223372036854775807
        1) "0"
        2) 1) "apple"
           2) "1"
           3) "banana"
           4) "2"
           5) "avocado"
           6) "3""#,
    );
}

#[test]
fn a_hash_is_packed_up_to_redis_thresholds() {
    let mut shell = with_big(512);
    assert_eq!(encoding(&shell, "big"), "listpack");
    shell.run("HSET big f0 again");
    assert_eq!(encoding(&shell, "big"), "listpack", "no new field");
    shell.run("HEXPIRE big 10 FIELDS 1 f0");
    assert_eq!(encoding(&shell, "big"), "listpackex");
    shell.run("HSET big one-more 1");
    assert_eq!(encoding(&shell, "big"), "hashtable");
    shell.run("HDEL big one-more f0 f1 f2");
    assert_eq!(encoding(&shell, "big"), "hashtable", "there is no way back");
    for (name_len, value_len, expected) in [(64, 64, "listpack"), (65, 1, "hashtable"), (1, 65, "hashtable")]
    {
        shell.run(&format!("HSETEX h PXAT 1 FIELDS 1 gone {}", "v".repeat(65)));
        shell.run(&format!("HSET h {} {}", "n".repeat(name_len), "v".repeat(value_len)));
        assert_eq!(encoding(&shell, "h"), expected);
        shell.run(&format!("HDEL h {}", "n".repeat(name_len)));
    }
}
