//! What is no command, or the last one: Redis and we answer the same bytes, and close at the same place.
//!
//! What is said to who has not authenticated is in the tests of `wire`.

use super::server::Redis;
use super::socket::Socket;
use crate::server::Server;

/// Each ends with QUIT, or with what no server reads on after.
const SAID: [&str; 58] = [
    // Counts of words.
    "*0\r\n*1\r\n$4\r\nQUIT\r\n",
    "*-1\r\nPING\r\nQUIT\r\n",
    "*-9\r\nQUIT\r\n",
    "*\r\n",
    "*x\r\n",
    "*+1\r\n",
    "*1x\r\n",
    "* 1\r\n",
    "*01\r\n",
    "*2147483648\r\n",
    "*99999999999999999999\r\n",
    // Lengths of words.
    "*1\r\n$-1\r\n",
    "*1\r\n$-2147483648\r\n",
    "*1\r\n$x\r\n",
    "*1\r\n$\r\n",
    "*1\r\n$ 4\r\n",
    "*1\r\n$04\r\n",
    "*1\r\n$4x\r\n",
    "*1\r\n$536870913\r\n",
    "*1\r\n$99999999999999999999\r\n",
    "*2\r\n$4\r\nPING\r\n$-1\r\n",
    // No length at all.
    "*1\r\nPING\r\n",
    "*1\r\n:4\r\nPING\r\n",
    "*1\r\n*1\r\n$4\r\nPING\r\n",
    "*1\r\n\r\n",
    "*2\r\n$4\r\nPING\r\nPING\r\n",
    // The two bytes after a word are not looked at.
    "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nQUIT\r\n",
    "*1\r\n$3\r\nPING\r\nQUIT\r\n",
    // Lines.
    "PING\r\nQUIT\r\n",
    "PING\nQUIT\n",
    "\r\n\r\n  \r\n\nPING\r\nQUIT\r\n",
    "  PING   x  \r\nquit\r\n",
    "SET k \"a \\x41\\n\\\"\"\r\nGET k\r\nQUIT\r\n",
    "SET k 'a \\x41\\n\\''\r\nGET k\r\nQUIT\r\n",
    "SET k \"\"\r\nGET k\r\nSET '' x\r\nGET \"\"\r\nQUIT\r\n",
    "GET \"k\r\n",
    "GET 'k\r\n",
    "GET \"k\"k\r\n",
    "GET 'k'k\r\n",
    "GET \"k\\\"\r\n",
    "PING\r\nGET \"k\r\nPING\r\n",
    "$4\r\nQUIT\r\n",
    // Pipelines that go wrong.
    "*1\r\n$4\r\nPING\r\n*1\r\nPING\r\n",
    "*1\r\n$4\r\nPING\r\n*x\r\n*1\r\n$4\r\nPING\r\n",
    "PING\r\n*1\r\n$-1\r\nPING\r\n",
    "MULTI\r\nSET k 1\r\n*1\r\nx\r\n",
    // After QUIT nothing is answered.
    "QUIT\r\nPING\r\n",
    "*1\r\n$4\r\nQUIT\r\n*1\r\n$4\r\nPING\r\n",
    "QUIT\r\n*x\r\n",
    "MULTI\r\nSET k 1\r\nQUIT\r\nEXEC\r\n",
    "MULTI\r\nQUIT\r\n",
    // Commands that there are not, or not so.
    "GET\r\nget a b\r\nQUIT\r\n",
    "PING a b\r\nECHO\r\nQUIT\r\n",
    "OBJECT\r\nCLIENT\r\nCLIENT GETNAME x\r\nQUIT\r\n",
    "NOSUCH a b\r\nQUIT\r\n",
    "CLIENT NOSUCH\r\nOBJECT NOSUCH k\r\nQUIT\r\n",
    "MULTI\r\nNOSUCH\r\nEXEC\r\nQUIT\r\n",
    "*1\r\n$0\r\n\r\nQUIT\r\n",
];

/// How the one difference that is meant to be begins: Upstash has another text for what is no command.
const UNKNOWN: (&str, &str) = ("-ERR Command is not available: ", "-ERR unknown command ");

#[test]
fn what_is_no_command_is_answered_as_by_redis() {
    let Some(redis) = Redis::start() else { return };
    let server = Server::start();
    let (mut failures, mut unknown) = (Vec::new(), 0);
    for said in SAID {
        let text = |socket: Socket| String::from_utf8(socket.say(said.as_bytes())).expect("replies are text");
        let (ours, theirs) = (text(Socket::to_ours(&server)), text(Socket::to_redis(&redis)));
        unknown += usize::from(ours.contains(UNKNOWN.0));
        if without_explanation(&ours, UNKNOWN.0) != without_explanation(&theirs, UNKNOWN.1) {
            failures.push(format!("{said:?}\n  ours:  {ours:?}\n  redis: {theirs:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_ne!(unknown, 0, "the difference is no longer one");
}

/// The same, but of a line that begins so only what is quoted first: the name.
fn without_explanation(told: &str, beginning: &str) -> String {
    let line = |line: &str| match line.strip_prefix(beginning) {
        Some(rest) => format!("-unknown '{}'", rest.split('\'').nth(1).unwrap_or_default()),
        None => line.to_owned(),
    };
    told.split("\r\n").map(line).collect::<Vec<_>>().join("\r\n")
}
