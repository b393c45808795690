//! The command line that everybody has, with the lines of the documentation.

use std::process::Command;

use crate::scratch::Scratch;
use crate::sdk::require;
use crate::server::{Server, TOKEN};

/// What `curl` prints for the server's URL, a path and options.
pub(crate) fn curl(url: &str, options: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "60", url])
        .args(options)
        .output();
    let output = output.expect("curl was there a moment ago");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("curl prints what the server sent: text");
    text(output.stdout) + &text(output.stderr)
}

/// T26: curl sends JSON as a form.
#[test]
fn the_lines_of_the_documentation_work() {
    if !require("curl", &["--version"]) {
        return;
    }
    let server = Server::start();
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let ask = |path: &str, options: &[&str]| {
        curl(&(server.url.clone() + path), &[&["-H", &bearer], options].concat())
    };
    assert_eq!(ask("/set/foo/bar", &[]), r#"{"result":"OK"}"#);
    assert_eq!(ask("/get/foo", &[]), r#"{"result":"bar"}"#);
    assert_eq!(ask("/set/foo?EX=100", &["-d", "a value"]), r#"{"result":"OK"}"#);
    assert_eq!(ask("", &["-d", r#"["GET", "foo"]"#]), r#"{"result":"a value"}"#);
    assert_eq!(ask("/get/foo", &["-H", "Upstash-Encoding: base64"]), r#"{"result":"YSB2YWx1ZQ=="}"#);
    assert_eq!(
        ask("/pipeline", &["-X", "POST", "-d", r#"[["SET","k","v"],["INCR","k"]]"#]),
        r#"[{"result":"OK"},{"error":"ERR value is not an int or out of range"}]"#
    );
    assert_eq!(
        ask("/multi-exec", &["-d", r#"[["INCR","n"],["INCR","n"]]"#]),
        r#"[{"result":1},{"result":2}]"#
    );
    assert_eq!(ask("/info", &["-X", "POST", "-o", "/dev/null", "-w", "%{http_code}"]), "200");
    assert_eq!(ask("/get/foo", &["-I", "-o", "/dev/null", "-w", "%{http_code}"]), "200");
    assert_eq!(curl(&format!("{}/get/k?_token={TOKEN}", server.url), &[]), r#"{"result":"v"}"#);
}

#[test]
fn a_file_goes_up_and_comes_back() {
    if !require("curl", &["--version"]) {
        return;
    }
    let (server, scratch) = (Server::start(), Scratch::new());
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let upload = format!("@{}", scratch.write("upload", &bytes).display());
    let uploaded = curl(&format!("{}/set/file", server.url), &["-H", &bearer, "--data-binary", &upload]);
    assert_eq!(uploaded, r#"{"result":"OK"}"#);
    let download = scratch.path().join("download");
    let format = "Upstash-Response-Format: resp2";
    let to = download.to_str().expect("a temporary path is text");
    curl(&format!("{}/get/file", server.url), &["-H", &bearer, "-H", format, "-o", to]);
    let framed = [b"$3000000\r\n", &bytes[..], b"\r\n"].concat();
    assert!(std::fs::read(download).expect("curl wrote it") == framed, "the bytes differ");
}

#[test]
fn http2_without_tls_works_as_well() {
    if !require("curl", &["--version"]) || !curl_speaks_http2() {
        return;
    }
    let server = Server::start();
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let options = ["--http2-prior-knowledge", "-H", &bearer, "-w", " over %{http_version}"];
    assert_eq!(curl(&format!("{}/echo/hi", server.url), &options), r#"{"result":"hi"} over 2"#);
}

pub(crate) fn curl_speaks_http2() -> bool {
    let output = Command::new("curl").arg("--version").output().expect("curl was there a moment ago");
    String::from_utf8_lossy(&output.stdout).contains("HTTP2")
}
