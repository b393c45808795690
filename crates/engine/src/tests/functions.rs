//! Function libraries on a database: they are kept with the data, and their functions are called like scripts.

use bytes::Bytes;
use latchkey_commands::{Call, Facts};
use latchkey_protocol::{Reply, Words};

use super::NOW;
use super::scripting::{Replayed, database, show};
use crate::{Database, LIBRARIES_BYTES_MAX, LIBRARIES_MAX, Limits};

/// A library with functions of these names, each of which answers this.
fn library(name: &str, functions: &[&str], answer: &str) -> String {
    let register =
        |function: &&str| format!("redis.register_function('{function}', function() return {answer} end)\n");
    format!("#!lua name={name}\n{}", functions.iter().map(register).collect::<String>())
}

impl Replayed {
    fn load(&mut self, code: &str) -> Reply {
        self.run(&["FUNCTION", "LOAD", code])
    }

    fn fcall(&mut self, name: &str) -> Reply {
        self.run(&["FCALL", name, "0"])
    }
}

#[test]
fn a_library_replaces_another_only_if_told() {
    let mut db = database();
    assert_eq!(db.load(&library("a", &["f"], "1")), Reply::bulk("a"));
    db.refused(&["FUNCTION", "LOAD", &library("a", &["f"], "2")], "ERR Library 'a' already exists");
    assert_eq!(db.fcall("f"), Reply::Int(1));
    assert_eq!(db.run(&["FUNCTION", "LOAD", "replace", &library("a", &["g"], "2")]), Reply::bulk("a"));
    db.refused(&["FCALL", "f", "0"], "ERR Function not found");
    assert_eq!(db.fcall("G"), Reply::Int(2), "upper and lower case are the same");
    assert_eq!(db.run(&["FUNCTION", "DELETE", "a"]), Reply::OK);
    db.refused(&["FCALL", "g", "0"], "ERR Function not found");
}

#[test]
fn names_of_functions_are_unique_in_a_database() {
    let mut db = database();
    db.load(&library("a", &["f", "g"], "1"));
    db.refused(&["FUNCTION", "LOAD", &library("b", &["h", "F"], "2")], "ERR Function F already exists");
    db.refused(&["FCALL", "h", "0"], "ERR Function not found");
    assert_eq!(db.load(&library("b", &["h"], "2")), Reply::bulk("b"));
    db.refused(&["FUNCTION", "LOAD", "REPLACE", &library("b", &["g"], "3")], "ERR Function g already exists");
    assert_eq!((db.fcall("h"), db.fcall("g")), (Reply::Int(2), Reply::Int(1)), "nothing was replaced");
    let swapped = library("a", &["G", "new"], "4");
    assert_eq!(
        db.run(&["FUNCTION", "LOAD", "REPLACE", &swapped]),
        Reply::bulk("a"),
        "its own names are free"
    );
    assert_eq!(db.fcall("g"), Reply::Int(4));
}

/// The texts and the order of checks of Redis, as a real one (7.0) gave them.
#[test]
fn what_is_wrong_is_told_as_in_redis() {
    let mut db = database();
    db.load(&library("a", &["f"], "1"));
    for (words, why) in [
        (&["FCALL", "nope", "x"][..], "ERR Function not found"),
        (&["FCALL", "f", "x"], "ERR Bad number of keys provided"),
        (&["FCALL", "f", "-1"], "ERR Number of keys can't be negative"),
        (&["FCALL", "f", "3", "k"], "ERR Number of keys can't be greater than number of args"),
        (&["FUNCTION", "LOAD", "return 1"], "ERR Missing library metadata"),
        (&["FUNCTION", "LOAD", "REPLACE"], "ERR Missing library metadata"),
        (&["FUNCTION", "LOAD", "foo", "x"], "ERR Unknown option given: foo"),
        (&["FUNCTION", "LOAD", "#!lua name=a\nreturn ("], "ERR Library 'a' already exists"),
        (&["FUNCTION", "LOAD", "#!lua name=b\nreturn 1"], "ERR No functions registered"),
        (&["FUNCTION", "LOAD", "#!lua name=b\nreturn ("], "ERR Error compiling function: user_function:2: "),
        (
            &["FUNCTION", "LOAD", "#!lua name=b\nredis.call('PING')"],
            "ERR Error registering functions: ERR user_function:2: ",
        ),
        (&["FUNCTION", "DELETE", "nope"], "ERR Library not found"),
        (&["FUNCTION", "FLUSH", "x"], "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"),
        (
            &["FUNCTION", "FLUSH", "ASYNC", "SYNC"],
            "ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.",
        ),
        (&["FUNCTION", "LIST", "foo"], "ERR Unknown argument foo"),
        (&["FUNCTION", "LIST", "LIBRARYNAME"], "ERR library name argument was not given"),
        (&["FUNCTION", "LIST", "WITHCODE", "WITHCODE"], "ERR Unknown argument WITHCODE"),
        (&["FUNCTION", "LIST", "LIBRARYNAME", "a", "LIBRARYNAME", "b"], "ERR Unknown argument LIBRARYNAME"),
        (&["FUNCTION", "KILL"], "NOTBUSY No scripts in execution right now."),
    ] {
        db.refused(words, why);
    }
    db.refused(
        &["EVAL", "redis.call('FUNCTION', 'FLUSH')", "0"],
        "ERR This Redis command is not allowed from script",
    );
    db.refused(
        &["EVAL", "redis.call('FCALL', 'f', 0)", "0"],
        "ERR This Redis command is not allowed from script",
    );
    assert_eq!(db.fcall("f"), Reply::Int(1), "all of that changed nothing");
}

