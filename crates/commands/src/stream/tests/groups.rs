//! What the commands about consumer groups do at their edges.

use super::Plain;
use crate::tests::check;

#[test]
fn groups_are_managed() {
    check(
        r#"
        > XGROUP CREATE s g $
        (error) ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
        > XGROUP CREATE s g x MKSTREAM
        (error) ERR Invalid stream ID specified as stream command argument
        > EXISTS s
        (integer) 0
        > XGROUP CREATE s g $ ENTRIESREAD 5 mkstream
        OK
        > XGROUP CREATE s g $
        (error) BUSYGROUP Consumer Group name already exists
        > XGROUP CREATE s h 0 ENTRIESREAD
        (error) ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.
        > XGROUP CREATE s h 0 ENTRIESREAD -2
        (error) ERR value for ENTRIESREAD must be positive or -1
        > XGROUP SETID s g 0 MKSTREAM
        (error) ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.
        > XGROUP SETID s h 0
        (error) NOGROUP No such consumer group 'h' for key name 's'
        > XGROUP SETID t h 0
        (error) ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
        > XGROUP CREATECONSUMER s h ann
        (error) NOGROUP No such consumer group 'h' for key name 's'
        > XGROUP DELCONSUMER s g ann
        (integer) 0
        > XGROUP DESTROY s h
        (integer) 0
        > XGROUP DESTROY t h
        (error) ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
        > XGROUP FOO s
        (error) ERR unknown subcommand 'FOO'. Try XGROUP HELP.
        > XGROUP CREATE s
        (error) ERR wrong number of arguments for 'xgroup|create' command
        > XINFO GROUPS s
        1)  1) "name"
           2) "g"
           3) "consumers"
           4) (integer) 0
           5) "pending"
           6) (integer) 0
           7) "last-delivered-id"
           8) "0-0"
           9) "entries-read"
           10) (integer) 0
           11) "lag"
           12) (integer) 0
        "#,
    );
}

#[test]
fn a_consumer_reads_on_and_reads_again() {
    check(
        r#"
        > XADD s 1-0 f v
        "1-0"
        > XADD s 2-0 f v
        "2-0"
        > XGROUP CREATE s g 0
        OK
        > XREADGROUP GROUP g ann COUNT 1 STREAMS s >
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        ~ 100
        > XREADGROUP GROUP g ann STREAMS s 0
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        ~ 30
        > XPENDING s g - + 10 ann
        1) 1) "1-0"
           2) "ann"
           3) (integer) 30
           4) (integer) 2
        > XPENDING s g IDLE 31 - + 10
        (empty array)
        > XPENDING s g IDLE 30 - + 10 ann
        1) 1) "1-0"
           2) "ann"
           3) (integer) 30
           4) (integer) 2
        > XREADGROUP GROUP g bob STREAMS s 0
        1) 1) "s"
           2) (empty array)
        > XREADGROUP GROUP g bob NOACK STREAMS s >
        1) 1) "s"
           2) 1) 1) "2-0"
                 2) 1) "f"
                    2) "v"
        > XPENDING s g
        1) (integer) 1
        2) "1-0"
        3) "1-0"
        4) 1) 1) "ann"
              2) "1"
        > XGROUP SETID s g 0
        OK
        > XREADGROUP GROUP g bob COUNT 1 STREAMS s >
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
        > XPENDING s g - + 10
        1) 1) "1-0"
           2) "bob"
           3) (integer) 0
           4) (integer) 1
        > XGROUP DELCONSUMER s g bob
        (integer) 1
        > XPENDING s g
        1) (integer) 0
        2) (nil)
        3) (nil)
        4) (nil)
        "#,
    );
}

#[test]
fn xreadgroup_refuses_what_makes_no_sense() {
    check(
        r#"
        > XREADGROUP COUNT 1 COUNT 1 STREAMS s >
        (error) ERR Missing GROUP option for XREADGROUP
        > XREADGROUP GROUP g c STREAMS s >
        (error) NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option
        > XGROUP CREATE s g $ MKSTREAM
        OK
        > XREADGROUP GROUP h c STREAMS s >
        (error) NOGROUP No such key 's' or consumer group 'h' in XREADGROUP with GROUP option
        > XREADGROUP GROUP g c STREAMS s t > >
        (error) NOGROUP No such key 't' or consumer group 'g' in XREADGROUP with GROUP option
        > XREADGROUP GROUP g c STREAMS s $
        (error) ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.
        > XREADGROUP GROUP g c STREAMS s +
        (error) ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.
        > XREADGROUP GROUP g c COUNT 1 STREAMS s x >
        (error) ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
        > XREADGROUP GROUP g STREAMS s > x
        (error) ERR syntax error
        > XINFO CONSUMERS s g
        (empty array)
        > XREADGROUP GROUP g c BLOCK 0 STREAMS s >
        (nil)
        ~ 40
        > XINFO CONSUMERS s g
        1) 1) "name"
           2) "c"
           3) "pending"
           4) (integer) 0
           5) "idle"
           6) (integer) 40
           7) "inactive"
           8) (integer) -1
        "#,
    );
}

