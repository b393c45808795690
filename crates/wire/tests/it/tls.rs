//! RESP over TLS, and what is not TLS.

use std::sync::Arc;
use std::time::Duration;

use latchkey_tls::Tls;
use latchkey_wire::Settings;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::rig::{Client, OTHER_TOKEN, Rig, TOKEN, array};

/// A server with a certificate of its own. The directory goes when it is dropped.
async fn start(settings: Settings) -> (Rig, Tls, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let tls = Tls::self_signed(directory.path()).unwrap();
    (Rig::start_behind(tls.clone(), settings).await, tls, directory)
}

/// A server for whose databases there are host names, with a certificate for them and for the domain itself.
async fn start_under(domain: &str) -> (Rig, Tls, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed([domain.to_owned(), format!("*.{domain}")]).unwrap();
    let [certificate, key] = ["certificate", "key"].map(|name| directory.path().join(name));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = Tls::from_files(&certificate, &key).unwrap();
    let settings = Settings {
        domain: Some(domain.parse().unwrap()),
        refusal_delay: Duration::ZERO,
        ..Settings::default()
    };
    (Rig::start_behind(tls.clone(), settings).await, tls, directory)
}

async fn connect(rig: &Rig, tls: &Tls) -> Client<TlsStream<TcpStream>> {
    connect_to("localhost", rig, tls).await
}

/// Wants this host. Trusts the certificate and nothing else.
async fn connect_to(host: &str, rig: &Rig, tls: &Tls) -> Client<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(tls.certificate_path()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(rig.address).await.unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    Client { stream: TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap() }
}

/// A connection that has authenticated and speaks RESP3.
async fn client(rig: &Rig, tls: &Tls) -> Client<TlsStream<TcpStream>> {
    let mut client = connect(rig, tls).await;
    client.send(array(&["HELLO", "3", "AUTH", "default", TOKEN])).await;
    let hello = client.line_ended_by("$7\r\nmodules\r\n*0\r\n").await;
    assert!(hello.starts_with("%7\r\n") && hello.contains("$5\r\nproto\r\n:3\r\n"), "{hello}");
    client
}

#[tokio::test]
async fn a_pipeline_is_answered_in_order_and_the_end_is_announced() {
    let (rig, tls, _directory) = start(Settings::default()).await;
    let mut client = client(&rig, &tls).await;
    client.check(&array(&["HSET", "h", "field", "value"]), ":1\r\n").await;
    client.check(&array(&["HGETALL", "h"]), "%1\r\n$5\r\nfield\r\n$5\r\nvalue\r\n").await;
    let (commands, replies): (String, String) =
        (1..=5_000).map(|n| (array(&["INCR", "n"]), format!(":{n}\r\n"))).unzip();
    client.check(&commands, &replies).await;
    // Without an alert of its end, what has come could have been cut: reading to the end would fail.
    client.check("QUIT\r\n", "+OK\r\n").await;
    client.expect_end().await;
}

/// Goal: where a TLS record ends says nothing about where a command does.
#[tokio::test]
async fn a_command_may_come_in_many_records_and_a_reply_leave_in_many() {
    let (rig, tls, _directory) = start(Settings::default()).await;
    let mut client = client(&rig, &tls).await;
    for byte in array(&["SET", "k", "v"]).bytes() {
        client.send([byte]).await;
    }
    client.expect("+OK\r\n").await;
    let value = "x".repeat(300_000);
    client.check(&array(&["SET", "k", &value]), "+OK\r\n").await;
    let reply = format!("$300000\r\n{value}\r\n");
    client.check(&array(&["GET", "k"]).repeat(5), &reply.repeat(5)).await;
}

