//! The RESP port: the clients of Redis that people use, beside REST on the same database.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::sdk;
use crate::server::{Server, TOKEN, latchkey};

#[test]
fn redis_py() {
    let server = Server::start();
    sdk::python_tests(&server, "redis", &["redis_client"]);
}

#[test]
fn ioredis_and_node_redis() {
    let server = Server::start();
    if sdk::node_package("ioredis") && sdk::node_package("redis") {
        sdk::node(&server, "resp.test.mjs", &[]);
    }
}

/// A queue whose workers wait with BZPOPMIN, and whose listeners wait with XREAD.
#[test]
fn bullmq() {
    let server = Server::start();
    if sdk::node_package("bullmq") {
        sdk::node(&server, "bullmq.test.mjs", &[]);
    }
}

/// A worker that waits with BRPOP.
#[test]
fn celery() {
    let server = Server::start();
    sdk::python_tests(&server, "celery", &["celery_worker"]);
}

/// Workers in the manner of Sidekiq: each waits with BRPOP in a loop, and jobs for later are moved by a script.
#[test]
fn brpop_workers() {
    let server = Server::start();
    sdk::python_tests(&server, "redis", &["brpop_workers"]);
}

/// Goal: both doors lead to the same database, and count the same.
#[test]
fn rest_and_resp_share_a_database_and_its_quota() {
    let server = Server::start_with(&["--quota", "4/day"]);
    assert_eq!(server.run(json!(["SET", "k", "from REST"])), "OK");
    assert_eq!(talk(&server, "GET k\r\nSET k x\r\n"), "$9\r\nfrom REST\r\n+OK\r\n");
    assert_eq!(server.run(json!(["GET", "k"])), "x");
    assert_eq!(server.get("/get/k").status, 429);
    assert!(
        talk(&server, "GET k\r\n").starts_with("-ERR max daily request limit exceeded. Limit: 4, Usage: 4.")
    );
}

#[test]
fn each_port_says_where_the_other_is() {
    let server = Server::start();
    let told = talk(&server, "GET / HTTP/1.1\r\n\r\n");
    assert!(told.contains(&server.url), "{told}");
    let mut stream = TcpStream::connect(server.address).expect("it listens");
    stream.write_all(b"*1\r\n$4\r\nPING\r\n").expect("it reads");
    let mut told = String::new();
    stream.read_to_string(&mut told).expect("it answers and closes");
    assert!(told.starts_with("-ERR this is the REST port"), "{told}");
}

#[test]
fn a_port_that_is_taken_is_refused_if_it_was_asked_for() {
    let server = Server::start();
    let port = server.redis_url.rsplit(':').next().expect("a URL has a port").to_owned();
    let second = latchkey()
        .args(["dev", "--ephemeral", "--port", "0", "--resp-port", &port, "--token", TOKEN])
        .output()
        .expect("the binary is there");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("--resp-port 0"), "{said}");
}

/// Sends lines, and QUIT. All that comes back, but for the answer to that.
fn talk(server: &Server, lines: &str) -> String {
    let authority = server.redis_url.rsplit('@').next().expect("the URL has a password");
    let mut stream = TcpStream::connect(authority).expect("it listens");
    stream.write_all(format!("{lines}QUIT\r\n").as_bytes()).expect("it reads");
    let mut told = String::new();
    stream.read_to_string(&mut told).expect("it answers and closes");
    told.strip_suffix("+OK\r\n").map(str::to_owned).unwrap_or(told)
}
