//! What the examples of the JSON commands do not show.

mod model;

use crate::tests::{Shell, check, show};

#[test]
fn a_missing_key_is_no_document() {
    let no_key = "(error) ERR could not perform this operation on a key that doesn't exist";
    let no_root = "(error) ERR new objects must be created at the root";
    for (line, reply) in [
        ("JSON.GET k", "(nil)"),
        ("JSON.GET k $.a", "(nil)"),
        ("JSON.MGET k $", "1) (nil)"),
        ("JSON.TYPE k $", "(nil)"),
        ("JSON.STRLEN k $", "(nil)"),
        ("JSON.OBJLEN k $", "(nil)"),
        ("JSON.OBJKEYS k $", "(nil)"),
        ("JSON.RESP k $", "(nil)"),
        ("JSON.ARRLEN k", "(nil)"),
        ("JSON.ARRLEN k $", no_key),
        ("JSON.ARRINDEX k $ 1", no_key),
        ("JSON.ARRAPPEND k $ 1", no_key),
        ("JSON.ARRINSERT k $ 0 1", no_key),
        ("JSON.ARRPOP k", no_key),
        ("JSON.ARRTRIM k $ 0 1", no_key),
        ("JSON.NUMINCRBY k $ 1", no_key),
        ("JSON.NUMMULTBY k $ 1", no_key),
        ("JSON.STRAPPEND k $ \"\\\"a\\\"\"", no_key),
        ("JSON.TOGGLE k $", no_key),
        ("JSON.CLEAR k", no_key),
        ("JSON.DEL k", "(integer) 0"),
        ("JSON.FORGET k $.a", "(integer) 0"),
        ("JSON.DEBUG MEMORY k", "(integer) 0"),
        ("JSON.DEBUG MEMORY k $", "(empty array)"),
        ("JSON.SET k $.a 1", no_root),
        ("JSON.SET k .a 1 NX", no_root),
        ("JSON.SET k $.a 1 XX", "(nil)"),
        ("JSON.SET k $ 1 XX", "(nil)"),
        ("JSON.MERGE k $.a 1", no_root),
        ("JSON.MSET k $ 1 k2 $.a 1", no_root),
    ] {
        let mut shell = Shell::new();
        assert_eq!(show(&shell.run(line)), reply, "{line}");
        assert!(shell.keyspace.view(shell.now).is_empty(), "{line} made a key");
    }
}

#[test]
fn a_key_of_another_type_is_refused() {
    let mut shell = Shell::new();
    shell.run("SET k text");
    for line in [
        "JSON.GET k",
        "JSON.SET k $ 1",
        "JSON.MSET k $ 1",
        "JSON.MSET new $ 1 k $ 1",
        "JSON.MERGE k $ 1",
        "JSON.DEL k",
        "JSON.CLEAR k",
        "JSON.TYPE k",
        "JSON.STRLEN k",
        "JSON.STRAPPEND k \"\\\"a\\\"\"",
        "JSON.ARRLEN k",
        "JSON.ARRINDEX k $ 1",
        "JSON.ARRPOP k",
        "JSON.OBJLEN k",
        "JSON.OBJKEYS k",
        "JSON.NUMINCRBY k $ 1",
        "JSON.TOGGLE k $",
        "JSON.RESP k",
        "JSON.DEBUG MEMORY k",
    ] {
        let refusal = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
        assert_eq!(show(&shell.run(line)), refusal, "{line}");
    }
    shell.check("> JSON.MGET k $\n1) (nil)\n> EXISTS new\n(integer) 0\n> JSON.SET doc $ []\nOK");
    for line in ["GET doc", "LPUSH doc 1", "HGET doc f", "SADD doc 1", "ZADD doc 1 a"] {
        assert!(show(&shell.run(line)).starts_with("(error) WRONGTYPE"), "{line}");
    }
}

