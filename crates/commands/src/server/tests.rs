//! What the examples do not show of the server.

use latchkey_protocol::Reply;

use crate::tests::{Shell, check, show};
use crate::{Category, commands};

#[track_caller]
fn info(shell: &mut Shell, line: &str) -> String {
    match shell.run(line) {
        Reply::Verbatim(text) => String::from_utf8(text.to_vec()).expect("UTF-8"),
        other => panic!("not a text: {other:?}"),
    }
}

#[test]
fn info_lists_all_sections_unless_some_are_asked_for() {
    let mut shell = Shell::new();
    let headings = |text: &str| -> Vec<String> {
        text.split("\r\n").filter_map(|line| line.strip_prefix("# ")).map(String::from).collect()
    };
    let all = ["Server", "Clients", "Memory", "Stats", "Cluster", "Keyspace"];
    for line in ["INFO", "INFO all", "INFO Default", "INFO EVERYTHING", "INFO stats all"] {
        assert_eq!(headings(&info(&mut shell, line)), all, "{line}");
    }
    assert_eq!(headings(&info(&mut shell, "INFO keyspace SERVER keyspace")), ["Server", "Keyspace"]);
    assert_eq!(
        info(&mut shell, "INFO REPLICATION cluster"),
        "# Cluster\r\ncluster_enabled:0\r\n\r\n# Replication\r\n"
    );
    assert_eq!(info(&mut shell, "INFO \"a\\nb\" \"\""), "# A b\r\n\r\n# \r\n");
}

#[test]
fn info_tells_the_facts_of_the_database() {
    let mut shell = Shell::new();
    shell.check(
        r#"
        > MSET one 1 two 2
        OK
        > SET gone 1 PX 1000
        OK
        > SET three 1 EX 100000
        OK
        ~ 90061000
        "#,
    );
    let text = info(&mut shell, "INFO");
    for line in [
        "redis_version:8.2.0",
        "redis_mode:standalone",
        "latchkey_version:0.0.0",
        "uptime_in_seconds:90061",
        "uptime_in_days:1",
        "server_time_usec:1767413106678000",
        "connected_clients:0",
        "used_memory:243",
        "used_memory_human:243B",
        "maxmemory:0",
        "maxmemory_policy:noeviction",
        "db0:keys=3,expires=1",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line} is not in {text}");
    }
}

#[test]
fn bytes_are_abbreviated_as_in_redis() {
    let mut shell = Shell::new();
    shell.run("SETRANGE k 1572863 x");
    assert!(info(&mut shell, "INFO memory").contains("used_memory_human:1.50M\r\n"));
}

#[test]
fn config_knows_one_parameter() {
    check(
        r#"
        > CONFIG GET NOTIFY-keyspace-* maxmemory *
        1) "notify-keyspace-events"
        2) ""
        > CONFIG SET notify-keyspace-events q
        (error) ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.
        > CONFIG SET maxmemory 1
        (error) ERR Unknown option or number of arguments for CONFIG SET - 'maxmemory'
        > CONFIG SET notify-keyspace-events KEA maxmemory 1
        (error) ERR Unknown option or number of arguments for CONFIG SET - 'maxmemory'
        > CONFIG GET notify-keyspace-events
        1) "notify-keyspace-events"
        2) "AKE"
        > CONFIG SET notify-keyspace-events "" notify-keyspace-events
        (error) ERR syntax error
        > CONFIG SET Notify-Keyspace-Events ""
        OK
        > CONFIG GET n[ao]tify-keyspace-events
        1) "notify-keyspace-events"
        2) ""
        > CONFIG SET maxmemory
        (error) ERR wrong number of arguments for 'config|set' command
        > CONFIG GET
        (error) ERR wrong number of arguments for 'config|get' command
        > CONFIG
        (error) ERR wrong number of arguments for 'config' command
        > CONFIG REWRITE
        (error) ERR unknown subcommand 'REWRITE'. Try CONFIG HELP.
        "#,
    );
}

#[test]
fn flush_takes_one_option() {
    check(
        r#"
        > SET k v
        OK
        > FLUSHDB ASYNC SYNC
        (error) ERR syntax error
        > FLUSHALL now
        (error) ERR syntax error
        > DBSIZE
        (integer) 1
        > FLUSHALL sync
        OK
        > FLUSHDB ASYNC
        OK
        > DBSIZE
        (integer) 0
        "#,
    );
}

#[test]
fn dbsize_leaves_out_what_is_past_its_deadline() {
    check(
        r#"
        > SET a 1 PX 1000
        OK
        > SET b 1
        OK
        ~ 1001
        > DBSIZE
        (integer) 1
        "#,
    );
}

