//! `latchkey cli`, as a process of its own, over both doors.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use crate::scratch::Scratch;
use crate::server::{Server, TOKEN, latchkey};

/// The client in an empty directory, and nothing in its environment that names a server.
struct Client {
    directory: Scratch,
    server: Vec<String>,
}

impl Client {
    /// Without an address.
    fn new() -> Self {
        Self { directory: Scratch::new(), server: Vec::new() }
    }

    /// Of the server with this address.
    fn of(url: &str) -> Self {
        Self { directory: Scratch::new(), server: ["--url", url, "--token", TOKEN].map(str::to_owned).into() }
    }

    fn command<I: AsRef<OsStr>>(&self, arguments: &[I]) -> Command {
        let mut command = latchkey();
        for name in ["REDIS_URL", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"] {
            command.env_remove(name);
        }
        command.arg("cli").args(&self.server).args(arguments);
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        command
    }

    fn run<I: AsRef<OsStr>>(&self, arguments: &[I]) -> Said {
        Said::by(&mut self.command(arguments))
    }

    fn run_with_input<I: AsRef<OsStr>>(&self, arguments: &[I], input: &str) -> Said {
        let path = self.directory.write("input", input);
        Said::by(self.command(arguments).stdin(File::open(path).expect("it was written a moment ago")))
    }
}

/// What a process printed, and whether it ended well.
#[derive(Debug, PartialEq)]
struct Said {
    out: String,
    errors: String,
    code: Option<i32>,
}

impl Said {
    fn by(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("the binary is there");
        let text = |bytes| String::from_utf8(bytes).expect("it prints text");
        Self { out: text(stdout), errors: text(stderr), code: status.code() }
    }

    #[track_caller]
    fn check(&self, out: &str, code: i32) {
        assert_eq!((self.out.as_str(), self.errors.as_str(), self.code), (out, "", Some(code)));
    }

    /// There was no reply, for a reason that names all of these.
    #[track_caller]
    fn check_failed(&self, reasons: &[&str]) {
        assert_eq!((self.out.as_str(), self.code), ("", Some(1)), "{self:?}");
        for reason in reasons {
            assert!(self.errors.contains(reason), "{reason:?} is not in {self:?}");
        }
        assert!(!self.errors.contains(TOKEN), "the token is shown: {self:?}");
    }
}

fn each_door(server: &Server) -> [Client; 2] {
    [Client::of(&server.redis_url), Client::of(&server.url)]
}

#[test]
fn one_command_over_each_door() {
    let server = Server::start();
    for client in each_door(&server) {
        client.run(&["SET", "greeting", "a\nb \"é\""]).check("OK\n", 0);
        client.run(&["GET", "greeting"]).check("a\nb \"é\"\n", 0);
        client.run(&["--no-raw", "GET", "greeting"]).check("\"a\\nb \\\"\\xc3\\xa9\\\"\"\n", 0);
        client.run(&["--json", "MGET", "greeting", "nosuch"]).check("[\"a\\nb \\\"é\\\"\",null]\n", 0);
        client.run(&["--no-raw", "MGET", "nosuch", "nosuch"]).check("1) (nil)\n2) (nil)\n", 0);
        client.run(&["--no-raw", "DEL", "greeting"]).check("(integer) 1\n", 0);
    }
}

/// RESP3 has maps and doubles; RESP2, which REST speaks, has lists and text.
#[test]
fn types_are_those_of_the_door() {
    let server = Server::start();
    let [resp, rest] = each_door(&server);
    resp.run(&["HSET", "user", "name", "ann", "age", "42"]).check("2\n", 0);
    resp.run(&["--json", "HGETALL", "user"]).check("{\"name\":\"ann\",\"age\":\"42\"}\n", 0);
    rest.run(&["--json", "HGETALL", "user"]).check("[\"name\",\"ann\",\"age\",\"42\"]\n", 0);
    resp.run(&["ZADD", "board", "1.5", "ann"]).check("1\n", 0);
    resp.run(&["--no-raw", "ZSCORE", "board", "ann"]).check("(double) 1.5\n", 0);
    rest.run(&["--no-raw", "ZSCORE", "board", "ann"]).check("\"1.5\"\n", 0);
}

