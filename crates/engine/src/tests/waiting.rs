//! Commands that wait: who is served, in which order, and who is not.

use std::sync::{Arc, Mutex, Weak};

use latchkey_keyspace::Now;
use latchkey_protocol::{Reply, ReplyError};

use super::{NOW, call, database, refused, run};
use crate::{Begun, Database, Limits, Ran, WaitId, Waiter};

/// What was told, in order, with the names of those who were told.
pub(super) type Told = Arc<Mutex<Vec<(String, Ran)>>>;

/// Waits under a name, as long as somebody holds its presence.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) presence: Weak<()>,
    pub(super) told: Told,
}

impl Waiter for Named {
    fn is_there(&self) -> bool {
        self.presence.strong_count() > 0
    }

    fn answer(self: Box<Self>, ran: Ran, _: u64, _: Option<u64>) {
        self.told.lock().unwrap().push((self.name, ran));
    }
}

/// A database with waiters.
struct Scene {
    database: Database,
    presence: Arc<()>,
    told: Told,
}

impl Scene {
    fn new() -> Self {
        Self::with(Limits::NONE)
    }

    fn with(limits: Limits) -> Self {
        Self { database: database(limits), presence: Arc::default(), told: Told::default() }
    }

    fn begin(&mut self, name: &str, line: &str, presence: &Arc<()>) -> Begun {
        let presence = Arc::downgrade(presence);
        let waiter = Named { name: name.into(), presence, told: Arc::clone(&self.told) };
        self.database.run_or_wait(&call(line), NOW, Box::new(waiter))
    }

    /// Somebody of this name waits.
    #[track_caller]
    fn wait(&mut self, name: &str, line: &str) -> WaitId {
        match self.begin(name, line, &Arc::clone(&self.presence)) {
            Begun::Waits { id, .. } => id,
            Begun::Done(ran) => panic!("{line} did not wait: {ran:?}"),
        }
    }

    /// Runs a command, and says who was answered what.
    fn run(&mut self, line: &str) -> Vec<String> {
        run(&mut self.database, line);
        self.served()
    }

    fn run_all(&mut self, lines: &[&str]) -> Vec<String> {
        let calls: Vec<_> = lines.iter().map(|line| call(line)).collect();
        self.database.run_all(&calls, NOW).unwrap();
        self.served()
    }

    fn served(&mut self) -> Vec<String> {
        self.database.take_served().into_iter().for_each(|served| served.tell(0, None));
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        told.into_iter().map(|(name, ran)| format!("{name}: {}", text(&ran.reply))).collect()
    }

    #[track_caller]
    fn holds(&mut self, line: &str, expected: &str) {
        assert_eq!(text(&run(&mut self.database, line).reply), expected, "{line}");
    }
}

pub(super) fn text(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Reply::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(" "),
        Reply::NestedMap(pairs) | Reply::Pairs(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{} {}", text(key), text(value)));
            pairs.collect::<Vec<_>>().join(" ")
        }
        Reply::Status(status) => status.to_string(),
        Reply::Double(score) => score.to_string(),
        Reply::Int(number) => number.to_string(),
        Reply::Error(error) => error.code().to_owned(),
        Reply::Null | Reply::NullArray => "nothing".into(),
        other => format!("{other:?}"),
    }
}

const NOBODY: [&str; 0] = [];

#[test]
fn who_came_first_is_served_first() {
    let mut scene = Scene::new();
    scene.wait("ann", "BLPOP q 0");
    scene.wait("bob", "BRPOP q 0");
    scene.wait("cleo", "BLMPOP 0 1 q LEFT COUNT 2");
    scene.wait("dora", "BLPOP q 0");
    assert_eq!(scene.run("RPUSH q 1 2 3 4"), ["ann: q 1", "bob: q 4", "cleo: q 2 3"]);
    assert_eq!(scene.run("RPUSH q 5 6"), ["dora: q 5"]);
    scene.holds("LRANGE q 0 -1", "6");
    assert_eq!(scene.database.waiting(), 0);
}

