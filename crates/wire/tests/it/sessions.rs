//! Who speaks, and what belongs to the connection.

use std::time::Duration;

use latchkey_wire::Settings;

use crate::rig::{OTHER_TOKEN, READ_ONLY_TOKEN, Rig, TOKEN, array};

const WRONG_PASSWORD: &str = "-WRONGPASS invalid username-password pair or user is disabled\r\n";

#[tokio::test]
async fn nothing_is_done_for_somebody_unknown() {
    let rig = Rig::start().await;
    let mut client = rig.connect().await;
    for command in ["GET k", "PING", "MULTI", "CLIENT ID", "NOSUCHCOMMAND"] {
        client.check(&format!("{command}\r\n"), "-NOAUTH Authentication required.\r\n").await;
    }
    client.send("HELLO 3\r\n").await;
    assert!(client.line().await.starts_with("-NOAUTH HELLO must be called"));
    client.check("QUIT\r\n", "+OK\r\n").await;
    client.expect_end().await;
}

#[tokio::test]
async fn a_token_is_the_password_of_the_user_it_belongs_to() {
    let rig = Rig::start_with(quick(), None).await;
    let mut client = rig.connect().await;
    client.check(&format!("AUTH {TOKEN}\r\n"), "+OK\r\n").await;
    client.check(&format!("AUTH default {TOKEN}\r\n"), "+OK\r\n").await;
    client.check(&format!("AUTH default {READ_ONLY_TOKEN}\r\n"), WRONG_PASSWORD).await;
    client.check(&format!("AUTH default_ro {TOKEN}\r\n"), WRONG_PASSWORD).await;
    // Who was refused stays who it was.
    client.check("SET k v\r\n", "+OK\r\n").await;
    client.check(&format!("AUTH default_ro {READ_ONLY_TOKEN}\r\n"), "+OK\r\n").await;
    client.check("GET k\r\n", "$1\r\nv\r\n").await;
    let refused = "-NOPERM this user has no permissions to run the 'set' command or its subcommand\r\n";
    client.check("SET k w\r\n", refused).await;
    client.check("MULTI\r\n", "+OK\r\n").await;
    client.check("SET k w\r\n", refused).await;
    client.check("EXEC\r\n", "-EXECABORT Transaction discarded because of previous errors.\r\n").await;
}

#[tokio::test]
async fn a_user_comes_with_its_token_or_with_its_password_and_database() {
    let rig = Rig::start_with(quick(), None).await;
    let token = rig.put_user("ann", "on +get +set +client +hello +watch ~own:*", b"secret");
    let mut client = rig.connect().await;
    for auth in [token.clone(), format!("ann {token}"), "ann@database-1 secret".into()] {
        client.check(&format!("AUTH {auth}\r\n"), "+OK\r\n").await;
        client.check("SET own:1 v\r\n", "+OK\r\n").await;
    }
    for auth in ["ann secret".into(), "ann@database-2 secret".into(), format!("default {token}")] {
        client.check(&format!("AUTH {auth}\r\n"), WRONG_PASSWORD).await;
    }
    let no_key = "-NOPERM No permissions to access a key\r\n";
    let refused = |name: &str| {
        format!("-NOPERM this user has no permissions to run the '{name}' command or its subcommand\r\n")
    };
    client.check("GET other\r\n", no_key).await;
    client.check("WATCH other\r\n", no_key).await;
    client.check("MULTI\r\n", &refused("multi")).await;
    client.send("CLIENT INFO\r\n").await;
    assert!(client.line().await.starts_with('$'), "+client stands for what it holds");
    assert!(client.line().await.contains(" user=ann "), "it is told who it is");
}

#[tokio::test]
async fn a_user_that_is_narrowed_or_deleted_is_so_on_its_open_connections() {
    let rig = Rig::start().await;
    let token = rig.put_user("ann", "on +@all allkeys", b"secret");
    let mut client = rig.connect().await;
    client.check(&format!("AUTH {token}\r\nSET k v\r\n"), "+OK\r\n+OK\r\n").await;
    client.check("MULTI\r\nSET k w\r\n", "+OK\r\n+QUEUED\r\n").await;
    rig.put_user("ann", "on +@all -set allkeys", b"secret");
    let refused = "NOPERM this user has no permissions to run the 'set' command or its subcommand";
    client.check("EXEC\r\n", &format!("-EXECABORT Transaction discarded because of: {refused}\r\n")).await;
    client.check("GET k\r\n", "$1\r\nv\r\n").await;
    rig.delete_user("ann");
    client.send("GET k\r\n").await;
    assert!(client.line().await.starts_with("-WRONGPASS"));
    client.expect_end().await;
}

