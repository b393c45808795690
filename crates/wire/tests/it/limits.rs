//! What strangers and clients cannot make grow.

use std::time::{Duration, Instant};

use latchkey_protocol::resp::RequestLimits;
use latchkey_wire::Settings;

use crate::rig::{Rig, TOKEN, array};

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let rig = Rig::start_with(Settings { connections_max: 1, ..Settings::default() }, None).await;
    let mut first = rig.client().await;
    let second = rig.connect().await;
    assert_eq!(second.read_to_end().await, "-ERR max concurrent connections exceeded\r\n");
    first.check("PING\r\n", "+PONG\r\n").await;
}

#[tokio::test]
async fn who_has_not_authenticated_may_send_little() {
    let rig = Rig::start().await;
    for (sent, error) in [
        ("*11\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n"),
        ("*2\r\n$4\r\nAUTH\r\n$20000\r\n", "-ERR Protocol error: unauthenticated bulk length\r\n"),
    ] {
        let mut client = rig.connect().await;
        client.check(sent, error).await;
        client.expect_end().await;
    }
}

#[tokio::test]
async fn who_does_not_authenticate_in_time_is_cut() {
    let settings = Settings { authentication_timeout: Duration::from_millis(50), ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    rig.connect().await.expect_end().await;
    let mut talkative = rig.connect().await;
    talkative.check("PING\r\n", "-NOAUTH Authentication required.\r\n").await;
    talkative.expect_end().await;
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let settings = Settings { idle_timeout: Duration::from_millis(50), ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    rig.client().await.expect_end().await;
}

/// Goal: guessing gets slower, and ends.
#[tokio::test]
async fn wrong_passwords_are_answered_ever_later() {
    let refusal_delay = Duration::from_millis(10);
    let settings = Settings { refusal_delay, refusals_max: 3, ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    let mut client = rig.connect().await;
    let began = Instant::now();
    client.send("AUTH a\r\nAUTH b\r\nAUTH c\r\nAUTH d\r\n").await;
    let told = client.read_to_end().await;
    assert_eq!(told.matches("-WRONGPASS").count(), 3, "{told}");
    assert!(began.elapsed() >= refusal_delay * 7, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_transaction_has_a_limit() {
    let rig = Rig::start_with(Settings { queued_commands_max: 2, ..Settings::default() }, None).await;
    let mut client = rig.client().await;
    client.check("MULTI\r\nGET a\r\nGET b\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n").await;
    client.check("GET c\r\n", "-ERR the transaction is too large\r\n").await;
    client.check("EXEC\r\n", "-EXECABORT Transaction discarded because of previous errors.\r\n").await;
}

/// Goal: commands that are still arriving share one budget; who goes beyond it is cut, and what it held is free again.
#[tokio::test]
async fn large_commands_share_a_budget() {
    let request =
        RequestLimits { bulk_bytes_max: 1 << 20, request_bytes_max: 1 << 20, ..RequestLimits::default() };
    let settings = Settings { request, large_requests_bytes_max: 200_000, ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    let mut large = rig.client().await;
    large.send(format!("*2\r\n$4\r\nECHO\r\n$500000\r\n{}", "x".repeat(300_000))).await;
    assert_eq!(large.read_to_end().await, "");
    let value = "y".repeat(150_000);
    let mut next = rig.connect().await;
    next.check(&format!("AUTH {TOKEN}\r\n"), "+OK\r\n").await;
    next.check(&array(&["ECHO", &value]), &format!("$150000\r\n{value}\r\n")).await;
}
