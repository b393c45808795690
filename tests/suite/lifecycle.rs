//! Stopping, crashing and starting again.

use std::net::TcpStream;
use std::thread;

use serde_json::json;

use crate::day::{left, within_one_day};
use crate::http::Request;
use crate::scratch::Scratch;
use crate::server::{Server, TOKEN, latchkey};

/// A quota leased in blocks may lose so much in a crash.
const LEASE_BLOCK_MAX: u64 = 1000;

/// T20: a request that has begun is answered, and nothing new is taken.
#[test]
fn a_server_that_is_asked_to_stop_finishes_what_it_has_begun() {
    let mut server = Server::start();
    let mut connection = server.connect();
    let request = Request::post("/", r#"["SET","k","v"]"#).token(TOKEN).header("expect", "100-continue");
    connection.write(&request.head()).expect("the server reads");
    assert_eq!(connection.read(false).status, 100, "the server waits for the body");
    server.terminate();
    while TcpStream::connect(server.address).is_ok() {
        thread::yield_now();
    }
    connection.write(br#"["SET","k","v"]"#).expect("the server still reads");
    assert_eq!(connection.read(false).text(), r#"{"result":"OK"}"#);
    assert!(server.wait().success());
}

/// T20: an idle connection is closed in order, not reset, so that clients know that nothing was lost.
#[test]
fn idle_connections_are_closed_when_the_server_stops() {
    let mut server = Server::start();
    let mut connection = server.connect();
    assert_eq!(connection.send(&Request::get("/ping").token(TOKEN)).status, 200);
    server.terminate();
    assert_eq!(connection.read_to_end(), b"");
    assert!(server.wait().success());
}

#[test]
fn interrupted_by_the_terminal_it_ends_as_well() {
    let mut server = Server::start();
    server.signal("INT");
    assert!(server.wait().success());
}

/// How many commands are left today, after one more.
fn left_after_one(server: &Server) -> u64 {
    let reply = server.get("/incr/n");
    assert_eq!(reply.status, 200, "{}", reply.text());
    left(&reply)
}

#[test]
fn a_quota_survives_a_restart_to_the_command() {
    within_one_day(|| {
        let data = Scratch::new();
        for expected in [9_999, 9_998, 9_997] {
            let server = Server::start_in(data.path(), &["--quota", "10000/day"]);
            assert_eq!(left_after_one(&server), expected);
            server.stop();
        }
    });
}

#[test]
fn a_crash_never_gives_quota_back() {
    within_one_day(|| {
        let data = Scratch::new();
        let mut left: u64 = 10_000;
        for _ in 0..5 {
            let server = Server::start_in(data.path(), &["--quota", "10000/day"]);
            for _ in 0..10 {
                let now = left_after_one(&server);
                let lost = (left - 1).checked_sub(now).expect("never more than before");
                assert!(lost <= LEASE_BLOCK_MAX, "lost {lost} of {left}");
                left = now;
            }
            server.kill();
        }
        let server = Server::start_in(data.path(), &["--quota", "10000/day"]);
        let all = json!(vec![json!(["INCR", "n"]); 10_000]);
        let run = server.pipeline(all).iter().filter(|entry| entry.get("result").is_some()).count() as u64;
        assert!(run <= left, "{run} commands ran although only {left} were left");
        assert_eq!(server.get("/incr/n").status, 429);
    });
}

#[test]
fn a_used_up_quota_stays_used_up() {
    within_one_day(|| {
        let data = Scratch::new();
        let server = Server::start_in(data.path(), &["--quota", "10/day"]);
        server.pipeline(json!(vec![json!(["INCR", "n"]); 11]));
        server.kill();
        let server = Server::start_in(data.path(), &["--quota", "10/day"]);
        assert_eq!(server.get("/incr/n").status, 429);
    });
}

#[test]
fn the_token_of_a_data_directory_stays_good() {
    let data = Scratch::new();
    let start = || {
        let mut server = Server::spawn(latchkey().args(["dev", "--port", "0", "--data"]).arg(data.path()));
        server.printed("UPSTASH_REDIS_REST_URL");
        let token = server.printed("UPSTASH_REDIS_REST_TOKEN");
        server.stop();
        token
    };
    assert_eq!(start(), start());
}

#[test]
fn a_second_server_on_the_same_port_says_what_to_do() {
    let server = Server::start();
    let port = server.address.port().to_string();
    let second =
        latchkey().args(["dev", "--ephemeral", "--port", &port]).output().expect("the binary is there");
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("--port"), "{said}");
    server.assert_alive();
}
