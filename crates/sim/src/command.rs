//! What clients send: commands of all families, by chance, on few enough keys that they meet.

use bytes::Bytes;
use fastrand::Rng;
use latchkey_commands::Call;
use latchkey_protocol::{Reply, Words};

/// Draws a command. Those whose outcome is chance are left out: the model cannot draw the same.
pub(crate) fn draw(chance: &mut Rng, now_ms: i64) -> Call {
    let mut drawing = Drawing { chance, now_ms };
    let words = match drawing.below(24) {
        0..4 => drawing.string(),
        4..6 => drawing.hash(),
        6..9 => drawing.list(),
        9..11 => drawing.set(),
        11..13 => drawing.sorted_set(),
        13..16 => drawing.stream(),
        16..18 => drawing.json(),
        18..20 => drawing.generic(),
        20 => drawing.script(),
        21..23 => drawing.array(),
        _ => drawing.read(),
    };
    resolve(words)
}

/// Draws a command that reads some keys and looks at no others.
pub(crate) fn draw_read(chance: &mut Rng, now_ms: i64) -> Call {
    let mut draws = std::iter::repeat_with(|| draw(chance, now_ms));
    draws.find(Call::needs_its_keys_only).expect("one comes sooner or later")
}

/// Commands that show all of a key, of whatever type it is; those that do not fit answer with an error. Its encoding is
/// left out: a step that is taken back may leave another one, which no record has.
pub(crate) fn look_at(key: &[u8]) -> Vec<Call> {
    let key = String::from_utf8_lossy(key);
    let looks = [
        "TYPE {}",
        "PEXPIRETIME {}",
        "GET {}",
        "LRANGE {} 0 -1",
        "HGETALL {}",
        "SMEMBERS {}",
        "ZRANGE {} 0 -1 WITHSCORES",
        "XINFO STREAM {} FULL COUNT 0",
        "JSON.GET {}",
        "ARSCAN {} 0 18446744073709551614",
        "ARNEXT {}",
    ];
    looks.iter().map(|look| resolve(line(&look.replace("{}", &key)))).collect()
}

/// What is compared of a reply: all but the order, where a command promises none.
pub(crate) fn comparable(call: &Call, reply: &Reply) -> String {
    let name = call.words().name().to_ascii_uppercase();
    match reply {
        Reply::Array(items) | Reply::Set(items) if UNORDERED.contains(&name.as_slice()) => sorted(items),
        Reply::Map(pairs) | Reply::Pairs(pairs) if UNORDERED.contains(&name.as_slice()) => sorted(pairs),
        ordered if name == b"XINFO" => without_seen_times(&format!("{ordered:?}")),
        ordered => format!("{ordered:?}"),
    }
}

/// When a consumer was seen last is known as long as the database is awake. After that, it is known when it last changed
/// something, also in a copy that was made meanwhile.
fn without_seen_times(reply: &str) -> String {
    const NAME: &str = "(Bulk(b\"seen-time\"), Int(";
    let mut parts = reply.split(NAME);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|char: char| char.is_ascii_digit()))
}

const UNORDERED: [&[u8]; 8] =
    [b"KEYS", b"HGETALL", b"HKEYS", b"HVALS", b"SMEMBERS", b"SINTER", b"SUNION", b"SDIFF"];

fn sorted(items: &[impl std::fmt::Debug]) -> String {
    let mut items: Vec<String> = items.iter().map(|item| format!("{item:?}")).collect();
    items.sort_unstable();
    items.join(", ")
}

fn resolve(words: Words) -> Call {
    let text = format!("{words:?}");
    Call::resolve(words).unwrap_or_else(|error| panic!("{text} is a command: {}", error.text()))
}

fn line(line: &str) -> Words {
    line.split(' ').collect()
}

struct Drawing<'a> {
    chance: &'a mut Rng,
    now_ms: i64,
}