#[test]
fn an_error_is_a_reply_and_exit_code_1() {
    let server = Server::start();
    const TEXT: &str = "ERR wrong number of arguments for 'get' command";
    for client in each_door(&server) {
        client.run(&["GET"]).check(&format!("{TEXT}\n"), 1);
        client.run(&["--no-raw", "GET"]).check(&format!("(error) {TEXT}\n"), 1);
        client.run(&["--json", "GET"]).check(&format!("{{\"error\":\"{TEXT}\"}}\n"), 1);
    }
}

#[test]
fn a_script_is_one_command_a_line() {
    let server = Server::start();
    for client in each_door(&server) {
        let script = "DEL k\n\n  SET k 'two words'\nGET \"\\x6b\"";
        client.run_with_input::<&str>(&[], script).check("0\nOK\ntwo words\n", 0);
        let script = "INCR k\nSTRLEN k\n";
        let said = client.run_with_input(&["--no-raw"], script);
        said.check("(error) ERR value is not an int or out of range\n(integer) 9\n", 1);
        client.run_with_input::<&str>(&[], "GET 'k\n").check_failed(&["unbalanced quotes"]);
        client.run(&["DEL", "k"]).check("1\n", 0);
    }
}

#[test]
fn the_last_argument_may_come_from_standard_input() {
    let server = Server::start();
    for client in each_door(&server) {
        client.run_with_input(&["-x", "SET", "page"], "two\nlines\n").check("OK\n", 0);
        client.run(&["STRLEN", "page"]).check("10\n", 0);
    }
}

#[test]
fn words_that_look_like_options_are_words() {
    let server = Server::start();
    for client in each_door(&server) {
        client.run(&["SET", "k", "--json"]).check("OK\n", 0);
        client.run(&["INCRBY", "n", "-5"]).check("-5\n", 0);
        client.run(&["--", "GET", "k"]).check("--json\n", 0);
        client.run(&["DEL", "k", "n"]).check("2\n", 0);
    }
}

#[test]
fn bytes_that_are_no_text_go_over_resp_only() {
    let server = Server::start();
    let [resp, rest] = each_door(&server);
    let set = [OsStr::new("SET"), OsStr::new("k"), OsStr::from_bytes(b"\xff")];
    resp.run(&set).check("OK\n", 0);
    rest.run(&set).check_failed(&["UTF-8", "redis://"]);
    rest.run(&["--no-raw", "GET", "k"]).check("\"\\xff\"\n", 0);
}

#[test]
fn the_address_comes_from_the_environment_or_from_a_file() {
    let (server, other) = (Server::start(), Server::start());
    let client = Client::new();
    other.run(serde_json::json!(["SET", "who", "other"]));
    server.run(serde_json::json!(["SET", "who", "server"]));
    let rest = format!("UPSTASH_REDIS_REST_URL={}\nUPSTASH_REDIS_REST_TOKEN=\"{TOKEN}\"\n", server.url);
    client.directory.write(".env", format!("# ours\n{rest}"));
    client.run(&["GET", "who"]).check("server\n", 0);
    client.run(&["--json", "HGETALL", "nosuch"]).check("[]\n", 0);
    client.directory.write(".env", format!("{rest}REDIS_URL={}\n", server.redis_url));
    client.run(&["--json", "HGETALL", "nosuch"]).check("{}\n", 0);
    let said = Said::by(client.command(&["GET", "who"]).env("REDIS_URL", &other.redis_url));
    said.check("other\n", 0);
}

#[test]
fn errors_say_what_to_do_and_where_the_address_came_from() {
    let server = Server::start();
    let client = Client::new();
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    client.directory.write(".env", format!("REDIS_URL=redis://:{TOKEN}@{free}\n"));
    let reasons = ["nothing listens", "from .env", "latchkey dev", &free.to_string()];
    client.run(&["PING"]).check_failed(&reasons);
    for url in [&server.url, &server.redis_url] {
        let said = client.run(&["--url", url, "--token", "wrong", "PING"]);
        said.check_failed(&["does not accept the token", "--token", "from --url"]);
    }
    client.run(&["--url", &server.url, "PING"]).check_failed(&["does not accept the token"]);
    client.run(&["--url", "ftp://x", "PING"]).check_failed(&["redis://"]);
}

