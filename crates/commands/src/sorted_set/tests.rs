//! What the sorted set commands do at their edges.

mod model;

use latchkey_protocol::Reply;

use crate::tests::{Shell, check};

/// What they answer where nobody waits: in a transaction, for example.
#[test]
fn commands_that_wait_pop_what_is_there_and_otherwise_answer_null() {
    check(
        r#"
        > ZADD b 1 one 2 two 3 three 4 four
        (integer) 4
        > BZPOPMIN a b b 0
        1) "b"
        2) "one"
        3) "1"
        > BZPOPMAX a b 1.5
        1) "b"
        2) "four"
        3) "4"
        > BZMPOP 0 2 a b MAX COUNT 5
        1) "b"
        2) 1) 1) "three"
              2) "3"
           2) 1) "two"
              2) "2"
        > BZPOPMIN a b 0
        (nil)
        > BZMPOP 0 1 b MIN
        (nil)
        > SET b x
        OK
        > BZPOPMAX b -1
        (error) ERR timeout is negative
        > BZPOPMAX b 0
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > BZMPOP x 1 b UP
        (error) ERR syntax error
        > BZMPOP x 1 b MIN
        (error) ERR timeout is not a float or out of range
        "#,
    );
}

#[test]
fn zadd_options_decide_what_is_written() {
    check(
        r#"
        > ZADD z XX 1 ann
        (integer) 0
        > EXISTS z
        (integer) 0
        > ZADD z NX 1 ann 2 bob
        (integer) 2
        > ZADD z NX CH 5 ann 3 cleo
        (integer) 1
        > ZADD z xx ch 5 ann 9 eve
        (integer) 1
        > ZADD z GT CH 4 ann 6 bob 1 dan
        (integer) 2
        > ZADD z LT CH 4 ann 7 bob 0 dan
        (integer) 2
        > ZADD z XX GT 100 eve
        (integer) 0
        > ZRANGE z 0 -1 WITHSCORES
        1) "dan"
        2) "0"
        3) "cleo"
        4) "3"
        5) "ann"
        6) "4"
        7) "bob"
        8) "6"
        "#,
    );
}

#[test]
fn zadd_incr_answers_the_score_or_null() {
    check(
        r#"
        > ZADD z INCR 1.5 ann
        "1.5"
        > ZADD z NX INCR 1 ann
        (nil)
        > ZADD z XX INCR 1 bob
        (nil)
        > ZADD z GT INCR -1 ann
        (nil)
        > ZADD z LT INCR -1 ann
        "0.5"
        > ZADD z INCR CH 0 ann
        "0.5"
        > ZSCORE z bob
        (nil)
        "#,
    );
}

#[test]
fn zadd_refuses_in_redis_order() {
    check(
        "
        > ZADD z NX XX 1
        (error) ERR syntax error
        > ZADD z NX XX GT 1 a
        (error) ERR XX and NX options at the same time are not compatible
        > ZADD z NX GT x a
        (error) ERR GT, LT, and/or NX options at the same time are not compatible
        > ZADD z GT LT 1 a
        (error) ERR GT, LT, and/or NX options at the same time are not compatible
        > ZADD z INCR 1 a x b
        (error) ERR INCR option supports a single increment-element pair
        > ZADD z NX XX CH
        (error) ERR syntax error
        > ZADD z 1 a nx b
        (error) ERR value is not a valid float
        > ZADD z 1 a nan b
        (error) ERR value is not a valid float
        > EXISTS z
        (integer) 0
        > ZINCRBY z one a
        (error) ERR value is not a valid float
        > ZINCRBY z CH a
        (error) ERR syntax error
        ",
    );
}

#[test]
fn a_member_may_be_called_as_an_option() {
    check(
        r#"
        > ZADD z 1 nx 2 ""
        (integer) 2
        > ZRANGE z 0 -1
        1) "nx"
        2) ""
        "#,
    );
}

#[test]
fn infinities_that_cancel_out_are_refused() {
    check(
        r#"
        > ZADD z inf a
        (integer) 1
        > ZINCRBY z -inf a
        (error) ERR resulting score is not a number (NaN)
        > ZADD z INCR -Infinity a
        (error) ERR resulting score is not a number (NaN)
        > ZSCORE z a
        "inf"
        "#,
    );
}

