//! Commands as paths: `/set/foo/bar?EX=100`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::http::Request;
use crate::server::{Server, TOKEN};

/// Sends `/rpush/l` with the rest of a target, and answers the words that arrived after the key.
fn words(server: &Server, rest: &str, body: &str) -> Vec<String> {
    server.run(json!(["DEL", "l"]));
    let reply = server.post(&format!("/rpush/l{rest}"), body);
    assert_eq!(reply.status, 200, "{rest}: {}", reply.text());
    let words = server.run(json!(["LRANGE", "l", 0, -1]));
    words.as_array().expect("an array").iter().map(|word| word.as_str().expect("text").to_owned()).collect()
}

#[test]
fn path_then_body_then_query() {
    let server = Server::start();
    for (rest, body, expected) in [
        ("/a/b?X=1&Y=2", "V", &["a", "b", "V", "X", "1", "Y", "2"][..]),
        ("/a", r#"["b"]"#, &["a", r#"["b"]"#]),
        ("/a", "b%20c+d", &["a", "b%20c+d"]),
        ("/a", "", &["a"]),
        ("/a?NX", "", &["a", "NX"]),
        ("/a?NX=", "", &["a", "NX", ""]),
        ("/a?b=1&a=2&b=3", "", &["a", "b", "1", "a", "2", "b", "3"]),
    ] {
        assert_eq!(words(&server, rest, body), expected, "{rest} {body}");
    }
}

#[test]
fn slashes_are_split_before_escapes_are_decoded() {
    let server = Server::start();
    for (rest, expected) in [
        ("/a%2Fb/c%3Fd", &["a/b", "c?d"][..]),
        ("/a+b/c%2Bd", &["a+b", "c+d"]),
        ("/x?a+b=c%2Bd%3De", &["x", "a b", "c+d=e"]),
        ("/%C3%A9/%F0%9F%AB%B6", &["é", "🫶"]),
        ("//x", &["", "x"]),
        ("/x/", &["x"]),
        ("/x//", &["x", ""]),
    ] {
        assert_eq!(words(&server, rest, ""), expected, "{rest}");
    }
}

#[test]
fn the_documented_examples_work() {
    let server = Server::start();
    for (target, body) in [
        ("/set/foo/bar", r#"{"result":"OK"}"#),
        ("/SET/foo/bar/EX/100", r#"{"result":"OK"}"#),
        ("/get/foo", r#"{"result":"bar"}"#),
        ("/mget/foo/missing", r#"{"result":["bar",null]}"#),
        ("/hset/employee:23381/salary/4000", r#"{"result":1}"#),
        ("/hget/employee:23381/salary", r#"{"result":"4000"}"#),
        ("/zadd/teams/100/team-x/90/team-y", r#"{"result":2}"#),
        ("/zrange/teams/0/-1/withscores", r#"{"result":["team-y","90","team-x","100"]}"#),
        ("/set/foo/bar?EX=100&NX", r#"{"result":null}"#),
        ("/incr/n", r#"{"result":1}"#),
    ] {
        let reply = server.get(target);
        assert_eq!((reply.status, reply.text()), (200, body), "{target}");
    }
}

#[test]
fn a_body_is_stored_as_it_is() {
    let server = Server::start();
    let every_byte: Vec<u8> = (0..=255).collect();
    assert_eq!(server.post("/set/k", every_byte.clone()).text(), r#"{"result":"OK"}"#);
    let reply = server.send(&Request::get("/get/k").token(TOKEN).header("upstash-encoding", "base64"));
    assert_eq!(reply.json()["result"], STANDARD.encode(every_byte));
}

/// T36: the Python client makes `//pipeline` of a base URL with a slash at its end.
#[test]
fn leading_slashes_count_as_one() {
    let server = Server::start();
    for target in ["/pipeline", "//pipeline", "///PIPELINE", "//multi-exec", "/Multi-Exec/"] {
        let reply = server.post(target, r#"[["PING"]]"#);
        assert_eq!((reply.status, reply.text()), (200, r#"[{"result":"PONG"}]"#), "{target}");
    }
    assert_eq!(server.post("//", r#"["PING"]"#).text(), r#"{"result":"PONG"}"#);
    assert_eq!(server.get("//get/missing").text(), r#"{"result":null}"#);
}

#[test]
fn half_an_escape_is_refused() {
    let server = Server::start();
    for target in ["/get/%", "/get/%2", "/get/%zz", "/get/k?%=1", "/get/k?a=%f"] {
        let reply = server.get(target);
        assert_eq!(reply.status, 400, "{target}");
        assert!(reply.error().starts_with("ERR invalid URL"), "{target}: {}", reply.text());
    }
}
