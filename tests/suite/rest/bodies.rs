//! Commands as JSON: how each kind of argument arrives, and what is refused.

use serde_json::json;

use crate::http::Request;
use crate::server::{Server, TOKEN};

/// T30: rejecting what is not a string breaks most calls; reading numbers as floats changes them.
#[test]
fn arguments_keep_the_text_that_the_client_wrote() {
    let server = Server::start();
    for (argument, stored) in [
        ("100", "100"),
        ("1.5", "1.5"),
        ("1.0", "1.0"),
        ("1e+21", "1e+21"),
        ("-0", "-0"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        ("false", "false"),
        (r#""""#, ""),
        (r#""\u00e9\ud83e\udef6""#, "é🫶"),
        (r#""{\"b\":1,\"a\":[1.50]}""#, r#"{"b":1,"a":[1.50]}"#),
    ] {
        let body = format!(r#"["SET","k",{argument}]"#);
        assert_eq!(server.post("/", body).text(), r#"{"result":"OK"}"#, "{argument}");
        assert_eq!(server.run(json!(["GET", "k"])), stored, "{argument}");
    }
}

/// T11: values that clients wrote as JSON come back to the byte.
#[test]
fn values_are_not_written_anew() {
    let server = Server::start();
    let written = "{\"b\" : 1,\"a\":[1.50, 2e3],\"t\":\"\\u00e9\"}";
    server.run(json!(["SET", "k", written]));
    assert_eq!(server.run(json!(["GET", "k"])), written);
}

/// T32: clients send names and options in any case, in any order.
#[test]
fn names_and_options_are_read_in_any_case_and_order() {
    let server = Server::start();
    assert!(server.run(json!(["SeT", "k", "v", "nX", "GeT", "eX", 10])).is_null());
    assert_eq!(server.run(json!(["set", "k", "w", "ex", 10, "xx", "get"])), "v");
    assert_eq!(server.run(json!(["set", "k", "x", "get", "keepTtl"])), "w");
    let left = server.run(json!(["TTL", "k"])).as_i64();
    assert!(left.is_some_and(|seconds| (1..=10).contains(&seconds)), "{left:?}");
    server.run(json!(["rpush", "l", "a", "b", "a"]));
    assert_eq!(server.run(json!(["lpos", "l", "a", "maxLen", 3, "CoUnT", 0, "rank", 1])), json!([0, 2]));
}

/// T29: an undefined value arrives as null, and storing it would hide a mistake.
#[test]
fn what_is_no_argument_is_refused() {
    let server = Server::start();
    for (body, text) in [
        (r#"["SET","k",null]"#, "ERR null args are not supported"),
        (r#"[null]"#, "ERR null args are not supported"),
        (r#"["SET","k",["v"]]"#, r#"ERR unsupported arg type: "[": json.Delim"#),
        (r#"["SET","k",{"v":1}]"#, r#"ERR unsupported arg type: "{": json.Delim"#),
        (r#"[["SET","k","v"]]"#, r#"ERR unsupported arg type: "[": json.Delim"#),
        ("", "EOF"),
        ("{}", "expected JSON array"),
        (r#""PING""#, "expected JSON array"),
        ("null", "expected JSON array"),
    ] {
        let reply = server.post("/", body);
        assert_eq!((reply.status, reply.error().as_str()), (400, text), "{body}");
    }
    assert_eq!(server.run(json!(["EXISTS", "k"])), 0);
}

/// T26: curl says that JSON is a form.
#[test]
fn the_content_type_does_not_matter() {
    let server = Server::start();
    for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json", "nonsense"] {
        let send = |target: &str, body: &str| {
            server.send(&Request::post(target, body).token(TOKEN).header("content-type", kind))
        };
        assert_eq!(send("/", r#"["PING"]"#).text(), r#"{"result":"PONG"}"#);
        assert_eq!(send("/pipeline", r#"[["PING"]]"#).text(), r#"[{"result":"PONG"}]"#);
        assert_eq!(send("/set/k", "a=b&c=%20").text(), r#"{"result":"OK"}"#);
        assert_eq!(server.run(json!(["GET", "k"])), "a=b&c=%20");
    }
}

/// T25, T39: headers that clients add are neither read nor refused.
#[test]
fn headers_of_clients_are_ignored() {
    let server = Server::start();
    let request = Request::post("/", r#"["PING"]"#)
        .token(TOKEN)
        .header("Upstash-Telemetry-Sdk", "@upstash/redis@v1.38.2,@upstash/ratelimit@v2.0.0")
        .header("Upstash-Telemetry-Runtime", "node@v20.1.0")
        .header("Upstash-Telemetry-Retry", "2")
        .header("Connection", "keep-alive")
        .header("Upstash-Encoding", "gzip");
    assert_eq!(server.send(&request).text(), r#"{"result":"PONG"}"#);
}
