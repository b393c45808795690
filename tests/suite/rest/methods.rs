//! Methods: which are taken, and what they answer.

use serde_json::json;

use crate::http::Request;
use crate::server::{Server, TOKEN};

#[test]
fn put_is_post() {
    let server = Server::start();
    for (target, body, reply) in [
        ("/set/k", "value", r#"{"result":"OK"}"#),
        ("/", r#"["GET","k"]"#, r#"{"result":"value"}"#),
        ("/pipeline", r#"[["GET","k"]]"#, r#"[{"result":"value"}]"#),
    ] {
        let request = Request::new("PUT", target).token(TOKEN).body(body);
        assert_eq!(server.send(&request).text(), reply, "{target}");
    }
}

#[test]
fn head_runs_the_command_and_sends_no_body() {
    let server = Server::start();
    let mut connection = server.connect();
    let reply = connection.send(&Request::new("HEAD", "/incr/n").token(TOKEN));
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(reply.header("content-length"), Some("12"), "as long as the body would be");
    let next = connection.send(&Request::get("/get/n").token(TOKEN));
    assert_eq!(next.text(), r#"{"result":"1"}"#, "the connection is still in step");
}

#[test]
fn a_body_on_get_is_no_argument() {
    let server = Server::start();
    let request = Request::get("/rpush/l/a").token(TOKEN).body("b");
    assert_eq!(server.send(&request).text(), r#"{"result":1}"#);
}

#[test]
fn other_methods_are_405_without_a_body() {
    let server = Server::start();
    for (method, target) in [
        ("DELETE", "/get/k"),
        ("PATCH", "/"),
        ("PROPFIND", "/get/k"),
        ("TRACE", "/get/k"),
        ("GET", "/pipeline"),
        ("HEAD", "/multi-exec"),
    ] {
        let reply = server.send(&Request::new(method, target).token(TOKEN));
        assert_eq!((reply.status, reply.body.len()), (405, 0), "{method} {target}");
        assert!(reply.header("allow").is_some(), "{method} {target}");
    }
    server.assert_alive();
}

#[test]
fn one_connection_serves_request_after_request() {
    let server = Server::start();
    let mut connection = server.connect();
    for n in 1..=100 {
        let reply = connection.send(&Request::post("/", r#"["INCR","n"]"#).token(TOKEN));
        assert_eq!(reply.json(), json!({"result": n}));
    }
    let refused = connection.send(&Request::get("/get").token(TOKEN));
    assert_eq!(refused.status, 400);
    assert_eq!(connection.send(&Request::get("/get/n").token(TOKEN)).json(), json!({"result": "100"}));
}

#[test]
fn health_needs_no_token() {
    let server = Server::start();
    for target in ["/healthz", "/readyz"] {
        assert_eq!(server.send(&Request::get(target)).status, 200, "{target}");
    }
}
