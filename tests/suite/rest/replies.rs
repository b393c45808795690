//! How results are written: the shape that RESP2 gives them, as JSON, with and without base64.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::http::Request;
use crate::server::{Server, TOKEN};

/// A server with a key of each kind.
fn stocked() -> Server {
    let server = Server::start();
    let entries = server.pipeline(json!([
        ["SET", "s", "bar"],
        ["SET", "ok", "OK"],
        ["HSET", "h", "f", "v"],
        ["RPUSH", "l", "OK", "b"],
        ["SADD", "set", "m"],
        ["ZADD", "z", 1, "a", 2.5, "b", "+inf", "c"],
    ]));
    assert!(entries.iter().all(|entry| entry.get("result").is_some()), "{entries:?}");
    server
}

#[track_caller]
fn check(server: &Server, encoding: &str, cases: &[(&str, &str)]) {
    for (command, body) in cases {
        let request = Request::post("/", *command).token(TOKEN).header("upstash-encoding", encoding);
        let reply = server.send(&request);
        assert_eq!((reply.status, reply.text()), (200, *body), "{command}");
        assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

/// T3, T4, T12, T14, T15, T16, T17: the types that clients rely on, and `null` written out.
#[test]
fn results_have_the_types_of_resp2() {
    check(
        &stocked(),
        "none",
        &[
            (r#"["PING"]"#, r#"{"result":"PONG"}"#),
            (r#"["SET","new","v"]"#, r#"{"result":"OK"}"#),
            (r#"["TYPE","s"]"#, r#"{"result":"string"}"#),
            (r#"["GET","s"]"#, r#"{"result":"bar"}"#),
            (r#"["GET","missing"]"#, r#"{"result":null}"#),
            (r#"["INCR","n"]"#, r#"{"result":1}"#),
            (r#"["SETNX","n",1]"#, r#"{"result":0}"#),
            (r#"["EXPIRE","n",100]"#, r#"{"result":1}"#),
            (r#"["SET","big","9223372036854775806"]"#, r#"{"result":"OK"}"#),
            (r#"["INCR","big"]"#, r#"{"result":9223372036854775807}"#),
            (r#"["INCRBYFLOAT","f","3.0"]"#, r#"{"result":"3"}"#),
            (r#"["INCRBYFLOAT","f",0.25]"#, r#"{"result":"3.25"}"#),
            (r#"["HGETALL","h"]"#, r#"{"result":["f","v"]}"#),
            (r#"["HGETALL","missing"]"#, r#"{"result":[]}"#),
            (r#"["HMGET","missing","a","b"]"#, r#"{"result":[null,null]}"#),
            (r#"["HRANDFIELD","missing",2,"WITHVALUES"]"#, r#"{"result":[]}"#),
            (r#"["HEXPIRE","missing",10,"FIELDS",1,"f"]"#, r#"{"result":[-2]}"#),
            (r#"["LRANGE","l",0,-1]"#, r#"{"result":["OK","b"]}"#),
            (r#"["LPOP","missing",2]"#, r#"{"result":null}"#),
            (r#"["LMPOP",1,"missing","LEFT"]"#, r#"{"result":null}"#),
            (r#"["SMEMBERS","missing"]"#, r#"{"result":[]}"#),
            (r#"["SMISMEMBER","set","m","n"]"#, r#"{"result":[1,0]}"#),
            (r#"["SSCAN","set",0]"#, r#"{"result":["0",["m"]]}"#),
            (r#"["ZRANGE","z",0,-1,"WITHSCORES"]"#, r#"{"result":["a","1","b","2.5","c","inf"]}"#),
            (r#"["ZRANGE","missing",0,-1]"#, r#"{"result":[]}"#),
            (r#"["ZSCORE","z","a"]"#, r#"{"result":"1"}"#),
            (r#"["ZMSCORE","z","b","missing"]"#, r#"{"result":["2.5",null]}"#),
            (r#"["ZRANK","z","a","WITHSCORE"]"#, r#"{"result":[0,"1"]}"#),
            (r#"["ZPOPMIN","missing"]"#, r#"{"result":[]}"#),
            (r#"["ZADD","z","INCR",1,"a"]"#, r#"{"result":"2"}"#),
            (r#"["ZSCAN","missing",0]"#, r#"{"result":["0",[]]}"#),
            (r#"["ZMPOP",1,"z","MIN"]"#, r#"{"result":["z",[["a","2"]]]}"#),
        ],
    );
}

/// T1, T2, T15, T41: all strings but a status `OK` that is the whole result are base64.
#[test]
fn strings_are_base64_on_request() {
    check(
        &stocked(),
        "base64",
        &[
            (r#"["SET","new","v"]"#, r#"{"result":"OK"}"#),
            (r#"["GET","ok"]"#, r#"{"result":"T0s="}"#),
            (r#"["GETSET","new","OK"]"#, r#"{"result":"dg=="}"#),
            (r#"["GET","s"]"#, r#"{"result":"YmFy"}"#),
            (r#"["GET","missing"]"#, r#"{"result":null}"#),
            (r#"["PING"]"#, r#"{"result":"UE9ORw=="}"#),
            (r#"["ECHO",""]"#, r#"{"result":""}"#),
            (r#"["ECHO","??>>"]"#, r#"{"result":"Pz8+Pg=="}"#),
            (r#"["TYPE","s"]"#, r#"{"result":"c3RyaW5n"}"#),
            (r#"["TYPE","missing"]"#, r#"{"result":"bm9uZQ=="}"#),
            (r#"["INCR","n"]"#, r#"{"result":1}"#),
            (r#"["LRANGE","l",0,-1]"#, r#"{"result":["T0s=","Yg=="]}"#),
            (r#"["MGET","ok","missing"]"#, r#"{"result":["T0s=",null]}"#),
            (r#"["SSCAN","set",0]"#, r#"{"result":["MA==",["bQ=="]]}"#),
            (r#"["ZRANGE","z",0,0,"WITHSCORES"]"#, r#"{"result":["YQ==","MQ=="]}"#),
        ],
    );
}

/// T1: also within batches, where each entry stands for itself; errors stay readable.
#[test]
fn entries_of_batches_are_encoded_one_by_one() {
    let server = Server::start();
    for target in ["/pipeline", "/multi-exec"] {
        let commands = r#"[["SET","k","OK"],["GET","k"],["INCR","k"],["MGET","k"],["PING"]]"#;
        let request = Request::post(target, commands).token(TOKEN).header("upstash-encoding", "base64");
        let expected = concat!(
            r#"[{"result":"OK"},{"result":"T0s="},{"error":"ERR value is not an int or out of range"},"#,
            r#"{"result":["T0s="]},{"result":"UE9ORw=="}]"#,
        );
        assert_eq!(server.send(&request).text(), expected, "{target}");
    }
}

/// T31: bytes that are no text survive base64 only; without it the reply is valid JSON nevertheless.
#[test]
fn bytes_that_are_no_text() {
    let server = Server::start();
    server.post("/set/k", b"a\xff\xfeb\xf0\x9f".to_vec());
    check(&server, "none", &[(r#"["GET","k"]"#, "{\"result\":\"a\u{fffd}\u{fffd}b\u{fffd}\"}")]);
    check(&server, "base64", &[(r#"["GET","k"]"#, r#"{"result":"Yf/+YvCf"}"#)]);
    server.run(json!(["SET", "t", "🫶\u{2028}\"\\\u{1}"]));
    assert_eq!(server.run(json!(["GET", "t"])), "🫶\u{2028}\"\\\u{1}");
}

/// T15: a number is no cursor to either client, and cursors may exceed what JavaScript can count.
#[test]
fn cursors_are_strings() {
    let server = Server::start();
    let mut words = vec![json!("MSET")];
    words.extend((0..1000).flat_map(|n| [json!(format!("k{n}")), json!("v")]));
    server.run(Value::Array(words));
    let mut cursor = json!("0");
    let mut seen = HashSet::new();
    loop {
        let page = server.run(json!(["SCAN", cursor, "COUNT", 100]));
        seen.extend(page[1].as_array().expect("keys").iter().map(Value::to_string));
        cursor = page[0].clone();
        assert!(cursor.is_string(), "{cursor}");
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 1000);
}

/// T33: accepted where Redis refuses.
#[test]
fn what_upstash_accepts_beyond_redis() {
    let server = stocked();
    assert_eq!(server.run(json!(["UNLINK"])), 0);
    assert_eq!(server.run(json!(["ZRANGE", "z", 0, -1, "LIMIT", 1, 1])), json!(["b"]));
}

/// T37: a reply has a limit too, and the error names it.
#[test]
fn a_reply_beyond_the_limit_is_an_error() {
    let server = Server::start();
    let value = "v".repeat(1 << 20);
    for _ in 0..11 {
        server.run(json!(["RPUSH", "l", value]));
    }
    let error = server.refused(json!(["LRANGE", "l", 0, -1]));
    assert!(error.starts_with("ERR max request size exceeded. Limit: 10485760 bytes, Actual: "), "{error}");
    assert_eq!(server.run(json!(["LLEN", "l"])), 11);
    let entries = server.pipeline(json!([["LRANGE", "l", 0, -1], ["PING"]]));
    let error = entries[0]["error"].as_str().expect("too large");
    assert!(error.starts_with("ERR max request size exceeded."), "{error}");
    assert_eq!(entries[1]["result"], "PONG");
}
