//! Users: made by `ACL` at one door, let in with their tokens at both, and kept to what they may do at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::http::Request;
use crate::scratch::Scratch;
use crate::server::Server;

const PASSWORD: &str = "correct-horse-battery";

/// Makes a user with these rules; its token.
fn make(server: &Server, user: &str, rules: &str) -> String {
    let token = server.run(json!(["ACL", "GENTOKEN", user, PASSWORD]));
    let token = token.as_str().expect("a token is text").to_owned();
    let mut command = vec!["ACL".to_owned(), "SETUSER".into(), user.into(), "on".into(), format!(">{token}")];
    command.extend(rules.split_whitespace().map(str::to_owned));
    assert_eq!(server.run(json!(command)), "OK");
    token
}

/// Sends a command over REST as whoever this token belongs to.
fn send(server: &Server, token: &str, command: &Value) -> (u16, Value) {
    let reply = server.send(&Request::post("/", command.to_string()).token(token));
    (reply.status, reply.json())
}

/// A connection to the RESP port, which speaks inline commands.
struct Line(BufReader<TcpStream>);

impl Line {
    fn open(server: &Server) -> Self {
        let authority = server.redis_url.rsplit('@').next().expect("the URL has a password");
        Self(BufReader::new(TcpStream::connect(authority).expect("it listens")))
    }

    /// Sends a command that is answered by one line.
    fn ask(&mut self, command: &str) -> String {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).expect("it reads");
        let mut line = String::new();
        self.0.read_line(&mut line).expect("it answers");
        line.trim_end().to_owned()
    }

    /// Fails unless the server has nothing more to say.
    fn has_ended(mut self) {
        let mut rest = String::new();
        self.0.read_to_string(&mut rest).expect("it closes");
        assert_eq!(rest, "");
    }
}

const NO_COMMAND: &str = "NOPERM this user has no permissions to run the 'set' command or its subcommand";
const NO_KEY: &str = "NOPERM No permissions to access a key";

#[test]
fn a_user_gets_in_at_both_doors_and_no_further_than_its_rules() {
    let server = Server::start();
    assert_eq!(server.run(json!(["MSET", "ann:1", "a", "bob:1", "b"])), "OK");
    let token = make(&server, "ann", "+@all -set -@dangerous ~ann:*");
    assert_eq!(send(&server, &token, &json!(["ACL", "WHOAMI"])), (200, json!({"result": "ann"})));
    assert_eq!(send(&server, &token, &json!(["GET", "ann:1"])), (200, json!({"result": "a"})));
    assert_eq!(send(&server, &token, &json!(["GET", "bob:1"])), (400, json!({ "error": NO_KEY })));
    assert_eq!(send(&server, &token, &json!(["SET", "ann:1", "x"])), (400, json!({ "error": NO_COMMAND })));
    let (status, _) = send(&server, &token, &json!(["ACL", "USERS"]));
    assert_eq!(status, 400, "managing users is dangerous");

    for auth in [
        format!("AUTH {token}"),
        format!("AUTH ann {token}"),
        format!("AUTH ann@dev {token}"),
        format!("AUTH ann@dev {PASSWORD}"),
    ] {
        let mut line = Line::open(&server);
        assert_eq!(line.ask(&auth), "+OK", "{auth}");
        assert_eq!(line.ask("STRLEN ann:1"), ":1");
        assert_eq!(line.ask("STRLEN bob:1"), format!("-{NO_KEY}"));
        assert_eq!(line.ask("SET ann:1 x"), format!("-{NO_COMMAND}"));
        assert_eq!(line.ask("WATCH bob:1"), format!("-{NO_KEY}"));
    }
    for auth in [
        format!("AUTH ann {PASSWORD}"),
        format!("AUTH bob {token}"),
        format!("AUTH default {token}"),
        format!("AUTH ann@other {PASSWORD}"),
        "AUTH ann@dev wrong".into(),
    ] {
        let refused = "-WRONGPASS invalid username-password pair or user is disabled";
        assert_eq!(Line::open(&server).ask(&auth), refused, "{auth}");
    }
}

#[test]
fn a_pipeline_refuses_what_is_not_allowed_and_a_transaction_goes_with_it() {
    let server = Server::start();
    let token = make(&server, "ann", "+@all -set ~ann:*");
    let body = r#"[["APPEND","ann:1","x"],["GET","bob:1"],["SET","ann:1","y"],["STRLEN","ann:1"]]"#;
    let reply = server.send(&Request::post("/pipeline", body).token(&token));
    let expected = json!([{"result": 1}, {"error": NO_KEY}, {"error": NO_COMMAND}, {"result": 1}]);
    assert_eq!((reply.status, reply.json()), (200, expected));
    let reply = server.send(&Request::post("/multi-exec", body).token(&token));
    assert_eq!(reply.status, 400);
    assert_eq!(reply.error(), format!("EXECABORT Transaction discarded because of: {NO_KEY}"));
    assert_eq!(send(&server, &token, &json!(["STRLEN", "ann:1"])), (200, json!({"result": 1})));
}