#[test]
fn a_document_is_a_key_like_others() {
    check(
        r#"> JSON.SET doc $ {"a":[1,2]}
        OK
        > TYPE doc
        ReJSON-RL
        > OBJECT ENCODING doc
        "raw"
        > SCAN 0 TYPE rejson-rl
        1) "0"
        2) 1) "doc"
        > MEMORY USAGE doc
        (integer) 172
        > EXPIRE doc 10
        (integer) 1
        > JSON.SET doc $ {"b":1}
        OK
        > TTL doc
        (integer) 10
        > COPY doc other
        (integer) 1
        > RENAME other moved
        OK
        > JSON.SET moved $.b 2
        OK
        > JSON.MGET doc moved .b
        1) "1"
        2) "2"
        > SORT moved
        (error) WRONGTYPE Operation against a key holding the wrong kind of value
        ~ 10001
        > JSON.GET doc
        (nil)"#,
    );
}

#[test]
fn values_are_set_where_they_may_be() {
    check(
        r#"> JSON.SET doc $ {"a":1,"b":{"a":2},"l":[1,2]}
        OK
        > JSON.SET doc $ 1 NX
        (nil)
        > JSON.SET doc $.a 3 nx
        (nil)
        > JSON.SET doc $.b.c true xx
        (nil)
        > JSON.SET doc $.x.y 1
        (nil)
        > JSON.SET doc $.a.y 1
        (nil)
        > JSON.SET doc $.l.y 1
        (nil)
        > JSON.SET doc $..x 1
        (error) ERR wrong static path
        > JSON.SET doc $.*.x 1
        (error) ERR wrong static path
        > JSON.SET doc $.l[7] 1
        (error) ERR path must end with object key to set
        > JSON.SET doc $..a {"a":0}
        OK
        > JSON.GET doc
        "{\"a\":{\"a\":0},\"b\":{\"a\":{\"a\":0}},\"l\":[1,2]}"
        > JSON.SET doc $..a 5
        OK
        > JSON.SET doc .l[-1] 7
        OK
        > JSON.SET doc "$.b['']" 8
        OK
        > JSON.SET doc b.new [] NX
        OK
        > JSON.GET doc
        "{\"a\":5,\"b\":{\"a\":5,\"\":8,\"new\":[]},\"l\":[1,7]}"
        > JSON.SET doc $ 1 NX XX
        (error) ERR syntax error
        > JSON.SET doc $ "\"a\"b\""
        (error) ERR trailing characters at line 1 column 4
        > JSON.SET doc $ blue
        (error) ERR expected value at line 1 column 1
        > JSON.SET doc $. 1
        (error) ERR invalid path '$.': expected a name at byte 2
        > JSON.SET doc $ null
        OK
        > JSON.GET doc
        "null""#,
    );
}

/// The tests of the SDK, to the byte.
#[test]
fn texts_look_as_the_sdk_expects() {
    check(
        r#"> JSON.SET doc $ {"a":2,"b":3,"nested":{"a":4,"b":null}}
        OK
        > JSON.GET doc $..b
        "[null,3]"
        > JSON.GET doc $..a $..b
        "{\"$..a\":[4,2],\"$..b\":[null,3]}"
        > JSON.GET doc $..x
        "[]"
        > JSON.GET doc .a .nested.b
        "{\".a\":2,\".nested.b\":null}"
        > JSON.GET doc .a $.nested.b .x .a
        "{\".a\":[2],\"$.nested.b\":[null],\".x\":[]}"
        > JSON.GET doc .x
        (error) ERR Path '$.x' does not exist
        > JSON.GET doc .a .x
        (error) ERR Path '$.x' does not exist
        > JSON.GET doc indent "  " newline "\n" space " " $.nested
        "[\n  {\n    \"a\": 4,\n    \"b\": null\n  }\n]"
        > JSON.GET doc SPACE _ a b INDENT -
        "{-\"a\":_2,-\"b\":_3}"
        > JSON.GET doc NEWLINE
        (error) ERR syntax error
        > JSON.SET one $ {"a":1,"b":2,"nested":{"a":3},"c":null}
        OK
        > JSON.MGET one doc $..a
        1) "[3,1]"
        2) "[4,2]"
        > JSON.MGET one $..x
        1) "[]"
        > JSON.SET num $ {"a":"b","b":[{"a":2},{"a":5},{"a":"c"}]}
        OK
        > JSON.NUMINCRBY num $.a 2
        "[null]"
        > JSON.NUMINCRBY num $..a 2
        "[4,7,null,null]"
        > JSON.NUMINCRBY num .b[0].a 2.5
        "6.5"
        > JSON.NUMINCRBY num .a 2
        (error) ERR Path '$.a' does not exist or does not contains a number
        > JSON.NUMINCRBY num $.a text
        (error) ERR expected ident at line 1 column 1
        > JSON.NUMINCRBY num $.a true
        (error) ERR value is not a number"#,
    );
}

