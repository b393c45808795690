//! Keyspace notifications: which commands tell what, compared with Redis by hand; and what is never told.

use std::sync::Arc;

use latchkey_commands::{Call, Facts};
use latchkey_keyspace::Now;
use latchkey_protocol::{Reply, Words};
use latchkey_pubsub::{Ear, Message, Scope};

use super::NOW;
use crate::{Database, Limits};

/// A database with somebody who hears every event.
struct Listened {
    database: Database,
    ear: Ear,
    now: Now,
}

impl Listened {
    fn new(flags: &str, limits: Limits) -> Self {
        let database = Database::new(7, limits, Facts::default());
        let (ear, pattern) = (Ear::new(), ["__key*__:*".into()]);
        Arc::clone(database.hub()).subscribe(&ear, Scope::Pattern, &pattern).unwrap();
        let mut listened = Self { database, ear, now: NOW };
        listened.run(&format!("CONFIG SET notify-keyspace-events {flags}"));
        listened
    }

    fn run(&mut self, line: &str) -> Reply {
        let words: Words = line.split(' ').map(|word| word.trim_matches('\'')).collect();
        self.database.run(&Call::resolve(words).expect(line), self.now).reply
    }

    /// What was told since the last time: `event key` of the one kind of channel, `key=event` of the other.
    fn told(&self) -> Vec<String> {
        let messages = std::iter::from_fn(|| self.ear.try_hear().unwrap());
        messages
            .map(|message| {
                let Message::Pattern(_, news) = message else { panic!("not by pattern: {message:?}") };
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let (channel, payload) = (text(&news.channel), text(&news.payload));
                match channel.split_once("__:").unwrap() {
                    ("__keyevent@0", event) => format!("{event} {payload}"),
                    ("__keyspace@0", key) => format!("{key}={payload}"),
                    _ => panic!("{channel}"),
                }
            })
            .collect()
    }
}

/// Lines of a command and what it tells, `~ 1500` for time that passes, on one database.
#[track_caller]
fn check(session: &str) {
    let mut listened = Listened::new("EAn", Limits::NONE);
    for line in session.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(ms) = line.strip_prefix("~ ") {
            listened.now = Now::from_ms(listened.now.ms() + ms.parse::<i64>().unwrap());
            continue;
        }
        let (command, expected) = line.split_once("->").unwrap();
        let reply = listened.run(command.trim());
        let told = listened.told().join(", ");
        assert_eq!(told, expected.trim(), "{command}answers {reply:?}");
    }
}

#[test]
fn strings() {
    check(
        "SET k v -> new k, set k
         SET k v EX 10 -> set k, expire k
         SET k v KEEPTTL -> set k
         SET k v NX ->
         SETEX k 10 v -> set k, expire k
         SETNX n 1 -> new n, set n
         GETSET n 2 -> set n
         MSET n 1 m 2 -> set n, new m, set m
         INCR n -> incrby n
         DECRBY n 2 -> incrby n
         INCRBYFLOAT n 1.5 -> incrbyfloat n
         APPEND n x -> append n
         SETRANGE n 1 y -> setrange n
         SETBIT b 3 1 -> new b, setbit b
         BITFIELD b SET u8 0 7 -> setbit b
         BITOP NOT c b -> new c, set c
         BITOP AND c none none -> del c
         PFADD p a -> new p, pfadd p
         PFADD p a ->
         PFMERGE p p -> pfadd p
         GETEX k EX 20 -> expire k
         GETEX k PERSIST -> persist k
         GETEX k PERSIST ->
         GETDEL k -> del k
         GETDEL k ->
         SET m v PXAT 1 -> del m
         GET n ->",
    );
}

#[test]
fn keys() {
    check(
        "MSET a 1 b 2 -> new a, set a, new b, set b
         EXPIRE a 100 -> expire a
         PERSIST a -> persist a
         EXPIRE b -1 -> del b
         COPY a b -> new b, copy_to b
         COPY a b REPLACE -> new b, copy_to b
         RENAME a b -> new b, rename_from a, rename_to b
         DEL a b -> del b
         UNLINK a ->
         RPUSH l 2 1 -> new l, rpush l
         SORT l STORE s -> new s, sortstore s
         SORT none STORE s -> del s
         FLUSHALL ->",
    );
}