#[test]
fn libraries_are_listed_with_what_they_say_of_themselves() {
    let mut db = database();
    let code = "#!lua name=Lib_1\nredis.register_function{function_name='look', callback=tostring, description='it looks', \
                flags={'no-writes', 'allow-key-locking'}}";
    db.load(&library("other", &["f", "g"], "1"));
    db.load(code);
    let listed = db.run(&["FUNCTION", "LIST", "WITHCODE", "LIBRARYNAME", "lib*"]);
    let flags = Reply::Set(vec![Reply::status("no-writes"), Reply::status("allow-key-locking")]);
    let pair = |name: &str, value| (Reply::bulk(name), value);
    let function = Reply::Map(vec![
        pair("name", Reply::bulk("look")),
        pair("description", Reply::bulk("it looks")),
        pair("flags", flags),
    ]);
    let expected = Reply::Map(vec![
        pair("library_name", Reply::bulk("Lib_1")),
        pair("engine", Reply::bulk("LUA")),
        pair("functions", Reply::Array(vec![function])),
        pair("library_code", Reply::bulk(code)),
    ]);
    assert_eq!(listed, Reply::Array(vec![expected]));
    let Reply::Array(all) = db.run(&["FUNCTION", "LIST"]) else { panic!("a list") };
    assert_eq!(all.len(), 2);
    let stats = show(&db.run(&["FUNCTION", "STATS"]));
    assert!(stats.contains("\"libraries_count\"\n      2) (integer) 2\n"), "{stats}");
    assert!(stats.ends_with("\"functions_count\"\n      4) (integer) 3"), "{stats}");
}

/// As the SDK's test named "Upstash behavior" has it: a function need not promise that it only reads to be called so.
#[test]
fn a_function_that_is_called_to_read_cannot_write() {
    let mut db = database();
    db.load(
        "#!lua name=lib
redis.register_function('look', function(keys) return redis.call('GET', keys[1]) end)
redis.register_function('write', function(keys) return redis.call('SET', keys[1], 1) end)
redis.register_function{function_name='promises', callback=function(keys) return redis.call('SET', keys[1], 1) end,
                        flags={'no-writes'}}
redis.register_function{function_name='locks', callback=function(keys) return redis.call('GET', 'other') end,
                        flags={'allow-key-locking'}}",
    );
    assert_eq!(db.run(&["FCALL", "write", "1", "k"]), Reply::OK);
    assert_eq!(db.run(&["FCALL_RO", "look", "1", "k"]), Reply::bulk("1"));
    let refusal = "ERR Error running script: user_function:3: READONLY Write commands are not allowed from read-only \
                   scripts\nstack traceback:\n\t[G]: in function 'call'\n\tuser_function:3: in function <user_function:3>\n\t[G]: ?";
    db.refused(&["FCALL_RO", "write", "1", "k2"], refusal);
    db.refused(&["FCALL", "promises", "1", "k2"], "READONLY Write commands");
    db.refused(&["FCALL", "locks", "1", "k"], "ERR Dynamic keys are not allowed");
    assert_eq!(db.run(&["EXISTS", "k2"]), Reply::Int(0));
}