#[test]
fn the_wrong_scheme_is_told() {
    let (server, data) = (Server::start(), Scratch::new());
    let tls = Server::start_in(data.path(), &["--tls", "self-signed"]);
    let authority = |url: &str| url.rsplit(['@', '/']).next().expect("a URL has an authority").to_owned();
    for (scheme, url, reason) in [
        ("redis", &server.url, "REST port"),
        ("http", &server.redis_url, "redis://"),
        ("rediss", &server.redis_url, "redis://"),
        ("https", &server.url, "http://"),
        ("redis", &tls.redis_url, "rediss://"),
        ("http", &tls.url, "https://"),
    ] {
        let said = Client::new().run(&["--url", &format!("{scheme}://{}", authority(url)), "PING"]);
        assert_eq!(said.code, Some(1), "{scheme} {said:?}");
        assert!(
            format!("{}{}", said.out, said.errors).contains(reason),
            "{scheme}: {reason:?} is not in {said:?}"
        );
    }
}

#[test]
fn certificates_are_checked_unless_told_otherwise() {
    let data = Scratch::new();
    let mut server = Server::start_in(data.path(), &["--tls", "self-signed"]);
    let certificate = server.printed("NODE_EXTRA_CA_CERTS");
    for client in each_door(&server) {
        client.run(&["PING"]).check_failed(&["certificate", "--cacert"]);
        client.run(&["--cacert", &certificate, "PING"]).check("PONG\n", 0);
        client.run(&["--insecure", "PING"]).check("PONG\n", 0);
        client.run(&["--cacert", "nosuch", "PING"]).check_failed(&["nosuch"]);
    }
}

/// A server that knows nothing but RESP2 is spoken to in that.
#[test]
fn without_hello_there_is_resp2() {
    let (url, server) = answer(vec!["-ERR unknown command 'HELLO'\r\n", "+OK\r\n", "*1\r\n$1\r\na\r\n"]);
    Client::of(&url).run(&["--json", "LRANGE", "k", "0", "-1"]).check("[\"a\"]\n", 0);
    let requests = server.join().expect("it answered");
    assert_eq!(requests[1], format!("*2\r\n$4\r\nAUTH\r\n${}\r\n{TOKEN}\r\n", TOKEN.len()));
}

#[test]
fn messages_are_printed_as_they_come() {
    let subscribed =
        ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n";
    let (url, server) = answer(vec!["%0\r\n", subscribed]);
    let said = Client::of(&url).run(&["SUBSCRIBE", "c"]);
    assert_eq!(said.out, "subscribe\nc\n1\nmessage\nc\nhi\n");
    assert!(said.code == Some(1) && said.errors.contains("closed the connection"), "{said:?}");
    server.join().expect("it answered");
}

/// A client that prints what it hears, until it is told to stop.
struct Listener {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Listener {
    fn start(client: &Client, arguments: &[&str]) -> Self {
        let mut process =
            client.command(arguments).stdout(Stdio::piped()).spawn().expect("the binary is there");
        let out = BufReader::new(process.stdout.take().expect("it is piped"));
        Self { process, out }
    }

