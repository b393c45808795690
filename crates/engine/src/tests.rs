//! Limits, at the byte.

mod functions;
mod notify;
mod queues;
mod scripting;
mod transactions;
mod waiting;

use std::sync::Arc;

use bytes::Bytes;
use latchkey_commands::{Call, Facts};
use latchkey_keyspace::Now;
use latchkey_protocol::{Reply, ReplyError, Words};
use latchkey_pubsub::{Ear, Scope};

use crate::{Database, Limits, Ran};

const NOW: Now = Now::from_ms(1_767_323_045_678);

fn call(line: &str) -> Call {
    Call::resolve(line.split(' ').collect::<Words>()).unwrap()
}

fn database(limits: Limits) -> Database {
    Database::new(7, limits, Facts::default())
}

fn run(database: &mut Database, line: &str) -> Ran {
    database.run(&call(line), NOW)
}

fn refused(ran: &Ran, with: &str) -> bool {
    !ran.executed && matches!(&ran.reply, Reply::Error(error) if error.text().starts_with(with))
}

/// A key costs 48 and its name, a string its length. The write that reaches the limit exactly is the last that fits.
#[test]
fn the_last_byte_fits_and_the_next_does_not() {
    let mut database = database(Limits { stored_bytes_max: Some(150), ..Limits::NONE });
    assert!(run(&mut database, "SET a 12345678901234567890123456").executed); // 48 + 1 + 26 = 75
    assert!(refused(
        &run(&mut database, "SET b 123456789012345678901234567"),
        "ERR DB capacity quota exceeded. Threshold: 150 bytes, Usage: 151 bytes."
    ));
    assert_eq!(run(&mut database, "GET b").reply, Reply::Null, "a refused write left something behind");
    assert!(run(&mut database, "SET b 12345678901234567890123456").executed);
    assert_eq!(database.stored_bytes(), 150);
    assert!(refused(
        &run(&mut database, "APPEND b x"),
        "ERR DB capacity quota exceeded. Threshold: 150 bytes, Usage: 150 bytes."
    ));
    assert_eq!(run(&mut database, "DEL a").reply, Reply::Int(1));
    assert!(run(&mut database, "APPEND b x").executed, "DEL has to let writes through again");
}

/// What the process has memory for, and what a disk has room for, refuse what grows and nothing else.
#[test]
fn the_memory_and_the_disk_refuse_only_what_grows() {
    let short = Limits { stored_bytes_max: Some(1000), memory_bytes_max: Some(60), ..Limits::NONE };
    let full = Limits { disk_is_full: true, ..Limits::NONE };
    for (limits, text) in [(short, "OOM command not allowed"), (full, "MISCONF The server's disk is full")] {
        let mut database = database(Limits::NONE);
        assert!(run(&mut database, "SET k 12345678901").executed); // 60 bytes
        database.set_limits(limits);
        assert!(refused(&run(&mut database, "SET k 123456789012"), text));
        assert!(refused(&run(&mut database, "SUNIONSTORE s s"), text), "where only the outcome could tell");
        let transaction = database.run_all(&[call("DEL k"), call("SET l 1")], NOW);
        match limits.disk_is_full {
            true => assert!(transaction.unwrap_err().text().starts_with(text)),
            false => assert_eq!(transaction, Ok(vec![Reply::Int(1), Reply::OK])),
        }
        assert!(run(&mut database, "GET k").executed);
        assert!(run(&mut database, "DEL k").executed);
    }
}

/// The lower of two limits decides what is said.
#[test]
fn a_plan_is_named_where_the_plan_is_the_limit() {
    let limits = Limits { stored_bytes_max: Some(50), memory_bytes_max: Some(60), ..Limits::NONE };
    assert!(refused(
        &run(&mut database(limits), "SET k 12"),
        "ERR DB capacity quota exceeded. Threshold: 50"
    ));
}

