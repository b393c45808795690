//! What is spoken: pieces, pipelines, garbage, and other protocols.

use crate::rig::{Rig, array};

#[tokio::test]
async fn a_command_may_come_byte_by_byte() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    for byte in array(&["SET", "k", "v\r\nw"]).bytes() {
        client.send([byte]).await;
    }
    client.expect("+OK\r\n").await;
    client.check(&array(&["GET", "k"]), "$4\r\nv\r\nw\r\n").await;
}

#[tokio::test]
async fn a_long_pipeline_is_answered_in_order() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    let (commands, replies): (String, String) =
        (1..=10_000).map(|n| (array(&["INCR", "n"]), format!(":{n}\r\n"))).unzip();
    client.check(&commands, &replies).await;
}

/// Goal: replies leave before there are too many of them, and none is lost between two turns.
#[tokio::test]
async fn large_replies_of_a_pipeline_leave_as_they_come() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    let value = "x".repeat(300_000);
    client.check(&array(&["SET", "k", &value]), "+OK\r\n").await;
    let reply = format!("$300000\r\n{value}\r\n");
    client.check(&array(&["GET", "k"]).repeat(40), &reply.repeat(40)).await;
    assert_eq!(rig.counted(), 41);
}

#[tokio::test]
async fn what_cannot_be_parsed_is_answered_and_ends_the_connection() {
    let rig = Rig::start().await;
    let cases = [
        ("*x\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("*1\r\n+GET\r\n", "-ERR Protocol error: expected '$', got '+'\r\n"),
        ("*2\r\n$3\r\nGET\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        ("*1\r\n$99999999999\r\n", "-ERR Protocol error: invalid bulk length\r\n"),
        ("*2000000000\r\n", "-ERR Protocol error: invalid multibulk length\r\n"),
        ("SET k \"v\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"),
    ];
    for (garbage, error) in cases {
        let mut client = rig.client().await;
        client.check(&format!("PING\r\n{garbage}"), "+PONG\r\n").await;
        client.expect(error).await;
        client.expect_end().await;
    }
    rig.client().await.check("PING\r\n", "+PONG\r\n").await;
}

/// Goal: what is announced and never sent takes no memory from the others, and is cut when the server stops.
#[tokio::test]
async fn half_a_command_holds_nobody_up() {
    let rig = Rig::start().await;
    let mut half = rig.client().await;
    half.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000000\r\nabc").await;
    rig.client().await.check("PING\r\n", "+PONG\r\n").await;
    rig.stop().await;
    half.expect_end().await;
}

#[tokio::test]
async fn an_http_request_is_told_where_to_go() {
    let rig = Rig::start().await;
    for request in
        ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", "POST /pipeline HTTP/1.1\r\ncontent-length: 2\r\n\r\n[]"]
    {
        let mut client = rig.connect().await;
        client.send(request).await;
        let response = client.read_to_end().await;
        assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
        assert!(response.contains("{\"error\":\"ERR this port speaks the Redis protocol"), "{response}");
    }
}

#[tokio::test]
async fn a_tls_handshake_is_not_answered() {
    let rig = Rig::start().await;
    let mut client = rig.connect().await;
    client.send([0x16]).await;
    client.expect_end().await;
}
