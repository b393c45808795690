//! Client-side caching: what connections are told of stale copies, and when, compared with Redis byte for byte.

use latchkey_protocol::resp::Version;

use super::line;
use super::server::Redis;
use super::socket::Socket;
use crate::server::Server;

/// Who says what, one after the other: `a` and `b` keep copies, `t` is told in another one's place, `w` writes. `@` stands for
/// the number of `t`. Each of them has to be told the same in the same order.
const CONVERSATIONS: [&str; 12] = [
    // What was read is told once, after the reply where the change is one's own.
    "a CLIENT TRACKING ON; a GET k; b CLIENT TRACKING ON; b GET k; w SET k 1; w SET k 2; a GET k; a SET k 3; b GET k; w \
     MSET x 1 k 1; a MGET x y; w MSET y 1 x 1 y 2; a EXISTS k; w DEL k; w DEL k; a GET k; a SET k 1; a SET k 2",
    // Steps.
    "a CLIENT TRACKING ON; a MULTI; a GET k; a SET k 1; a GET k; a GET l; a EXEC; w MULTI; w SET l 1; w DEL k; w EXEC; a \
     GET k; a EVAL return(redis.call('INCR','k')) 1 k; a EVAL return(redis.call('GET',KEYS[1])) 1 k; w EVAL \
     return(redis.call('APPEND','k','x')) 1 k",
    // Other changes than SET.
    "a CLIENT TRACKING ON; a MGET k r; w SET k 1; w RENAME k r; a GET r; w EXPIRE r 100; a TTL r; w PERSIST r; a LRANGE l 0 \
     -1; w RPUSH l 2 1; a LRANGE s 0 -1; w SORT l STORE s; a GET c; w COPY r c; a HGETALL h; w HSET h f v; a STRLEN r; w \
     GETDEL r; a XREAD STREAMS x 0; w XADD x 1-1 f v; a SMEMBERS m; w LPOP l; a LLEN l; w LMOVE l n LEFT RIGHT",
    // Everything.
    "a CLIENT TRACKING ON; b CLIENT TRACKING ON BCAST NOLOOP; a GET k; w SET k 1; w FLUSHALL; w FLUSHDB; a GET k; a FLUSHALL; \
     b FLUSHALL; w SET k 1; a MULTI; a GET k; a FLUSHALL; a SET k 2; a EXEC",
    // By prefix.
    "a CLIENT TRACKING ON BCAST PREFIX k PREFIX b:; b CLIENT TRACKING ON BCAST; w MSET k2 1 k1 1 x 1 b:1 1; w SET b 1; a SET \
     k1 1; a GET k1; w DEL k1 k2; a CLIENT TRACKING ON BCAST PREFIX x; w SET x 1; a CLIENT TRACKING OFF; w SET k 1",
    // One's own changes.
    "a CLIENT TRACKING ON NOLOOP; a GET k; a SET k 1; w SET k 2; a GET k; w SET k 3; b CLIENT TRACKING ON BCAST PREFIX k \
     NOLOOP; b SET k 1; w SET k 1; b GET k; a CLIENT TRACKING ON; a GET k; a SET k 4",
    // Exceptions.
    "a CLIENT TRACKING ON OPTIN; a GET k; w SET k 1; a CLIENT CACHING YES; a CLIENT TRACKINGINFO; a GET k; a GET l; w MSET k \
     2 l 2; a CLIENT CACHING YES; a MULTI; a GET k; a GET l; a EXEC; a GET m; w MSET m 1 l 3 k 3; a CLIENT CACHING YES; a \
     PING; a GET k; w SET k 4; a CLIENT CACHING YES; a GET; a GET k; w SET k 5; a CLIENT CACHING YES; a MULTI; a DISCARD; a \
     GET k; w SET k 6",
    "a CLIENT TRACKING ON OPTOUT NOLOOP; a GET k; w SET k 1; a CLIENT CACHING NO; a CLIENT TRACKINGINFO; a GET k; w SET k 2; a \
     GET k; w SET k 3",
    // In another one's place.
    "t SUBSCRIBE __redis__:invalidate; a CLIENT TRACKING ON REDIRECT @; a GET k; w SET k 1; a GET k; a SET k 2; a CLIENT \
     GETREDIR; a CLIENT TRACKINGINFO; b CLIENT TRACKING ON REDIRECT @ BCAST PREFIX x; w MSET x1 1 k 1 x2 2",
    "t SUBSCRIBE other; a CLIENT TRACKING ON REDIRECT @; a GET k; w SET k 1; a GET k; t QUIT; w SET k 2; a CLIENT \
     TRACKINGINFO; a GET k; a CLIENT TRACKING ON; a GET k; w SET k 3",
    // In one's own, in whatever protocol.
    "a CLIENT TRACKING ON; a GET k; w SET k 1; a HELLO 3; a GET k; w SET k 2; a HELLO 2; a GET k; w SET k 3; a GET k; a RESET; w \
     SET k 4; a CLIENT GETREDIR",
    // What cannot be had.
    "a CLIENT TRACKING maybe; a CLIENT TRACKING ON NOSUCH; a CLIENT TRACKING ON REDIRECT; a CLIENT TRACKING ON REDIRECT 0; a \
     CLIENT TRACKING ON REDIRECT -1; a CLIENT TRACKING ON REDIRECT 99999999; a CLIENT TRACKING OFF REDIRECT 99999999; a CLIENT \
     TRACKING ON REDIRECT @ REDIRECT @; a CLIENT TRACKING ON PREFIX k; a CLIENT TRACKING ON PREFIX; a CLIENT TRACKING ON OPTIN \
     OPTOUT; a CLIENT TRACKING ON BCAST OPTIN; a CLIENT TRACKING ON BCAST OPTOUT OPTIN PREFIX k; a CLIENT CACHING YES; a CLIENT \
     TRACKING OFF; a CLIENT TRACKING ON BCAST PREFIX ab PREFIX a; a CLIENT TRACKINGINFO; a CLIENT TRACKING ON BCAST PREFIX foo \
     PREFIX bar; a CLIENT TRACKING ON BCAST PREFIX fo; a CLIENT TRACKING ON BCAST PREFIX zip PREFIX food; a CLIENT \
     TRACKINGINFO; a CLIENT TRACKING ON; a CLIENT CACHING YES; a CLIENT CACHING NO; a CLIENT CACHING x; a CLIENT TRACKING OFF \
     NOLOOP; a CLIENT TRACKINGINFO; a CLIENT TRACKING ON OPTIN; a CLIENT TRACKING ON OPTOUT; a CLIENT CACHING NO; a CLIENT \
     TRACKING ON BCAST; a CLIENT TRACKING ON; a CLIENT TRACKING ON OPTOUT",
];

