//! Commands that wait, over sockets.

use crate::rig::{OTHER_TOKEN, Rig, array};

const NOTHING: &str = "*-1\r\n";

/// Lets a client wait, until the server says that it does.
async fn wait(rig: &Rig, command: &str) -> crate::rig::Client {
    let mut client = rig.client().await;
    let waiting = rig.waiting().await;
    client.send(command).await;
    rig.until_waiting(waiting + 1).await;
    client
}

#[tokio::test]
async fn who_waits_is_served_by_others() {
    let rig = Rig::start().await;
    let mut other = rig.client().await;
    let mut ann = wait(&rig, "BLPOP q 0\r\n").await;
    let mut bob = wait(&rig, "BLMOVE q done LEFT RIGHT 0\r\n").await;
    other.check("RPUSH q 1 2 3\r\n", ":3\r\n").await;
    ann.expect("*2\r\n$1\r\nq\r\n$1\r\n1\r\n").await;
    bob.expect("$1\r\n2\r\n").await;
    other.check("LRANGE done 0 -1\r\nLLEN q\r\n", "*1\r\n$1\r\n2\r\n:1\r\n").await;
    // What is there is answered at once.
    ann.check("BLPOP q 0\r\n", "*2\r\n$1\r\nq\r\n$1\r\n3\r\n").await;
}

#[tokio::test]
async fn a_transaction_serves_once_it_is_done_and_waits_for_nothing() {
    let rig = Rig::start().await;
    let mut other = rig.client().await;
    let mut ann = wait(&rig, "BRPOP q 0\r\n").await;
    other
        .check(
            "MULTI\r\nRPUSH q 1\r\nRPUSH q 2\r\nBLPOP none 0\r\nEXEC\r\n",
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n:2\r\n*-1\r\n",
        )
        .await;
    ann.expect("*2\r\n$1\r\nq\r\n$1\r\n2\r\n").await;
}

#[tokio::test]
async fn a_wait_in_vain_ends() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("BLPOP q 0.01\r\n", NOTHING).await;
    client.check("BRPOPLPUSH q r 0.001\r\n", NOTHING).await;
    client.check("XREAD BLOCK 5 STREAMS s $\r\n", NOTHING).await;
    client.check("WAIT 1 5\r\n", ":0\r\n").await;
    client.check("HELLO 3\r\n", "%7").await;
    while client.line().await != "*0" {}
    client.check("BLPOP q 0.01\r\n", "_\r\n").await;
    assert_eq!(rig.waiting().await, 0);
}

/// What was answered before is sent before, and what was sent behind is run behind.
#[tokio::test]
async fn a_command_that_waits_keeps_its_place_among_others() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("SET k 1\r\nBLPOP q 0\r\nINCR k\r\nBLPOP q 0\r\nINCR k\r\n", "+OK\r\n").await;
    let mut other = rig.client().await;
    other.check("GET k\r\nRPUSH q a\r\n", "$1\r\n1\r\n:1\r\n").await;
    client.expect("*2\r\n$1\r\nq\r\n$1\r\na\r\n:2\r\n").await;
    other.check("GET k\r\nRPUSH q b\r\n", "$1\r\n2\r\n:1\r\n").await;
    client.expect("*2\r\n$1\r\nq\r\n$1\r\nb\r\n:3\r\n").await;
}

#[tokio::test]
async fn nothing_is_taken_for_a_user_that_is_deleted_or_off() {
    type Deed = fn(&Rig);
    let deeds: [Deed; 2] = [
        |rig| rig.delete_user("ann"),
        |rig| {
            rig.put_user("ann", "off ~* +@all", b"her password");
        },
    ];
    for deed in deeds {
        let rig = Rig::start().await;
        let token = rig.put_user("ann", "on ~* +@all", b"her password");
        let (mut ann, mut other) = (rig.connect().await, rig.client().await);
        ann.check(&format!("AUTH ann {token}\r\n"), "+OK\r\n").await;
        ann.send("BLPOP q 0\r\n").await;
        rig.until_waiting(1).await;
        deed(&rig);
        other.check("RPUSH q x\r\nLLEN q\r\n", ":1\r\n:1\r\n").await;
        assert!(ann.read_to_end().await.starts_with("-WRONGPASS "));
    }
}

#[tokio::test]
async fn nothing_is_taken_for_a_client_that_has_left() {
    let rig = Rig::start().await;
    let mut other = rig.client().await;
    drop(wait(&rig, "BLPOP q 0\r\n").await);
    rig.until_waiting(0).await;
    other.check("RPUSH q 1\r\nLLEN q\r\n", ":1\r\n:1\r\n").await;
    // Also if it had sent more before it left.
    let mut ahead = wait(&rig, "BLPOP none 0\r\n").await;
    ahead.send("INCR never\r\n").await;
    drop(ahead);
    rig.until_waiting(0).await;
    other.check("GET never\r\n", "$-1\r\n").await;
}

#[tokio::test]
async fn databases_wait_apart() {
    let rig = Rig::start().await;
    let mut ann = wait(&rig, "BLPOP q 0\r\n").await;
    let mut other = rig.connect().await;
    other.check(&format!("AUTH {OTHER_TOKEN}\r\nRPUSH q theirs\r\n"), "+OK\r\n:1\r\n").await;
    rig.client().await.check("RPUSH q ours\r\n", ":1\r\n").await;
    ann.expect("*2\r\n$1\r\nq\r\n$4\r\nours\r\n").await;
    other.check("LLEN q\r\n", ":1\r\n").await;
}

#[tokio::test]
async fn a_wait_is_counted_once() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("BLPOP q 0.01\r\nBLPOP q 0.01\r\n", "*-1\r\n*-1\r\n").await;
    client.check("SET k v\r\n", "+OK\r\n").await;
    assert_eq!(rig.counted(), 3);
}

#[tokio::test]
async fn a_server_that_stops_lets_nobody_wait() {
    let rig = Rig::start().await;
    let mut ann = wait(&rig, "BLPOP q 0\r\n").await;
    rig.stop().await;
    ann.expect("-UNBLOCKED the server stops, try again\r\n").await;
    ann.expect_end().await;
}

#[tokio::test]
async fn consumers_of_a_group_share_what_comes() {
    let rig = Rig::start().await;
    let mut other = rig.client().await;
    other.check("XGROUP CREATE s g $ MKSTREAM\r\n", "+OK\r\n").await;
    let mut ann =
        wait(&rig, &array(&["XREADGROUP", "GROUP", "g", "ann", "BLOCK", "0", "STREAMS", "s", ">"])).await;
    let mut bob =
        wait(&rig, &array(&["XREADGROUP", "GROUP", "g", "bob", "BLOCK", "0", "STREAMS", "s", ">"])).await;
    let entry =
        |id: &str| format!("*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n{id}\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    other.check("XADD s 1-0 f v\r\n", "$3\r\n1-0\r\n").await;
    ann.expect(&entry("1-0")).await;
    other.check("XADD s 2-0 f v\r\n", "$3\r\n2-0\r\n").await;
    bob.expect(&entry("2-0")).await;
    let mut cleo =
        wait(&rig, &array(&["XREADGROUP", "GROUP", "g", "cleo", "BLOCK", "0", "STREAMS", "s", ">"])).await;
    other.check("DEL s\r\n", ":1\r\n").await;
    cleo.expect("-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n").await;
}