#[test]
fn a_full_database_still_reads_and_deletes() {
    let mut database = database(Limits { stored_bytes_max: Some(60), ..Limits::NONE });
    assert!(run(&mut database, "SET k 12345678901").executed);
    assert_eq!(database.stored_bytes(), 60);
    assert!(refused(&run(&mut database, "SET k 1"), "ERR DB capacity"));
    assert!(run(&mut database, "GET k").executed);
    assert!(run(&mut database, "EXPIRE k 10").executed, "a deadline is not refused, although it counts");
    assert!(run(&mut database, "DEL k").executed);
    assert_eq!(database.stored_bytes(), 0);
}

#[test]
fn a_transaction_that_does_not_fit_did_not_happen() {
    let mut database = database(Limits { stored_bytes_max: Some(120), ..Limits::NONE });
    let calls = [call("SET a 1"), call("SET b 2"), call("SET c 3")];
    assert!(database.run_all(&calls, NOW).is_err());
    assert_eq!(database.stored_bytes(), 0);
    assert_eq!(database.run_all(&calls[..2], NOW), Ok(vec![Reply::OK, Reply::OK]));
}

#[test]
fn an_error_inside_a_transaction_does_not_stop_it() {
    let mut database = database(Limits::NONE);
    let replies = database.run_all(&[call("SET a x"), call("INCR a"), call("SET b 2")], NOW).unwrap();
    assert!(matches!(replies[1], Reply::Error(_)), "{replies:?}");
    assert_eq!(run(&mut database, "GET b").reply, Reply::bulk("2"));
}

#[test]
fn a_record_may_not_grow_past_its_limit() {
    let mut database = database(Limits { record_bytes_max: 100, ..Limits::NONE });
    let long = "x".repeat(52);
    assert!(refused(&run(&mut database, &format!("SET k {long}")), "ERR max single record size exceeded"));
    assert!(run(&mut database, &format!("SET k {}", &long[1..])).executed);
    assert!(refused(&run(&mut database, "APPEND k x"), "ERR max single record size exceeded"));
    assert!(run(&mut database, "GET k").executed);
}

/// However short the payload is: it is what it holds that counts.
#[test]
fn what_is_restored_has_to_fit() {
    let mut database = database(Limits { record_bytes_max: 300, ..Limits::NONE });
    run(&mut database, "RPUSH k a b c d e f g h i j");
    let Reply::Bulk(payload) = run(&mut database, "DUMP k").reply else { panic!("it is there") };
    let words = ["RESTORE", "k", "0"].map(Bytes::from).into_iter();
    let restore = Call::resolve(words.chain([payload, Bytes::from("REPLACE")]).collect()).unwrap();
    assert_eq!(database.run(&restore, NOW).reply, Reply::OK);
    database.set_limits(Limits { record_bytes_max: 150, ..Limits::NONE });
    run(&mut database, "DEL k");
    let ran = database.run(&restore, NOW);
    assert_eq!(ran.reply, Reply::Error(ReplyError::RECORD_TOO_LONG));
    database.set_limits(Limits { stored_bytes_max: Some(200), ..Limits::NONE });
    assert!(refused(&database.run(&restore, NOW), "ERR DB capacity quota exceeded."));
    assert_eq!(database.stored_bytes(), 0);
}

#[test]
fn eviction_takes_keys_with_a_deadline_first() {
    let mut database = database(Limits { stored_bytes_max: Some(4000), evicts: true, ..Limits::NONE });
    run(&mut database, "SET keep 1");
    for i in 0..200 {
        assert!(run(&mut database, &format!("SET k{i} 1 EX 100")).executed);
        assert!(database.stored_bytes() <= 4000);
    }
    assert_eq!(run(&mut database, "GET keep").reply, Reply::bulk("1"));
}

#[test]
fn what_is_past_its_deadline_is_swept_without_being_asked_for() {
    let mut database = database(Limits::NONE);
    for i in 0..50 {
        run(&mut database, &format!("SET k{i} 1 PX {}", i + 1));
    }
    let later = Now::from_ms(NOW.ms() + 1000);
    assert_eq!(database.next_due_ms(), Some(NOW.ms() + 1));
    while database.sweep(7, later) {}
    assert_eq!((database.stored_bytes(), database.next_due_ms()), (0, None));
}