impl Drawing<'_> {
    fn below(&mut self, end: u32) -> u32 {
        self.chance.u32(..end)
    }

    /// A key of a type, named by its letter; now and then of any type.
    fn key(&mut self, letter: &str) -> String {
        let letters = ["s", "h", "l", "u", "z", "x", "j", "a"];
        let letter = if self.below(30) == 0 { letters[self.chance.usize(..letters.len())] } else { letter };
        format!("{letter}{}", self.below(4))
    }

    fn any_key(&mut self) -> String {
        let letters = ["s", "h", "l", "u", "z", "x", "j", "a"];
        let letter = letters[self.chance.usize(..letters.len())];
        self.key(letter)
    }

    fn field(&mut self) -> String {
        let fields = if self.below(8) == 0 { 200 } else { 6 };
        format!("f{}", self.below(fields))
    }

    /// A number, a word, or something long.
    fn value(&mut self) -> String {
        match self.below(8) {
            0..4 => self.below(100).to_string(),
            4..7 => format!("v{:x}", self.chance.u32(..)),
            _ => {
                let length = self.chance.usize(..900);
                std::iter::repeat_with(|| self.chance.alphanumeric()).take(length.max(1)).collect()
            }
        }
    }

    fn values(&mut self) -> String {
        let count = 1 + self.below(4);
        (0..count).map(|_| self.value()).collect::<Vec<_>>().join(" ")
    }

    /// A deadline that may come soon.
    fn span_ms(&mut self) -> u32 {
        let longest = [50, 5_000, 500_000][self.chance.usize(..3)];
        1 + self.below(longest)
    }

    /// Writes a line out of these, drawn by their numbers.
    fn one_of(&mut self, lines: &[String]) -> Words {
        line(&lines[self.chance.usize(..lines.len())])
    }

    fn string(&mut self) -> Words {
        let (key, other, value, span) = (self.key("s"), self.key("s"), self.value(), self.span_ms());
        let bit = self.below(2_000);
        self.one_of(&[
            format!("SET {key} {value}"),
            format!("SET {key} {value} PX {span}"),
            format!("SET {key} {value} XX KEEPTTL"),
            format!("SET {key} {value} NX GET"),
            format!("APPEND {key} {value}"),
            format!("INCRBY {key} {bit}"),
            format!("INCRBYFLOAT {key} 0.5"),
            format!("SETRANGE {key} {} {value}", bit % 300),
            format!("SETBIT {key} {bit} 1"),
            format!("BITOP XOR {key} {key} {other}"),
            format!("GETEX {key} PX {span}"),
            format!("GETDEL {key}"),
            format!("MSET {key} {value} {other} {bit}"),
            format!("PFADD p0 {value} {bit}"),
            format!("GET {key}"),
        ])
    }

    fn hash(&mut self) -> Words {
        let (key, field, value, span) = (self.key("h"), self.field(), self.value(), self.span_ms());
        let other = self.field();
        self.one_of(&[
            format!("HSET {key} {field} {value} {other} {span}"),
            format!("HSET {key} {field} {value}"),
            format!("HSETNX {key} {field} {value}"),
            format!("HINCRBY {key} n 3"),
            format!("HINCRBYFLOAT {key} n 0.25"),
            format!("HDEL {key} {field} {other}"),
            format!("HPEXPIRE {key} {span} FIELDS 2 {field} {other}"),
            format!("HPERSIST {key} FIELDS 1 {field}"),
            format!("HGETALL {key}"),
        ])
    }

    fn list(&mut self) -> Words {
        let (key, other, values, value) = (self.key("l"), self.key("l"), self.values(), self.value());
        let at = i64::from(self.below(8)) - 4;
        self.one_of(&[
            format!("RPUSH {key} {values}"),
            format!("LPUSH {key} {values}"),
            format!("RPUSHX {key} {values}"),
            format!("LPOP {key} 2"),
            format!("RPOP {key}"),
            format!("LTRIM {key} 0 40"),
            format!("LSET {key} {at} {value}"),
            format!("LINSERT {key} BEFORE {} {value}", at.abs()),
            format!("LREM {key} 1 {}", at.abs()),
            format!("LMOVE {key} {other} LEFT RIGHT"),
            format!("LRANGE {key} 0 -1"),
        ])
    }

    fn array(&mut self) -> Words {
        let (key, values, value) = (self.key("a"), self.values(), self.value());
        let (place, other) = (self.below(200), u64::from(self.below(20)) << self.below(60));
        self.one_of(&[
            format!("ARSET {key} {place} {values}"),
            format!("ARMSET {key} {other} {value} {place} {value}"),
            format!("ARINSERT {key} {values}"),
            format!("ARRING {key} {} {values}", 1 + place / 8),
            format!("ARDEL {key} {place} {other}"),
            format!("ARDELRANGE {key} {place} {other}"),
            format!("ARSEEK {key} {place}"),
            format!("ARLASTITEMS {key} 5"),
            format!("AROP {key} 0 {place} SUM"),
            format!("ARGREP {key} - + MATCH {value} RE ^v[0-9]"),
        ])
    }

    fn set(&mut self) -> Words {
        let (key, other, values, field) = (self.key("u"), self.key("u"), self.values(), self.field());
        let third = self.key("u");
        self.one_of(&[
            format!("SADD {key} {values}"),
            format!("SADD {key} {field} {values}"),
            format!("SREM {key} {field} {values}"),
            format!("SMOVE {key} {other} {field}"),
            format!("SINTERSTORE {third} {key} {other}"),
            format!("SUNIONSTORE {third} {key} {other}"),
            format!("SDIFFSTORE {third} {key} {other}"),
            format!("SMEMBERS {key}"),
        ])
    }

    fn sorted_set(&mut self) -> Words {
        let (key, other, member, score) = (self.key("z"), self.key("z"), self.field(), self.below(50));
        self.one_of(&[
            format!("ZADD {key} {score} {member}"),
            format!("ZADD {key} GT CH {score} {member} {score}.5 m"),
            format!("ZINCRBY {key} 1.5 {member}"),
            format!("ZREM {key} {member}"),
            format!("ZREMRANGEBYRANK {key} 30 -1"),
            format!("ZREMRANGEBYSCORE {key} {score} {score}"),
            format!("ZPOPMIN {key} 2"),
            format!("ZUNIONSTORE {other} 2 {key} {other} WEIGHTS 1 0.5"),
            format!("ZRANGESTORE {other} {key} 0 5"),
            format!("GEOADD {key} 13.361389 38.115556 {member}"),
            format!("ZRANGE {key} 0 -1 WITHSCORES"),
        ])
    }

    fn stream(&mut self) -> Words {
        let (key, field, value, low) = (self.key("x"), self.field(), self.value(), self.below(4));
        let (group, consumer) = (format!("g{}", low % 2), format!("c{low}"));
        let id = format!("{}-0", self.now_ms - i64::from(self.below(3_000)));
        self.one_of(&[
            format!("XADD {key} * {field} {value}"),
            format!("XADD {key} MAXLEN 20 * {field} {value} n {low}"),
            format!("XADD {key} NOMKSTREAM {id} {field} {value}"),
            format!("XDEL {key} {id}"),
            format!("XTRIM {key} MAXLEN 15"),
            format!("XGROUP CREATE {key} {group} 0 MKSTREAM"),
            format!("XGROUP DELCONSUMER {key} {group} {consumer}"),
            format!("XREADGROUP GROUP {group} {consumer} COUNT 3 STREAMS {key} >"),
            format!("XACK {key} {group} {id}"),
            format!("XAUTOCLAIM {key} {group} {consumer} 0 0 COUNT 2"),
            format!("XSETID {key} {id}"),
            format!("XRANGE {key} - +"),
        ])
    }

    fn json(&mut self) -> Words {
        let (key, field, number) = (self.key("j"), self.field(), self.below(1_000));
        self.one_of(&[
            format!(r#"JSON.SET {key} $ {{"a":{number},"list":[1,"two",{{"three":3}}],"text":"t"}}"#),
            format!(r#"JSON.SET {key} $.{field} {{"n":{number}}}"#),
            format!("JSON.NUMINCRBY {key} $.a {number}"),
            format!(r#"JSON.ARRAPPEND {key} $.list {number} "more""#),
            format!("JSON.ARRPOP {key} $.list 0"),
            format!(r#"JSON.STRAPPEND {key} $.text "x{number}""#),
            format!(r#"JSON.MERGE {key} $ {{"{field}":null,"b":[{number}]}}"#),
            format!("JSON.DEL {key} $.{field}"),
            format!("JSON.GET {key} $"),
        ])
    }

    fn generic(&mut self) -> Words {
        let (key, other, span) = (self.any_key(), self.any_key(), self.span_ms());
        let at_ms = self.now_ms + i64::from(span) - 20;
        if self.below(60) == 0 {
            return line("FLUSHDB");
        }
        self.one_of(&[
            format!("DEL {key} {other}"),
            format!("PEXPIRE {key} {span}"),
            format!("PEXPIREAT {key} {at_ms}"),
            format!("PERSIST {key}"),
            format!("RENAME {key} {other}"),
            format!("COPY {key} {other} REPLACE"),
            format!("SORT {key} ALPHA STORE l3"),
            format!("UNLINK {key}"),
        ])
    }

    /// Several changes in one step; one script in three fails in the middle, and what it did is taken back.
    fn script(&mut self) -> Words {
        let (list, string, value, third) = (self.key("l"), self.key("s"), self.value(), self.below(3));
        let body = "redis.call('RPUSH', KEYS[1], ARGV[1]) \
                    local n = redis.call('LLEN', KEYS[1]) \
                    redis.call('SET', KEYS[2], n) \
                    if ARGV[2] == '0' then return redis.error_reply('ERR enough') end \
                    if ARGV[2] == '1' then redis.call('LPUSH', KEYS[2], 'wrong type') end \
                    return redis.call('INCRBY', KEYS[2], 7)";
        let words = ["EVAL", body, "2", &list, &string, &value, &third.to_string()];
        words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect()
    }

    fn read(&mut self) -> Words {
        let (key, other) = (self.any_key(), self.key("u"));
        self.one_of(&[
            "SCAN 0 COUNT 100".to_owned(),
            "KEYS *".to_owned(),
            "DBSIZE".to_owned(),
            format!("PTTL {key}"),
            format!("TYPE {key}"),
            format!("EXISTS {key} {other}"),
            format!("SUNION {other} u0 u1"),
            "HPTTL h0 FIELDS 2 f0 f1".to_owned(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seen_times_do_not_count() {
        let reply = |seen: i64| {
            let pair = |name: &'static str, value| (Reply::bulk(name), Reply::Int(value));
            Reply::Map(vec![pair("seen-time", seen), pair("active-time", -1), pair("seen-time", seen + 1)])
        };
        let call = resolve(line("XINFO STREAM x1 FULL"));
        let text = comparable(&call, &reply(12));
        assert_eq!(text, comparable(&call, &reply(345)));
        assert!(text.contains("active-time") && text.contains("Int(-1)") && !text.contains("345"), "{text}");
    }
}
