//! Client-side caching on real sockets. What Redis says to the same is compared in the tests of the whole.

use std::time::Duration;

use latchkey_wire::Settings;

use crate::rig::{Client, OTHER_TOKEN, Rig, TOKEN};

/// A connection in RESP3.
async fn resp3(rig: &Rig) -> Client {
    let mut client = rig.client().await;
    greet(&mut client).await;
    client
}

async fn greet(client: &mut Client) {
    client.send("HELLO 3\r\n").await;
    while client.line().await != "*0" {}
}

async fn id(client: &mut Client) -> u64 {
    client.send("CLIENT ID\r\n").await;
    client.line().await[1..].parse().unwrap()
}

/// The line of CLIENT INFO.
async fn info(client: &mut Client) -> String {
    client.send("CLIENT INFO\r\n").await;
    client.line().await;
    client.line_ended_by("\n\r\n").await
}

fn stale(key: &str) -> String {
    format!(">2\r\n$10\r\ninvalidate\r\n*1\r\n${}\r\n{key}\r\n", key.len())
}

const EVERYTHING: &str = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

#[tokio::test]
async fn stale_copies_are_told_after_the_reply() {
    let rig = Rig::start().await;
    let (mut reader, mut writer) = (resp3(&rig).await, rig.client().await);
    reader.check("CLIENT TRACKING ON\r\nGET k\r\n", "+OK\r\n_\r\n").await;
    writer.check("SET k 1\r\nSET k 2\r\n", "+OK\r\n+OK\r\n").await;
    reader.expect(&stale("k")).await;
    reader.check("GET k\r\n", "$1\r\n2\r\n").await;
    reader.check("SET k 3\r\n", &format!("+OK\r\n{}", stale("k"))).await;
    reader.check("MULTI\r\nGET k\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n3\r\n").await;
    writer.check("FLUSHALL\r\n", "+OK\r\n").await;
    reader.expect(EVERYTHING).await;
    // CLIENT REPLY silences replies only.
    reader.check("GET k\r\n", "_\r\n").await;
    reader.check("CLIENT REPLY OFF\r\nSET k 4\r\n", &stale("k")).await;
    reader.check("CLIENT REPLY ON\r\nCLIENT TRACKING OFF\r\nGET k\r\n", "+OK\r\n+OK\r\n$1\r\n4\r\n").await;
    writer.check("SET k 5\r\n", "+OK\r\n").await;
    reader.check("PING\r\n", "+PONG\r\n").await;
}

#[tokio::test]
async fn prefixes_are_told_by_step() {
    let rig = Rig::start().await;
    let (mut reader, mut writer) = (resp3(&rig).await, rig.client().await);
    reader.check("CLIENT TRACKING ON BCAST PREFIX a PREFIX b NOLOOP\r\n", "+OK\r\n").await;
    reader.check("SET a1 1\r\n", "+OK\r\n").await;
    writer.check("MSET a2 1 a1 1 c 1 b 1\r\n", "+OK\r\n").await;
    reader.expect(">2\r\n$10\r\ninvalidate\r\n*2\r\n$2\r\na1\r\n$2\r\na2\r\n").await;
    reader.expect(&stale("b")).await;
    assert!(info(&mut reader).await.contains(" flags=tB "));
    writer.send("INFO clients\r\n").await;
    let told = writer.line_ended_by("\r\n\r\n").await;
    assert!(told.contains("\r\ntracking_clients:1\r\n"), "{told}");
    writer.send("INFO stats\r\n").await;
    let told = writer.line_ended_by("\r\n\r\n").await;
    assert!(told.contains("\r\ntracking_total_prefixes:2\r\n"), "{told}");
}

#[tokio::test]
async fn another_connection_is_told_in_its_own_protocol() {
    let rig = Rig::start().await;
    let (mut reader, mut target, mut writer) = (rig.client().await, rig.client().await, rig.client().await);
    let number = id(&mut target).await;
    let channel = "$20\r\n__redis__:invalidate\r\n";
    target
        .check("SUBSCRIBE __redis__:invalidate\r\n", &format!("*3\r\n$9\r\nsubscribe\r\n{channel}:1\r\n"))
        .await;
    reader.check(&format!("CLIENT TRACKING ON REDIRECT {number}\r\nGET k\r\n"), "+OK\r\n$-1\r\n").await;
    reader.check("CLIENT GETREDIR\r\n", &format!(":{number}\r\n")).await;
    assert!(info(&mut reader).await.contains(&format!(" redir={number} resp=2 ")));
    writer.check("SET k 1\r\n", "+OK\r\n").await;
    target.expect(&format!("*3\r\n$7\r\nmessage\r\n{channel}*1\r\n$1\r\nk\r\n")).await;
    writer.check("FLUSHALL\r\n", "+OK\r\n").await;
    target.expect(&format!("*3\r\n$7\r\nmessage\r\n{channel}$-1\r\n")).await;
    // In RESP3 one need not listen.
    let mut target = resp3(&rig).await;
    let number = id(&mut target).await;
    reader.check(&format!("CLIENT TRACKING ON REDIRECT {number}\r\nGET k\r\n"), "+OK\r\n$-1\r\n").await;
    reader.check("SET k 1\r\n", "+OK\r\n").await;
    target.expect(&stale("k")).await;
}

