//! Subscriptions, messages and MONITOR on real sockets.

use std::time::Duration;

use latchkey_wire::Settings;

use crate::rig::{OTHER_TOKEN, READ_ONLY_TOKEN, Rig, TOKEN};

#[tokio::test]
async fn messages_arrive_in_resp2() {
    let rig = Rig::start().await;
    let (mut listener, mut speaker) = (rig.client().await, rig.client().await);
    listener
        .check(
            "SUBSCRIBE a b\r\nPSUBSCRIBE n*\r\nSSUBSCRIBE s\r\n",
            "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n\
             *3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:3\r\n*3\r\n$10\r\nssubscribe\r\n$1\r\ns\r\n:1\r\n",
        )
        .await;
    speaker.check("PUBLISH a hello\r\nPUBLISH new 1\r\nPUBLISH s x\r\n", ":1\r\n:1\r\n:0\r\n").await;
    speaker.check("SPUBLISH s 2\r\nSPUBLISH a x\r\n", ":1\r\n:0\r\n").await;
    listener
        .expect(
            "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n\
             *4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$3\r\nnew\r\n$1\r\n1\r\n\
             *3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\n2\r\n",
        )
        .await;
    speaker.check("PUBSUB NUMSUB a x\r\n", "*4\r\n$1\r\na\r\n:1\r\n$1\r\nx\r\n:0\r\n").await;
    speaker.check("PUBSUB NUMPAT\r\nPUBSUB SHARDCHANNELS\r\n", ":1\r\n*1\r\n$1\r\ns\r\n").await;
}

#[tokio::test]
async fn unsubscribing_is_confirmed_after_what_came_before() {
    let rig = Rig::start().await;
    let (mut listener, mut speaker) = (rig.client().await, rig.client().await);
    listener.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    speaker.check("PUBLISH a 1\r\n", ":1\r\n").await;
    listener.expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n").await;
    listener
        .check(
            "UNSUBSCRIBE a x\r\nUNSUBSCRIBE\r\nPUNSUBSCRIBE\r\nSUNSUBSCRIBE\r\nGET k\r\n",
            "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:0\r\n\
             *3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n*3\r\n$12\r\npunsubscribe\r\n$-1\r\n:0\r\n\
             *3\r\n$12\r\nsunsubscribe\r\n$-1\r\n:0\r\n$-1\r\n",
        )
        .await;
    speaker.check("PUBLISH a 2\r\n", ":0\r\n").await;
}

#[tokio::test]
async fn who_listens_in_resp2_can_do_little_else() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    let refused = |name: &str| {
        format!(
            "-ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in \
             this context\r\n"
        )
    };
    client.check("GET k\r\n", &refused("get")).await;
    client.check("CLIENT ID\r\n", &refused("client|id")).await;
    client.check("PUBSUB NUMPAT\r\n", &refused("pubsub|numpat")).await;
    client.check("MULTI\r\n", &refused("multi")).await;
    client.check("HELLO 3\r\n", &refused("hello")).await;
    client.check("GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n").await;
    client
        .check("PING\r\nPING hi\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n$4\r\npong\r\n$2\r\nhi\r\n")
        .await;
    client.check("RESET\r\n", "+RESET\r\n").await;
    client.check(&format!("AUTH {TOKEN}\r\nGET k\r\n"), "+OK\r\n$-1\r\n").await;
    let mut client = rig.client().await;
    client.send("PUBSUB CHANNELS\r\nSUBSCRIBE a\r\nQUIT\r\n").await;
    client.expect("*0\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n+OK\r\n").await;
    client.expect_end().await;
}

#[tokio::test]
async fn resp3_has_pushes_and_all_commands() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.send("HELLO 3\r\n").await;
    while client.line().await != "*0" {}
    client
        .check("GET k\r\nSUBSCRIBE a\r\nGET k\r\n", "_\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n_\r\n")
        .await;
    client.check("PUBLISH a 1\r\n", ":1\r\n>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n").await;
    client.check("PING\r\nUNSUBSCRIBE\r\n", "+PONG\r\n>3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n").await;
}

