//! Disks that are full, fail or may not be written to, and clocks that are set back, under the real process.
//!
//! Some of it is done for real, on file systems of their own, which takes root. All of it is done with `faults.c`, which is
//! preloaded into the server and lets its system calls fail.

use std::fs;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Request;
use crate::scratch::Scratch;
use crate::server::{Server, TOKEN, dev_in, latchkey};

/// Numbers of errors, as the system has them.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// As `docs/durability.md` has them.
const DISK_FULL: &str = "MISCONF The server's disk is full. Commands that may enlarge the data set are refused until there \
                         is room; reading and deleting go on.";
const DISK_FAILED: &str = "ERR the server cannot write to its disk and stops; the outcome is not known";
const NOT_COUNTED: &str = "BUSY the daily quota could not be counted, try again";

/// What a server exits with whose disk has failed.
const EXIT_DISK_FAILED: i32 = 74;

/// Whatever ends by itself has ended by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Faults that a server meets when they are set.
struct Faults(Scratch);

impl Faults {
    fn new() -> Self {
        let scratch = Scratch::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/faults.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]);
        let status = compiler.arg(scratch.path().join("faults.so")).arg(source).status();
        assert!(status.expect("Rust needs a C compiler to link").success());
        Self(scratch)
    }

    fn set(&self, name: &str, number: i32) {
        self.0.write(name, number.to_string());
    }

    fn clear(&self, name: &str) {
        fs::remove_file(self.0.path().join(name)).expect("it was set");
    }

    /// Has a server meet them.
    fn meet(&self, mut command: Command) -> Command {
        command.env("LD_PRELOAD", self.0.path().join("faults.so")).env("FAULTS", self.0.path());
        command
    }

    fn start_in(&self, data: &Path) -> Server {
        Server::dev(&mut self.meet(dev_in(data)))
    }
}

/// A file system in memory, with a size.
struct Mount(Scratch);