#[test]
fn stale_copies_are_told_as_by_redis() {
    let Some(redis) = Redis::start() else { return };
    let server = Server::start();
    let mut failures = Vec::new();
    for version in [Version::Resp2, Version::Resp3] {
        for conversation in CONVERSATIONS {
            let ours = Room::new(version, || Socket::to_ours(&server)).hold(conversation);
            let theirs = Room::new(version, || Socket::to_redis(&redis)).hold(conversation);
            if ours != theirs {
                failures.push(format!("{version:?} {conversation}\n  ours:  {ours:?}\n  redis: {theirs:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The connections of a conversation, each with all that it was told.
struct Room {
    sockets: Vec<(&'static str, Option<Socket>, String)>,
    /// The number of `t`.
    number: String,
}

impl Room {
    fn new(version: Version, connect: impl Fn() -> Socket) -> Self {
        let enter = |name| {
            let mut socket = connect();
            socket.speak(if name == "w" { Version::Resp2 } else { version });
            (name, Some(socket), String::new())
        };
        let mut sockets = ["a", "b", "t", "w"].map(enter);
        let target = sockets[2].1.as_mut().expect("it is there");
        let number = text(target.ask(&line("CLIENT ID")))[1..].trim_end().to_owned();
        let writer = sockets[3].1.as_mut().expect("it is there");
        assert_eq!(text(writer.ask(&line("FLUSHALL"))), "+OK\r\n");
        Self { sockets: sockets.into(), number }
    }

    /// What each was told in the end.
    fn hold(mut self, conversation: &str) -> Vec<String> {
        for said in conversation.split("; ") {
            let (name, words) = said.split_once(' ').expect("who, and what");
            self.say(name, &words.replace('@', &self.number));
        }
        let number = format!(":{}\r\n", self.number);
        let rest = |(name, socket, mut told): (&str, Option<Socket>, String)| {
            told += &socket.map_or_else(String::new, |socket| text(socket.say(b"QUIT\r\n")));
            format!("{name}: {}", told.replace(&number, ":@\r\n"))
        };
        self.sockets.into_iter().map(rest).collect()
    }

    fn say(&mut self, name: &str, words: &str) {
        let (_, socket, told) = self.sockets.iter_mut().find(|(who, ..)| *who == name).expect("a known name");
        if words == "QUIT" {
            *told += &socket.take().map_or_else(String::new, |socket| text(socket.say(b"QUIT\r\n")));
        } else if let Some(socket) = socket {
            *told += &text(socket.ask_past_pushes(&line(words)));
        }
    }
}

/// Greetings tell versions and numbers, in which the two differ.
fn text(bytes: Vec<u8>) -> String {
    let text = String::from_utf8(bytes).expect("replies are text");
    if text.contains("\r\nserver\r\n") { "a greeting\r\n".into() } else { text }
}