/// Upstash's limit. Nothing is delivered, not even from another stream, and what is acknowledged at once is not limited.
#[test]
fn a_consumer_has_at_most_a_thousand_entries_pending() {
    let mut plain = Plain::new();
    plain.fill(1005);
    let refusal = |pending, requested, consumer| {
        format!(
            "(error) ERR XReadGroup is cancelled. Pending Entries List limit per consumer is about to be reached. Limit: \
             1000, Current PEL size: {pending}, Requested Read: {requested}, Key: s, Group: g, Consumer: {consumer}."
        )
    };
    let mut read = |line: &str| plain.run(line);
    read("XGROUP CREATE s g 0");
    assert_eq!(read("XREADGROUP GROUP g ann STREAMS s >"), refusal(0, 1005, "ann"));
    assert_eq!(read("XREADGROUP GROUP g ann COUNT 1001 STREAMS s >"), refusal(0, 1001, "ann"));
    assert!(read("XREADGROUP GROUP g ann COUNT 998 STREAMS s >").starts_with("1) 1) \"s\""));
    assert_eq!(read("XREADGROUP GROUP g ann COUNT 2 STREAMS s s > >"), refusal(998, 4, "ann"));
    assert_eq!(read("XREADGROUP GROUP g ann COUNT 3 STREAMS s >"), refusal(998, 3, "ann"));
    assert!(read("XREADGROUP GROUP g bob COUNT 3 STREAMS s >").starts_with("1) 1) \"s\""));
    assert!(read("XREADGROUP GROUP g ann COUNT 2 STREAMS s >").starts_with("1) 1) \"s\""));
    assert!(read("XREADGROUP GROUP g ann COUNT 2 STREAMS s 0").starts_with("1) 1) \"s\""));
    assert_eq!(read("XREADGROUP GROUP g ann COUNT 1 STREAMS s >"), refusal(1000, 1, "ann"));
    assert_eq!(read("XACK s g 1 2"), "(integer) 2");
    assert!(read("XREADGROUP GROUP g ann COUNT 1 STREAMS s >").starts_with("1) 1) \"s\""));
    assert!(read("XREADGROUP GROUP g ann NOACK STREAMS s >").starts_with("1) 1) \"s\""));
    assert_eq!(read("XREADGROUP GROUP g ann STREAMS s >"), "(nil)");
}

#[test]
fn claims_can_be_described() {
    check(
        r#"
        > XADD s 1-0 f v
        "1-0"
        > XADD s 2-0 f v
        "2-0"
        > XCLAIM s g ann 0 1-0
        (error) NOGROUP No such key 's' or consumer group 'g'
        > XGROUP CREATE s g 0
        OK
        > XCLAIM s g ann 0 1-0 3-0
        (empty array)
        > XCLAIM s g ann 5000 1-0 3-0 FORCE JUSTID RETRYCOUNT 7 LASTID 1-0
        1) "1-0"
        ~ 50
        > XCLAIM s g bob 51 1-0
        (empty array)
        > XCLAIM s g bob 50 1-0 IDLE 1000
        1) 1) "1-0"
           2) 1) "f"
              2) "v"
        > XPENDING s g - + 10
        1) 1) "1-0"
           2) "bob"
           3) (integer) 1000
           4) (integer) 8
        > XCLAIM s g bob -1 1-0 1-0 TIME 9223372036854775807 RETRYCOUNT -3 JUSTID
        1) "1-0"
        2) "1-0"
        > XPENDING s g - + 10
        1) 1) "1-0"
           2) "bob"
           3) (integer) 0
           4) (integer) 8
        > XCLAIM s g bob 0 1-0 IDLE -9223372036854775808 JUSTID RETRYCOUNT 9223372036854775807
        1) "1-0"
        > XDEL s 1-0
        (integer) 1
        > XCLAIM s g ann 0 1-0 FORCE
        (empty array)
        > XPENDING s g
        1) (integer) 0
        2) (nil)
        3) (nil)
        4) (nil)
        > XREADGROUP GROUP g ann STREAMS s >
        1) 1) "s"
           2) 1) 1) "2-0"
                 2) 1) "f"
                    2) "v"
        > XCLAIM s g ann x 1-0
        (error) ERR Invalid min-idle-time argument for XCLAIM
        > XCLAIM s g ann 0 1-0 FOO
        (error) ERR Unrecognized XCLAIM option 'FOO'
        > XCLAIM s g ann 0 1-0 IDLE
        (error) ERR Unrecognized XCLAIM option 'IDLE'
        > XCLAIM s g ann 0 1-0 IDLE x
        (error) ERR Invalid IDLE option argument for XCLAIM
        > XCLAIM s g ann 0 1-0 TIME x
        (error) ERR Invalid TIME option argument for XCLAIM
        > XCLAIM s g ann 0 1-0 RETRYCOUNT x
        (error) ERR Invalid RETRYCOUNT option argument for XCLAIM
        > XCLAIM s g ann 0 1-0 LASTID x
        (error) ERR Invalid stream ID specified as stream command argument
        "#,
    );
}

