//! Raw RESP2 instead of JSON.

use serde_json::json;

use crate::http::{Request, Response};
use crate::server::{Server, TOKEN};

fn resp2(server: &Server, target: &str, body: &str) -> Response {
    server.send(&Request::post(target, body).token(TOKEN).header("Upstash-Response-Format", "resp2"))
}

#[test]
fn replies_are_the_bytes_that_redis_would_send() {
    let server = Server::start();
    for (command, status, bytes) in [
        (r#"["SET","foo","bar"]"#, 200, "+OK\r\n"),
        (r#"["GET","foo"]"#, 200, "$3\r\nbar\r\n"),
        (r#"["GET","missing"]"#, 200, "$-1\r\n"),
        (r#"["INCR","n"]"#, 200, ":1\r\n"),
        (r#"["MGET","foo","missing"]"#, 200, "*2\r\n$3\r\nbar\r\n$-1\r\n"),
        (r#"["LPOP","missing",2]"#, 200, "*-1\r\n"),
        (r#"["HGETALL","missing"]"#, 200, "*0\r\n"),
        (r#"["INCR","foo"]"#, 400, "-ERR value is not an int or out of range\r\n"),
    ] {
        let reply = resp2(&server, "/", command);
        assert_eq!((reply.status, reply.text()), (status, bytes), "{command}");
        assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    }
    assert_eq!(resp2(&server, "/get/foo", "").text(), "$3\r\nbar\r\n", "in the path form too");
}

#[test]
fn a_pipeline_is_one_reply_after_the_other() {
    let server = Server::start();
    let reply = resp2(&server, "/pipeline", r#"[["SET","k","v"],["INCR","k"],["GET","k"]]"#);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.text(), "+OK\r\n-ERR value is not an int or out of range\r\n$1\r\nv\r\n");
}

#[test]
fn a_transaction_is_json_all_the_same() {
    let server = Server::start();
    let reply = resp2(&server, "/multi-exec", r#"[["SET","k","v"]]"#);
    assert_eq!(reply.json(), json!([{"result": "OK"}]));
}

#[test]
fn bytes_that_are_no_text_arrive() {
    let server = Server::start();
    server.post("/set/k", b"\xff\0\r\n".to_vec());
    assert_eq!(resp2(&server, "/get/k", "").body, b"$4\r\n\xff\0\r\n\r\n");
}

#[test]
fn formats_that_cannot_be_had() {
    let server = Server::start();
    let with = |name: &str, format: &str| Request::get("/ping").token(TOKEN).header(name, format);
    assert_eq!(server.send(&with("upstash-response-format", "resp3")).status, 400);
    let both = with("upstash-response-format", "resp2").header("upstash-encoding", "base64");
    assert_eq!(server.send(&both).status, 400);
    assert_eq!(server.send(&with("upstash-response-format", "json")).text(), r#"{"result":"PONG"}"#);
    let misspelt = server.send(&with("upstash-reponse-format", "resp2"));
    assert_eq!(misspelt.text(), "+PONG\r\n", "as the examples that Upstash publishes spell it");
}