#[test]
fn a_negative_zero_stays_and_is_equal_to_zero() {
    check(
        r#"
        > ZADD z -0 b 0 a
        (integer) 2
        > ZADD z CH 0 b -0 a
        (integer) 0
        > ZRANGE z 0 0 BYSCORE WITHSCORES
        1) "a"
        2) "0"
        3) "b"
        4) "-0"
        > ZCOUNT z (-0 +inf
        (integer) 0
        > ZINCRBY z 0 b
        "0"
        > ZADD z 1 b
        (integer) 0
        "#,
    );
}

#[test]
fn scores_look_as_in_redis() {
    check(
        r#"
        > ZADD z 3.0 a 1e5 b 0.1 c 1e22 d
        (integer) 4
        > ZMSCORE z a b c d
        1) "3"
        2) "100000"
        3) "0.1"
        4) "1e+22"
        > ZINCRBY z 0.2 c
        "0.30000000000000004"
        "#,
    );
}

#[test]
fn what_does_not_exist_is_empty() {
    check(
        r#"
        > ZCARD z
        (integer) 0
        > ZREM z a
        (integer) 0
        > ZMSCORE z a b
        1) (nil)
        2) (nil)
        > ZRANGE z 0 -1 WITHSCORES
        (empty array)
        > ZPOPMIN z
        (empty array)
        > ZPOPMAX z 3
        (empty array)
        > ZMPOP 2 z y MAX COUNT 5
        (nil)
        > ZRANK z a
        (nil)
        > ZRANDMEMBER z
        (nil)
        > ZRANDMEMBER z -5 WITHSCORES
        (empty array)
        > ZSCAN z 17 COUNT nonsense
        1) "0"
        2) (empty array)
        > ZUNION 2 z y
        (empty array)
        > ZINTERCARD 1 z
        (integer) 0
        > ZREMRANGEBYRANK z 0 -1
        (integer) 0
        "#,
    );
}

#[test]
fn a_null_is_of_the_kind_that_was_asked_for() {
    let mut shell = Shell::new();
    assert_eq!(shell.run("ZRANK z a"), Reply::Null);
    assert_eq!(shell.run("ZRANK z a WITHSCORE"), Reply::NullArray);
    assert_eq!(shell.run("ZMPOP 1 z MIN"), Reply::NullArray);
    assert_eq!(shell.run("ZADD z XX INCR 1 a"), Reply::Null);
}

/// RESP3 nests pairs only where a count was given; ZMPOP nests them in RESP2 as well.
#[test]
fn popped_pairs_are_nested_where_redis_nests_them() {
    let mut shell = Shell::new();
    let pair = || (Reply::bulk("a"), Reply::Double(1.0));
    shell.run("ZADD z 1 a");
    assert_eq!(shell.run("ZPOPMIN z"), Reply::Array(vec![pair().0, pair().1]));
    shell.run("ZADD z 1 a");
    assert_eq!(shell.run("ZPOPMIN z 1"), Reply::Pairs(vec![pair()]));
    shell.run("ZADD z 1 a");
    let nested = Reply::Array(vec![Reply::Array(vec![pair().0, pair().1])]);
    assert_eq!(shell.run("ZMPOP 1 z MIN"), Reply::Array(vec![Reply::bulk("z"), nested]));
}

#[test]
fn pops_refuse_what_is_no_count() {
    check(
        r#"
        > ZADD z 1 a 2 b
        (integer) 2
        > ZPOPMIN z 0
        (empty array)
        > ZPOPMIN z -1
        (error) ERR value is out of range, must be positive
        > ZPOPMAX z many
        (error) ERR value is out of range, must be positive
        > ZPOPMAX z 1 1
        (error) ERR syntax error
        > ZMPOP 0 z MIN
        (error) ERR numkeys should be greater than 0
        > ZMPOP x z MIN
        (error) ERR numkeys should be greater than 0
        > ZMPOP 2 z MIN
        (error) ERR syntax error
        > ZMPOP 9223372036854775807 z MIN
        (error) ERR syntax error
        > ZMPOP 1 z MID
        (error) ERR syntax error
        > ZMPOP 1 z MIN COUNT 0
        (error) ERR count should be greater than 0
        > ZMPOP 1 z MIN COUNT 1 COUNT 1
        (error) ERR syntax error
        > ZMPOP 1 z MIN COUNT
        (error) ERR syntax error
        > ZPOPMAX z 9223372036854775807
        1) "b"
        2) "2"
        3) "a"
        4) "1"
        > EXISTS z
        (integer) 0
        "#,
    );
}