#[test]
fn a_command_that_finds_something_does_not_wait() {
    let mut scene = Scene::new();
    scene.run("RPUSH q 1");
    let presence = Arc::clone(&scene.presence);
    let begun = scene.begin("ann", "BLPOP q 0", &presence);
    assert!(matches!(begun, Begun::Done(Ran { reply: Reply::Array(_), executed: true })), "{begun:?}");
    let begun = scene.begin("ann", "BLPOP q x", &presence);
    assert!(matches!(begun, Begun::Done(Ran { reply: Reply::Error(_), .. })), "{begun:?}");
    scene.run("XADD s 1-0 a b");
    for line in ["XREAD STREAMS s 1-0", "WAIT 0 0", "WAITAOF 1 1 0", "BLPOP q -1"] {
        assert!(matches!(scene.begin("ann", line, &presence), Begun::Done(_)), "{line}");
    }
    assert_eq!(scene.database.waiting(), 0);
}

/// Keys are served in the order in which they became ready, not in the order in which they are named.
#[test]
fn keys_are_served_in_the_order_in_which_they_became_ready() {
    let mut scene = Scene::new();
    scene.wait("ann", "BLPOP a b 0");
    scene.wait("bob", "BLPOP b 0");
    scene.wait("cleo", "BLPOP a 0");
    // At b, ann came before bob; she takes from the first of her own keys that has something.
    assert_eq!(scene.run_all(&["RPUSH b 1", "RPUSH a 2"]), ["ann: a 2", "bob: b 1"]);
    assert_eq!(scene.run("RPUSH a 3"), ["cleo: a 3"]);
}

#[test]
fn a_transaction_and_a_script_end_before_anybody_is_served() {
    let mut scene = Scene::new();
    scene.wait("ann", "BLPOP q 0");
    assert_eq!(scene.run_all(&["RPUSH q 1", "LPUSH q 0", "RPUSH q 2"]), ["ann: q 0"]);
    scene.wait("bob", "BLPOP other 0");
    assert_eq!(scene.run_all(&["RPUSH other 1", "DEL other"]), NOBODY);
    let script = "redis.call('RPUSH','other',1)redis.call('LPUSH','other',2)";
    run(&mut scene.database, &format!("EVAL {script} 1 other"));
    assert_eq!(scene.served(), ["bob: other 2"]);
}

#[test]
fn what_a_failed_script_had_pushed_is_served_to_nobody() {
    let mut scene = Scene::new();
    scene.wait("ann", "BLPOP q 0");
    assert_eq!(scene.run("EVAL redis.call('RPUSH','q',1)error('no') 1 q"), NOBODY);
    assert_eq!(scene.database.waiting(), 1);
    assert_eq!(scene.run("RPUSH q 2"), ["ann: q 2"]);
}

#[test]
fn an_element_that_is_moved_serves_the_next() {
    let mut scene = Scene::new();
    scene.wait("third", "BLPOP c 0");
    scene.wait("second", "BRPOPLPUSH b c 0");
    scene.wait("first", "BLMOVE a b LEFT RIGHT 0");
    assert_eq!(scene.run("RPUSH a x"), ["first: x", "second: x", "third: c x"]);
    assert_eq!(scene.database.stored_bytes(), 0);
}

#[test]
fn who_waits_for_another_type_stays() {
    let mut scene = Scene::new();
    scene.wait("list", "BLPOP k 0");
    scene.wait("set", "BZPOPMIN k 0");
    scene.wait("stream", "XREAD BLOCK 0 STREAMS k $");
    assert_eq!(scene.run("SET k text"), NOBODY);
    scene.run("DEL k");
    assert_eq!(scene.run("ZADD k 3 c 1 a"), ["set: k a 1"]);
    scene.run("DEL k");
    assert_eq!(scene.run("XADD k 1-0 f v"), ["stream: k 1-0 f v"]);
    scene.run("DEL k");
    assert_eq!(scene.run("LPUSH k x"), ["list: k x"]);
}

/// As in Redis, where the whole command is done again.
#[test]
fn a_key_that_has_become_another_type_is_an_error_once_something_comes() {
    let mut scene = Scene::new();
    scene.wait("ann", "BLPOP a b 0");
    assert_eq!(scene.run("SET a text"), NOBODY);
    assert_eq!(scene.run("LPUSH b x"), ["ann: WRONGTYPE"]);
    scene.holds("LLEN b", "1");
    scene.wait("bob", "BLMOVE c a LEFT LEFT 0");
    assert_eq!(scene.run("LPUSH c x"), ["bob: WRONGTYPE"]);
    scene.holds("LLEN c", "1");
}

#[test]
fn lists_that_come_by_another_name_serve_too() {
    for line in ["RENAME x q", "COPY x q", "SORT x BY nosort STORE q", "LMOVE x q LEFT LEFT"] {
        let mut scene = Scene::new();
        scene.run("RPUSH x 1 2");
        scene.wait("ann", "BLPOP q 0");
        assert_eq!(scene.run(line), ["ann: q 1"], "{line}");
    }
}