#[tokio::test]
async fn a_message_reaches_who_waits_for_it() {
    let (rig, tls, _directory) = start(Settings::default()).await;
    let (mut listener, mut speaker) = (client(&rig, &tls).await, client(&rig, &tls).await);
    listener.check("SUBSCRIBE news\r\n", ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n").await;
    speaker.check("PUBLISH news hello\r\n", ":1\r\n").await;
    listener.expect(">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n").await;
}

#[tokio::test]
async fn who_speaks_without_tls_is_told_what_to_change() {
    let (rig, ..) = start(Settings::default()).await;
    let sentence = "ERR this port speaks TLS: use rediss:// instead of redis:// in the URL";
    let mut client = rig.connect().await;
    client.send(array(&["AUTH", TOKEN]).repeat(1_000)).await;
    assert_eq!(client.read_to_end().await, format!("-{sentence}\r\n"));
    for typed in ["PING\r\n", "GET key\r\n", "auth secret\n"] {
        let mut client = rig.connect().await;
        client.send(typed).await;
        assert_eq!(client.read_to_end().await, format!("-{sentence}\r\n"), "{typed}");
    }
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\n\r\n").await;
    let response = client.read_to_end().await;
    assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
    assert!(response.ends_with(&format!("\r\n\r\n{{\"error\":\"{sentence}\"}}")), "{response}");
}

/// The names under which the first database of the rig is known.
fn hosts() -> [String; 3] {
    let id = Rig::database_id(1);
    [format!("{id}.db.example.com"), "database-1.db.example.com".into(), "Database-1.DB.example.com".into()]
}

const REFUSED: &str = "-WRONGPASS invalid username-password pair or user is disabled\r\n";

#[tokio::test]
async fn a_user_is_found_in_the_database_whose_host_name_it_is() {
    let (rig, tls, _directory) = start_under("db.example.com").await;
    rig.put_user("ann", "on ~* +@all", b"her-password");
    for host in hosts() {
        let mut ann = connect_to(&host, &rig, &tls).await;
        ann.check("AUTH ann her-password\r\n", "+OK\r\n").await;
        ann.check("ACL WHOAMI\r\n", "$3\r\nann\r\n").await;
        let mut ann = connect_to(&host, &rig, &tls).await;
        ann.check("HELLO 3 AUTH ann her-password\r\n", "%7\r\n").await;
        let mut ann = connect_to(&host, &rig, &tls).await;
        ann.check("AUTH ann@database-1 her-password\r\n", "+OK\r\n").await;
    }
    for host in ["database-2.db.example.com", "nowhere.db.example.com", "db.example.com"] {
        let mut nobody = connect_to(host, &rig, &tls).await;
        nobody.check("AUTH ann her-password\r\n", REFUSED).await;
        nobody.check("HELLO 3 AUTH ann her-password\r\n", REFUSED).await;
    }
    rig.delete_user("ann");
    let mut ann = connect_to(&hosts()[0], &rig, &tls).await;
    ann.check("AUTH ann her-password\r\n", REFUSED).await;
}

/// Goal: who mixes up two databases learns it from the first command. Where no database is asked for, tokens decide.
#[tokio::test]
async fn under_the_host_name_of_a_database_nobody_gets_into_another() {
    let (rig, tls, _directory) = start_under("db.example.com").await;
    let token = rig.put_user("ann", "on ~* +@all", b"her-password");
    let logins = [
        format!("AUTH {TOKEN}\r\n"),
        format!("AUTH default {TOKEN}\r\n"),
        format!("AUTH {token}\r\n"),
        format!("AUTH ann {token}\r\n"),
        "AUTH ann@database-1 her-password\r\n".to_owned(),
    ];
    let own = ["database-1.db.example.com", "db.example.com"];
    let others = ["database-2.db.example.com", "nowhere.db.example.com"];
    for login in &logins {
        for host in own {
            connect_to(host, &rig, &tls).await.check(login, "+OK\r\n").await;
        }
        for host in others {
            let mut client = connect_to(host, &rig, &tls).await;
            client.check(login, REFUSED).await;
            client.check("GET k\r\n", "-NOAUTH Authentication required.\r\n").await;
        }
    }
    // Who is in already does not leave for another database either, and stays who he was.
    let mut client = connect_to("database-1.db.example.com", &rig, &tls).await;
    client.check(&format!("AUTH {TOKEN}\r\nSET k v\r\n"), "+OK\r\n+OK\r\n").await;
    client.check(&format!("AUTH {OTHER_TOKEN}\r\n"), REFUSED).await;
    client.check("GET k\r\n", "$1\r\nv\r\n").await;
}

#[tokio::test]
async fn the_host_name_of_a_database_that_is_deleted_lets_nobody_in() {
    let (rig, tls, _directory) = start_under("db.example.com").await;
    rig.put_user("ann", "on ~* +@all", b"her-password");
    rig.delete_database();
    for host in hosts() {
        for login in [format!("AUTH {OTHER_TOKEN}\r\n"), "AUTH ann her-password\r\n".into()] {
            connect_to(&host, &rig, &tls).await.check(&login, REFUSED).await;
        }
    }
}

#[tokio::test]
async fn a_door_that_is_open_is_so_for_its_own_database() {
    let (rig, tls, _directory) = start_under("db.example.com").await;
    drop(rig);
    let settings = Settings {
        domain: Some("db.example.com".parse().unwrap()),
        open_as: Some(TOKEN.into()),
        ..Settings::default()
    };
    let rig = Rig::start_behind(tls.clone(), settings).await;
    for (host, reply) in [
        ("database-1.db.example.com", "+PONG\r\n"),
        ("db.example.com", "+PONG\r\n"),
        ("database-2.db.example.com", "-NOAUTH Authentication required.\r\n"),
    ] {
        connect_to(host, &rig, &tls).await.check("PING\r\n", reply).await;
        connect_to(host, &rig, &tls).await.check("RESET\r\nPING\r\n", &format!("+RESET\r\n{reply}")).await;
    }
}

#[tokio::test]
async fn a_handshake_that_stops_is_cut() {
    let settings = Settings { authentication_timeout: Duration::from_millis(50), ..Settings::default() };
    let (rig, ..) = start(settings).await;
    let mut client = rig.connect().await;
    client.send([0x16, 3, 1]).await;
    client.expect_end().await;
}