/// Goal: nobody keeps a place by being silent. It has asked nothing, so it is told nothing.
#[tokio::test]
async fn a_deleted_user_and_a_revoked_token_lose_connections_that_send_nothing() {
    let settings = Settings { standing_period: Duration::from_millis(10), ..Settings::default() };
    let rig = Rig::start_with(settings, None).await;
    let token = rig.put_user("ann", "on +@all allkeys", b"secret");
    let auth = format!("AUTH {token}\r\n");
    let [mut idle, mut halfway, mut queueing] =
        [rig.connect().await, rig.connect().await, rig.connect().await];
    idle.check(&auth, "+OK\r\n").await;
    halfway.check(&auth, "+OK\r\n").await;
    halfway.send("*2\r\n$3\r\nGET\r\n").await;
    queueing.check(&format!("{auth}MULTI\r\nSET k v\r\n"), "+OK\r\n+OK\r\n+QUEUED\r\n").await;
    let (mut stays, mut nobody) = (rig.client().await, rig.connect().await);
    rig.delete_user("ann");
    idle.expect_end().await;
    halfway.expect_end().await;
    queueing.expect_end().await;
    stays.check("GET k\r\n", "$-1\r\n").await;
    nobody.check("GET k\r\n", "-NOAUTH Authentication required.\r\n").await;
    rig.revoke();
    stays.expect_end().await;
}

#[tokio::test]
async fn hello_agrees_on_the_protocol_and_authenticates() {
    let rig = Rig::start().await;
    let mut client = rig.connect().await;
    client.send(array(&["HELLO", "3", "AUTH", "default", TOKEN, "SETNAME", "app"])).await;
    client
        .expect(
            "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n8.2.0\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:1\r\n\
             $4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n",
        )
        .await;
    client.check("CLIENT GETNAME\r\n", "$3\r\napp\r\n").await;
    client.check("GET nothing\r\n", "_\r\n").await;
    client.check("HELLO 4\r\n", "-NOPROTO unsupported protocol version\r\n").await;
    client.send("HELLO 2\r\n").await;
    client.expect("*14\r\n$6\r\nserver\r\n").await;
}

#[tokio::test]
async fn reset_returns_to_the_beginning() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("CLIENT SETNAME app\r\nMULTI\r\n", "+OK\r\n+OK\r\n").await;
    client.check("RESET\r\n", "+RESET\r\n").await;
    client.check("PING\r\n", "-NOAUTH Authentication required.\r\n").await;
    client.check(&format!("AUTH {TOKEN}\r\n"), "+OK\r\n").await;
    client.check("EXEC\r\n", "-ERR EXEC without MULTI\r\n").await;
    client.check("CLIENT GETNAME\r\n", "$-1\r\n").await;
}

#[tokio::test]
async fn a_revoked_token_ends_its_sessions() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("SET k v\r\n", "+OK\r\n").await;
    rig.revoke();
    client.send("GET k\r\nGET k\r\n").await;
    let told = client.read_to_end().await;
    assert!(told.starts_with("-WRONGPASS") && told.matches("\r\n").count() == 1, "{told:?}");
}

#[tokio::test]
async fn an_open_door_needs_no_password() {
    let settings = Settings { open_as: Some(TOKEN.into()), ..quick() };
    let rig = Rig::start_with(settings, None).await;
    let mut open = rig.connect().await;
    open.check("SET k v\r\n", "+OK\r\n").await;
    open.check("AUTH wrong\r\n", WRONG_PASSWORD).await;
    open.check("RESET\r\nGET k\r\n", "+RESET\r\n$1\r\nv\r\n").await;
    rig.client().await.check("GET k\r\n", "$1\r\nv\r\n").await;
}

#[tokio::test]
async fn connections_see_those_of_their_own_database_only() {
    let rig = Rig::start().await;
    let mut mine = rig.client().await;
    mine.check("CLIENT SETNAME mine\r\nCLIENT SETINFO LIB-NAME lib\r\n", "+OK\r\n+OK\r\n").await;
    let mut other = rig.connect().await;
    other.check(&format!("AUTH {OTHER_TOKEN}\r\nCLIENT SETNAME theirs\r\n"), "+OK\r\n+OK\r\n").await;
    mine.send("CLIENT LIST\r\n").await;
    let length: usize = mine.line().await[1..].parse().unwrap();
    let line = mine.line_ended_by("\n").await;
    assert!(line.contains(" name=mine ") && line.contains(" lib-name=lib "), "{line}");
    assert_eq!(line.len(), length, "there is one line");
}