#[test]
fn a_function_that_fails_did_not_happen() {
    let mut db = database();
    db.load(
        "#!lua name=lib\nredis.register_function('f', function() redis.call('SET', 'k', 1) error('no') end)",
    );
    db.refused(&["FCALL", "f", "0"], "no");
    assert_eq!(db.run(&["EXISTS", "k"]), Reply::Int(0));
}

#[test]
fn flushing_the_keys_leaves_the_libraries() {
    let mut db = database();
    db.load(&library("a", &["f"], "1"));
    db.run(&["SET", "k", "v"]);
    db.run(&["FLUSHALL"]);
    assert_eq!(db.fcall("f"), Reply::Int(1));
    assert_eq!(db.run(&["SCRIPT", "FLUSH"]), Reply::OK);
    assert_eq!(db.fcall("f"), Reply::Int(1));
    assert_eq!(db.run(&["FUNCTION", "FLUSH", "ASYNC"]), Reply::OK);
    assert_eq!(db.database.stored_bytes(), 0);
    assert_eq!(db.run(&["FUNCTION", "LIST"]), Reply::Array(vec![]));
}

fn call(words: &[&str]) -> Call {
    Call::resolve(words.iter().copied().collect::<Words>()).expect("a command")
}

/// What runs is what the keyspace has, however it came to have it.
#[test]
fn functions_follow_the_keyspace() {
    let limits = Limits { stored_bytes_max: Some(2000), ..Limits::NONE };
    let mut database = Database::new(7, limits, Facts::default());
    let mut run = |words: &[&str]| database.run(&call(words), NOW).reply;
    run(&["FUNCTION", "LOAD", &library("a", &["f"], "1")]);
    assert_eq!(run(&["FCALL", "f", "0"]), Reply::Int(1));
    let replaced = library("a", &["f", "g"], "2");
    let calls = [
        call(&["FUNCTION", "LOAD", "REPLACE", &replaced]),
        call(&["FCALL", "g", "0"]),
        call(&["SET", "k", &"x".repeat(2000)]),
    ];
    assert!(database.run_all(&calls, NOW).is_err(), "there is no room for it");
    assert_eq!(database.run(&call(&["FCALL", "f", "0"]), NOW).reply, Reply::Int(1), "taken back");
    let gone = database.run(&call(&["FCALL", "g", "0"]), NOW).reply;
    assert_eq!(show(&gone), "(error) ERR Function not found");

    database.keyspace.begin_record();
    database.run(&call(&["FUNCTION", "LOAD", "REPLACE", &replaced]), NOW);
    let mut other = Database::new(8, Limits::NONE, Facts::default());
    other.keyspace.replay(database.keyspace.take_record().bytes()).expect("what was recorded");
    assert_eq!(other.run(&call(&["FCALL", "g", "0"]), NOW).reply, Reply::Int(2), "replayed");
}

#[test]
fn libraries_have_limits() {
    let mut db = Replayed::new(Limits { stored_bytes_max: Some(300), ..Limits::NONE });
    let code = library("a", &["f"], "1");
    db.load(&code);
    assert_eq!(db.database.stored_bytes(), 128 + code.len() as u64);
    db.refused(&["FUNCTION", "LOAD", &library("b", &["g"], "1")], "ERR DB capacity quota exceeded");
    assert_eq!(db.run(&["FUNCTION", "DELETE", "a"]), Reply::OK, "it makes room");

    let mut database = Database::new(7, Limits::NONE, Facts::default());
    for n in 0..LIBRARIES_MAX {
        let (name, function) = (format!("lib{n}"), format!("f{n}"));
        let loaded = database.run(&call(&["FUNCTION", "LOAD", &library(&name, &[&function], "1")]), NOW);
        assert_eq!(loaded.reply, Reply::bulk(name));
    }
    let refused = |reply: Reply| show(&reply).starts_with("(error) ERR Too many libraries.");
    assert!(refused(database.run(&call(&["FUNCTION", "LOAD", &library("more", &["g"], "1")]), NOW).reply));
    let again = library("lib0", &["f0"], "2");
    assert_eq!(
        database.run(&call(&["FUNCTION", "LOAD", "REPLACE", &again]), NOW).reply,
        Reply::bulk("lib0"),
        "one for another is not one more"
    );
    let long = format!("{again}-- {}", "x".repeat(LIBRARIES_BYTES_MAX));
    assert!(refused(database.run(&call(&["FUNCTION", "LOAD", "REPLACE", &long]), NOW).reply));
    assert_eq!(database.run(&call(&["FCALL", "f0", "0"]), NOW).reply, Reply::Int(2));
}

