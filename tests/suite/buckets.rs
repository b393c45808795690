//! Backups in a bucket, with a service that speaks S3.
//!
//! `tests/run` installs it. Without it these tests say what is missing and pass as skipped, as those of the clients do.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use serde_json::{Value, json};

use crate::http::{Connection, Request};
use crate::scratch::Scratch;
use crate::server::{Server, TOKEN, latchkey, token_printed_by};
use crate::service::{BUCKET, Line, Service};

/// One of our commands, which finds the service in its environment and nothing else of AWS there.
fn tool(service: &Service, address: SocketAddr, arguments: &[&str], data: &Path) -> Command {
    let mut command = latchkey();
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.args(arguments).arg("--data").arg(data);
    service.known_to(&mut command, address);
    command
}

fn run(service: &Service, arguments: &[&str], data: &Path) -> Output {
    tool(service, service.address, arguments, data).output().expect("the binary is there")
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

fn assert_refused(output: &Output, reason: &str) {
    assert!(
        !output.status.success() && said(output).contains(reason),
        "{reason:?} is not in {:?}",
        said(output)
    );
}

fn ask(server: &Server, token: &str, command: &Value) -> Value {
    let reply = server.send(&Request::post("/", command.to_string()).token(token));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["result"].clone()
}

/// Restores a database with this name in the backup; the token of the new one.
fn restored(service: &Service, place: &str, name: &str, data: &Path) -> String {
    let arguments = ["restore", place, name, &format!("{name}-again")];
    token_printed_by(&mut tool(service, service.address, &arguments, data))
}

/// Text that compression makes a quarter smaller and no more: 12 MiB are left, two parts of a file.
fn fill(server: &Server) {
    let mut chance = fastrand::Rng::with_seed(1);
    for number in 0..VALUES {
        let text: String = std::iter::repeat_with(|| chance.alphanumeric()).take(1 << 20).collect();
        let reply = server.post(&format!("/set/large{number}"), text);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

const VALUES: u64 = 16;

/// Goal: what is restored is a database as it was at one moment, while others write. It has two parts.
#[test]
fn a_backup_in_a_bucket_made_while_others_write_becomes_a_new_database() {
    let Some(service) = Service::start() else { return };
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    fill(&server);
    let step = json!([["INCR", "a"], ["INCR", "b"]]).to_string();
    let address = server.address;
    let write = || {
        let mut connection = Connection::open(address);
        let reply = connection.send(&Request::post("/multi-exec", step.clone()).token(TOKEN));
        assert_eq!(reply.status, 200, "{}", reply.text());
    };
    write();
    let place = format!("s3://{BUCKET}/backups/monday");
    let is_over = AtomicBool::new(false);
    let done = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(SeqCst) {
                write();
            }
        });
        let done = run(&service, &["backup", "--to", &place], data.path());
        is_over.store(true, SeqCst);
        done
    });
    assert!(done.status.success() && said(&done).contains("dev  18 keys"), "{}", said(&done));
    let keys = service.keys();
    assert!(keys.len() == 2 && keys[0] == "backups/monday/backup.json", "{keys:?}");
    let token = restored(&service, &place, "dev", data.path());
    let count = ask(&server, &token, &json!(["GET", "a"]));
    assert_eq!(count, ask(&server, &token, &json!(["GET", "b"])), "no transaction is torn");
    for number in 0..VALUES {
        let command = json!(["GET", format!("large{number}")]);
        assert_eq!(ask(&server, &token, &command), server.run(command.clone()), "{number}");
    }
    assert_eq!(service.unfinished(), Vec::<String>::new());
}

/// Goal: one format. A copy of the directory is a backup in a bucket, and the other way round.
#[test]
fn a_directory_and_a_bucket_hold_the_same_files() {
    let Some(service) = Service::start() else { return };
    let (data, kept) = (Scratch::new(), Scratch::new());
    let server = Server::start_in(data.path(), &[]);
    server.run(json!(["SET", "k", "first"]));
    for name in ["shop", "blog"] {
        assert!(run(&service, &["db", "create", name], data.path()).status.success());
    }
    let directory = kept.path().join("backup");
    let directory = directory.to_str().expect("a plain path");
    for place in [directory, "s3://kept/made"] {
        let done = run(&service, &["backup", "dev", "shop", "--to", place], data.path());
        assert!(done.status.success() && said(&done).contains("shop  0 keys"), "{}", said(&done));
    }
    let mut names = files(Path::new(directory), "");
    names.sort_unstable();
    assert_eq!(service.keys(), names.iter().map(|name| format!("made/{name}")).collect::<Vec<_>>());
    for name in &names {
        service
            .put(&format!("synced/{name}"), fs::read(Path::new(directory).join(name)).expect("it is there"));
    }
    let token = restored(&service, "s3://kept/synced/", "dev", data.path());
    assert_eq!(ask(&server, &token, &json!(["GET", "k"])), "first");
    restored(&service, "s3://kept/made", "shop", data.path());
    let again = run(&service, &["backup", "--to", "s3://kept/made"], data.path());
    assert_refused(&again, "s3://kept/made is not empty");
    let unknown = run(&service, &["restore", "s3://kept/made", "blog", "new"], data.path());
    assert_refused(&unknown, "the backup has no 'blog': it has dev, shop");
}

/// The files below a directory, with '/' between names.
fn files(directory: &Path, above: &str) -> Vec<String> {
    let entries =
        fs::read_dir(directory).expect("it can be listed").map(|entry| entry.expect("it can be read"));
    let below = entries.map(|entry| {
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() { files(&entry.path(), &format!("{name}/")) } else { vec![name] }
    });
    below.collect::<Vec<_>>().concat()
}