    /// Fails unless these lines come next.
    #[track_caller]
    fn expect(&mut self, lines: &[&str]) {
        for expected in lines {
            let mut line = String::new();
            self.out.read_line(&mut line).expect("it prints text");
            assert_eq!(line.trim_end(), *expected);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn messages_come_over_rest_too() {
    let server = Server::start();
    let rest = Client::of(&server.url);
    let publish = |channel: &str, text: &str, heard: u64| {
        assert_eq!(server.run(serde_json::json!(["PUBLISH", channel, text])), heard);
    };
    let mut typed = Listener::start(&rest, &["--no-raw", "SUBSCRIBE", "news", "a/b, c"]);
    typed.expect(&["Reading messages... (press Ctrl-C to quit)"]);
    typed.expect(&["1) \"subscribe\"", "2) \"news\"", "3) (integer) 1"]);
    typed.expect(&["1) \"subscribe\"", "2) \"a/b, c\"", "3) (integer) 2"]);
    publish("a/b, c", "1,2", 1);
    typed.expect(&["1) \"message\"", "2) \"a/b, c\"", "3) \"1,2\""]);
    let mut json = Listener::start(&rest, &["--json", "psubscribe", "n*"]);
    json.expect(&[r#"["psubscribe","n*",1]"#]);
    publish("news", "{\"x\": \"é\"}", 2);
    json.expect(&[r#"["pmessage","n*","news","{\"x\": \"é\"}"]"#]);
    typed.expect(&["1) \"message\"", "2) \"news\"", r#"3) "{\"x\": \"\xc3\xa9\"}""#]);
    let mut raw = Listener::start(&rest, &["SUBSCRIBE", "raw"]);
    raw.expect(&["subscribe", "raw", "1"]);
    publish("raw", "hello", 1);
    raw.expect(&["message", "raw", "hello"]);
    drop(raw);
    while server.run(serde_json::json!(["PUBLISH", "raw", "nobody"])) != 0 {
        thread::yield_now();
    }
}

#[test]
fn monitor_comes_over_rest_too() {
    let server = Server::start();
    let mut monitor = Listener::start(&Client::of(&server.url), &["--json", "MONITOR"]);
    monitor.expect(&["\"OK\""]);
    server.run(serde_json::json!(["SET", "k", "v"]));
    let mut line = String::new();
    monitor.out.read_line(&mut line).expect("it prints text");
    let line: String = serde_json::from_str(&line).expect("a line is JSON");
    assert!(line.ends_with(r#""SET" "k" "v""#), "{line}");
}

#[test]
fn what_cannot_be_listened_on_over_rest_is_an_error() {
    let mut server = Server::start();
    let rest = Client::of(&server.url);
    for words in [&["SUBSCRIBE"][..], &["MONITOR", "x"], &["SSUBSCRIBE", "shard"]] {
        let said = rest.run(words);
        assert!(said.out.starts_with("ERR ") && said.code == Some(1), "{words:?}: {said:?}");
    }
    let wrong = Client::new().run(&["--url", &server.url, "--token", "wrong", "SUBSCRIBE", "a"]);
    wrong.check_failed(&["does not accept the token"]);
    let mut listener = Listener::start(&rest, &["SUBSCRIBE", "a"]);
    listener.expect(&["subscribe", "a", "1"]);
    server.terminate();
    server.wait();
    assert_eq!(listener.process.wait().expect("it is a child of this process").code(), Some(1));
}

/// Goal: a script does not end where the server, or what stands before it, wants a new connection.
#[test]
fn a_rest_connection_that_was_closed_is_made_anew() {
    const REPLY: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\nconnection: close\r\ncontent-length: 7\r\n\r\n+PONG\r\n";
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let server = thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("the client connects");
            let mut request = Vec::new();
            while !request.ends_with(b"[\"PING\"]") {
                let mut piece = [0; 4096];
                let bytes = stream.read(&mut piece).expect("the client writes");
                assert_ne!(bytes, 0, "the request ended early");
                request.extend_from_slice(&piece[..bytes]);
            }
            stream.write_all(REPLY.as_bytes()).expect("the client reads");
        }
    });
    Client::of(&url).run_with_input::<&str>(&[], "PING\nPING\n").check("PONG\nPONG\n", 0);
    server.join().expect("it answered twice");
}

/// A server that answers one request after the other with these, and then hangs up. Its URL, and what it was asked.
fn answer(replies: Vec<&'static str>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("redis://{}", listener.local_addr().expect("it is bound"));
    let serve = move || {
        let (mut stream, _) = listener.accept().expect("the client connects");
        replies.into_iter().map(|reply| exchange(&mut stream, reply)).collect()
    };
    (url, thread::spawn(serve))
}

/// Reads a request, which is small enough to come in one piece, and answers it.
fn exchange(stream: &mut TcpStream, reply: &str) -> String {
    let mut request = vec![0; 4096];
    let bytes = stream.read(&mut request).expect("the client writes");
    stream.write_all(reply.as_bytes()).expect("the client reads");
    String::from_utf8_lossy(&request[..bytes]).into_owned()
}