#[test]
fn ranks_count_from_either_end() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c 4 d
        (integer) 4
        > ZRANGE z -9223372036854775808 9223372036854775807
        1) "a"
        2) "b"
        3) "c"
        4) "d"
        > ZRANGE z -2 -1
        1) "c"
        2) "d"
        > ZRANGE z 2 1
        (empty array)
        > ZRANGE z 4 10
        (empty array)
        > ZRANGE z 0 -5
        (empty array)
        > ZRANGE z 0 1 REV
        1) "d"
        2) "c"
        > ZREVRANGE z -1 -1 WITHSCORES
        1) "a"
        2) "1"
        > ZRANGE z 1 x
        (error) ERR value is not an int or out of range
        > ZRANK z c
        (integer) 2
        > ZREVRANK z c
        (integer) 1
        > ZRANK z c SCORE
        (error) ERR syntax error
        > ZRANK z c WITHSCORE WITHSCORE
        (error) ERR wrong number of arguments for 'zrank' command
        > ZREMRANGEBYRANK z 1 -2
        (integer) 2
        > ZREMRANGEBYRANK z 5 9
        (integer) 0
        > ZREMRANGEBYRANK z 0 x
        (error) ERR value is not an int or out of range
        > ZREMRANGEBYRANK z 0 -1
        (integer) 2
        > EXISTS z
        (integer) 0
        "#,
    );
}

/// Redis refuses LIMIT without BYSCORE or BYLEX; Upstash lets it cut the range of ranks.
#[test]
fn limit_also_cuts_ranges_of_ranks() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c 4 d
        (integer) 4
        > ZRANGE z 1 -1 LIMIT 1 1
        1) "c"
        > ZRANGE z 0 2 REV LIMIT 1 -1
        1) "c"
        2) "b"
        > ZRANGESTORE y z 0 -1 LIMIT 3 5
        (integer) 1
        > ZRANGE y 0 -1
        1) "d"
        "#,
    );
}

#[test]
fn limits_are_counted_from_where_the_range_begins() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c 4 d
        (integer) 4
        > ZRANGEBYSCORE z -inf +inf LIMIT 1 2
        1) "b"
        2) "c"
        > ZRANGE z 3 -inf BYSCORE REV LIMIT 1 1
        1) "b"
        > ZREVRANGEBYSCORE z +inf -inf LIMIT 2 -1
        1) "b"
        2) "a"
        > ZRANGEBYSCORE z 1 4 LIMIT 0 0
        (empty array)
        > ZRANGEBYSCORE z 1 4 LIMIT -1 5
        (empty array)
        > ZRANGEBYSCORE z 1 4 LIMIT 9223372036854775807 9223372036854775807
        (empty array)
        > ZRANGEBYSCORE z 1 4 LIMIT 3 9223372036854775807
        1) "d"
        > ZRANGEBYSCORE z 1 4 LIMIT 0 1 LIMIT 1 1
        1) "b"
        > ZRANGEBYSCORE z 1 4 LIMIT 0
        (error) ERR syntax error
        > ZRANGEBYSCORE z 1 4 LIMIT 0 x
        (error) ERR value is not an int or out of range
        "#,
    );
}