#[tokio::test]
async fn transactions_and_scripts_publish_when_they_are_done() {
    let rig = Rig::start().await;
    let (mut listener, mut speaker) = (rig.client().await, rig.client().await);
    listener.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    speaker.check("MULTI\r\nPUBLISH a 1\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n:1\r\n").await;
    let script = "return redis.call('PUBLISH', 'a', ARGV[1])";
    let publish = format!("EVAL \"{script}\" 0 2\r\n");
    speaker.check(&publish, ":1\r\n").await;
    let fails = "redis.call('PUBLISH', 'a', 'never') return redis.call('LPUSH')";
    speaker.send(format!("EVAL \"{fails}\" 0\r\n")).await;
    assert!(speaker.line().await.starts_with("-ERR"));
    speaker.check("PUBLISH a 3\r\n", ":1\r\n").await;
    for payload in 1..=3 {
        listener.expect(&format!("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n{payload}\r\n")).await;
    }
}

#[tokio::test]
async fn subscribing_does_not_fit_into_a_transaction() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client
        .check("MULTI\r\nSUBSCRIBE a\r\n", "+OK\r\n-ERR Command not allowed inside a transaction\r\n")
        .await;
    client.check("EXEC\r\n", "-EXECABORT Transaction discarded because of previous errors.\r\n").await;
}

#[tokio::test]
async fn a_listener_that_leaves_is_counted_no_more() {
    let rig = Rig::start().await;
    let (mut listener, mut speaker) = (rig.client().await, rig.client().await);
    listener.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    speaker.check("PUBLISH a 1\r\n", ":1\r\n").await;
    drop(listener);
    loop {
        speaker.send("PUBSUB NUMSUB a\r\n").await;
        speaker.expect("*2\r\n$1\r\na\r\n").await;
        if speaker.line().await == ":0" {
            break;
        }
    }
}