#[test]
fn what_nobody_acknowledges_is_claimed_in_turns() {
    check(
        r#"
        > XGROUP CREATE s g 0 MKSTREAM
        OK
        > XADD s 1-0 f v
        "1-0"
        > XADD s 2-0 f v
        "2-0"
        > XADD s 3-0 f v
        "3-0"
        > XREADGROUP GROUP g ann COUNT 2 STREAMS s >
        1) 1) "s"
           2) 1) 1) "1-0"
                 2) 1) "f"
                    2) "v"
              2) 1) "2-0"
                 2) 1) "f"
                    2) "v"
        ~ 100
        > XCLAIM s g ann 0 3-0 FORCE JUSTID
        1) "3-0"
        > XDEL s 1-0
        (integer) 1
        > XAUTOCLAIM s g bob 100 - COUNT 1 JUSTID
        1) "2-0"
        2) (empty array)
        3) 1) "1-0"
        > XAUTOCLAIM s g bob 100 2-0 JUSTID COUNT 1
        1) "3-0"
        2) 1) "2-0"
        3) (empty array)
        > XAUTOCLAIM s g bob 100 (2-0
        1) "0-0"
        2) (empty array)
        3) (empty array)
        > XPENDING s g - + 10
        1) 1) "2-0"
           2) "bob"
           3) (integer) 0
           4) (integer) 1
        2) 1) "3-0"
           2) "ann"
           3) (integer) 0
           4) (integer) 1
        > XAUTOCLAIM s g bob x 0
        (error) ERR Invalid min-idle-time argument for XAUTOCLAIM
        > XAUTOCLAIM s g bob 0 x
        (error) ERR Invalid stream ID specified as stream command argument
        > XAUTOCLAIM s g bob 0 0 COUNT 0
        (error) ERR COUNT must be > 0
        > XAUTOCLAIM s g bob 0 0 COUNT 9223372036854775807
        (error) ERR COUNT must be > 0
        > XAUTOCLAIM s g bob 0 0 COUNT
        (error) ERR syntax error
        > XAUTOCLAIM s h bob 0 0
        (error) NOGROUP No such key 's' or consumer group 'h'
        "#,
    );
}

#[test]
fn xpending_checks_its_arguments() {
    check(
        r#"
        > XPENDING s g
        (error) NOGROUP No such key 's' or consumer group 'g'
        > XPENDING s g - +
        (error) ERR syntax error
        > XPENDING s g IDLE 5 - +
        (error) ERR syntax error
        > XPENDING s g IDLE x - + 10
        (error) ERR value is not an int or out of range
        > XPENDING s g x y z
        (error) ERR value is not an int or out of range
        > XPENDING s g x + 10
        (error) ERR Invalid stream ID specified as stream command argument
        > XPENDING s g - (0-0 10
        (error) ERR invalid end ID for the interval
        > XGROUP CREATE s g 0 MKSTREAM
        OK
        > XADD s 1-0 f v
        "1-0"
        > XCLAIM s g ann 0 1-0 FORCE JUSTID
        1) "1-0"
        > XPENDING s g + - 10
        (empty array)
        > XPENDING s g + - 10 ann
        (empty array)
        > XPENDING s g - + -9223372036854775808
        (empty array)
        > XPENDING s g - + 10 nobody
        (empty array)
        > XPENDING s g (1-0 + 10
        (empty array)
        "#,
    );
}