#[test]
fn score_ranges_may_leave_their_ends_out() {
    check(
        r#"
        > ZADD z -inf a 1 b 1 c 2 d inf e
        (integer) 5
        > ZCOUNT z -inf +inf
        (integer) 5
        > ZCOUNT z (-inf (inf
        (integer) 3
        > ZCOUNT z 1 (2
        (integer) 2
        > ZCOUNT z (1 1
        (integer) 0
        > ZCOUNT z 2 1
        (integer) 0
        > ZCOUNT z one 2
        (error) ERR min or max is not a float
        > ZCOUNT z [1 2
        (error) ERR min or max is not a float
        > ZCOUNT z nan 2
        (error) ERR min or max is not a float
        > ZRANGEBYSCORE z (1 +inf WITHSCORES
        1) "d"
        2) "2"
        3) "e"
        4) "inf"
        > ZCOUNT z "" (
        (integer) 0
        > ZREMRANGEBYSCORE z (x 1
        (error) ERR min or max is not a float
        > ZREMRANGEBYSCORE z 1 (2
        (integer) 2
        "#,
    );
}

#[test]
fn name_ranges_are_in_byte_order() {
    check(
        r#"
        > ZADD z 0 a 0 aa 0 b 0 B 0 ""
        (integer) 5
        > ZRANGEBYLEX z - +
        1) ""
        2) "B"
        3) "a"
        4) "aa"
        5) "b"
        > ZRANGE z [a (b BYLEX
        1) "a"
        2) "aa"
        > ZRANGE z (b [a BYLEX REV LIMIT 0 1
        1) "aa"
        > ZREVRANGEBYLEX z + - LIMIT 3 9
        1) "B"
        2) ""
        > ZLEXCOUNT z ( [a
        (integer) 2
        > ZLEXCOUNT z + -
        (integer) 0
        > ZLEXCOUNT z + +
        (integer) 0
        > ZLEXCOUNT z a b
        (error) ERR min or max not valid string range item
        > ZLEXCOUNT z -a +
        (error) ERR min or max not valid string range item
        > ZLEXCOUNT z - ""
        (error) ERR min or max not valid string range item
        > ZREMRANGEBYLEX z (a +
        (integer) 2
        "#,
    );
}

#[test]
fn zrange_options_come_in_any_order_but_only_once() {
    check(
        r#"
        > ZADD z 1 a 2 b
        (integer) 2
        > ZRANGE z 2 1 withscores limit 0 1 rev byscore
        1) "b"
        2) "2"
        > ZRANGE z 0 1 REV REV
        (error) ERR syntax error
        > ZRANGE z 0 1 BYSCORE BYLEX
        (error) ERR syntax error
        > ZRANGEBYSCORE z 0 1 REV
        (error) ERR syntax error
        > ZREVRANGE z 0 1 BYSCORE
        (error) ERR syntax error
        > ZRANGE z - + BYLEX WITHSCORES
        (error) ERR syntax error, WITHSCORES not supported in combination with BYLEX
        > ZRANGEBYLEX z - + WITHSCORES
        (error) ERR syntax error, WITHSCORES not supported in combination with BYLEX
        > ZRANGESTORE y z 0 1 WITHSCORES
        (error) ERR syntax error
        "#,
    );
}

#[test]
fn zrangestore_replaces_the_destination() {
    check(
        r#"
        > ZADD z 1 a 2 b 3 c
        (integer) 3
        > SET y text EX 100
        OK
        > ZRANGESTORE y z (1 +inf BYSCORE
        (integer) 2
        > TTL y
        (integer) -1
        > ZRANGESTORE z z 0 0
        (integer) 1
        > ZRANGE z 0 -1
        1) "a"
        > ZRANGESTORE y nowhere 0 -1
        (integer) 0
        > EXISTS y
        (integer) 0
        "#,
    );
}

#[test]
fn combinations_read_weights_and_aggregates() {
    check(
        r#"
        > ZADD x 1 a 2 b 3 c
        (integer) 3
        > ZADD y 10 b 20 c 30 d
        (integer) 3
        > ZUNION 2 x y WEIGHTS 2 -1 AGGREGATE MIN WITHSCORES
        1) "d"
        2) "-30"
        3) "c"
        4) "-20"
        5) "b"
        6) "-10"
        7) "a"
        8) "2"
        > ZINTER 2 x y WITHSCORES AGGREGATE max WEIGHTS 10 1
        1) "b"
        2) "20"
        3) "c"
        4) "30"
        > ZDIFF 2 x y WITHSCORES
        1) "a"
        2) "1"
        > ZDIFF 2 x x
        (empty array)
        > ZINTER 3 x y nowhere
        (empty array)
        > ZUNION 2 x x WITHSCORES
        1) "a"
        2) "2"
        3) "b"
        4) "4"
        5) "c"
        6) "6"
        > ZINTERCARD 2 x y LIMIT 0
        (integer) 2
        > ZINTERCARD 2 x y limit 1
        (integer) 1
        "#,
    );
}

#[test]
fn sets_take_part_with_the_score_1() {
    check(
        r#"
        > ZADD x 5 1 7 b
        (integer) 2
        > SADD s 1 2
        (integer) 2
        > ZUNION 2 x s WEIGHTS 1 10 WITHSCORES
        1) "b"
        2) "7"
        3) "2"
        4) "10"
        5) "1"
        6) "15"
        > ZINTERSTORE y 2 s x
        (integer) 1
        > ZSCORE y 1
        "6"
        > ZDIFF 2 s x WITHSCORES
        1) "2"
        2) "1"
        > ZINTERCARD 2 s s
        (integer) 2
        > ZDIFFSTORE s 2 s x
        (integer) 1
        > TYPE s
        zset
        "#,
    );
}