#[test]
fn numbers_overflow_into_floats_and_no_further() {
    check(
        r#"> JSON.SET n $ [9223372036854775807,1e308,1]
        OK
        > JSON.NUMINCRBY n $[0] 1
        "[9223372036854775808]"
        > JSON.NUMMULTBY n $[0] 4
        "[3.6893488147419103e19]"
        > JSON.NUMMULTBY n $[2,1] 10
        (error) ERR result is not a number
        > JSON.NUMMULTBY n $[2,1] 1e-400
        "[0.0,0.0]"
        > JSON.GET n
        "[3.6893488147419103e19,0.0,0.0]""#,
    );
}

#[test]
fn arrays_are_edited_within_bounds() {
    check(
        r#"> JSON.SET doc $ {"a":[1,[2,3]],"b":{"a":[]},"c":"x"}
        OK
        > JSON.ARRAPPEND doc $..a 4 5
        1) (integer) 2
        2) (integer) 4
        > JSON.ARRAPPEND doc $.x 4
        (empty array)
        > JSON.ARRAPPEND doc .c 4
        (error) ERR Path '$.c' does not exist or not an array
        > JSON.ARRAPPEND doc $.a {
        (error) ERR EOF while parsing at line 1 column 2
        > JSON.ARRINSERT doc $..a 3 0
        (error) ERR index out of bounds
        > JSON.ARRINSERT doc $..a -9223372036854775808 0
        (error) ERR index out of bounds
        > JSON.ARRINSERT doc $..a -2 0
        1) (integer) 3
        2) (integer) 5
        > JSON.ARRINSERT doc $..a x 0
        (error) ERR value is not an int or out of range
        > JSON.GET doc $..a
        "[[0,4,5],[1,[2,3],0,4,5]]"
        > JSON.ARRINDEX doc $..a [2,3.0]
        1) (integer) -1
        2) (integer) 1
        > JSON.ARRINDEX doc $.a 5 1 0
        1) (integer) 4
        > JSON.ARRINDEX doc $.a 5 1 -1
        1) (integer) -1
        > JSON.ARRINDEX doc $.a 5 -9223372036854775808 9223372036854775807
        1) (integer) 4
        > JSON.ARRINDEX doc $.a 5 3 2
        1) (integer) -1
        > JSON.ARRINDEX doc .c 5
        (error) WRONGTYPE wrong type of path value - expected array but found string
        > JSON.ARRINDEX doc .x 5
        (error) ERR Path '$.x' does not exist
        > JSON.ARRLEN doc $.*
        1) (integer) 5
        2) (nil)
        3) (nil)
        > JSON.ARRLEN doc .b
        (error) WRONGTYPE wrong type of path value - expected array but found object
        > JSON.ARRPOP doc $.a 100
        1) "5"
        > JSON.ARRPOP doc $.a -100
        1) "1"
        > JSON.ARRPOP doc $.a 9223372036854775807
        1) "4"
        > JSON.ARRPOP doc .a 0
        "[2,3]"
        > JSON.ARRPOP doc $..a -9223372036854775808
        1) "0"
        2) "0"
        > JSON.ARRPOP doc .a
        (nil)
        > JSON.ARRPOP doc .c
        (error) ERR Path '$.c' does not exist or not an array
        > JSON.SET t $ [[0,1,2,3,4],[5,6],[],7]
        OK
        > JSON.ARRTRIM t $.* 1 100
        1) (integer) 4
        2) (integer) 1
        3) (integer) 0
        4) (nil)
        > JSON.ARRTRIM t $.* -3 -2
        1) (integer) 2
        2) (integer) 0
        3) (integer) 0
        4) (nil)
        > JSON.GET t
        "[[2,3],[],[],7]"
        > JSON.ARRTRIM t .[0] 9223372036854775807 -9223372036854775808
        (integer) 0"#,
    );
}

