//! The texts of errors, on which clients match, and the statuses that go with them.

use serde_json::{Value, json};

use crate::http::Request;
use crate::server::{Server, TOKEN};

#[track_caller]
fn check(server: &Server, command: Value, text: &str) {
    assert_eq!(server.refused(command.clone()), text, "{command}");
    let entries = server.pipeline(json!([["PING"], command]));
    assert_eq!(entries, [json!({"result": "PONG"}), json!({"error": text})], "{command} in a pipeline");
}

/// T5, T6: 400 by itself, an entry with 200 in a pipeline.
#[test]
fn errors_of_commands() {
    let server = Server::start();
    server.run(json!(["SET", "k", "abc"]));
    for (command, text) in [
        (json!(["INCR", "k"]), "ERR value is not an int or out of range"),
        (json!(["EXPIRE", "k", "soon"]), "ERR value is not an int or out of range"),
        (json!(["INCRBYFLOAT", "k", 1]), "ERR value is not a valid float"),
        (json!(["LPUSH", "k", "v"]), "WRONGTYPE Operation against a key holding the wrong kind of value"),
        (json!(["GET"]), "ERR wrong number of arguments for 'get' command"),
        (json!(["gEt", "a", "b"]), "ERR wrong number of arguments for 'get' command"),
        (json!(["SET", "k", "v", "NX", "XX"]), "ERR syntax error"),
        (json!(["SET", "k", "v", "EX", 0]), "ERR invalid expire time in 'set' command"),
        (json!(["RENAME", "missing", "x"]), "ERR no such key"),
        (json!(["LSET", "missing", 0, "v"]), "ERR no such key"),
        (json!(["ZADD", "z", "nan", "m"]), "ERR value is not a valid float"),
        (
            json!(["ZADD", "z", "NX", "XX", 1, "m"]),
            "ERR XX and NX options at the same time are not compatible",
        ),
        (json!(["HINCRBY", "missing", "f", "x"]), "ERR value is not an int or out of range"),
    ] {
        check(&server, command, text);
    }
}

fn not_available(name: &str) -> String {
    let see = "See https://upstash.com/docs/redis/overall/rediscompatibility for details";
    format!("ERR Command is not available: '{name}'. {see}")
}

#[test]
fn commands_that_nobody_knows() {
    let server = Server::start();
    for (command, name) in [(json!(["ROLE"]), "ROLE"), (json!(["NoSuch", "k"]), "NOSUCH"), (json!([""]), "")]
    {
        check(&server, command, &not_available(name));
    }
    let error = server.refused(json!(["x".repeat(1 << 20)]));
    assert!(error.starts_with("ERR Command is not available: 'X"), "{error}");
    assert!(error.len() < 300, "a name of a megabyte is not repeated whole: {} bytes", error.len());
}

#[test]
fn commands_that_need_a_connection() {
    let server = Server::start();
    for command in [
        json!(["AUTH", "secret"]),
        json!(["MULTI"]),
        json!(["EXEC"]),
        json!(["DISCARD"]),
        json!(["WATCH", "k"]),
        json!(["UNWATCH"]),
        json!(["HELLO", 3]),
        json!(["RESET"]),
        json!(["SUBSCRIBE", "c"]),
        json!(["UNSUBSCRIBE"]),
        json!(["PSUBSCRIBE", "c*"]),
        json!(["PUNSUBSCRIBE"]),
        json!(["CLIENT", "SETINFO", "LIB-NAME", "x"]),
        json!(["MONITOR"]),
    ] {
        let name = command[0].as_str().expect("a name");
        let text = format!("ERR Command \"{name}\" is not allowed in REST or it has a special context path");
        check(&server, command.clone(), &text);
    }
}

#[test]
fn keys_and_requests_have_a_size() {
    let server = Server::start();
    let key = |bytes: usize| "k".repeat(bytes);
    assert_eq!(server.run(json!(["SET", key(32_768), "v"])), "OK");
    let text = "ERR max key size exceeded. Limit: 32768 bytes, Actual: 32769 bytes";
    check(&server, json!(["SET", key(32_769), "v"]), text);
    let limit = 10_485_760;
    assert_eq!(server.run(json!(["SET", "k", "v".repeat(limit - 4)])), "OK", "exactly the limit");
    let error = server.refused(json!(["SET", "k", "v".repeat(limit - 3)]));
    let expected =
        format!("ERR max request size exceeded. Limit: {limit} bytes, Actual: {} bytes", limit + 1);
    assert!(error.starts_with(&expected), "{error}");
}

/// T20, T38: whatever goes wrong, the body is JSON, and a page of another origin may read it.
#[test]
fn every_refusal_is_json_that_pages_may_read() {
    let server = Server::start();
    let ask =
        |method: &str, target: &str| Request::new(method, target).header("origin", "https://shop.example");
    for (request, status) in [
        (ask("POST", "/").token(TOKEN), 400),
        (ask("GET", "/get").token(TOKEN), 400),
        (ask("GET", "/get/%zz").token(TOKEN), 400),
        (ask("POST", "/pipeline").token(TOKEN), 400),
        (ask("POST", "/multi-exec").token(TOKEN), 400),
        (ask("GET", "/get/k").token(TOKEN).header("upstash-response-format", "xml"), 400),
        (ask("GET", "/get/k"), 401),
    ] {
        let reply = server.send(&request);
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(!reply.error().is_empty());
        assert_eq!(reply.header("access-control-allow-origin"), Some("https://shop.example"));
        assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    }
}