#[tokio::test]
async fn transactions_run_whole_or_not_at_all() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("MULTI\r\nINCR n\r\nGET n\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n").await;
    client.check("MULTI\r\n", "-ERR MULTI calls can not be nested\r\n").await;
    rig.client().await.check("GET n\r\n", "$-1\r\n").await;
    client.check("EXEC\r\n", "*2\r\n:1\r\n$1\r\n1\r\n").await;

    client
        .check(
            "MULTI\r\nINCR n\r\nGET\r\n",
            "+OK\r\n+QUEUED\r\n-ERR wrong number of arguments for 'get' command\r\n",
        )
        .await;
    client.check("EXEC\r\n", "-EXECABORT Transaction discarded because of previous errors.\r\n").await;
    client
        .check(
            "MULTI\r\nINCR n\r\nDISCARD\r\nDISCARD\r\n",
            "+OK\r\n+QUEUED\r\n+OK\r\n-ERR DISCARD without MULTI\r\n",
        )
        .await;
    client.check("GET n\r\n", "$1\r\n1\r\n").await;

    // An error of one does not stop the others.
    client.check("MULTI\r\nLPUSH n x\r\nINCR n\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n").await;
    client
        .check(
            "EXEC\r\n",
            "*2\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n:2\r\n",
        )
        .await;
}

#[tokio::test]
async fn a_watched_key_that_changes_stops_the_transaction() {
    let rig = Rig::start().await;
    let (mut one, mut other) = (rig.client().await, rig.client().await);
    one.check("SET k 1\r\nWATCH k\r\n", "+OK\r\n+OK\r\n").await;
    other.check("GET k\r\nSET unrelated 1\r\n", "$1\r\n1\r\n+OK\r\n").await;
    one.check("MULTI\r\nINCR k\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n:2\r\n").await;
    // EXEC has ended the watch.
    other.check("INCR k\r\n", ":3\r\n").await;
    one.check("MULTI\r\nEXEC\r\n", "+OK\r\n*0\r\n").await;

    one.check("WATCH k absent\r\n", "+OK\r\n").await;
    other.check("SET absent x\r\n", "+OK\r\n").await;
    one.check(
        "MULTI\r\nINCR k\r\nWATCH k\r\n",
        "+OK\r\n+QUEUED\r\n-ERR WATCH inside MULTI is not allowed\r\n",
    )
    .await;
    one.check("EXEC\r\nGET k\r\n", "*-1\r\n$1\r\n3\r\n").await;

    one.check("WATCH k\r\nUNWATCH\r\n", "+OK\r\n+OK\r\n").await;
    other.check("DEL k\r\n", ":1\r\n").await;
    one.check("MULTI\r\nPING\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n").await;
}

#[tokio::test]
async fn only_what_reaches_the_database_is_counted() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("PING\r\nSET k v\r\nNOPE\r\n", "+PONG\r\n+OK\r\n-").await;
    client.line().await;
    client.check("CLIENT ID\r\n", ":1\r\n").await;
    client.check("MULTI\r\nGET k\r\nGET k\r\nDISCARD\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n+OK\r\n").await;
    client
        .check(
            "MULTI\r\nGET k\r\nGET k\r\nEXEC\r\n",
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\nv\r\n$1\r\nv\r\n",
        )
        .await;
    assert_eq!(rig.counted(), 3);
}

#[tokio::test]
async fn a_quota_holds_within_a_pipeline_and_for_whole_transactions() {
    let rig = Rig::start_with(Settings::default(), Some(5)).await;
    let mut client = rig.client().await;
    client.check(&"INCR n\r\n".repeat(3), ":1\r\n:2\r\n:3\r\n").await;
    client
        .check(
            &format!("MULTI\r\n{}EXEC\r\n", "INCR n\r\n".repeat(3)),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n",
        )
        .await;
    assert!(client.line().await.starts_with("-ERR max daily request limit exceeded. Limit: 5, Usage: 3."));
    client
        .check(
            &"INCR n\r\n".repeat(3),
            ":4\r\n:5\r\n-ERR max daily request limit exceeded. Limit: 5, Usage: 5.",
        )
        .await;
    client.line().await;
    client.check("PING\r\n", "+PONG\r\n").await;
}

#[tokio::test]
async fn replies_can_be_turned_off() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client.check("CLIENT REPLY OFF\r\nSET k v\r\nCLIENT REPLY ON\r\nGET k\r\n", "+OK\r\n$1\r\nv\r\n").await;
    client.check("CLIENT REPLY SKIP\r\nSET k w\r\nGET k\r\n", "$1\r\nw\r\n").await;
}

#[tokio::test]
async fn what_is_not_there_is_refused_and_the_connection_lives() {
    let rig = Rig::start().await;
    let mut client = rig.client().await;
    client
        .check(
            "CLIENT MAINT_NOTIFICATIONS ON\r\n",
            "-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP.\r\n",
        )
        .await;
    client.check("PING\r\n", "+PONG\r\n").await;
}

fn quick() -> Settings {
    Settings { refusal_delay: std::time::Duration::from_millis(1), ..Settings::default() }
}