#[test]
fn eviction_makes_room_for_no_more_than_a_command_adds() {
    let mut database = database(Limits { stored_bytes_max: Some(10_000), evicts: true, ..Limits::NONE });
    for i in 0..150 {
        run(&mut database, &format!("SET k{i} 1"));
    }
    let before = database.stored_bytes();
    assert!(before > 7_000);
    assert!(run(&mut database, "SETRANGE bits 4000 x").executed, "room had to be made for it");
    assert!(
        database.stored_bytes() > 9_000,
        "{} of {before} left: too much was evicted",
        database.stored_bytes()
    );
    assert!(refused(&run(&mut database, "SETRANGE bits 20000 x"), "ERR DB capacity"), "it can never fit");
    assert!(database.stored_bytes() > 9_000, "keys went for a command that cannot fit");
}

/// As Redis counts: what reading commands look for; a write that looks at the old value is neither hit nor miss.
#[test]
fn reads_are_counted_as_hits_and_misses() {
    let mut database = database(Limits::NONE);
    for line in ["GET k", "SET k 1", "INCR k", "GET k", "MGET k nosuch k"] {
        run(&mut database, line);
    }
    let Reply::Verbatim(info) = run(&mut database, "INFO stats").reply else { panic!("INFO answers text") };
    let info = String::from_utf8(info.to_vec()).unwrap();
    assert!(info.contains("keyspace_hits:3\r\nkeyspace_misses:2\r\n"), "{info}");
}

/// A name that two listen on is one name; who listens on several is one client; who only monitors is none.
#[test]
fn info_tells_how_many_names_are_listened_on_and_by_how_many() {
    let mut database = database(Limits::NONE);
    let hub = Arc::clone(database.hub());
    let [one, two, monitor] = [Ear::new(), Ear::new(), Ear::new()];
    hub.subscribe(&one, Scope::Channel, &["a".into(), "b".into(), "c".into()]).unwrap();
    hub.subscribe(&two, Scope::Channel, &["a".into()]).unwrap();
    hub.subscribe(&one, Scope::Pattern, &["a*".into(), "*".into()]).unwrap();
    hub.subscribe(&two, Scope::Shard, &["a".into()]).unwrap();
    hub.monitor(&monitor);
    let mut told = || match run(&mut database, "INFO clients stats").reply {
        Reply::Verbatim(text) => String::from_utf8(text.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    };
    let info = told();
    assert!(info.contains("\r\npubsub_clients:2\r\n"), "{info}");
    let names = "\r\npubsub_channels:3\r\npubsub_patterns:2\r\npubsubshard_channels:1\r\n";
    assert!(info.contains(names), "{info}");
    drop(one);
    let info = told();
    assert!(info.contains("\r\npubsub_clients:1\r\n"), "{info}");
    let names = "\r\npubsub_channels:1\r\npubsub_patterns:0\r\npubsubshard_channels:1\r\n";
    assert!(info.contains(names), "{info}");
}

/// Goal: who looks into a cache does not keep in it what it looks at. TOUCH does, whoever sends it.
#[test]
fn a_use_that_leaves_no_trace_is_no_use() {
    let mut database = database(Limits::NONE);
    run(&mut database, "SET k 1");
    let later = Now::from_ms(NOW.ms() + 10_000);
    let mut idle_after = |touches: bool, line: &str| {
        database.set_touching(touches);
        database.run(&call(line), later);
        database.run(&call("OBJECT IDLETIME k"), later).reply
    };
    assert_eq!(idle_after(false, "GET k"), Reply::Int(10));
    assert_eq!(idle_after(false, "APPEND k x"), Reply::Int(10));
    assert_eq!(idle_after(false, "TOUCH k"), Reply::Int(0));
}
