//! What the server writes down about its requests, at the highest level of detail.

use crate::http::Request;
use crate::server::{Server, TOKEN, latchkey};

const VALUE: &str = "hunter2-the-value";
const GUESS: &str = "guessed-token";

/// T25: a token or a value in a log is a leak, however it came in.
#[test]
fn logs_hold_neither_tokens_nor_values() {
    let dev = ["dev", "--port", "0", "--ephemeral", "--token", TOKEN, "--read-only-token", "looker-token"];
    let server = Server::dev(latchkey().args(dev).env("RUST_LOG", "trace"));
    for request in [
        Request::get(&format!("/set/k/{VALUE}")).token(TOKEN),
        Request::post("/set/k", VALUE).token(TOKEN),
        Request::get(&format!("/get/k?_token={TOKEN}")),
        Request::post("/", format!(r#"["SET","k","{VALUE}"]"#)).token(TOKEN),
        Request::post("/pipeline", format!(r#"[["SET","k","{VALUE}"],["INCR","k"]]"#)).token(TOKEN),
        Request::post("/multi-exec", format!(r#"[["SET","k","{VALUE}"],["NOSUCH","{VALUE}"]]"#)).token(TOKEN),
        Request::post("/", format!(r#"["SET","k","{VALUE}"#)).token(TOKEN),
        Request::post("/", format!(r#"{{"k":"{VALUE}"}}"#)).token(TOKEN),
        Request::get(&format!("/{VALUE}")).token(TOKEN),
        Request::get(&format!("/set/k/{VALUE}")).token("looker-token"),
        Request::get("/get/k").token(GUESS),
        Request::get(&format!("/get/k?_token={GUESS}")),
    ] {
        server.send(&request);
    }
    let mut broken = server.connect();
    broken
        .write(format!("GET /get/{VALUE} HTTP/1.1\r\nbad {VALUE}\r\n\r\n").as_bytes())
        .expect("the server reads");
    broken.read_to_end();
    let log = server.stop();
    assert!(log.contains("answered"), "the log has the requests, so it could have had their content:\n{log}");
    for secret in [VALUE, TOKEN, "looker-token", GUESS] {
        assert!(!log.contains(secret), "{secret} in the log:\n{log}");
    }
}
