//! Backups, restores and the tools that look at files, beside a running server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::json;

use crate::http::Request;
use crate::scratch::Scratch;
use crate::server::{Server, latchkey, token_printed_by};

fn tool(arguments: &[&str], data: &Path) -> Output {
    latchkey().args(arguments).arg("--data").arg(data).output().expect("the binary is there")
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[test]
fn a_backup_of_a_running_server_becomes_a_new_database() {
    let (data, kept) = (Scratch::new(), Scratch::new());
    let backup = kept.path().join("monday");
    let server = Server::start_in(data.path(), &[]);
    server.run(json!(["SET", "k", "before"]));
    server.run(json!(["XADD", "stream", "1-1", "field", "value"]));
    server.run(json!(["JSON.SET", "document", "$", r#"{"a":1.0}"#]));
    let done = tool(&["backup", "--to", backup.to_str().expect("a plain path")], data.path());
    assert!(done.status.success() && said(&done).contains("dev  3 keys"), "{}", said(&done));
    server.run(json!(["SET", "k", "after"]));
    let mut restore = latchkey();
    restore.arg("restore").arg(&backup).args(["dev", "copy", "--data"]).arg(data.path());
    let token = token_printed_by(&mut restore);
    let ask = |command: serde_json::Value| {
        let reply = server.send(&Request::post("/", command.to_string()).token(&token));
        reply.json()["result"].clone()
    };
    assert_eq!(ask(json!(["GET", "k"])), "before");
    assert_eq!(ask(json!(["XRANGE", "stream", "-", "+"])), json!([["1-1", ["field", "value"]]]));
    assert_eq!(ask(json!(["JSON.GET", "document"])), r#"{"a":1.0}"#);
    assert_eq!(server.run(json!(["GET", "k"])), "after", "the old database stays as it was");
}

#[test]
fn what_cannot_be_backed_up_or_restored_is_named() {
    let (data, kept) = (Scratch::new(), Scratch::new());
    let server = Server::start_in(data.path(), &[]);
    let target = kept.path().to_str().expect("a plain path");
    for (arguments, text) in [
        (&["backup", "nobody", "--to", target][..], "no database named 'nobody'"),
        (&["restore", target, "dev", "copy"], "is no backup"),
    ] {
        let done = tool(arguments, data.path());
        assert!(!done.status.success() && said(&done).contains(text), "{}", said(&done));
    }
    fs::write(kept.path().join("file"), "").expect("it can be written");
    let done = tool(&["backup", "--to", target], data.path());
    assert!(said(&done).contains("is not empty"), "{}", said(&done));
    server.assert_alive();
}

#[test]
fn fsck_and_inspect_say_what_is_there_and_nothing_of_what_is_in_it() {
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    server.run(json!(["SET", "key-of-mine", "value-of-mine"]));
    let frames = said(&tool(&["journal", "inspect"], data.path()));
    assert!(frames.contains("lsn 1 ") && !frames.contains("of-mine"), "{frames}");
    let checked = tool(&["fsck"], data.path());
    assert!(checked.status.success() && said(&checked).contains("1 databases, 1 keys"), "{}", said(&checked));
    server.stop();
    // The log still has what the tail has, and would heal it. A start empties it.
    Server::start_in(data.path(), &[]).stop();
    let tail = only_file(&data.path().join("db"));
    let mut bytes = fs::read(&tail).expect("it can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&tail, bytes).expect("it can be written");
    let checked = tool(&["fsck"], data.path());
    let name = tail.file_name().and_then(|name| name.to_str()).expect("a plain name");
    assert!(!checked.status.success() && said(&checked).contains(name), "{}", said(&checked));
    let server = Server::start_in(data.path(), &[]);
    let reply = server.get("/get/key-of-mine");
    let refusal = reply.error();
    assert_eq!(reply.status, 503);
    assert!(
        refusal.contains("cannot be read"),
        "a damaged database is not served as if it was empty: {refusal}"
    );
}

fn only_file(directory: &Path) -> PathBuf {
    let mut path = directory.to_owned();
    while path.is_dir() {
        let mut entries = path.read_dir().expect("it can be listed");
        path = entries.next().expect("something is there").expect("it can be read").path();
    }
    path
}
