//! Clients that take their time, and clients that go away.

use serde_json::json;

use crate::http::{Connection, Request};
use crate::scratch::Scratch;
use crate::server::{Server, TOKEN, latchkey, token_printed_by};

/// A server for production with deadlines of a second, and the token of its database.
fn hasty() -> (Scratch, Server, String) {
    let scratch = Scratch::new();
    let data = scratch.path().join("data");
    let config = format!(
        "data = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\nbody_timeout_seconds = 1\nidle_timeout_seconds = 1\n"
    );
    let server = Server::serve(&scratch.write("latchkey.toml", config));
    let token = token_printed_by(latchkey().args(["db", "create", "shop", "--data"]).arg(&data));
    (scratch, server, token)
}

#[test]
fn a_body_that_does_not_come_is_408() {
    let (_scratch, server, token) = hasty();
    let mut connection = server.connect();
    let request = Request::post("/", r#"["PING"]"#).token(&token);
    connection.write(&request.head()).expect("the server reads");
    connection.write(b"[\"PI").expect("the server reads");
    let reply = connection.read(false);
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (408, "ERR the request's body did not arrive in time")
    );
    assert_eq!(server.send(&request).text(), r#"{"result":"PONG"}"#);
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let (_scratch, server, _) = hasty();
    let mut connection = server.connect();
    connection.write(b"GET /get/k HTTP/1.1\r\nx: ").expect("the server reads");
    assert!(!connection.read_to_end().starts_with(b"HTTP/1.1 200"));
}

#[test]
fn slow_clients_keep_nobody_waiting() {
    let server = Server::start();
    let request = Request::post("/", r#"["PING"]"#).token(TOKEN);
    let mut slow: Vec<Connection> = (0..200).map(|_| server.connect()).collect();
    for (n, connection) in slow.iter_mut().enumerate() {
        let head = request.head();
        connection.write(&head[..head.len() - n % 2 * 10]).expect("the server reads");
    }
    for n in 1..=100 {
        assert_eq!(server.run(json!(["INCR", "n"])), n);
    }
    for (n, connection) in slow.iter_mut().enumerate() {
        let head = request.head();
        connection.write(&head[head.len() - n % 2 * 10..]).expect("the server still reads");
        connection.write(b"[\"PING\"]").expect("the server still reads");
        assert_eq!(connection.read(false).text(), r#"{"result":"PONG"}"#);
    }
}

/// T40: who goes away does not take back what has run.
#[test]
fn a_client_that_goes_away_leaves_what_has_run() {
    let server = Server::start();
    let mut connection = server.connect();
    connection.write(&Request::get("/rpush/done/1").token(TOKEN).head()).expect("the server reads");
    let unfinished = Request::post("/rpush/not-done", "12345").token(TOKEN).head();
    connection.write(&unfinished).expect("the server reads");
    assert_eq!(connection.read(false).text(), r#"{"result":1}"#);
    drop(connection);
    assert_eq!(server.run(json!(["EXISTS", "done", "not-done"])), 1);
}