#[test]
fn a_byte_that_has_changed_is_found() {
    let Some(service) = Service::start() else { return };
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    server.run(json!(["SET", "k", "v"]));
    let done = run(&service, &["backup", "--to", "s3://kept"], data.path());
    assert!(done.status.success(), "{}", said(&done));
    let keys = service.keys();
    let key = keys.iter().find(|key| key.ends_with(".snap")).expect("there is a database");
    let whole = service.get(&format!("/{BUCKET}/{key}")).body;
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        service.put(key, damaged);
        let restore = run(&service, &["restore", "s3://kept", "dev", "copy"], data.path());
        assert_refused(&restore, "damaged at byte");
    }
    service.put(key, whole[..whole.len() - 1].to_vec());
    assert_refused(&run(&service, &["restore", "s3://kept", "dev", "copy"], data.path()), "damaged");
    service.put(key, whole);
    restored(&service, "s3://kept", "dev", data.path());
}

/// Begins a backup whose upload stops in its second part.
fn stopped_backup(service: &Service, data: &Path) -> (Line, Child) {
    let line = Line::to(service.address, 9 << 20);
    let arguments = ["backup", "--to", "s3://kept/monday"];
    let mut command = tool(service, line.address, &arguments, data);
    let backup = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary is there");
    line.wait();
    (line, backup)
}

fn assert_nothing_to_restore(service: &Service, data: &Path) {
    assert_eq!(service.keys(), Vec::<String>::new());
    let restore = run(service, &["restore", "s3://kept/monday", "dev", "copy"], data);
    assert_refused(&restore, "s3://kept/monday is no backup");
}

#[test]
fn a_backup_whose_line_is_cut_is_none() {
    let Some(service) = Service::start() else { return };
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    fill(&server);
    let (line, backup) = stopped_backup(&service, data.path());
    line.cut();
    let done = backup.wait_with_output().expect("it is a child of this process");
    assert_refused(&done, "cannot back up 'dev'");
    assert_nothing_to_restore(&service, data.path());
}

#[test]
fn a_backup_that_is_killed_is_none() {
    let Some(service) = Service::start() else { return };
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    fill(&server);
    let (_line, mut backup) = stopped_backup(&service, data.path());
    backup.kill().expect("it is a child of this process");
    backup.wait().expect("it is a child of this process");
    assert_nothing_to_restore(&service, data.path());
    let done = run(&service, &["backup", "--to", "s3://kept/monday"], data.path());
    assert!(done.status.success(), "the next one goes to the same place: {}", said(&done));
}

#[test]
fn a_backup_that_is_interrupted_takes_its_parts_back() {
    let Some(service) = Service::start() else { return };
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    fill(&server);
    let (_line, backup) = stopped_backup(&service, data.path());
    assert_eq!(service.unfinished().len(), 1);
    let kill = format!("kill -s INT {}", backup.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().expect("every system has a shell").success());
    let done = backup.wait_with_output().expect("it is a child of this process");
    assert_refused(&done, "interrupted");
    assert_eq!(service.unfinished(), Vec::<String>::new());
    assert_nothing_to_restore(&service, data.path());
}

/// Goal: an error says what to change, and never what is secret.
#[test]
fn what_a_service_refuses_is_said_with_what_to_change() {
    let Some(service) = Service::start_strict() else { return };
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    server.run(json!(["SET", "k", "v"]));
    let try_with = |place: &str, variables: &[(&str, &str)]| {
        let mut command = tool(&service, service.address, &["backup", "--to", place], data.path());
        let output = command.envs(variables.iter().copied()).output().expect("the binary is there");
        assert!(
            !said(&output).contains(&service.secret) && !said(&output).contains("hush"),
            "{}",
            said(&output)
        );
        output
    };
    let secret = ("AWS_SECRET_ACCESS_KEY", "hush");
    let key = ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
    let nobody = "http://127.0.0.1:1";
    for (place, variables, reason) in [
        ("s3://kept/x", &[secret][..], "the secret in AWS_SECRET_ACCESS_KEY"),
        ("s3://kept/x", &[key], "does not know the key in AWS_ACCESS_KEY_ID"),
        ("s3://of-somebody-else/x", &[], "may not do that in the bucket 'of-somebody-else'"),
        ("s3://kept/x", &[("AWS_ENDPOINT_URL", nobody)], "cannot reach http://127.0.0.1:1: "),
        ("s3://kept/x", &[("AWS_ENDPOINT_URL", "http://10.0.0.1:9000")], "AWS_ALLOW_HTTP=true"),
        ("s3://kept/x", &[("AWS_ENDPOINT_URL", "minio:9000")], "has to begin with https://"),
        ("s3://kept/x", &[("AWS_ENDPOINT_URL", "http://me:hush@minio")], "a URL without a user"),
        ("s3://kept/x", &[("AWS_ACCESS_KEY_ID", "")], "do not fit together"),
        ("s3://UP/x", &[], "'UP' is no name of a bucket"),
        ("s3://kept/../x", &[], "is no prefix"),
        ("gs://kept/x", &[], "write a directory, or s3://BUCKET/PREFIX"),
    ] {
        assert_refused(&try_with(place, variables), reason);
    }
    assert!(try_with("s3://kept/x", &[]).status.success(), "signatures are those that S3 wants");
    restored(&service, "s3://kept/x", "dev", data.path());
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let Some(service) = Service::start() else { return };
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    let done = run(&service, &["backup", "--to", "s3://nobody-has-it/x"], data.path());
    assert_refused(&done, "has no bucket 'nobody-has-it': make it first");
    let done = run(&service, &["restore", "s3://nobody-has-it/x", "dev", "copy"], data.path());
    assert_refused(&done, "has no bucket 'nobody-has-it': make it first");
    server.assert_alive();
}
