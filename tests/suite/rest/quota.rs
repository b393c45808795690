//! Daily quotas: exact, whatever happens at once, and said in headers.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use serde_json::{Value, json};

use crate::day::{left, within_one_day};
use crate::http::{Connection, Request};
use crate::server::{Server, TOKEN};

fn exhausted(limit: u64, usage: u64) -> String {
    format!(
        "ERR max daily request limit exceeded. Limit: {limit}, Usage: {usage}. \
         See https://upstash.com/docs/redis/troubleshooting/max_daily_request_limit for details"
    )
}

/// 64 clients, in every form of request, against a token with 1,000 commands a day.
#[test]
fn exactly_as_many_commands_run_as_the_quota_says() {
    within_one_day(|| {
        let server = Server::start_with(&["--quota", "1000/day"]);
        let accepted = AtomicUsize::new(0);
        thread::scope(|scope| {
            for client in 0..64 {
                let (address, accepted) = (server.address, &accepted);
                scope.spawn(move || {
                    accepted.fetch_add(spend(&mut Connection::open(address), client), Relaxed)
                });
            }
        });
        assert_eq!(accepted.into_inner(), 1000);
        let reply = server.get("/incr/n");
        assert_eq!((reply.status, reply.error()), (429, exhausted(1000, 1000)));
    });
}

/// Sends until something is refused; transactions are refused early, so whoever sends them ends with single commands.
/// How many commands were accepted.
fn spend(connection: &mut Connection, client: usize) -> usize {
    let batch = |length: usize| json!(vec![json!(["INCR", "n"]); length]).to_string();
    let single = Request::get("/incr/n").token(TOKEN);
    let spent = match client % 3 {
        0 => 0,
        1 => spend_with(connection, &Request::post("/pipeline", batch(7)).token(TOKEN)),
        _ => spend_with(connection, &Request::post("/multi-exec", batch(5)).token(TOKEN)),
    };
    spent + spend_with(connection, &single)
}

fn spend_with(connection: &mut Connection, request: &Request) -> usize {
    let mut accepted = 0;
    loop {
        let reply = connection.send(request);
        let (run, refused) = match reply.json() {
            Value::Array(entries) => {
                let run = entries.iter().filter(|entry| entry.get("result").is_some()).count();
                (run, entries.len() - run)
            }
            _ => (usize::from(reply.status == 200), usize::from(reply.status != 200)),
        };
        assert!(matches!(reply.status, 200 | 429), "{}", reply.text());
        accepted += run;
        if refused > 0 {
            return accepted;
        }
    }
}

#[test]
fn the_refusal_says_when_to_come_back() {
    within_one_day(|| {
        let server = Server::start_with(&["--quota", "2/day"]);
        let first = server.get("/set/k/v");
        assert_eq!(first.header("ratelimit-policy"), Some("\"day\";q=2;w=86400"));
        assert_eq!(left(&first), 1);
        assert_eq!(left(&server.get("/get/k")), 0);
        let refused = server.get("/get/k");
        assert_eq!((refused.status, refused.error()), (429, exhausted(2, 2)));
        let seconds = refused.header("retry-after").expect("it says when").parse::<u64>().expect("seconds");
        assert!((1..=86_400).contains(&seconds), "{seconds}");
        assert_eq!(refused.header("ratelimit"), Some(format!("\"day\";r=0;t={seconds}").as_str()));
    });
}

/// T10: per command, not per request; what does not fit is refused entry by entry, with status 200.
#[test]
fn a_pipeline_runs_as_far_as_the_quota_reaches() {
    within_one_day(|| {
        let server = Server::start_with(&["--quota", "5/day"]);
        let mut commands = vec![json!(["INCR", "n"]); 8];
        commands.insert(0, json!(["PING"]));
        commands.push(json!(["PING"]));
        let entries = server.pipeline(json!(commands));
        let expected: Vec<Value> = [json!({"result": "PONG"})]
            .into_iter()
            .chain((1..=5).map(|n| json!({"result": n})))
            .chain((0..3).map(|_| json!({"error": exhausted(5, 5)})))
            .chain([json!({"result": "PONG"})])
            .collect();
        assert_eq!(entries, expected);
    });
}

#[test]
fn a_transaction_that_does_not_fit_counts_nothing() {
    within_one_day(|| {
        let server = Server::start_with(&["--quota", "5/day"]);
        let six = json!(vec![json!(["INCR", "n"]); 6]).to_string();
        let reply = server.post("/multi-exec", six);
        assert_eq!((reply.status, reply.error()), (429, exhausted(5, 0)));
        assert_eq!(left(&reply), 5);
        let five = json!(vec![json!(["INCR", "n"]); 5]).to_string();
        let reply = server.post("/multi-exec", five);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.json()[4], json!({"result": 5}));
        assert_eq!(server.get("/incr/n").status, 429);
    });
}

#[test]
fn what_was_refused_before_it_ran_is_not_counted() {
    within_one_day(|| {
        let server = Server::start_with(&["--quota", "5/day", "--read-only-token", "looker"]);
        server.get("/set/k/abc");
        for command in
            [json!(["NOSUCH"]), json!(["GET"]), json!(["SET", "k", null]), json!(["MULTI"]), json!(["PING"])]
        {
            server.post("/", command.to_string());
            server.post("/pipeline", json!([command]).to_string());
        }
        server.post("/", "{");
        server.post("/multi-exec", r#"[["INCR","k"],["NOSUCH"]]"#);
        assert_eq!(left(&server.get("/incr/k")), 3, "one that fails when it runs does count");
        let looker = |target: &str| server.send(&Request::get(target).token("looker"));
        assert_eq!(looker("/set/k/v").status, 400);
        assert_eq!(left(&looker("/get/k")), 4, "another token has a quota of its own");
    });
}

#[test]
fn a_token_without_a_quota_is_told_nothing() {
    let server = Server::start();
    let reply = server.get("/incr/n");
    assert_eq!((reply.header("ratelimit"), reply.header("ratelimit-policy")), (None, None));
}

#[test]
fn a_quota_of_nothing_admits_nothing_but_what_is_free() {
    within_one_day(|| {
        let server = Server::start_with(&["--quota", "0/day"]);
        assert_eq!(server.get("/get/k").status, 429);
        assert_eq!(server.get("/ping").text(), r#"{"result":"PONG"}"#);
    });
}