impl Mount {
    /// Nothing if this machine does not let us, which is said.
    #[allow(clippy::print_stderr)] // the reason belongs to the test's output
    fn of_megabytes(size: u32) -> Option<Self> {
        let mount = Self(Scratch::new());
        match mount.done("mount", &["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs"]) {
            Ok(()) => Some(mount),
            Err(reason) => {
                eprintln!("skipped: a file system cannot be mounted here: {reason}");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, how: &str) {
        self.done("mount", &["-o", &format!("remount,{how}")]).expect("nobody uses it");
    }

    fn done(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let output = Command::new(program).args(arguments).arg(self.path()).output();
        let output = output.map_err(|error| error.to_string())?;
        output.status.success().then_some(()).ok_or(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Takes all the room that is left, or so many megabytes of it.
    fn fill(&self, megabytes: usize) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = fs::File::create(&path).expect("there is room for a name");
        let zeroes = vec![0; 1 << 20];
        let written = (0..megabytes).try_for_each(|_| io::Write::write_all(&mut file, &zeroes));
        if let Err(error) = written {
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
        path
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily, as a server may still be ending.
        drop(self.done("umount", &["-l"]));
    }
}

/// Writes values of 20 KB until one is refused. How many were acknowledged, and the refusal.
fn write_until_refused(server: &Server, from: usize) -> (usize, String) {
    let value = "x".repeat(20_000);
    for n in from..10_000 {
        let reply = server.post("/", json!(["SET", format!("key:{n}"), value]).to_string());
        if reply.status != 200 {
            return (n, reply.error());
        }
    }
    panic!("200 MB found room");
}

/// Repeats a command until it succeeds.
fn run_until_done(server: &Server, command: &Value) {
    let began = Instant::now();
    while server.post("/", command.to_string()).status != 200 {
        assert!(began.elapsed() < PATIENCE, "{command} is refused still");
    }
}

/// Asserts that the keys from `first` to before `end` have the values that they were given.
fn assert_kept(server: &Server, first: usize, end: usize) {
    for n in first..end {
        assert_eq!(server.run(json!(["STRLEN", format!("key:{n}")])), 20_000, "key:{n} of {end}");
    }
}

/// How a start that has to fail ended, and what it said.
fn failed_start(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().expect("the binary is there");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A full disk refuses what grows, and nothing else; it ends by itself; nothing that was acknowledged is lost.
fn check_full_disk(server: Server, start: impl FnOnce() -> Server, make_room: impl FnOnce()) {
    let (written, refusal) = write_until_refused(&server, 0);
    assert_eq!(refusal, DISK_FULL);
    for command in [json!(["APPEND", "key:0", "x"]), json!(["INCR", "n"]), json!(["RPUSH", "l", "x"])] {
        assert_eq!(server.refused(command), DISK_FULL);
    }
    let eval = json!(["EVAL", "return redis.call('SET', 'a', 1)", 0]);
    assert!(server.post("/", eval.to_string()).error().contains("MISCONF"));
    assert_kept(&server, 0, written);
    assert_eq!(server.run(json!(["DEL", "key:0"])), 1);
    assert_eq!(server.run(json!(["EXPIRE", "key:1", 1000])), 1);
    make_room();
    run_until_done(&server, &json!(["SET", "n", 1]));
    assert_eq!(server.run(json!(["INCR", "n"])), 2);
    server.kill();
    let server = start();
    assert_kept(&server, 1, written);
    assert_eq!(server.run(json!(["EXISTS", "key:0"])), 0);
    assert_eq!(server.run(json!(["GET", "n"])), "2");
}

#[test]
fn a_full_disk_refuses_what_grows_until_there_is_room() {
    let (faults, data) = (Faults::new(), Scratch::new());
    let server = faults.start_in(data.path());
    faults.set("grow", ENOSPC);
    check_full_disk(server, || faults.start_in(data.path()), || faults.clear("grow"));
}

#[test]
fn a_file_system_that_is_full_refuses_what_grows_until_there_is_room() {
    let Some(mount) = Mount::of_megabytes(96) else { return };
    let data = mount.path().join("data");
    let filler = mount.fill(48);
    let start = || Server::start_in(&data, &[]);
    check_full_disk(start(), start, || fs::remove_file(filler).expect("it is there"));
}

/// Others have taken the last byte. A server that is killed then does not start before there is room, and has everything.
#[test]
fn without_any_room_a_server_does_not_start_and_loses_nothing() {
    let Some(mount) = Mount::of_megabytes(48) else { return };
    let data = mount.path().join("data");
    let server = Server::start_in(&data, &[]);
    server.run(json!(["SET", "k", "v"]));
    let filler = mount.fill(usize::MAX);
    // The log made room for it beforehand.
    server.run(json!(["SET", "k", "w"]));
    server.kill();
    let (status, said) = failed_start(&mut dev_in(&data));
    assert!(status == Some(1) && said.contains("No space left on device"), "{status:?} {said}");
    fs::remove_file(filler).expect("it is there");
    assert_eq!(Server::start_in(&data, &[]).run(json!(["GET", "k"])), "w");
}

#[test]
fn without_any_room_quota_that_cannot_be_counted_is_not_given_until_there_is_room() {
    let Some(mount) = Mount::of_megabytes(48) else { return };
    let server = Server::start_in(&mount.path().join("data"), &["--quota", "100000/day"]);
    server.run(json!(["SET", "k", "v"]));
    let filler = mount.fill(usize::MAX);
    let refusal = (0..3000).map(|_| server.get("/get/k")).find(|reply| reply.status != 200);
    let refusal = refusal.expect("a block of quota has an end");
    assert_eq!((refusal.status, refusal.error().as_str()), (503, NOT_COUNTED));
    fs::remove_file(filler).expect("it is there");
    run_until_done(&server, &json!(["GET", "k"]));
}

/// Has a disk fail under a server that has answered writes. What the log says, and what a start says on that disk.
fn check_failing_disk(fault: &str, errno: i32) -> (String, String) {
    let (faults, data) = (Faults::new(), Scratch::new());
    let server = faults.start_in(data.path());
    for n in 1..=100 {
        assert_eq!(server.run(json!(["INCR", "n"])), n);
    }
    let mut connection = server.connect();
    faults.set(fault, errno);
    let body = json!(["INCR", "n"]).to_string();
    let request = Request::post("/", body.clone()).token(TOKEN);
    let sent = connection.write(&request.head()).and_then(|()| connection.write(body.as_bytes()));
    // The process may be gone before it has answered.
    if let Ok(answer) = sent.and_then(|()| connection.try_read(false)) {
        assert_eq!((answer.status, answer.error().as_str()), (503, DISK_FAILED));
    }
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(EXIT_DISK_FAILED), "{log}");
    assert!(log.contains("the disk failed: the server stops"), "{log}");
    let (status, said) = failed_start(&mut faults.meet(dev_in(data.path())));
    assert_eq!(status, Some(1), "{said}");
    faults.clear(fault);
    let server = faults.start_in(data.path());
    let found = server.run(json!(["GET", "n"]));
    assert!(found == "100" || found == "101", "{found}: the last one was neither promised nor denied");
    (log, said)
}

#[test]
fn a_failed_sync_ends_the_process_and_a_restart_has_what_was_acknowledged() {
    let (log, said) = check_failing_disk("sync", EIO);
    assert!(log.contains("sync it") && said.contains("Input/output error"), "{log} {said}");
}

#[test]
fn a_disk_that_becomes_read_only_ends_the_process_and_a_restart_has_what_was_acknowledged() {
    let (log, said) = check_failing_disk("write", EROFS);
    assert!(log.contains("write to it") && said.contains("control database"), "{log} {said}");
}

#[test]
fn a_server_does_not_start_on_a_read_only_directory_and_names_the_file() {
    let Some(mount) = Mount::of_megabytes(48) else { return };
    let data = mount.path().join("data");
    let server = Server::start_in(&data, &[]);
    server.run(json!(["SET", "k", "v"]));
    server.kill();
    mount.remount("ro");
    let (status, said) = failed_start(&mut dev_in(&data));
    assert_eq!(status, Some(1));
    assert!(said.contains("control.db: Read-only file system"), "{said}");
    mount.remount("rw");
    assert_eq!(Server::start_in(&data, &[]).run(json!(["GET", "k"])), "v");
}

/// Who runs the server when these tests are run by root, whom no mode keeps out.
const NOBODY: u32 = 65534;

/// A place for a server that modes apply to, and how to start it.
struct Unprivileged {
    scratch: Scratch,
    is_root: bool,
}

impl Unprivileged {
    fn new() -> Self {
        let scratch = Scratch::new();
        let is_root = fs::metadata(scratch.path()).expect("just made").uid() == 0;
        let binary = latchkey().get_program().to_owned();
        // The directory that it was built in may be closed to others.
        fs::copy(binary, scratch.path().join("latchkey")).expect("it can be copied");
        fs::create_dir(scratch.path().join("data")).expect("it can be made");
        if is_root {
            let nobody = Some(NOBODY);
            std::os::unix::fs::chown(scratch.path().join("data"), nobody, nobody).expect("root may");
        }
        Self { scratch, is_root }
    }

    fn data(&self) -> PathBuf {
        self.scratch.path().join("data")
    }

    fn command(&self) -> Command {
        let of_root = dev_in(&self.data());
        let binary = self.scratch.path().join("latchkey");
        let mut command = if self.is_root {
            let mut command = Command::new("setpriv");
            let id = NOBODY.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(binary);
            command
        } else {
            Command::new(binary)
        };
        command.args(of_root.get_args());
        command
    }

    fn set_mode(&self, path: &str, mode: u32) {
        let path = self.data().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its owner or root may");
    }
}

#[test]
fn lost_permissions_end_the_process_and_nothing_that_was_acknowledged_is_lost() {
    let place = Unprivileged::new();
    let server = Server::dev(&mut place.command());
    server.run(json!(["SET", "k", "v"]));
    place.set_mode("db", 0o500);
    // What is open stays open: the log is written on. The database's first file cannot be made.
    let mut acknowledged = 0;
    let mut connection = server.connect();
    let value = "x".repeat(20_000);
    loop {
        let body = json!(["SET", format!("key:{acknowledged}"), value]).to_string();
        let request = Request::post("/", body.clone()).token(TOKEN);
        let sent = connection.write(&request.head()).and_then(|()| connection.write(body.as_bytes()));
        match sent.and_then(|()| connection.try_read(false)) {
            Ok(answer) if answer.status == 200 => acknowledged += 1,
            Ok(answer) => assert_eq!((answer.status, answer.error().as_str()), (503, DISK_FAILED)),
            Err(_) => break,
        }
    }
    let (status, log) = server.ended();
    assert!(status.code() == Some(EXIT_DISK_FAILED) && log.contains("Permission denied"), "{status} {log}");
    let (status, said) = failed_start(&mut place.command());
    assert!(status == Some(1) && said.contains("Permission denied"), "{status:?} {said}");
    place.set_mode("db", 0o700);
    let server = Server::dev(&mut place.command());
    assert_kept(&server, 0, acknowledged);
    assert_eq!(server.run(json!(["GET", "k"])), "v");
    server.stop();
    place.set_mode("control.db", 0o000);
    let (status, said) = failed_start(&mut place.command());
    assert!(status == Some(1) && said.contains("control.db"), "{status:?} {said}");
}

/// Goal: with `everysec` a crash of the process costs what the system does not have yet, and that is the end and not the
/// middle.
#[test]
fn with_everysec_what_the_log_has_survives_a_kill_and_the_rest_is_a_prefix() {
    /// Frames: that there is a database, and one for each of these.
    const WRITTEN: u64 = 200;
    let data = Scratch::new();
    let start = || Server::start_in(data.path(), &["--durability", "everysec"]);
    let server = start();
    let push = |range: Range<u64>| {
        range.for_each(|n| assert_eq!(server.run(json!(["RPUSH", "list", n])), n + 1));
    };
    push(0..WRITTEN);
    let last = format!("lsn {} ", WRITTEN + 1);
    let began = Instant::now();
    while !frames_of_log(data.path()).contains(&last) {
        assert!(began.elapsed() < PATIENCE, "what nobody waits for is never written");
    }
    push(WRITTEN..2 * WRITTEN);
    server.kill();
    let server = start();
    let list = server.run(json!(["LRANGE", "list", 0, -1]));
    let list = list.as_array().expect("a list");
    assert!((WRITTEN..=2 * WRITTEN).contains(&(list.len() as u64)), "{} elements", list.len());
    for (at, number) in list.iter().enumerate() {
        assert_eq!(*number, at.to_string());
    }
}

fn frames_of_log(data: &Path) -> String {
    let inspected = latchkey().args(["journal", "inspect", "--data"]).arg(data).output();
    String::from_utf8(inspected.expect("the binary is there").stdout).expect("it prints text")
}

#[test]
fn a_second_server_on_the_same_directory_does_not_start_and_harms_nothing() {
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    server.run(json!(["SET", "k", "v"]));
    let (status, said) = failed_start(&mut dev_in(data.path()));
    assert!(status == Some(1) && said.contains("another server uses this data directory"), "{said}");
    server.run(json!(["SET", "k", "w"]));
    server.kill();
    assert_eq!(Server::start_in(data.path(), &[]).run(json!(["GET", "k"])), "w", "the lock went with it");
}

#[test]
fn a_clock_that_is_set_back_loses_nothing_and_keys_live_longer() {
    const HOUR: i32 = 3600;
    let (faults, data) = (Faults::new(), Scratch::new());
    let server = faults.start_in(data.path());
    let left_of = |server: &Server, key: &str| server.run(json!(["TTL", key])).as_i64().expect("a number");
    server.run(json!(["SET", "before", "v", "EX", 100]));
    faults.set("clock", -HOUR);
    assert!((3600..=3700).contains(&left_of(&server, "before")));
    server.run(json!(["SET", "after", "v", "EX", 100]));
    server.run(json!(["XADD", "stream", "*", "field", "value"]));
    server.kill();
    let server = faults.start_in(data.path());
    assert_eq!(server.run(json!(["MGET", "before", "after"])), json!(["v", "v"]));
    assert!((3600..=3700).contains(&left_of(&server, "before")) && left_of(&server, "after") <= 100);
    faults.clear("clock");
    assert_eq!(server.run(json!(["EXISTS", "before", "after"])), 1, "an hour later one of them is gone");
    server.run(json!(["SET", "more", "v"]));
    assert_eq!(server.run(json!(["XLEN", "stream"])), 1);
}
