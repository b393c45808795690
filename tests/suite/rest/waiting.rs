//! Commands that wait: a request is answered when what it waits for has come.

use serde_json::json;

use crate::http::{Connection, Request};
use crate::server::{Server, TOKEN};

/// Sends a command that waits, and returns when the server says that one more does.
fn wait(server: &Server, command: &serde_json::Value) -> Connection {
    let before = waiting(server);
    let mut connection = server.connect();
    let request = Request::post("/", command.to_string()).token(TOKEN);
    connection.write(&request.head()).expect("the server reads");
    connection.write(command.to_string().as_bytes()).expect("the server reads");
    until_waiting(server, before + 1);
    connection
}

fn waiting(server: &Server) -> usize {
    let info = server.run(json!(["INFO", "clients"]));
    let mut lines = info.as_str().expect("text").lines();
    let waiting = lines.find_map(|line| line.strip_prefix("blocked_clients:")).expect("it is told");
    waiting.parse().expect("a number")
}

fn until_waiting(server: &Server, count: usize) {
    while waiting(server) != count {
        std::thread::yield_now();
    }
}

#[test]
fn a_request_is_answered_when_something_comes() {
    let server = Server::start();
    let mut ann = wait(&server, &json!(["BLPOP", "queue", "0"]));
    let mut bob = wait(&server, &json!(["BLMOVE", "queue", "done", "LEFT", "RIGHT", 0]));
    assert_eq!(server.run(json!(["RPUSH", "queue", "a", "b", "c"])), 3);
    assert_eq!(ann.read(false).text(), r#"{"result":["queue","a"]}"#);
    assert_eq!(bob.read(false).text(), r#"{"result":"b"}"#);
    assert_eq!(server.run(json!(["LRANGE", "queue", 0, -1])), json!(["c"]));
    assert_eq!(server.get("/blpop/queue/0").text(), r#"{"result":["queue","c"]}"#);
    assert_eq!(server.get("/blpop/queue/0.01").text(), r#"{"result":null}"#);
}

#[test]
fn in_a_batch_nothing_waits() {
    let server = Server::start();
    let batch = r#"[["BLPOP","queue",0],["XREAD","BLOCK",0,"STREAMS","s","$"],["SET","k","v"]]"#;
    for target in ["/pipeline", "/multi-exec"] {
        let reply = server.post(target, batch);
        assert_eq!(reply.text(), r#"[{"result":null},{"result":null},{"result":"OK"}]"#, "{target}");
    }
}

#[test]
fn nothing_is_taken_for_a_client_that_has_gone() {
    let server = Server::start();
    drop(wait(&server, &json!(["BLPOP", "queue", 0])));
    until_waiting(&server, 0);
    assert_eq!(server.run(json!(["RPUSH", "queue", "a"])), 1);
    assert_eq!(server.run(json!(["LLEN", "queue"])), 1);
}

#[test]
fn a_server_that_stops_answers_those_who_wait() {
    let server = Server::start();
    let mut ann = wait(&server, &json!(["BLPOP", "queue", 0]));
    server.terminate();
    assert_eq!(ann.read(false).error(), "UNBLOCKED the server stops, try again");
}