#[test]
fn nothing_is_taken_for_somebody_who_has_gone() {
    let mut scene = Scene::new();
    let gone = Arc::new(());
    assert!(matches!(scene.begin("gone", "BLPOP q 0", &gone), Begun::Waits { .. }));
    scene.wait("ann", "BLPOP q 0");
    drop(gone);
    assert_eq!(scene.run("RPUSH q 1 2"), ["ann: q 1"]);
    scene.holds("LRANGE q 0 -1", "2");
    assert_eq!(scene.database.waiting(), 0);
}

#[test]
fn who_stops_waiting_is_not_served() {
    let mut scene = Scene::new();
    let id = scene.wait("ann", "BLPOP q q other 0");
    scene.wait("bob", "BLPOP q 0");
    assert!(scene.database.stop_waiting(id));
    assert!(!scene.database.stop_waiting(id));
    assert_eq!(scene.run("RPUSH q 1"), ["bob: q 1"]);
    let id = scene.wait("cleo", "BLPOP q 0");
    run(&mut scene.database, "RPUSH q 2");
    assert!(!scene.database.stop_waiting(id), "she has been served, and is to be told");
    assert_eq!(scene.served(), ["cleo: q 2"]);
}

#[test]
fn a_dollar_means_the_end_of_the_stream_when_the_wait_began() {
    let mut scene = Scene::new();
    scene.run("XADD s 5-0 f old");
    scene.wait("ann", "XREAD COUNT 1 BLOCK 0 STREAMS absent s $ $");
    scene.wait("bob", "XREAD BLOCK 0 STREAMS s 6-0");
    assert_eq!(
        scene.run_all(&["XADD s 6-0 f new", "XADD s 7-0 f newer"]),
        ["ann: s 6-0 f new", "bob: s 7-0 f newer"]
    );
    scene.wait("cleo", "XREAD BLOCK 0 STREAMS s $");
    scene.run("DEL s");
    assert_eq!(scene.run("XADD s 1-0 f v"), NOBODY, "before what she has seen");
    assert_eq!(scene.run("XADD s 7-1 f v"), ["cleo: s 7-1 f v"]);
}

#[test]
fn each_entry_is_delivered_to_one_consumer_of_a_group_and_to_every_reader() {
    let mut scene = Scene::new();
    scene.run("XGROUP CREATE s g $ MKSTREAM");
    scene.run("XGROUP CREATE s h $");
    scene.wait("ann", "XREADGROUP GROUP g ann COUNT 1 BLOCK 0 STREAMS s >");
    scene.wait("bob", "XREADGROUP GROUP g bob BLOCK 0 STREAMS s >");
    scene.wait("hugo", "XREADGROUP GROUP h hugo BLOCK 0 STREAMS s >");
    scene.wait("reader", "XREAD BLOCK 0 STREAMS s $");
    assert_eq!(scene.run("XADD s 1-0 f v"), ["reader: s 1-0 f v", "ann: s 1-0 f v", "hugo: s 1-0 f v"]);
    assert_eq!(scene.run("XACK s g 1-0"), NOBODY);
    assert_eq!(scene.run("XADD s 2-0 f v"), ["bob: s 2-0 f v"]);
}

#[test]
fn the_end_of_a_group_is_told_to_those_who_wait_for_it() {
    for end in ["DEL s", "XGROUP DESTROY s g", "RENAME s t", "FLUSHALL", "SET s text"] {
        let mut scene = Scene::new();
        scene.run("XGROUP CREATE s g $ MKSTREAM");
        scene.run("XGROUP CREATE s h $");
        scene.wait("reader", "XREAD BLOCK 0 STREAMS s $");
        scene.wait("ann", "XREADGROUP GROUP g ann BLOCK 0 STREAMS s >");
        scene.wait("bob", "XREADGROUP GROUP g bob BLOCK 0 STREAMS s >");
        let code = if end.starts_with("SET") { "WRONGTYPE" } else { "NOGROUP" };
        assert_eq!(scene.run(end), [format!("ann: {code}"), format!("bob: {code}")], "{end}");
        assert_eq!(scene.database.waiting(), 1, "the reader waits on");
    }
    let mut scene = Scene::new();
    scene.run("XGROUP CREATE s g $ MKSTREAM");
    scene.run("PEXPIRE s 10");
    scene.wait("ann", "XREADGROUP GROUP g ann BLOCK 0 STREAMS s >");
    scene.database.sweep(10, Now::from_ms(NOW.ms() + 11));
    assert_eq!(scene.served(), ["ann: NOGROUP"]);
}