#[tokio::test]
async fn nothing_crosses_databases() {
    let rig = Rig::start().await;
    let (mut one, mut two) = (rig.client().await, rig.connect().await);
    two.check(&format!("AUTH {OTHER_TOKEN}\r\n"), "+OK\r\n").await;
    let confirmed = "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n";
    one.check("SUBSCRIBE a\r\n", confirmed).await;
    two.check("PUBLISH a 1\r\nPUBSUB CHANNELS\r\nPUBSUB NUMSUB a\r\n", ":0\r\n*0\r\n*2\r\n$1\r\na\r\n:0\r\n")
        .await;
    let mut third = rig.client().await;
    third.check("MONITOR\r\n", "+OK\r\n").await;
    two.check("SUBSCRIBE a\r\n", confirmed).await;
    let mut speaker = rig.client().await;
    speaker.check("PUBLISH a 2\r\n", ":1\r\n").await;
    one.expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n2\r\n").await;
    let line = third.line().await;
    let from = speaker.stream.local_addr().unwrap();
    assert!(line.ends_with(&format!(r#" [0 {from}] "PUBLISH" "a" "2""#)), "{line}");
    two.check("PING\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n").await;
}

#[tokio::test]
async fn a_monitor_sees_what_runs_but_no_secrets() {
    let rig = Rig::start().await;
    let (mut monitor, mut client) = (rig.client().await, rig.client().await);
    monitor.check("MONITOR\r\n", "+OK\r\n").await;
    client.check(&format!("AUTH {TOKEN}\r\nSET k \"a \\\"b\\\"\\n\\x01\"\r\n"), "+OK\r\n+OK\r\n").await;
    client.check("EVAL \"return redis.call('GET', KEYS[1])\" 1 k\r\n", "$7\r\na \"b\"\n\u{1}\r\n").await;
    client.send("CONFIG SET notify-keyspace-events KEA\r\nNOSUCH\r\nPING\r\n").await;
    client.expect("+OK\r\n-ERR Command is not available: 'NOSUCH'. See https://upstash.com/docs").await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let line = monitor.line().await;
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.len() == "+1721284005.242090".len() && time.starts_with('+'), "{line}");
        seen.push(rest.to_owned());
    }
    let from = client.stream.local_addr().unwrap();
    let expected = [
        format!(r#"[0 {from}] "SET" "k" "a \"b\"\n\x01""#),
        format!(r#"[0 {from}] "EVAL" "return redis.call('GET', KEYS[1])" "1" "k""#),
        r#"[0 lua] "GET" "k""#.to_owned(),
        format!(r#"[0 {from}] "PING""#),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn who_may_only_read_may_listen_but_not_monitor() {
    let rig = Rig::start().await;
    let mut reader = rig.connect().await;
    reader.check(&format!("AUTH default_ro {READ_ONLY_TOKEN}\r\n"), "+OK\r\n").await;
    let refused = |name: &str| {
        format!("-NOPERM this user has no permissions to run the '{name}' command or its subcommand\r\n")
    };
    reader.check("MONITOR\r\n", &refused("monitor")).await;
    reader.check("PUBLISH a 1\r\n", &refused("publish")).await;
    reader.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
}

#[tokio::test]
async fn a_revoked_token_ends_a_connection_that_only_listens() {
    let settings = Settings { standing_period: Duration::from_millis(10), ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    let mut listener = rig.client().await;
    listener.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    rig.revoke();
    assert!(listener.line().await.starts_with("-WRONGPASS"));
    listener.expect_end().await;
}

#[tokio::test]
async fn a_revoked_token_hears_nothing_more() {
    let rig = Rig::start().await;
    let mut speaker = rig.connect().await;
    speaker.check(&format!("AUTH default_ro {READ_ONLY_TOKEN}\r\n"), "+OK\r\n").await;
    let mut monitor = rig.client().await;
    monitor.check("MONITOR\r\n", "+OK\r\n").await;
    rig.revoke();
    // What runs now would be shown to whoever monitors.
    speaker.send("PING\r\n").await;
    assert!(monitor.line().await.starts_with("-WRONGPASS"));
    monitor.expect_end().await;
}

#[tokio::test]
async fn a_listener_that_does_not_read_is_dropped() {
    let rig = Rig::start().await;
    let (mut listener, mut speaker) = (rig.client().await, rig.client().await);
    listener.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    let publish = format!("*3\r\n$7\r\nPUBLISH\r\n$1\r\na\r\n$1000000\r\n{}\r\n", "x".repeat(1_000_000));
    // What the sockets hold comes on top of what the mailbox does.
    for published in 0.. {
        assert!(published < 1_000, "it was never dropped");
        speaker.send(&publish).await;
        if speaker.line().await == ":0" {
            break;
        }
    }
}

#[tokio::test]
async fn a_subscription_costs_one_command_and_messages_cost_nothing() {
    let rig = Rig::start().await;
    let (mut listener, mut speaker) = (rig.client().await, rig.client().await);
    listener.check("SUBSCRIBE a\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    assert_eq!(rig.counted(), 1);
    speaker.check("PUBLISH a 1\r\n", ":1\r\n").await;
    listener.expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n").await;
    listener.check("UNSUBSCRIBE\r\n", "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n").await;
    assert_eq!(rig.counted(), 1);
}

#[tokio::test]
async fn a_new_token_of_the_same_database_keeps_subscriptions() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.send("HELLO 3\r\n").await;
    while client.line().await != "*0" {}
    client.check("SUBSCRIBE a\r\n", ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
    client.check(&format!("AUTH {TOKEN}\r\n"), "+OK\r\n").await;
    client.check("PUBSUB CHANNELS\r\n", "*1\r\n$1\r\na\r\n").await;
    client.check(&format!("AUTH {OTHER_TOKEN}\r\n"), "+OK\r\n").await;
    client.check("PUBSUB CHANNELS\r\n", "*0\r\n").await;
    let mut first = rig.client().await;
    first.check("PUBSUB CHANNELS\r\n", "*0\r\n").await;
}

#[tokio::test]
async fn client_list_tells_who_listens() {
    let rig = Rig::start().await;
    let (mut listener, mut client) = (rig.client().await, rig.client().await);
    listener.send("SUBSCRIBE a b\r\nPSUBSCRIBE c*\r\n").await;
    for _ in 0..3 {
        listener.expect("*3\r\n").await;
        for _ in 0..5 {
            listener.line().await;
        }
    }
    client.send("CLIENT LIST TYPE pubsub\r\n").await;
    client.line().await;
    let line = client.line_ended_by("\n").await;
    assert!(line.contains(" flags=P db=0 sub=2 psub=1 ssub=0 "), "{line}");
}