/// What somebody may not do, no script does for them, whatever way it was sent.
#[test]
fn a_script_reaches_no_further_than_its_caller() {
    let server = Server::start();
    server.run(json!(["SET", "bob:1", "secret"]));
    let token = make(&server, "ann", "+@all -set ~ann:*");
    let reads = "return redis.call('GET', ARGV[1])";
    let digest = server.run(json!(["SCRIPT", "LOAD", reads]));
    for command in [
        json!(["EVAL", reads, 0, "bob:1"]),
        json!(["EVAL_RO", reads, 0, "bob:1"]),
        json!(["EVALSHA", digest, 0, "bob:1"]),
        json!(["EVAL", "return redis.call('COPY', 'bob:1', 'ann:1')", 0]),
        json!(["EVAL", "return 1", 1, "bob:1"]),
    ] {
        let (status, reply) = send(&server, &token, &command);
        let error = reply["error"].as_str().unwrap_or_default();
        assert!(status == 400 && error.contains("No permissions to access a key"), "{command}: {reply}");
    }
    let (_, reply) = send(&server, &token, &json!(["EVAL", "return redis.call('SET', 'ann:1', 'x')", 0]));
    assert!(
        reply["error"].as_str().is_some_and(|error| error.contains("to run the 'set' command")),
        "{reply}"
    );
    let body = json!([["EVAL", reads, 0, "bob:1"]]).to_string();
    let reply = server.send(&Request::post("/multi-exec", body).token(&token));
    assert!(reply.text().contains("No permissions to access a key"), "{}", reply.text());
    assert_eq!(server.run(json!(["EVAL", reads, 0, "bob:1"])), "secret", "whoever may do everything");
}

#[test]
fn a_change_of_a_user_counts_on_open_connections() {
    let server = Server::start();
    let token = make(&server, "ann", "+@all allkeys");
    let mut line = Line::open(&server);
    assert_eq!(line.ask(&format!("AUTH {token}")), "+OK");
    assert_eq!(line.ask("SET bob:1 x"), "+OK");
    server.run(json!(["ACL", "SETUSER", "ann", "-set", "resetkeys", "~ann:*"]));
    assert_eq!(line.ask("SET ann:1 x"), format!("-{NO_COMMAND}"));
    assert_eq!(line.ask("STRLEN bob:1"), format!("-{NO_KEY}"));
    assert_eq!(server.run(json!(["ACL", "DELUSER", "ann"])), 1);
    assert!(line.ask("STRLEN ann:1").starts_with("-WRONGPASS"));
    line.has_ended();
    assert_eq!(send(&server, &token, &json!(["GET", "ann:1"])).0, 401);
    // Who is made anew under this name has to be given the password again.
    server.run(json!(["ACL", "SETUSER", "ann", "on", "+@all", "allkeys"]));
    assert_eq!(send(&server, &token, &json!(["GET", "ann:1"])).0, 401);
}

#[test]
fn users_are_kept() {
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    let token = make(&server, "ann", "+get ~ann:*");
    let before = server.run(json!(["ACL", "LIST"]));
    server.kill();
    let server = Server::start_in(data.path(), &[]);
    assert_eq!(server.run(json!(["ACL", "LIST"])), before);
    assert_eq!(send(&server, &token, &json!(["GET", "ann:1"])), (200, json!({"result": null})));
}

#[test]
fn acl_is_no_part_of_a_transaction() {
    let server = Server::start();
    let mut line = Line::open(&server);
    let token = crate::server::TOKEN;
    assert_eq!(line.ask(&format!("AUTH {token}")), "+OK");
    assert_eq!(line.ask("MULTI"), "+OK");
    assert_eq!(line.ask("ACL SETUSER ann on"), "-ERR Command not allowed inside a transaction");
    assert!(line.ask("EXEC").starts_with("-EXECABORT"));
    let reply = server.post("/multi-exec", r#"[["ACL","SETUSER","ann","on"]]"#);
    assert_eq!(
        (reply.status, reply.error().as_str()),
        (400, "EXECABORT Transaction discarded because of: ERR Command not allowed inside a transaction")
    );
    let in_script = server.refused(json!(["EVAL", "return redis.call('ACL', 'WHOAMI')", 0]));
    assert!(in_script.contains("This Redis command is not allowed from script"), "{in_script}");
    assert_eq!(server.run(json!(["ACL", "USERS"])), json!(["default", "default_ro"]));
}
