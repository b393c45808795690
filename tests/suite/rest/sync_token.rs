//! The token by which clients read their own writes.

use serde_json::json;

use crate::http::{Request, Response};
use crate::server::{Server, TOKEN};

#[track_caller]
fn token(reply: &Response) -> String {
    let token = reply.header("upstash-sync-token").expect("every reply has a token");
    assert!(!token.is_empty());
    token.to_owned()
}

/// T19
#[test]
fn it_changes_with_every_write_on_every_route() {
    let server = Server::start();
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(token(&server.post("/", r#"["SET","k","same"]"#)));
        seen.push(token(&server.get("/set/k/same")));
        seen.push(token(&server.post("/pipeline", r#"[["SET","k","same"]]"#)));
        seen.push(token(&server.post("/multi-exec", r#"[["SET","k","same"]]"#)));
    }
    let mut distinct = seen.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), seen.len(), "{seen:?}");
}

/// T19
#[test]
fn it_is_on_reads_and_failures_too() {
    let server = Server::start();
    let written = token(&server.get("/set/k/v"));
    for reply in [
        server.get("/get/k"),
        server.get("/incr/k"),
        server.get("/get"),
        server.get("/nosuch"),
        server.post("/pipeline", r#"[["GET","k"],["NOSUCH"]]"#),
        server.post("/multi-exec", r#"[["GET","k"]]"#),
    ] {
        assert_eq!(token(&reply), written, "nothing has changed: {}", reply.text());
    }
}

/// T19: a request that does not reach the database must not take the client's token away, nor set it back.
#[test]
fn a_refused_request_leaves_the_client_its_token() {
    let server = Server::start();
    let written = token(&server.get("/set/k/v"));
    for request in [
        Request::post("/", "{").token(TOKEN),
        Request::get("/get/%zz").token(TOKEN),
        Request::post("/pipeline", "").token(TOKEN),
        Request::post("/multi-exec", r#"[["NOSUCH"]]"#).token(TOKEN),
        Request::get("/get/k").token("wrong"),
    ] {
        let reply = server.send(&request.clone().header("upstash-sync-token", &written));
        assert_eq!(token(&reply), written, "{}", reply.text());
        let reply = server.send(&request);
        assert_eq!(reply.header("upstash-sync-token"), None, "{}", reply.text());
    }
}

/// T19: clients send what they have: nothing, the token of another database, one that is far ahead.
#[test]
fn any_token_is_accepted() {
    let server = Server::start();
    for foreign in ["", "my-new-sync-token", "99999999999999999999", "\u{e9}", "0"] {
        let request =
            Request::post("/", r#"["SET","k","v"]"#).token(TOKEN).header("upstash-sync-token", foreign);
        assert_eq!(server.send(&request).json(), json!({"result": "OK"}), "{foreign:?}");
    }
}