/// Matches that lie in each other are all changed, whichever comes first.
#[test]
fn matches_may_lie_in_each_other() {
    check(
        r#"> JSON.SET doc $ {"a":[{"a":[1,2]},3]}
        OK
        > JSON.ARRAPPEND doc $..a 9
        1) (integer) 3
        2) (integer) 3
        > JSON.ARRINSERT doc $..a 0 0
        1) (integer) 4
        2) (integer) 4
        > JSON.GET doc
        "{\"a\":[0,{\"a\":[0,1,2,9]},3,9]}"
        > JSON.ARRPOP doc $..a 1
        1) "1"
        2) "{\"a\":[0,1,2,9]}"
        > JSON.GET doc
        "{\"a\":[0,3,9]}"
        > JSON.SET doc $ {"a":{"b":1,"a":{"b":2,"c":3}}}
        OK
        > JSON.MERGE doc $..a {"b":null,"c":null,"d":4}
        OK
        > JSON.GET doc
        "{\"a\":{\"a\":{\"d\":4},\"d\":4}}"
        > JSON.MERGE doc $..a {"a":{"d":null,"e":5}}
        OK
        > JSON.GET doc
        "{\"a\":{\"a\":{\"a\":{\"e\":5},\"e\":5},\"d\":4}}"
        > JSON.CLEAR doc $..a
        (integer) 1
        > JSON.SET doc $ {"a":{"a":{"a":1}},"b":{"a":1}}
        OK
        > JSON.DEL doc $..a
        (integer) 2
        > JSON.GET doc
        "{\"b\":{}}"
        > JSON.SET doc $ [1,2,3,4,[5,6,7]]
        OK
        > JSON.DEL doc $[0,2,0,-1][*]
        (integer) 3
        > JSON.DEL doc $[3,0,0]
        (integer) 2
        > JSON.GET doc
        "[2,3,[]]"
        > JSON.NUMINCRBY doc $[0,0] 1
        "[3,3]"
        > JSON.GET doc
        "[3,3,[]]""#,
    );
}

#[test]
fn strings_booleans_and_objects() {
    check(
        r#"> JSON.SET doc $ {"s":"é","t":true,"o":{"s":"","t":false},"n":null}
        OK
        > JSON.STRLEN doc $..s
        1) (integer) 0
        2) (integer) 2
        > JSON.STRLEN doc .t
        (error) WRONGTYPE wrong type of path value - expected string but found boolean
        > JSON.STRLEN doc .x
        (error) ERR Path '$.x' does not exist
        > JSON.STRAPPEND doc $..s "\"\\u00e9\""
        1) (integer) 2
        2) (integer) 4
        > JSON.STRAPPEND doc .s "\"!\""
        (integer) 5
        > JSON.STRAPPEND doc .t "\"!\""
        (error) ERR Path '$.t' does not exist or not a string
        > JSON.STRAPPEND doc $.s 1
        (error) ERR value is not a JSON string
        > JSON.STRAPPEND doc $.s "\"a\"" b
        (error) ERR syntax error
        > JSON.SET text $ "\"a\""
        OK
        > JSON.STRAPPEND text "\"b\""
        (integer) 2
        > JSON.TOGGLE doc $..t
        1) (integer) 1
        2) (integer) 0
        > JSON.TOGGLE doc $.s
        1) (nil)
        > JSON.TOGGLE doc .o.t
        "false"
        > JSON.TOGGLE doc .s
        (error) ERR Path '$.s' does not exist or not a bool
        > JSON.OBJKEYS doc $..o
        1) 1) "s"
           2) "t"
        > JSON.OBJKEYS doc .x
        (nil)
        > JSON.OBJKEYS doc .s
        (error) WRONGTYPE wrong type of path value - expected object but found string
        > JSON.OBJLEN doc .x
        (nil)
        > JSON.OBJLEN doc .n
        (error) WRONGTYPE wrong type of path value - expected object but found null
        > JSON.OBJLEN doc $.x
        (empty array)
        > JSON.TYPE doc $..*
        1) "string"
        2) "boolean"
        3) "string"
        4) "boolean"
        5) "object"
        6) "null"
        > JSON.TYPE doc .x
        (nil)
        > JSON.TYPE doc $.x
        (empty array)"#,
    );
}