#[test]
fn command_info_describes_keys_and_flags() {
    check(
        r#"
        > COMMAND INFO MSET
        1)  1) "mset"
        2) (integer) -3
        3) 1) write
        2) denyoom
        4) (integer) 1
        5) (integer) -1
        6) (integer) 2
        7) 1) @write
        2) @string
        3) @slow
        8) (empty array)
        9) 1) 1) "flags"
        2) 1) RW
        2) access
        3) update
        3) "begin_search"
        4) 1) "type"
        2) "index"
        3) "spec"
        4) 1) "index"
        2) (integer) 1
        5) "find_keys"
        6) 1) "type"
        2) "range"
        3) "spec"
        4) 1) "lastkey"
        2) (integer) -1
        3) "keystep"
        4) (integer) 2
        5) "limit"
        6) (integer) 0
        10) (empty array)
        > COMMAND INFO config|nosuch nosuch|get "" |
        1) (nil)
        2) (nil)
        3) (nil)
        4) (nil)
        > COMMAND DOCS nosuch
        (empty array)
        "#,
    );
}

#[test]
fn command_tells_of_every_command_in_the_table() {
    let mut shell = Shell::new();
    let Reply::Array(all) = shell.run("COMMAND") else { panic!("not a list") };
    assert_eq!(all.len(), commands().len());
    assert_eq!(shell.run("COMMAND INFO"), Reply::Array(all));
    assert_eq!(shell.run("COMMAND COUNT"), Reply::count(commands().len()));
    let Reply::Map(docs) = shell.run("COMMAND DOCS") else { panic!("not a map") };
    assert_eq!(docs.len(), commands().len());
    let Reply::Array(names) = shell.run("COMMAND LIST") else { panic!("not a list") };
    let subcommands: usize = commands().iter().map(|command| command.subcommands().len()).sum();
    assert_eq!(names.len(), commands().len() + subcommands);
    for name in names {
        let Reply::Bulk(name) = name else { panic!("not a name") };
        let name = String::from_utf8_lossy(&name).into_owned();
        let Reply::Array(entries) = shell.run(&format!("COMMAND INFO {name}")) else { panic!("not a list") };
        assert!(matches!(&entries[..], [Reply::Array(fields)] if fields.len() == 10), "{name}");
    }
}

#[test]
fn command_list_filters() {
    check(
        r#"
        > COMMAND LIST FILTERBY PATTERN CONFIG*
        1) "config"
        2) "config|get"
        3) "config|set"
        > COMMAND LIST FILTERBY ACLCAT transaction
        1) "discard"
        2) "exec"
        3) "multi"
        4) "unwatch"
        5) "watch"
        > COMMAND LIST FILTERBY ACLCAT nosuch
        (empty array)
        > COMMAND LIST FILTERBY MODULE json
        (empty array)
        > COMMAND LIST FILTERBY PATTERN
        (error) ERR syntax error
        > COMMAND LIST FILTERBY nosuch x
        (error) ERR syntax error
        > COMMAND LIST get
        (error) ERR syntax error
        > COMMAND nosuch
        (error) ERR unknown subcommand 'nosuch'. Try COMMAND HELP.
        "#,
    );
}

#[test]
fn command_finds_the_keys_of_a_line() {
    check(
        r#"
        > COMMAND GETKEYS MSETEX 2 a 1 b 2 NX
        1) "a"
        2) "b"
        > COMMAND GETKEYSANDFLAGS LCS a b
        1) 1) "a"
        2) 1) RO
        2) access
        2) 1) "b"
        2) 1) RO
        2) access
        > COMMAND GETKEYS nosuch a
        (error) ERR Invalid command specified
        > COMMAND GETKEYS config
        (error) ERR Invalid command specified
        > COMMAND GETKEYS config get a
        (error) ERR The command has no key arguments
        > COMMAND GETKEYS get
        (error) ERR Invalid number of arguments specified for command
        > COMMAND GETKEYS
        (error) ERR wrong number of arguments for 'command|getkeys' command
        "#,
    );
}

#[test]
fn command_help_names_every_subcommand() {
    let mut shell = Shell::new();
    let help = show(&shell.run("COMMAND HELP"));
    let command =
        commands().iter().find(|command| command.spec.name == "COMMAND").expect("it is in the table");
    for subcommand in command.subcommands() {
        assert!(
            help.contains(&format!(" {}", subcommand.spec.name)),
            "{} is not in {help}",
            subcommand.spec.name
        );
    }
}

/// What an ACL rule such as `-@dangerous` has to keep away.
#[test]
fn what_reaches_beyond_keys_is_dangerous() {
    for name in ["FLUSHALL", "FLUSHDB", "INFO", "MONITOR"] {
        let command =
            commands().iter().find(|command| command.spec.name == name).expect("it is in the table");
        assert!(command.categories().has(Category::Dangerous), "{name}");
    }
}
