//! HTTPS, with the certificate that `latchkey dev --tls self-signed` makes.

use crate::http::Request;
use crate::rest::{curl, curl_speaks_http2};
use crate::sdk::{self, require};
use crate::server::{Server, TOKEN};

/// A server with TLS, and the path of the certificate that clients have to trust.
fn start() -> (Server, String) {
    let mut server = Server::start_with(&["--tls", "self-signed"]);
    let certificate = server.printed("NODE_EXTRA_CA_CERTS");
    (server, certificate)
}

#[test]
fn curl_trusts_the_certificate_that_dev_names_and_no_other() {
    if !require("curl", &["--version"]) {
        return;
    }
    let (server, certificate) = start();
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
    let (server, certificate) = start();
    let url = format!("{}/ping?_token={TOKEN}", server.url);
    for (option, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let said = curl(&url, &["--cacert", &certificate, option, "-w", " over %{http_version}"]);
        assert_eq!(said, format!(r#"{{"result":"PONG"}} over {version}"#));
    }
}

#[test]
fn plain_http_is_told_what_to_change() {
    let (server, _) = start();
    let reply = server.send(&Request::get("/ping").token(TOKEN));
    assert_eq!(reply.status, 400);
    assert!(reply.error().contains("https://"), "{}", reply.text());
}

#[test]
fn the_javascript_client_works_over_tls() {
    let (server, certificate) = start();
    sdk::node(&server, "strings.test.mjs", &[("NODE_EXTRA_CA_CERTS", &certificate)]);
}