#[test]
fn a_document_can_be_told_in_the_protocols_types() {
    check(
        r#"> JSON.SET doc $ {"a":[],"b":{"c":18446744073709551615},"d":"é"}
        OK
        > JSON.RESP doc $.*
        1) 1) "["
        2) 1) "{"
           2) "c"
           3) "18446744073709551615"
        3) "\xc3\xa9"
        > JSON.RESP doc .d
        "\xc3\xa9"
        > JSON.RESP doc .x
        (error) ERR Path '$.x' does not exist
        > JSON.RESP doc $.x
        (empty array)"#,
    );
}

#[test]
fn merges_follow_rfc_7386() {
    for (target, patch, merged) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, "null", "null"),
        (r#"{"a":"foo"}"#, "\"bar\"", "\"bar\""),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        (
            r#"{"a":1,"b":2,"c":3}"#,
            r#"{"d":4,"b":null,"a":null,"c":{"x":[null]}}"#,
            r#"{"c":{"x":[null]},"d":4}"#,
        ),
    ] {
        let mut shell = Shell::new();
        for (command, value) in [("JSON.SET", target), ("JSON.MERGE", patch)] {
            let words = [command, "doc", "$", value].into_iter();
            assert_eq!(show(&shell.run_words(words.collect())), "OK");
        }
        let text = shell.run("JSON.GET doc");
        assert_eq!(text, latchkey_protocol::Reply::bulk(merged), "{target} + {patch}");
    }
    check(
        r#"> JSON.MERGE doc $ {"a":{"b":1,"gone":null}}
        OK
        > JSON.MERGE doc $.c [1]
        OK
        > JSON.MERGE doc $.x.y 1
        (nil)
        > JSON.MERGE doc $..z 1
        (error) ERR wrong static path
        > JSON.MERGE doc $.z null
        OK
        > JSON.MERGE doc $.a.b null
        OK
        > JSON.MERGE doc $.c 2
        OK
        > JSON.GET doc
        "{\"a\":{},\"c\":2}""#,
    );
}

/// All of it or nothing; and each triple sees what those before it did.
#[test]
fn mset_is_atomic_and_in_order() {
    check(
        r#"> JSON.SET doc $ {"a":1}
        OK
        > JSON.MSET doc $.a 2 other $ 1 doc $.b.c 3
        (error) ERR Path '$.b.c' does not exist
        > JSON.MSET doc $.a 2 new $.x 1
        (error) ERR new objects must be created at the root
        > JSON.MSET doc $.a 2 new $ {
        (error) ERR EOF while parsing at line 1 column 2
        > JSON.MSET doc $.a 2 new
        (error) ERR wrong number of arguments for 'json.mset' command
        > EXISTS other new
        (integer) 0
        > JSON.GET doc
        "{\"a\":1}"
        > JSON.MSET doc $.b {} new $ [0] doc $.b.c 3 new $[0] {"x":1} new $[0].y 2
        OK
        > JSON.MGET doc new .
        1) "{\"a\":1,\"b\":{\"c\":3}}"
        2) "[{\"x\":1,\"y\":2}]""#,
    );
}

#[test]
fn what_is_cleared_is_counted() {
    check(
        r#"> JSON.SET doc $ {"a":0,"b":0.0,"c":[],"d":{},"e":-0.5,"f":[0],"s":"s","n":null}
        OK
        > JSON.CLEAR doc $.*
        (integer) 2
        > JSON.CLEAR doc .x
        (integer) 0
        > JSON.CLEAR doc
        (integer) 1
        > JSON.GET doc
        "{}"
        > JSON.CLEAR doc
        (integer) 0"#,
    );
}

