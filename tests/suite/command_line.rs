//! Redis's own tools, `redis-cli` and `redis-benchmark`, as Debian has them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::http::Request;
use crate::scratch::Scratch;
use crate::sdk::require;
use crate::server::{Server, latchkey, token_printed_by};

#[test]
fn redis_cli_runs_commands() {
    if !require("redis-cli", &["--version"]) {
        return;
    }
    let server = Server::start();
    let run = |words: &[&str]| cli(&server, words, "");
    assert_eq!(run(&["SET", "greeting", "hello world"]), "OK\n");
    assert_eq!(server.run(json!(["GET", "greeting"])), "hello world");
    assert_eq!(run(&["--no-raw", "INCRBY", "n", "41"]), "(integer) 41\n");
    assert_eq!(run(&["--no-raw", "GET", "absent"]), "(nil)\n");
    assert_eq!(run(&["--csv", "RPUSH", "list", "a", "b"]), "2\n");
    assert_eq!(run(&["--csv", "LRANGE", "list", "0", "-1"]), "\"a\",\"b\"\n");
    run(&["HSET", "hash", "field", "value"]);
    assert_eq!(run(&["-3", "--no-raw", "HGETALL", "hash"]), "1# \"field\" => \"value\"\n");
    assert_eq!(cli(&server, &["-x", "SET", "input"], "from standard input"), "OK\n");
    assert_eq!(server.run(json!(["GET", "input"])), "from standard input");
}

#[test]
fn redis_cli_runs_a_script_of_lines() {
    if !require("redis-cli", &["--version"]) {
        return;
    }
    let server = Server::start();
    let lines = "SET k \"two words\"\nMULTI\nAPPEND k !\nGET k\nEXEC\nLPUSH k x\n";
    let told = cli(&server, &[], lines);
    let mut told = told.lines();
    for expected in ["OK", "OK", "QUEUED", "QUEUED", "10", "two words!"] {
        assert_eq!(told.next(), Some(expected));
    }
    assert!(told.next().is_some_and(|line| line.starts_with("WRONGTYPE ")));
}

/// The URL that `latchkey dev` prints is `rediss://`, and the certificate is all that it takes besides.
#[test]
fn redis_cli_speaks_tls() {
    if !require("redis-cli", &["--version"]) {
        return;
    }
    let data = Scratch::new();
    let mut server = Server::start_in(data.path(), &["--tls", "self-signed"]);
    let certificate = server.printed("NODE_EXTRA_CA_CERTS");
    assert!(server.redis_url.starts_with("rediss://"), "{}", server.redis_url);
    let run =
        |words: &[&str], input: &str| cli(&server, &[&["--cacert", &certificate], words].concat(), input);
    run(&["HSET", "hash", "field", "value"], "");
    assert_eq!(run(&["-3", "--no-raw", "HGETALL", "hash"], ""), "1# \"field\" => \"value\"\n");
    let told = run(&["--pipe"], &"INCR n\r\n".repeat(1_000));
    assert!(told.ends_with("errors: 0, replies: 1000\n"), "{told}");
}

