//! What connections do to others of their database.

use crate::rig::{Client, OTHER_TOKEN, READ_ONLY_TOKEN, Rig, TOKEN};

/// The connection's number.
async fn id(client: &mut Client) -> String {
    client.send("CLIENT ID\r\n").await;
    client.line().await[1..].to_owned()
}

/// A field of the connection's own line.
async fn field(client: &mut Client, name: &str) -> String {
    client.send("CLIENT INFO\r\n").await;
    client.line().await;
    let line = client.line().await;
    let value = line.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    value.unwrap().to_owned()
}

#[tokio::test]
async fn a_connection_is_killed_by_its_number_or_address() {
    let rig = Rig::start().await;
    let (mut killer, mut one, mut two) = (rig.client().await, rig.client().await, rig.client().await);
    let number = id(&mut one).await;
    killer.check(&format!("CLIENT KILL ID {number}\r\n"), ":1\r\n").await;
    one.expect_end().await;
    killer.check(&format!("CLIENT KILL ID {number}\r\n"), ":0\r\n").await;
    let address = field(&mut two, "addr").await;
    killer.check(&format!("CLIENT KILL {address}\r\n"), "+OK\r\n").await;
    two.expect_end().await;
    killer.check(&format!("CLIENT KILL {address}\r\n"), "-ERR No such client\r\n").await;
    killer.check("PING\r\n", "+PONG\r\n").await;
}

#[tokio::test]
async fn all_that_a_filter_means_are_killed_but_those_of_other_databases() {
    let rig = Rig::start().await;
    let mut killer = rig.client().await;
    let (normal, mut reader, mut stranger) = (rig.client().await, rig.connect().await, rig.connect().await);
    reader.check(&format!("AUTH default_ro {READ_ONLY_TOKEN}\r\n"), "+OK\r\n").await;
    stranger.check(&format!("AUTH {OTHER_TOKEN}\r\n"), "+OK\r\n").await;
    killer.check("CLIENT KILL USER default_ro TYPE pubsub\r\n", ":0\r\n").await;
    killer.check("CLIENT KILL USER default_ro MAXAGE 1000\r\n", ":0\r\n").await;
    killer.check("CLIENT KILL USER default_ro\r\n", ":1\r\n").await;
    reader.expect_end().await;
    let here = field(&mut killer, "laddr").await;
    killer.check(&format!("CLIENT KILL TYPE normal LADDR {here}\r\n"), ":1\r\n").await;
    normal.expect_end().await;
    killer.check("CLIENT KILL USER nobody\r\n", "-ERR No such user 'nobody'\r\n").await;
    stranger.check("PING\r\n", "+PONG\r\n").await;
    // Whoever kills itself is told before.
    killer.check("CLIENT KILL TYPE normal SKIPME no\r\nPING\r\n", ":1\r\n").await;
    killer.expect_end().await;
    stranger.check("PING\r\n", "+PONG\r\n").await;
}

/// Goal: others see what a connection sent last, also while it waits, and nothing of its arguments.
#[tokio::test]
async fn the_last_command_of_a_connection_is_seen() {
    let rig = Rig::start().await;
    let (mut ann, mut bob) = (rig.client().await, rig.client().await);
    let number = id(&mut bob).await;
    bob.check("SET secret word\r\nconfig get maxmemory-policy-x\r\nNOSUCH\r\n", "+OK\r\n*0\r\n-ERR").await;
    bob.line().await;
    let mut expect = async |said: &str| {
        loop {
            ann.send(format!("CLIENT LIST ID {number}\r\n")).await;
            ann.line().await;
            let line = ann.line().await;
            if line.contains(&format!(" cmd={said} user=")) {
                break;
            }
        }
    };
    expect("config|get").await;
    bob.send("BLPOP list 0\r\n").await;
    expect("blpop").await;
    assert_eq!(field(&mut ann, "cmd").await, "client|info");
}

#[tokio::test]
async fn who_is_killed_waits_no_longer() {
    let rig = Rig::start().await;
    let (mut killer, mut ann) = (rig.client().await, rig.client().await);
    let number = id(&mut ann).await;
    ann.send("BLPOP q 0\r\n").await;
    rig.until_waiting(1).await;
    killer.check(&format!("CLIENT KILL ID {number}\r\n"), ":1\r\n").await;
    ann.expect_end().await;
    rig.until_waiting(0).await;
    killer.check("RPUSH q x\r\nLLEN q\r\n", ":1\r\n:1\r\n").await;
}