#[tokio::test]
async fn a_connection_that_goes_breaks_what_is_told_there() {
    let rig = Rig::start().await;
    let (mut reader, mut target) = (resp3(&rig).await, rig.client().await);
    let number = id(&mut target).await;
    reader.check(&format!("CLIENT TRACKING ON REDIRECT {number}\r\nGET k\r\n"), "+OK\r\n_\r\n").await;
    target.check("QUIT\r\n", "+OK\r\n").await;
    target.expect_end().await;
    let broken = format!(">2\r\n$21\r\ntracking-redir-broken\r\n:{number}\r\n");
    reader.check("SET k 1\r\n", &format!("+OK\r\n{broken}")).await;
    assert!(info(&mut reader).await.contains(" flags=tR "));
    reader
        .check(
            "CLIENT TRACKINGINFO\r\n",
            &format!(
                "%3\r\n$5\r\nflags\r\n~2\r\n$2\r\non\r\n$15\r\nbroken_redirect\r\n$8\r\nredirect\r\n:{number}\r\n\
                 $8\r\nprefixes\r\n*0\r\n"
            ),
        )
        .await;
}

/// Numbers of connections are the server's; what is behind them is the database's.
#[tokio::test]
async fn databases_do_not_see_each_other() {
    let rig = Rig::start().await;
    let (mut reader, mut other) = (resp3(&rig).await, rig.connect().await);
    other.check(&format!("AUTH {OTHER_TOKEN}\r\n"), "+OK\r\n").await;
    let number = id(&mut other).await;
    let refused = "-ERR The client ID you want redirect to does not exist\r\n";
    reader.check(&format!("CLIENT TRACKING ON REDIRECT {number}\r\n"), refused).await;
    reader.check("CLIENT TRACKING ON BCAST\r\n", "+OK\r\n").await;
    other.check("SET k 1\r\nFLUSHALL\r\n", "+OK\r\n+OK\r\n").await;
    reader.check("PING\r\n", "+PONG\r\n").await;
    // Whoever goes to another database has no copies there.
    reader.check(&format!("AUTH {OTHER_TOKEN}\r\nCLIENT GETREDIR\r\n"), "+OK\r\n:-1\r\n").await;
    reader.check(&format!("AUTH {TOKEN}\r\nCLIENT TRACKING ON\r\n"), "+OK\r\n+OK\r\n").await;
    reader.check(&format!("AUTH {TOKEN}\r\nCLIENT GETREDIR\r\n"), "+OK\r\n:0\r\n").await;
}

#[tokio::test]
async fn an_exception_holds_for_one_command_or_transaction() {
    let rig = Rig::start().await;
    let (mut reader, mut writer) = (resp3(&rig).await, rig.client().await);
    reader.check("CLIENT TRACKING ON OPTIN\r\nCLIENT CACHING YES\r\n", "+OK\r\n+OK\r\n").await;
    reader.check("CLIENT GETREDIR\r\nGET a\r\nGET b\r\n", ":0\r\n_\r\n_\r\n").await;
    writer.check("MSET a 1 b 1\r\n", "+OK\r\n").await;
    reader.expect(&stale("a")).await;
    reader
        .check("CLIENT CACHING YES\r\nMULTI\r\nGET a\r\nGET b\r\n", "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n")
        .await;
    reader.check("EXEC\r\nGET c\r\n", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n_\r\n").await;
    writer.check("MSET c 1 b 1 a 1\r\n", "+OK\r\n").await;
    reader.expect(&format!("{}{}", stale("b"), stale("a"))).await;
    for between in ["PING\r\n", "GET\r\n", "NOSUCH\r\n", "WATCH w\r\n", "MULTI\r\nDISCARD\r\n"] {
        reader.check("CLIENT CACHING YES\r\n", "+OK\r\n").await;
        reader.send(between).await;
        for _ in 0..between.matches('\n').count() {
            reader.line().await;
        }
        reader.check("GET a\r\n", "$1\r\n1\r\n").await;
        writer.check("SET a 1\r\n", "+OK\r\n").await;
        reader.check("ECHO x\r\n", "$1\r\nx\r\n").await;
    }
}

#[tokio::test]
async fn who_resets_keeps_no_copies() {
    let rig = Rig::start().await;
    let (mut reader, mut writer) = (resp3(&rig).await, rig.client().await);
    reader.check("CLIENT TRACKING ON\r\nGET k\r\nRESET\r\n", "+OK\r\n_\r\n+RESET\r\n").await;
    reader.check(&format!("AUTH {TOKEN}\r\n"), "+OK\r\n").await;
    greet(&mut reader).await;
    writer.check("SET k 1\r\n", "+OK\r\n").await;
    reader.check("CLIENT GETREDIR\r\n", ":-1\r\n").await;
    // In RESP2 nothing can be told, and nothing is; after HELLO it can.
    writer
        .check("CLIENT TRACKING ON\r\nGET k\r\nSET k 2\r\nGET k\r\n", "+OK\r\n$1\r\n1\r\n+OK\r\n$1\r\n2\r\n")
        .await;
    greet(&mut writer).await;
    reader.check("SET k 3\r\n", "+OK\r\n").await;
    writer.expect(&stale("k")).await;
}

/// Whoever reads from its copies is silent for long.
#[tokio::test]
async fn who_keeps_copies_may_be_silent() {
    let settings = Settings { idle_timeout: Duration::from_millis(400), ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    let (mut reader, silent) = (resp3(&rig).await, rig.client().await);
    reader.check("CLIENT TRACKING ON\r\nGET k\r\n", "+OK\r\n_\r\n").await;
    silent.expect_end().await;
    rig.client().await.check("SET k 1\r\n", "+OK\r\n").await;
    reader.expect(&stale("k")).await;
}

/// It is told nothing: it would take that for the reply to what it asks next.
#[tokio::test]
async fn who_keeps_copies_and_may_no_more_is_cut_off() {
    let settings = Settings { standing_period: Duration::from_millis(20), ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    let mut reader = resp3(&rig).await;
    reader.check("CLIENT TRACKING ON\r\nGET k\r\n", "+OK\r\n_\r\n").await;
    rig.revoke();
    reader.expect_end().await;
}