/// Goal: host names of databases, with everything that an operator sets up; only the certificate is not for the names.
#[test]
fn redis_cli_finds_a_user_by_the_host_name_of_its_database() {
    if !require("redis-cli", &["--version"]) {
        return;
    }
    let data = Scratch::new();
    let certificate = {
        let mut maker = Server::start_in(data.path(), &["--tls", "self-signed"]);
        maker.printed("NODE_EXTRA_CA_CERTS")
    };
    let key = certificate.replace(".crt", ".key");
    let directory = data.path();
    let create =
        |name: &str| token_printed_by(latchkey().args(["db", "create", name, "--data"]).arg(directory));
    let (shop, blog) = (create("shop"), create("blog"));
    let config = format!(
        "data = {directory:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[resp]\nlisten = \"127.0.0.1:0\"\n\
         domain = \"db.example.com\"\n[resp.tls]\ncertificate = {certificate:?}\nkey = {key:?}\n"
    );
    let mut server = Server::serve(&data.write("latchkey.toml", config));
    let address = server.resp_address();
    // Over REST the token says which database it is for, whatever the host is called.
    let rest = |command: serde_json::Value| {
        let request =
            Request::post("/", command.to_string()).token(&shop).header("host", "blog.db.example.com");
        server.send(&request).json()["result"].clone()
    };
    let password = "correct-horse-battery";
    let token = rest(json!(["ACL", "GENTOKEN", "ann", password]));
    let token = token.as_str().expect("a token is text");
    assert_eq!(rest(json!(["ACL", "SETUSER", "ann", "on", format!(">{token}"), "allkeys", "+@all"])), "OK");
    assert_eq!(rest(json!(["SET", "where", "shop"])), "OK");
    let get = |database: &str, user: &str, password: &str| {
        let mut command = Command::new("redis-cli");
        command.args([
            "--no-auth-warning",
            "-h",
            &address.ip().to_string(),
            "-p",
            &address.port().to_string(),
        ]);
        command.args(["--tls", "--cacert", &certificate, "--sni", &format!("{database}.db.example.com")]);
        output(command.args(["--user", user, "--pass", password, "GET", "where"]), "")
    };
    assert_eq!(get("shop", "ann", password), "shop\n");
    assert_eq!(get("SHOP", "default", &shop), "shop\n");
    assert_eq!(get("blog", "default", &blog), "\n");
    for (database, user, password) in [
        ("blog", "ann", password),
        ("blog", "default", &shop),
        ("shop", "default", &blog),
        ("no", "default", &blog),
    ] {
        assert!(get(database, user, password).starts_with("NOAUTH "), "{user} at {database}");
    }
}

/// A file of commands, sent without waiting for replies, and then all keys.
#[test]
fn redis_cli_loads_in_bulk_and_scans() {
    const KEYS: usize = 10_000;
    if !require("redis-cli", &["--version"]) {
        return;
    }
    let server = Server::start();
    let mut commands = String::new();
    for n in 0..KEYS {
        let key = format!("key:{n:05}");
        write!(commands, "*3\r\n$3\r\nSET\r\n$9\r\n{key}\r\n$5\r\n{n:05}\r\n").expect("strings are endless");
    }
    let told = cli(&server, &["--pipe"], &commands);
    assert!(told.ends_with(&format!("errors: 0, replies: {KEYS}\n")), "{told}");
    assert_eq!(server.run(json!(["GET", "key:09999"])), "09999");
    server.run(json!(["SET", "other", 1]));
    let scanned = cli(&server, &["--scan", "--pattern", "key:*"], "");
    let mut scanned: Vec<&str> = scanned.lines().collect();
    scanned.sort_unstable();
    scanned.dedup();
    assert_eq!(scanned.len(), KEYS);
    assert!(cli(&server, &["--bigkeys"], "").contains("Sampled 10001 keys in the keyspace!"));
}

#[test]
fn redis_benchmark_measures() {
    if !require("redis-benchmark", &["--version"]) {
        return;
    }
    let server = Server::start();
    for more in [&["-P", "1"], &["-P", "16"]] {
        let mut command = Command::new("redis-benchmark");
        command.args(["-u", &server.redis_url, "-t", "set,get", "-n", "2000", "-q"]).args(more);
        let told = output(&mut command, "");
        for test in ["SET: ", "GET: "] {
            // What it says on the way is written over.
            let last = told.split(['\r', '\n']).rfind(|line| line.trim_start().starts_with(test));
            assert!(last.is_some_and(|line| line.contains(" requests per second")), "{told}");
        }
    }
    assert_eq!(server.run(json!(["GET", "key:__rand_int__"])), "VXK");
}

/// What `redis-cli` prints.
fn cli(server: &Server, words: &[&str], input: &str) -> String {
    let mut command = Command::new("redis-cli");
    output(command.args(["--no-auth-warning", "-u", &server.redis_url]).args(words), input)
}

/// What a program prints when it is given this input. Fails if the program does.
fn output(command: &mut Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program was there a moment ago");
    let mut stdin = child.stdin.take().expect("it is piped");
    // The tools read all of it before they print more than a line.
    stdin.write_all(input.as_bytes()).expect("it reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("it is a child of this process");
    let (said, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{said}\n{complaint}", output.status);
    said.into_owned()
}