#[test]
fn who_waits_for_nothing_is_answered_what_there_was() {
    let mut scene = Scene::new();
    let presence = Arc::clone(&scene.presence);
    let mut in_vain = |line: &str| match scene.begin("ann", line, &presence) {
        Begun::Waits { in_vain, .. } => in_vain,
        Begun::Done(ran) => panic!("{line}: {ran:?}"),
    };
    assert_eq!(in_vain("WAIT 1 0"), Reply::Int(0));
    assert_eq!(in_vain("WAITAOF 0 1 0"), Reply::Array(vec![Reply::Int(0), Reply::Int(0)]));
    // Redis's commands that pop answer an absent array in vain, also those that answer no array.
    for line in ["BLMOVE a b LEFT LEFT 0", "BLPOP a 0", "BZMPOP 0 1 a MIN", "XREAD BLOCK 0 STREAMS a $"] {
        assert_eq!(in_vain(line), Reply::NullArray, "{line}");
    }
}

/// A script is told null where it would wait, and that it may not where Redis says so.
#[test]
fn scripts_do_not_wait() {
    let mut scene = Scene::new();
    scene.holds("EVAL return{redis.call('BLMPOP',0,1,'a','LEFT'),7} 1 a", "nothing 7");
    let refusals = [
        ("redis.pcall('BLPOP','a',0)", "ERR This Redis command is not allowed from script"),
        ("redis.pcall('WAIT',0,0)", "ERR This Redis command is not allowed from script"),
        (
            "redis.pcall('XREAD','BLOCK',0,'STREAMS','a','$')",
            "ERR xread command is not allowed with BLOCK option from scripts",
        ),
    ];
    for (called, refusal) in refusals {
        let reply = run(&mut scene.database, &format!("EVAL return({called}) 1 a")).reply;
        assert_eq!(reply, Reply::Error(ReplyError::new(refusal)), "{called}");
    }
    scene.holds("EVAL return(redis.call('XREAD','STREAMS','a','$')or(7)) 1 a", "7");
}

#[test]
fn an_element_for_which_there_is_no_room_stays_where_it_is() {
    let mut scene = Scene::with(Limits { stored_bytes_max: Some(200), ..Limits::NONE });
    scene.wait("ann", &format!("BLMOVE a {} LEFT LEFT 0", "b".repeat(200)));
    run(&mut scene.database, "RPUSH a x y");
    let served = scene.database.take_served();
    assert_eq!(served.len(), 1);
    served.into_iter().for_each(|served| served.tell(0, None));
    let (_, ran) = scene.told.lock().unwrap().pop().unwrap();
    assert!(refused(&ran, "ERR DB capacity"), "{ran:?}");
    scene.holds("LLEN a", "2");
}

#[test]
fn info_counts_those_who_wait_and_their_commands_once() {
    let mut scene = Scene::new();
    scene.wait("ann", "BLPOP q 0");
    scene.wait("bob", "WAIT 1 0");
    let told = |scene: &mut Scene, line: &str| match run(&mut scene.database, line).reply {
        Reply::Verbatim(text) => String::from_utf8(text.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    assert!(told(&mut scene, "INFO clients").contains("blocked_clients:2\r\n"));
    scene.run("RPUSH q 1");
    assert!(told(&mut scene, "INFO clients").contains("blocked_clients:1\r\n"));
    assert!(told(&mut scene, "INFO stats").contains("total_commands_processed:6\r\n"));
}

/// Goal: nobody pays for those who wait elsewhere, and who leaves does not go through all the others.
#[test]
fn ten_thousand_who_wait_at_one_key_are_served_one_by_one() {
    let mut scene = Scene::new();
    let ids: Vec<WaitId> = (0..10_000).map(|n| scene.wait(&n.to_string(), "BLPOP q 0")).collect();
    for &id in ids[..9_000].iter().rev() {
        assert!(scene.database.stop_waiting(id));
    }
    for n in 9_000..10_000 {
        assert_eq!(scene.run("RPUSH q x"), [format!("{n}: q x")]);
    }
    assert_eq!(scene.database.waiting(), 0);
}
