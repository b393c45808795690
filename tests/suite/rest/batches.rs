//! `/pipeline` and `/multi-exec`.

use std::thread;

use serde_json::{Value, json};

use crate::http::{Connection, Request};
use crate::server::{Server, TOKEN};

/// T6: one bad entry must not make an automatic pipeline fail for all that travel in it.
#[test]
fn a_pipeline_is_200_with_an_entry_for_each_command() {
    let server = Server::start();
    let entries = server.pipeline(json!([
        ["SET", "k", "v"],
        ["INCR", "k"],
        ["GET"],
        ["NOSUCH"],
        ["SET", "x", null],
        ["GET", ["k"]],
        ["MULTI"],
        [""],
        ["GET", "k"],
    ]));
    let errors: Vec<bool> = entries.iter().map(|entry| entry.get("error").is_some()).collect();
    assert_eq!(errors, [false, true, true, true, true, true, true, true, false], "{entries:?}");
    assert_eq!(entries[8], json!({"result": "v"}));
    for entry in entries {
        let members = entry.as_object().map(serde_json::Map::len);
        assert_eq!(members, Some(1), "T4: either a result or an error: {entry}");
    }
}

#[test]
fn an_empty_batch_is_an_empty_array() {
    let server = Server::start();
    for target in ["/pipeline", "/multi-exec"] {
        let reply = server.post(target, "[]");
        assert_eq!((reply.status, reply.text()), (200, "[]"), "{target}");
    }
}

#[test]
fn what_is_no_batch_is_refused_whole() {
    let server = Server::start();
    for target in ["/pipeline", "/multi-exec"] {
        for (body, text) in [
            ("", "EOF"),
            ("{}", "expected JSON array"),
            (r#"["GET","k"]"#, "expected JSON array"),
            ("[null]", "expected JSON array"),
        ] {
            let reply = server.post(target, body);
            assert_eq!((reply.status, reply.error().as_str()), (400, text), "{target} {body}");
        }
    }
}

/// In a pipeline a bad token is not an entry's matter.
#[test]
fn a_wrong_token_refuses_the_whole_batch() {
    let server = Server::start();
    for target in ["/pipeline", "/multi-exec"] {
        let reply = server.send(&Request::post(target, r#"[["PING"]]"#).token("wrong"));
        assert_eq!(reply.status, 401);
        assert!(reply.error().starts_with("WRONGPASS "), "{target}");
    }
}

/// T7: with status 200 the JavaScript client would die of a `TypeError` instead of telling the reason.
#[test]
fn a_transaction_that_cannot_be_run_is_refused_whole() {
    let server = Server::start();
    for (bad, reason) in [
        (json!(["NOSUCH"]), "ERR Command is not available: 'NOSUCH'"),
        (json!(["GET"]), "ERR wrong number of arguments for 'get' command"),
        (json!(["SET", "x", null]), "ERR null args are not supported"),
        (json!(["SUBSCRIBE", "c"]), "ERR Command \"SUBSCRIBE\" is not allowed in REST"),
        (json!(["SET", "k".repeat(40_000), "v"]), "ERR max key size exceeded."),
    ] {
        let body = json!([["SET", "k", "v"], bad, ["SET", "l", "v"]]);
        let reply = server.post("/multi-exec", body.to_string());
        assert_eq!(reply.status, 400, "{}", reply.text());
        assert!(reply.error().contains(reason), "{}", reply.text());
        assert_eq!(server.run(json!(["EXISTS", "k", "l"])), 0, "nothing was run");
    }
}

#[test]
fn errors_within_a_transaction_do_not_stop_it() {
    let server = Server::start();
    let body = r#"[["SET","k","abc"],["INCR","k"],["LPUSH","k","v"],["GET","k"]]"#;
    let reply = server.post("/multi-exec", body);
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!([
            {"result": "OK"},
            {"error": "ERR value is not an int or out of range"},
            {"error": "WRONGTYPE Operation against a key holding the wrong kind of value"},
            {"result": "abc"},
        ])
    );
}

/// Money moves between two keys in transactions, while others look at both in one command.
#[test]
fn nobody_sees_half_a_transaction() {
    const CLIENTS: i64 = 8;
    const TRANSFERS: i64 = 200;
    let server = Server::start();
    server.run(json!(["MSET", "a", 0, "b", 0]));
    let transfer = Request::post("/multi-exec", r#"[["DECR","a"],["INCR","b"]]"#).token(TOKEN);
    let address = server.address;
    let look = Request::post("/", r#"["MGET","a","b"]"#).token(TOKEN);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut connection = Connection::open(address);
                for _ in 0..TRANSFERS {
                    assert_eq!(connection.send(&transfer).status, 200);
                    assert_eq!(sum(&connection.send(&look).json()["result"]), 0, "seen half way");
                }
            });
        }
    });
    assert_eq!(server.run(json!(["GET", "b"])), (CLIENTS * TRANSFERS).to_string());
}

fn sum(values: &Value) -> i64 {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok()).expect("a counter");
    values.as_array().expect("an array").iter().map(number).sum()
}

#[test]
fn a_pipeline_may_have_a_hundred_thousand_commands() {
    let server = Server::start();
    let increments = |count: usize| json!(vec![json!(["INCR", "n"]); count]).to_string();
    let reply = server.post("/pipeline", increments(100_000));
    assert_eq!(reply.status, 200);
    let entries = reply.json();
    assert_eq!(entries.as_array().map(Vec::len), Some(100_000));
    assert_eq!(entries[99_999], json!({"result": 100_000}));
    let reply = server.post("/pipeline", increments(100_001));
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (400, "ERR max pipeline length exceeded. Limit: 100000")
    );
    assert_eq!(server.run(json!(["GET", "n"])), "100000");
}