#[test]
fn lists() {
    check(
        "RPUSH l a b c d -> new l, rpush l
         LPUSH l z -> lpush l
         LPUSHX l z -> lpush l
         RPUSHX none z ->
         LINSERT l BEFORE a x -> linsert l
         LSET l 0 y -> lset l
         LREM l 0 y -> lrem l
         LREM l 0 nothing ->
         LTRIM l 0 3 -> ltrim l
         LPOP l -> lpop l
         RPOP l -> rpop l
         LMOVE l l LEFT RIGHT -> rpush l, lpop l
         LMOVE l m LEFT LEFT -> new m, lpush m, lpop l
         RPOPLPUSH l m -> lpush m, rpop l, del l
         RPOPLPUSH l m ->
         LMPOP 2 l m RIGHT COUNT 9 -> rpop m, del m
         RPUSH l a -> new l, rpush l
         LTRIM l 5 9 -> ltrim l, del l",
    );
}

#[test]
fn hashes() {
    check(
        "HSET h f v g w -> new h, hset h
         HMSET h f v -> hset h
         HSETNX h f v ->
         HSETNX h n 1 -> hset h
         HINCRBY h n 2 -> hincrby h
         HINCRBYFLOAT h n 0.5 -> hincrbyfloat h
         HDEL h n none -> hdel h
         HDEL h none ->
         HEXPIRE h 100 FIELDS 1 f -> hexpire h
         HPERSIST h FIELDS 1 f -> hpersist h
         HPERSIST h FIELDS 1 f ->
         HGETEX h EX 100 FIELDS 1 f -> hexpire h
         HGETEX h PERSIST FIELDS 1 f -> hpersist h
         HSETEX h EX 100 FIELDS 1 f v -> hset h, hexpire h
         HSETEX h FIELDS 1 f v -> hset h
         HGETDEL h FIELDS 1 f -> hdel h
         HEXPIRE h 0 FIELDS 1 g -> hdel h, del h
         HSET h f v g w -> new h, hset h
         HPEXPIRE h 100 FIELDS 1 f -> hexpire h
         ~ 200
         HGET h none -> hexpired h
         HPEXPIRE h 100 FIELDS 1 g -> hexpire h
         ~ 200
         PING -> hexpired h, del h",
    );
}

#[test]
fn sets_and_sorted_sets() {
    check(
        "SADD s a b c -> new s, sadd s
         SADD s a ->
         SREM s a -> srem s
         SMOVE s t b -> srem s, new t, sadd t
         SMOVE s t c -> srem s, del s, sadd t
         SUNIONSTORE u t -> new u, sunionstore u
         SINTERSTORE u t t -> sinterstore u
         SDIFFSTORE u t t -> del u
         SPOP t 9 -> spop t, del t
         SADD t a -> new t, sadd t
         SPOP t -> spop t, del t
         ZADD z 1 a 2 b 3 c 4 d -> new z, zadd z
         ZADD z 1 a ->
         ZADD z INCR 1 a -> zincr z
         ZINCRBY z 1 a -> zincr z
         ZREM z a -> zrem z
         ZRANGESTORE y z 0 -1 -> new y, zrangestore y
         ZUNIONSTORE y 2 y z -> zunionstore y
         ZDIFFSTORE y 2 y y -> del y
         ZPOPMIN z -> zpopmin z
         ZMPOP 1 z MAX -> zpopmax z
         ZREMRANGEBYSCORE z -inf +inf -> zremrangebyscore z, del z
         GEOADD g 13.3 38.1 a -> new g, zadd g
         GEOSEARCHSTORE h g FROMLONLAT 13 38 BYRADIUS 500 km -> new h, geosearchstore h
         GEORADIUS g 13 38 500 km STORE h -> georadiusstore h",
    );
}

/// `A` includes them; Redis has a flag for them alone too, which nobody has written down.
#[test]
fn arrays() {
    check(
        "ARSET a 5 x y -> new a, arset a
         ARMSET a 5 x 7 z -> armset a
         ARINSERT a x -> arinsert a
         ARSEEK a 3 -> arseek a
         ARSEEK missing 3 ->
         ARRING a 4 x y -> arring a
         ARDEL a 100 ->
         ARDEL a 1 -> ardel a
         ARDELRANGE a 100 200 ->
         ARDELRANGE a 0 9 -> ardelrange a, del a
         ARSET a 0 x -> new a, arset a
         ARDEL a 0 -> ardel a, del a
         ARRING a 1 x y -> new a, arring a
         DEL a -> del a",
    );
}