#[test]
fn documents_stay_within_their_depth() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let mut shell = Shell::new();
    let levels = "(error) ERR document would have more than 128 levels";
    let inside = |depth: usize| format!("${}", "[0]".repeat(depth));
    assert_eq!(show(&shell.run(&format!("JSON.SET doc $ {}", deep(128)))), "OK");
    assert!(show(&shell.run(&format!("JSON.SET doc $ {}", deep(129)))).contains("recursion limit exceeded"));
    for (line, reply) in [
        (format!("JSON.ARRAPPEND doc {} []", inside(127)), levels),
        (format!("JSON.ARRINSERT doc {} 0 []", inside(127)), levels),
        (format!("JSON.ARRAPPEND doc {} 1", inside(127)), "1) (integer) 1"),
        (format!("JSON.SET doc {} []", inside(128)), levels),
        (format!("JSON.MERGE doc {} {{}}", inside(128)), levels),
        (format!("JSON.SET doc {} {{}}", inside(127)), "OK"),
        (format!("JSON.SET doc {}.a []", inside(127)), levels),
        (format!("JSON.SET doc {}.a 1", inside(127)), "OK"),
        (format!("JSON.MERGE doc {} {{\"b\":[]}}", inside(127)), levels),
        (format!("JSON.MERGE doc {} {{\"b\":2}}", inside(127)), "OK"),
        ("JSON.GET doc $..a $..b".into(), r#""{\"$..a\":[1],\"$..b\":[2]}""#),
    ] {
        assert_eq!(show(&shell.run(&line)), reply, "{line}");
    }
}

/// Every match would get a copy: refused before memory is taken.
#[test]
fn documents_stay_within_the_plan() {
    let mut shell = Shell::new();
    shell.run(&format!("JSON.SET doc $ [{}0]", "0,".repeat(20_000)));
    let long = format!("\"\\\"{}\\\"\"", "x".repeat(10_000));
    for line in [
        format!("JSON.SET doc $.* {long}"),
        format!("JSON.MERGE doc $.* {long}"),
        format!("JSON.MSET doc $.* {long}"),
    ] {
        let refusal = show(&shell.run(&line));
        assert_eq!(refusal, "(error) ERR max single record size exceeded", "{}", &line[..20]);
    }
    assert_eq!(show(&shell.run("JSON.SET doc $.* 1")), "OK");
    shell.run(&format!("JSON.SET doc $ [{}[]]", "[],".repeat(20_000)));
    for command in ["JSON.ARRAPPEND doc $.*", "JSON.ARRINSERT doc $.* 0"] {
        assert!(
            show(&shell.run(&format!("{command} {long}"))).contains("max single record size"),
            "{command}"
        );
    }
    shell.run(&format!("JSON.SET doc $ [{}\"\"]", "\"\",".repeat(20_000)));
    assert!(show(&shell.run(&format!("JSON.STRAPPEND doc $.* {long}"))).contains("max single record size"));
}

/// The paths of one command share what they may cost.
#[test]
fn a_command_ends_whatever_it_asks_for() {
    let mut shell = Shell::new();
    shell.run(&format!("JSON.SET doc $ [{}0]", "0,".repeat(20_000)));
    let too_long = "(error) ERR path takes too long to follow in this document";
    let paths: String = (0..500).map(|i| format!(" $..a{i}")).collect();
    assert_eq!(show(&shell.run(&format!("JSON.GET doc{paths}"))), too_long);
    let too_much = "(error) ERR the reply would be too long or take too long";
    let needle = format!("[{}0]", "0,".repeat(3_400));
    assert_eq!(show(&shell.run(&format!("JSON.ARRINDEX doc $ {needle}"))), too_much);
    assert_eq!(show(&shell.run("JSON.ARRINDEX doc $ [0]")), "1) (integer) -1");
}

/// What a client sends comes back in errors only in part, and never as a line of its own.
#[test]
fn errors_repeat_little_of_a_path() {
    let mut shell = Shell::new();
    shell.run("JSON.SET doc $ {}");
    let refusal = show(&shell.run("JSON.GET doc \"$['a\\nb']\""));
    assert!(refusal.starts_with("(error) ERR invalid path '$['a b']': expected a string"), "{refusal}");
    let refusal = show(&shell.run(&format!("JSON.GET doc {}", "a".repeat(10_000))));
    assert!(refusal.len() < 120, "{refusal}");
}