fn restore(payload: &Bytes, policy: &[&'static str]) -> Call {
    let words = ["FUNCTION", "RESTORE"].map(Bytes::from).into_iter().chain([payload.clone()]);
    let words = words.chain(policy.iter().copied().map(Bytes::from));
    Call::resolve(words.collect::<Words>()).expect("a command")
}

#[test]
fn libraries_are_dumped_and_restored() {
    let mut database = Database::new(7, Limits::NONE, Facts::default());
    database.run(&call(&["FUNCTION", "LOAD", &library("a", &["f"], "1")]), NOW);
    database.run(&call(&["FUNCTION", "LOAD", &library("b", &["g"], "2")]), NOW);
    let Reply::Bulk(dump) = database.run(&call(&["FUNCTION", "DUMP"]), NOW).reply else {
        panic!("a payload")
    };
    for (policy, answer) in [
        (&[][..], "(error) ERR Library a already exists"),
        (&["append"], "(error) ERR Library a already exists"),
        (&["REPLACE"], "OK"),
        (
            &["OVER"],
            "(error) ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
        ),
        (
            &["REPLACE", "FLUSH"],
            "(error) ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP.",
        ),
    ] {
        assert_eq!(show(&database.run(&restore(&dump, policy), NOW).reply), answer, "{policy:?}");
    }

    let mut other = Database::new(9, Limits::NONE, Facts::default());
    let mut run = |call: &Call| show(&other.run(call, NOW).reply);
    run(&call(&["FUNCTION", "LOAD", &library("c", &["G", "h"], "3")]));
    assert_eq!(run(&restore(&dump, &["REPLACE"])), "(error) ERR Function g already exists");
    assert_eq!(run(&call(&["FCALL", "f", "0"])), "(error) ERR Function not found", "none of it was kept");
    assert_eq!(run(&restore(&dump, &["FLUSH"])), "OK");
    assert_eq!(run(&call(&["FCALL", "g", "0"])), "(integer) 2");
    assert_eq!(run(&call(&["FCALL", "h", "0"])), "(error) ERR Function not found", "flushed");
}

#[test]
fn a_dump_is_restored_as_a_whole_or_not_at_all() {
    let payload =
        |codes: &[String]| Bytes::from(latchkey_rdb::dump_libraries(codes.iter().map(String::as_bytes)));
    let limits = Limits { stored_bytes_max: Some(400), ..Limits::NONE };
    let mut database = Database::new(7, limits, Facts::default());
    let good = library("a", &["f"], "1");
    let many: Vec<_> = (0..=LIBRARIES_MAX).map(|n| library(&format!("l{n}"), &["f"], "1")).collect();
    for (codes, refusal) in [
        (&[good.clone(), "#!lua name=b\nreturn 1".into()][..], "ERR No functions registered"),
        (&[good.clone(), library("a", &["g"], "1")], "ERR Library a already exists"),
        (&[good.clone(), library("b", &["F"], "1")], "ERR Function F already exists"),
        (
            &[good.clone(), library("b", &["g"], "1"), library("c", &["h"], "1")],
            "ERR DB capacity quota exceeded",
        ),
        (&many, "ERR Too many libraries"),
    ] {
        let reply = show(&database.run(&restore(&payload(codes), &["FLUSH"]), NOW).reply);
        assert!(reply.starts_with(&format!("(error) {refusal}")), "{refusal}: {reply}");
        assert_eq!(database.stored_bytes(), 0, "{refusal}");
        let gone = show(&database.run(&call(&["FCALL", "f", "0"]), NOW).reply);
        assert_eq!(gone, "(error) ERR Function not found", "{refusal}");
    }
    let reply = show(&database.run(&call(&["FUNCTION", "RESTORE", "x"]), NOW).reply);
    assert_eq!(reply, "(error) ERR DUMP payload version or checksum are wrong");
}