#[test]
fn aggregation_never_makes_nan() {
    check(
        r#"
        > ZADD x inf a 0 b
        (integer) 2
        > ZADD y -inf a 1 c
        (integer) 2
        > ZUNION 2 x y WITHSCORES
        1) "a"
        2) "0"
        3) "b"
        4) "0"
        5) "c"
        6) "1"
        > ZINTER 2 x y WITHSCORES
        1) "a"
        2) "0"
        > ZUNION 1 x WEIGHTS 0 WITHSCORES
        1) "a"
        2) "0"
        3) "b"
        4) "0"
        > ZINTER 1 x WEIGHTS inf WITHSCORES
        1) "b"
        2) "0"
        3) "a"
        4) "inf"
        > ZINTER 2 x x WEIGHTS 1 0 AGGREGATE MAX WITHSCORES
        1) "b"
        2) "0"
        3) "a"
        4) "inf"
        "#,
    );
}

#[test]
fn combinations_refuse_in_redis_order() {
    check(
        "
        > SET text x
        OK
        > ZUNION 0 x
        (error) ERR at least 1 input key is needed for 'zunion' command
        > ZINTERSTORE z -1 x
        (error) ERR at least 1 input key is needed for 'zinterstore' command
        > ZDIFF x x
        (error) ERR value is not an int or out of range
        > ZUNION 2 x
        (error) ERR syntax error
        > ZUNION 9223372036854775807 x
        (error) ERR syntax error
        > ZUNION 1 text NONSENSE
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        > ZUNION 2 x y WEIGHTS 1
        (error) ERR syntax error
        > ZUNION 2 x y WEIGHTS 1 WITHSCORES
        (error) ERR weight value is not a float
        > ZUNION 1 x WEIGHTS nan
        (error) ERR weight value is not a float
        > ZUNION 1 x AGGREGATE AVG
        (error) ERR syntax error
        > ZUNION 1 x AGGREGATE
        (error) ERR syntax error
        > ZUNIONSTORE z 1 x WITHSCORES
        (error) ERR syntax error
        > ZDIFF 1 x WEIGHTS 1
        (error) ERR syntax error
        > ZINTERCARD 1 x LIMIT -1
        (error) ERR LIMIT can't be negative
        > ZINTERCARD 1 x LIMIT all
        (error) ERR LIMIT can't be negative
        > ZINTERCARD 1 x WITHSCORES
        (error) ERR syntax error
        ",
    );
}

#[test]
fn an_empty_result_removes_the_destination() {
    check(
        "
        > SET z text
        OK
        > ZUNIONSTORE z 1 nowhere
        (integer) 0
        > EXISTS z
        (integer) 0
        > SET z text
        OK
        > ZDIFFSTORE z 1 nowhere
        (integer) 0
        > SET z text
        OK
        > ZINTERSTORE z 2 nowhere nothing
        (integer) 0
        > EXISTS z
        (integer) 0
        ",
    );
}

#[test]
fn other_types_are_refused() {
    let lines = [
        "ZADD t 1 a",
        "ZADD t XX 1 a",
        "ZINCRBY t 1 a",
        "ZREM t a",
        "ZCARD t",
        "ZCOUNT t 0 1",
        "ZLEXCOUNT t - +",
        "ZSCORE t a",
        "ZMSCORE t a",
        "ZRANK t a",
        "ZREVRANK t a WITHSCORE",
        "ZRANGE t 0 -1",
        "ZRANGEBYLEX t - +",
        "ZRANGESTORE z t 0 -1",
        "ZREMRANGEBYRANK t 0 -1",
        "ZREMRANGEBYSCORE t 0 1",
        "ZREMRANGEBYLEX t - +",
        "ZPOPMIN t",
        "ZPOPMAX t 0",
        "ZMPOP 2 nowhere t MIN",
        "ZRANDMEMBER t",
        "ZRANDMEMBER t 1",
        "ZUNION 1 t",
        "ZINTER 2 nowhere t",
        "ZDIFF 1 t",
        "ZINTERCARD 1 t",
        "ZUNIONSTORE z 1 t",
        "ZSCAN t 0",
    ];
    for line in lines {
        let mut shell = Shell::new();
        shell.run("SET t text");
        let refused = shell.run(line);
        assert!(
            matches!(&refused, Reply::Error(error) if error.code() == "WRONGTYPE"),
            "{line}: {refused:?}"
        );
    }
}

