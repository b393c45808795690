//! HTTPS, with the certificate that `latchkey dev --tls self-signed` makes.

use std::path::Path;

use crate::http::Request;
use crate::rest::{curl, curl_speaks_http2};
use crate::scratch::Scratch;
use crate::sdk::{self, require};
use crate::server::{Server, TOKEN};

/// A server with TLS, where it keeps its certificate, and the path of that, which clients have to trust.
fn start() -> (Server, Scratch, String) {
    let data = Scratch::new();
    let mut server = Server::start_in(data.path(), &["--tls", "self-signed"]);
    let certificate = server.printed("NODE_EXTRA_CA_CERTS");
    (server, data, certificate)
}

#[test]
fn curl_trusts_the_certificate_that_dev_names_and_no_other() {
    if !require("curl", &["--version"]) {
        return;
    }
    let (server, _data, certificate) = start();
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let url = format!("{}/ping?_token={TOKEN}", server.url);
    assert_eq!(curl(&url, &["--cacert", &certificate]), r#"{"result":"PONG"}"#);
    let by_name = url.replace("127.0.0.1", "localhost");
    assert_eq!(curl(&by_name, &["--cacert", &certificate]), r#"{"result":"PONG"}"#);
    let untrusted = curl(&url, &[]);
    assert!(untrusted.contains("certificate"), "{untrusted}");
}

#[test]
fn http2_is_agreed_on() {
    if !require("curl", &["--version"]) || !curl_speaks_http2() {
        return;
    }
    let (server, _data, certificate) = start();
    let url = format!("{}/ping?_token={TOKEN}", server.url);
    for (option, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let said = curl(&url, &["--cacert", &certificate, option, "-w", " over %{http_version}"]);
        assert_eq!(said, format!(r#"{{"result":"PONG"}} over {version}"#));
    }
}

#[test]
fn plain_http_is_told_what_to_change() {
    let (server, _data, _) = start();
    let reply = server.send(&Request::get("/ping").token(TOKEN));
    assert_eq!(reply.status, 400);
    assert!(reply.error().contains("https://"), "{}", reply.text());
}

#[test]
fn a_server_that_keeps_nothing_takes_its_certificate_away() {
    let mut server = Server::start_with(&["--tls", "self-signed"]);
    let certificate = server.printed("NODE_EXTRA_CA_CERTS");
    assert!(Path::new(&certificate).exists(), "{certificate}");
    server.stop();
    assert!(!Path::new(&certificate).exists(), "{certificate} is left");
}

#[test]
fn the_javascript_client_works_over_tls() {
    let (server, _data, certificate) = start();
    sdk::node(&server, "strings.test.mjs", &[("NODE_EXTRA_CA_CERTS", &certificate)]);
}