#[tokio::test]
async fn a_wait_is_ended_by_others() {
    let rig = Rig::start().await;
    let (mut other, mut ann, mut stranger) = (rig.client().await, rig.client().await, rig.connect().await);
    stranger.check(&format!("AUTH {OTHER_TOKEN}\r\n"), "+OK\r\n").await;
    let number = id(&mut ann).await;
    other.check(&format!("CLIENT UNBLOCK {number}\r\n"), ":0\r\n").await;
    for (reason, told) in [
        ("", "*-1\r\n"),
        (" TIMEOUT", "*-1\r\n"),
        (" error", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"),
    ] {
        ann.send("BLPOP q 0\r\n").await;
        until_flagged(&mut other, &number, "b").await;
        stranger.check(&format!("CLIENT UNBLOCK {number}\r\n"), ":0\r\n").await;
        other.check(&format!("CLIENT UNBLOCK {number}{reason}\r\n"), ":1\r\n").await;
        ann.expect(told).await;
        until_flagged(&mut other, &number, "N").await;
    }
    other.check("CLIENT UNBLOCK x\r\n", "-ERR value is not an int or out of range\r\n").await;
    let refused = "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n";
    other.check("CLIENT UNBLOCK x NOW\r\n", refused).await;
}

/// Done when the connection of this number has these flags.
async fn until_flagged(client: &mut Client, number: &str, flags: &str) {
    loop {
        client.send(format!("CLIENT LIST ID {number}\r\n")).await;
        client.line().await;
        if client.line().await.contains(&format!(" flags={flags} ")) {
            return;
        }
    }
}

#[tokio::test]
async fn a_pause_holds_up_writes_until_it_is_ended() {
    let rig = Rig::start().await;
    let (mut other, mut ann, mut stranger) = (rig.client().await, rig.client().await, rig.connect().await);
    stranger.check(&format!("AUTH {OTHER_TOKEN}\r\n"), "+OK\r\n").await;
    other.check("CLIENT PAUSE 3600000 WRITE\r\n", "+OK\r\n").await;
    // What comes before a write is answered; the write and what comes behind it wait.
    ann.check("GET k\r\nSET k 1\r\nGET k\r\n", "$-1\r\n").await;
    stranger.check("SET k 1\r\n", "+OK\r\n").await;
    other.check("MULTI\r\nGET k\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n").await;
    other.check("CLIENT UNPAUSE\r\nGET none\r\n", "+OK\r\n$-1\r\n").await;
    ann.expect("+OK\r\n$1\r\n1\r\n").await;
}

#[tokio::test]
async fn a_pause_ends_by_itself() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("CLIENT PAUSE 1\r\nSET k v\r\nGET k\r\n", "+OK\r\n+OK\r\n$1\r\nv\r\n").await;
    client.check("CLIENT PAUSE 0 ALL\r\nGET k\r\n", "+OK\r\n$1\r\nv\r\n").await;
    for (sent, error) in [
        ("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range\r\n"),
        ("CLIENT PAUSE -1", "-ERR timeout is negative\r\n"),
        ("CLIENT PAUSE 1 READ", "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n"),
    ] {
        client.check(&format!("{sent}\r\n"), error).await;
    }
}

#[tokio::test]
async fn a_pause_holds_up_nobody_who_leaves_and_no_server_that_stops() {
    let rig = Rig::start().await;
    let (mut other, mut ann, mut bob) = (rig.client().await, rig.client().await, rig.client().await);
    other.check("CLIENT PAUSE 9223372036854775807 ALL\r\n", "+OK\r\n").await;
    ann.send("PING\r\nSET left 1\r\n").await;
    drop(ann);
    bob.send("MULTI\r\nSET k v\r\nEXEC\r\n").await;
    bob.expect("+OK\r\n+QUEUED\r\n").await;
    rig.stop().await;
    bob.expect("*1\r\n+OK\r\n").await;
}

#[tokio::test]
async fn info_tells_how_many_connections_there_are() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    let mut stranger = rig.connect().await;
    stranger.check(&format!("AUTH {OTHER_TOKEN}\r\n"), "+OK\r\n").await;
    let other = rig.client().await;
    connected(&mut client, 2).await;
    drop(other);
    connected(&mut client, 1).await;
    client.check("RESET\r\n", "+RESET\r\n").await;
    connected(&mut stranger, 1).await;
}

/// Done when INFO tells of so many connections.
async fn connected(client: &mut Client, count: usize) {
    loop {
        client.send("INFO clients\r\n").await;
        let info = client.line_ended_by("\r\n\r\n").await;
        if info.contains(&format!("connected_clients:{count}\r\n")) {
            return;
        }
    }
}

#[tokio::test]
async fn what_a_connection_asks_for_itself_is_listed_and_reset() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    assert_eq!(field(&mut client, "flags").await, "N");
    client.check("CLIENT NO-EVICT on\r\nCLIENT NO-TOUCH ON\r\n", "+OK\r\n+OK\r\n").await;
    assert_eq!(field(&mut client, "flags").await, "eT");
    client.check(&format!("AUTH {TOKEN}\r\nCLIENT NO-EVICT off\r\n"), "+OK\r\n+OK\r\n").await;
    assert_eq!(field(&mut client, "flags").await, "T");
    client.check("CLIENT NO-TOUCH maybe\r\n", "-ERR syntax error\r\n").await;
    client.check(&format!("RESET\r\nAUTH {TOKEN}\r\n"), "+RESET\r\n+OK\r\n").await;
    assert_eq!(field(&mut client, "flags").await, "N");
}