#[test]
fn streams() {
    check(
        "XADD s 1-1 f v -> new s, xadd s
         XADD s MAXLEN 1 1-2 f v -> xadd s, xtrim s
         XADD s 1-3 f v -> xadd s
         XTRIM s MAXLEN 1 -> xtrim s
         XTRIM s MAXLEN 1 ->
         XSETID s 5-5 -> xsetid s
         XGROUP CREATE s g 0 -> xgroup-create s
         XGROUP CREATE t g $ MKSTREAM -> new t, xgroup-create t
         XGROUP SETID s g 0 -> xgroup-setid s
         XGROUP CREATECONSUMER s g a -> xgroup-createconsumer s
         XGROUP CREATECONSUMER s g a ->
         XREADGROUP GROUP g b STREAMS s > -> xgroup-createconsumer s
         XREADGROUP GROUP g b STREAMS s 0 ->
         XAUTOCLAIM s g c 0 0 -> xgroup-createconsumer s
         XACK s g 1-3 ->
         XGROUP DELCONSUMER s g a -> xgroup-delconsumer s
         XGROUP DESTROY s g -> xgroup-destroy s
         XDEL s 1-3 -> xdel s
         XDEL s 1-3 ->",
    );
}

#[test]
fn json() {
    check(
        r#"JSON.SET j $ {"a":[1],"n":1} -> new j, json.set j
         JSON.NUMINCRBY j $.n 1 -> json.numincrby j
         JSON.ARRAPPEND j $.a 2 -> json.arrappend j
         JSON.MERGE j $ {"b":1} -> json.merge j
         JSON.DEL j $.b -> json.del j
         JSON.GET j ->
         JSON.FORGET j $ -> json.del j"#,
    );
}

#[test]
fn deadlines_are_told_when_they_are_noticed() {
    check(
        "SET a 1 PX 100 -> new a, set a, expire a
         ~ 200
         PING -> expired a
         SET a 1 PX 100 -> new a, set a, expire a
         ~ 200
         SET a 2 -> expired a, new a, set a",
    );
    let mut listened = Listened::new("KEx", Limits::NONE);
    listened.run("SET a 1 PX 100");
    assert!(!listened.database.sweep(10, Now::from_ms(NOW.ms() + 200)));
    assert_eq!(listened.told(), ["a=expired", "expired a"]);
}

#[test]
fn eviction_is_told() {
    let limits = Limits { stored_bytes_max: Some(100), evicts: true, ..Limits::NONE };
    let mut listened = Listened::new("Ee", limits);
    listened.run("SET a 12345678901234567890");
    listened.run("SET b 12345678901234567890");
    assert_eq!(listened.told(), ["evicted a"]);
}

#[test]
fn misses_are_told_of_commands_that_only_read() {
    let mut listened = Listened::new("Em", Limits::NONE);
    for line in ["GET a", "EXISTS a", "TTL a", "TYPE a", "HGET a f", "INCR a", "GETDEL b"] {
        listened.run(line);
    }
    assert_eq!(listened.told(), ["keymiss a"; 5]);
}

#[test]
fn only_what_is_wanted_is_told() {
    for (flags, expected) in [
        ("KEA", vec!["k=set", "set k", "k=expire", "expire k"]),
        ("K$", vec!["k=set"]),
        ("Eg", vec!["expire k"]),
        ("A", vec![]),
        ("KE", vec![]),
        ("''", vec![]),
    ] {
        let mut listened = Listened::new(flags, Limits::NONE);
        listened.run("SET k v EX 10");
        assert_eq!(listened.told(), expected, "{flags}");
    }
}

/// A script that fails and a transaction that does not fit did not happen, so nobody hears of them.
#[test]
fn what_is_taken_back_is_not_told() {
    let mut listened = Listened::new("EA", Limits::NONE);
    let run = |listened: &mut Listened, script: &str| {
        let call = Call::resolve(["EVAL", script, "0"].into_iter().collect()).unwrap();
        listened.database.run(&call, NOW).reply
    };
    let sets = "redis.call('SET', 'k', 'v') redis.call('DEL', 'k')";
    assert!(matches!(run(&mut listened, &format!("{sets} return redis.call('NOSUCH')")), Reply::Error(_)));
    assert_eq!(listened.told(), [""; 0]);
    assert_eq!(run(&mut listened, &format!("{sets} return 1")), Reply::Int(1));
    assert_eq!(listened.told(), ["set k", "del k"]);
    let mut listened = Listened::new("EA", Limits { stored_bytes_max: Some(100), ..Limits::NONE });
    let calls = ["SET a 1234567890", "SET b 1234567890"]
        .map(|line| Call::resolve(line.split(' ').collect()).unwrap());
    assert!(listened.database.run_all(&calls, NOW).is_err());
    assert_eq!(listened.told(), [""; 0]);
}

/// What costs nothing while nobody listens is not even noted.
#[test]
fn without_listeners_nothing_is_noted() {
    let mut listened = Listened::new("KEA", Limits::NONE);
    listened.ear = Ear::new();
    listened.run("SET k v");
    assert!(listened.database.keyspace.take_events().is_empty());
}