#[test]
fn a_sorted_set_past_its_deadline_starts_anew() {
    check(
        r#"
        > ZADD z 1 a
        (integer) 1
        > PEXPIRE z 1000
        (integer) 1
        > ZADD z 2 b
        (integer) 1
        > PTTL z
        (integer) 1000
        ~ 1500
        > ZINCRBY z 1 a
        "1"
        > ZRANGE z 0 -1
        1) "a"
        > TTL z
        (integer) -1
        "#,
    );
}

#[test]
fn draws_are_bounded() {
    check(
        r#"
        > ZADD z 1 a
        (integer) 1
        > ZRANDMEMBER z 0
        (empty array)
        > ZRANDMEMBER z 9223372036854775807
        1) "a"
        > ZRANDMEMBER z 9223372036854775807 WITHSCORES
        (error) ERR value is out of range
        > ZRANDMEMBER z -9223372036854775808
        (error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        > ZRANDMEMBER z -9223372036854775807
        (error) ERR value is out of range
        > ZRANDMEMBER z -1000001
        (error) ERR value is out of range
        > ZRANDMEMBER z x
        (error) ERR value is not an int or out of range
        > ZRANDMEMBER z 1 SCORES
        (error) ERR syntax error
        > ZRANDMEMBER z 1 WITHSCORES 1
        (error) ERR syntax error
        "#,
    );
}

/// Each member turns up, different ones where they have to be, in a small set as in a large one.
#[test]
fn draws_reach_every_member() {
    for len in [3, 200] {
        let mut shell = Shell::new();
        let pairs: String = (0..len).map(|i| format!(" {i} m{i}")).collect();
        shell.run(&format!("ZADD z{pairs}"));
        let mut draw = |count: i64| match shell.run(&format!("ZRANDMEMBER z {count}")) {
            Reply::Array(members) => members.iter().map(crate::tests::show).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let distinct = |mut members: Vec<String>| {
            members.sort_unstable();
            members.dedup();
            members.len()
        };
        for count in [1, len / 2, len - 1, len, len + 1] {
            assert_eq!(distinct(draw(count as i64)), count.min(len));
        }
        let draws = draw(-(len as i64) * 20);
        assert_eq!(draws.len(), len * 20);
        assert_eq!(distinct(draws), len);
        let singles = (0..len * 20).flat_map(|_| draw(1)).collect();
        assert_eq!(distinct(singles), len);
    }
}

#[test]
fn a_scan_of_a_large_set_goes_in_steps_and_meets_all() {
    let mut shell = Shell::new();
    let pairs: String = (0..500).map(|i| format!(" {} m{i}", i % 7)).collect();
    shell.run(&format!("ZADD z{pairs}"));
    let (mut cursor, mut steps, mut met) = (String::from("0"), 0, Vec::new());
    loop {
        let Reply::Array(parts) = shell.run(&format!("ZSCAN z {cursor} MATCH m* COUNT 20")) else {
            panic!("no array");
        };
        let [Reply::Bulk(next), Reply::Array(found)] = &parts[..] else { panic!("{parts:?}") };
        steps += 1;
        met.extend(found.chunks(2).map(|pair| (crate::tests::show(&pair[0]), crate::tests::show(&pair[1]))));
        cursor = String::from_utf8(next.to_vec()).unwrap();
        if cursor == "0" {
            break;
        }
    }
    met.sort_unstable();
    let mut all: Vec<_> = (0..500).map(|i| (format!("\"m{i}\""), format!("\"{}\"", i % 7))).collect();
    all.sort_unstable();
    assert_eq!(met, all);
    assert!(steps > 10, "{steps} steps");
}

#[test]
fn scans_refuse_by_argument() {
    check(
        r#"
        > ZADD z 1 a
        (integer) 1
        > ZSCAN z x
        (error) ERR invalid cursor
        > ZSCAN z 0 COUNT 0
        (error) ERR syntax error
        > ZSCAN z 0 COUNT x
        (error) ERR value is not an int or out of range
        > ZSCAN z 0 MATCH
        (error) ERR syntax error
        > ZSCAN z 0 NOVALUES
        (error) ERR syntax error
        > ZSCAN z 0 MATCH b
        1) "0"
        2) (empty array)
        "#,
    );
}
