//! Storage limits, at the byte. A string key costs 48 bytes, its name and its value.

use serde_json::{Value, json};

use crate::day::{left, within_one_day};
use crate::server::Server;

const KEY: usize = 48;

fn full(limit: usize, usage: usize) -> String {
    format!(
        "ERR DB capacity quota exceeded. Threshold: {limit} bytes, Usage: {usage} bytes. \
         See https://upstash.com/docs/redis/troubleshooting/db_capacity_quota_exceeded for details"
    )
}

fn set(key: &str, bytes: usize) -> Value {
    json!(["SET", key, "v".repeat(bytes)])
}

#[test]
fn writes_are_refused_at_the_byte_that_the_formula_says() {
    let server = Server::start_with(&["--storage", "1000"]);
    let fits = 1000 - KEY - 1;
    assert_eq!(server.refused(set("k", fits + 1)), full(1000, 1001));
    assert_eq!(server.run(json!(["EXISTS", "k"])), 0, "a refused write leaves nothing");
    assert_eq!(server.run(set("k", fits)), "OK");
    for command in [json!(["APPEND", "k", "v"]), json!(["SET", "l", ""]), json!(["RPUSH", "l", "a"])] {
        assert_eq!(server.refused(command.clone()), full(1000, 1000), "{command}");
    }
    assert_eq!(server.run(json!(["STRLEN", "k"])), fits, "reads go on");
}

#[test]
fn a_deletion_makes_room_again() {
    let server = Server::start_with(&["--storage", "1000"]);
    server.run(set("a", 400));
    server.run(set("b", 1000 - 2 * (KEY + 1) - 400));
    server.refused(set("c", 1));
    assert_eq!(server.run(json!(["DEL", "a"])), 1);
    assert_eq!(server.run(set("c", 400)), "OK");
    server.refused(json!(["APPEND", "c", "v"]));
    assert_eq!(server.run(json!(["FLUSHDB"])), "OK");
    assert_eq!(server.run(set("k", 1000 - KEY - 1)), "OK");
}

#[test]
fn a_write_that_would_go_beyond_leaves_what_was_there() {
    let server = Server::start_with(&["--storage", "1000"]);
    server.run(json!(["RPUSH", "l", "a"]));
    server.refused(json!(["RPUSH", "l", "v".repeat(500), "v".repeat(500)]));
    assert_eq!(server.run(json!(["LRANGE", "l", 0, -1])), json!(["a"]));
    server.run(set("k", 500));
    server.refused(json!(["COPY", "k", "copy"]));
    server.refused(json!(["SETRANGE", "k", 4_000_000, "v"]));
    assert_eq!(server.run(json!(["STRLEN", "k"])), 500);
    assert_eq!(server.run(json!(["EXISTS", "copy"])), 0);
}

#[test]
fn a_pipeline_goes_on_where_there_is_room() {
    let server = Server::start_with(&["--storage", "1000"]);
    let entries = server.pipeline(json!([set("a", 500), set("b", 500), ["DEL", "a"], set("b", 500)]));
    assert_eq!(entries[0], json!({"result": "OK"}));
    assert_eq!(entries[1], json!({"error": full(1000, 2 * (KEY + 1 + 500))}));
    assert_eq!(entries[2..], [json!({"result": 1}), json!({"result": "OK"})]);
}

#[test]
fn each_kind_of_element_costs_what_the_formula_says() {
    for (command, bytes) in [
        (json!(["SET", "k", "value", "EX", 100]), KEY + 1 + 5 + 16),
        (json!(["SET", "k", 12345]), KEY + 1 + 5),
        (json!(["RPUSH", "k", "a", "bc"]), KEY + 1 + 16 + 1 + 16 + 2),
        (json!(["SADD", "k", "a", "bc"]), KEY + 1 + 16 + 1 + 16 + 2),
        (json!(["HSET", "k", "f", "value"]), KEY + 1 + 32 + 1 + 5),
        (json!(["ZADD", "k", 1, "member"]), KEY + 1 + 40 + 6),
    ] {
        let exactly = Server::start_with(&["--storage", &bytes.to_string()]);
        exactly.run(command.clone());
        let less = Server::start_with(&["--storage", &(bytes - 1).to_string()]);
        assert_eq!(less.refused(command), full(bytes - 1, bytes));
    }
}

#[test]
fn a_write_that_finds_no_room_is_not_counted() {
    within_one_day(|| {
        let server = Server::start_with(&["--storage", "100", "--quota", "10/day"]);
        server.refused(set("k", 100));
        server.pipeline(json!([set("k", 100), ["GET", "k"]]));
        assert_eq!(left(&server.get("/get/k")), 8, "only the two GETs count");
    });
}

#[test]
fn the_refusal_of_a_write_tells_that_it_was_not_counted() {
    within_one_day(|| {
        let server = Server::start_with(&["--storage", "100", "--quota", "10/day"]);
        let refused = server.post("/", set("k", 100).to_string());
        assert_eq!(left(&refused), 10);
    });
}
