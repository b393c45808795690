//! Scripts on a database: what they may call, what is taken back, and that clients' own scripts run.

use std::sync::Arc;

use latchkey_commands::acl::Rules;
use latchkey_commands::{Call, Facts, Run, Step, commands};
use latchkey_keyspace::{Keyspace, Now, Str};
use latchkey_protocol::{Reply, Words};

use super::NOW;
use crate::{Database, Limits};

/// A database, and what a replay of all its effects so far gives.
pub(super) struct Replayed {
    pub(super) database: Database,
    replayed: Keyspace,
    now: Now,
}

impl Replayed {
    pub(super) fn new(limits: Limits) -> Self {
        let database = Database::new(7, limits, Facts::default());
        Self { database, replayed: Keyspace::new(8), now: NOW }
    }

    /// Runs a command, and checks that its effects replay to the same state.
    pub(super) fn run(&mut self, words: &[&str]) -> Reply {
        let call = Call::resolve(words.iter().copied().collect::<Words>()).expect("a command");
        self.database.keyspace.begin_record();
        let reply = self.database.run(&call, self.now).reply;
        let record = self.database.keyspace.take_record();
        self.replayed.replay(record.bytes()).expect("what was recorded");
        assert_eq!(self.replayed.canonical(), self.database.keyspace.canonical(), "replay of {words:?}");
        assert_eq!(libraries(&self.replayed), libraries(&self.database.keyspace), "replay of {words:?}");
        assert_eq!(self.database.keyspace.bytes(), self.database.keyspace.recount_bytes());
        reply
    }

    pub(super) fn eval(&mut self, script: &str, keys: &[&str], arguments: &[&str]) -> Reply {
        let count = keys.len().to_string();
        self.run(&[&["EVAL", script, &count], keys, arguments].concat())
    }

    #[track_caller]
    pub(super) fn refused(&mut self, words: &[&str], with: &str) {
        match self.run(words) {
            Reply::Error(error) => assert!(error.text().contains(with), "{words:?}: {error}"),
            reply => panic!("{words:?} answers {reply:?}"),
        }
    }

    fn wait_ms(&mut self, ms: i64) {
        self.now = Now::from_ms(self.now.ms() + ms);
    }
}

/// What somebody may not do, no script does for them.
#[test]
fn a_script_may_do_what_its_caller_may() {
    let mut db = database();
    db.run(&["SET", "other", "secret"]);
    let mut rules = Rules::default();
    for rule in ["+@all", "-set", "~own:*"] {
        rules.apply(rule.as_bytes()).unwrap();
    }
    let permissions = Arc::new(rules.compile());
    let mut eval = |script: &str| {
        let words = ["EVAL", script, "0"].into_iter().collect::<Words>();
        let call = Call::resolve(words).unwrap().on_behalf_of(Arc::clone(&permissions));
        db.database.run(&call, NOW).reply
    };
    let refused = |reply: Reply| match reply {
        Reply::Error(error) => error.to_string(),
        reply => panic!("{reply:?}"),
    };
    assert_eq!(eval("return redis.call('APPEND', 'own:1', 'x')"), Reply::Int(1));
    assert!(refused(eval("return redis.call('GET', 'other')")).contains("No permissions to access a key"));
    assert!(refused(eval("return redis.call('COPY', 'own:1', 'other')")).contains("to access a key"));
    assert!(refused(eval("return redis.call('SET', 'own:1', 'y')")).contains("to run the 'set' command"));
    let sort = "redis.call('RPUSH', 'own:l', '1') return redis.pcall('SORT', 'own:l', 'GET', 'oth*r').err";
    assert_eq!(eval(sort), Reply::bulk("ERR GET option of SORT denied due to insufficient ACL permissions"));
    let caught = "return redis.pcall('GET', 'other').err";
    assert_eq!(eval(caught), Reply::bulk("NOPERM No permissions to access a key"));
}

fn libraries(keyspace: &Keyspace) -> Vec<(Str, Str)> {
    keyspace.libraries().iter().map(|(name, library)| (name.clone(), library.code().clone())).collect()
}

pub(super) fn database() -> Replayed {
    Replayed::new(Limits::NONE)
}

fn ints(numbers: &[i64]) -> Reply {
    Reply::Array(numbers.iter().map(|&n| Reply::Int(n)).collect())
}

/// The documentation shows examples, so they have to be true.
#[test]
fn every_example_about_scripts_holds() {
    let all = commands().iter().flat_map(|command| {
        std::iter::once(command.spec).chain(command.subcommands().iter().map(|sub| sub.spec))
    });
    let about_scripts: Vec<_> = all.filter(|spec| matches!(spec.run, Run::Script(_))).collect();
    assert_eq!(about_scripts.len(), 13);
    for spec in about_scripts {
        let mut database = database();
        let mut steps = spec.example.steps().into_iter();
        while let Some(step) = steps.next() {
            let Step::Send { who: "", line } = step else {
                panic!("{step:?} in the example of {}", spec.name)
            };
            let words = words(line);
            let shown = show(&database.run(&words.iter().map(String::as_str).collect::<Vec<_>>()));
            let text = shown.lines().map(str::trim).collect::<Vec<_>>().join("\n");
            assert_eq!(steps.next(), Some(Step::Hear { who: "", text }), "after {line}");
        }
    }
}

/// Words in double quotes keep their spaces, and may have `\n`.
fn words(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate();
    let words = quoted.flat_map(|(at, part)| match at % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.replace("\\n", "\n")],
    });
    words.collect()
}

/// As `redis-cli` prints a reply.
pub(super) fn show(reply: &Reply) -> String {
    match reply {
        Reply::Status(text) => text.to_string(),
        Reply::Bulk(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        Reply::Int(n) => format!("(integer) {n}"),
        Reply::Error(error) => format!("(error) {error}"),
        Reply::Array(items) | Reply::Set(items) => show_list(items),
        Reply::Map(pairs) => {
            show_list(&pairs.iter().flat_map(|(a, b)| [a.clone(), b.clone()]).collect::<Vec<_>>())
        }
        _ => "(nil)".into(),
    }
}

fn show_list(items: &[Reply]) -> String {
    if items.is_empty() {
        return "(empty array)".into();
    }
    let numbered = items.iter().enumerate().map(|(at, item)| {
        let shown = show(item).replace('\n', "\n   ");
        format!("{}) {shown}", at + 1)
    });
    numbered.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_script_runs_commands() {
    let mut db = database();
    let script =
        "redis.call('SET', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), redis.call('GET', 'none')}";
    assert_eq!(db.eval(script, &["k"], &["v"]), Reply::Array(vec![Reply::bulk("v"), Reply::Null]));
    assert_eq!(db.eval("return redis.call('SET', KEYS[1], 3.7)", &["n"], &[]), Reply::OK);
    assert_eq!(db.run(&["GET", "n"]), Reply::bulk("3"), "numbers are cut, as Upstash cuts them");
    assert_eq!(db.eval("return #KEYS .. KEYS[1] .. #ARGV", &["", "x"], &[]), Reply::bulk("20"));
}

#[test]
fn what_is_not_for_scripts_is_refused() {
    let mut db = database();
    for command in
        ["'EVAL', 'return 1', 0", "'SCRIPT', 'FLUSH'", "'MULTI'", "'SUBSCRIBE', 'c'", "'CONFIG', 'GET', 'x'"]
    {
        let script = format!("return redis.call({command})");
        db.refused(&["EVAL", &script, "0"], "ERR This Redis command is not allowed from script");
    }
    db.refused(&["EVAL", "redis.call('NOSUCH')", "0"], "ERR Unknown Redis command called from script");
    db.refused(
        &["EVAL", "redis.call('GET')", "0"],
        "ERR Wrong number of args calling Redis command from script",
    );
}

#[test]
fn the_counts_of_keys_has_to_fit() {
    let mut db = database();
    db.refused(&["EVAL", "return 1", "2", "k"], "ERR Number of keys can't be greater than number of args");
    db.refused(&["EVAL", "return 1", "-1"], "ERR Number of keys can't be negative");
    db.refused(&["EVAL", "return 1", "x"], "ERR value is not an int or out of range");
    db.refused(&["SCRIPT", "FLUSH", "NOW"], "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
}

#[test]
fn a_reading_script_cannot_write() {
    let mut db = database();
    let write = "\nreturn redis.call('SET', KEYS[1], 'v')";
    let refusal = "ERR Error running script: @user_script:2: READONLY Write commands are not allowed from read-only \
                   scripts\nstack traceback:\n\t[G]: in function 'call'\n\t@user_script:2: in main chunk\n\t[G]: ?";
    db.refused(&["EVAL_RO", write, "1", "k"], refusal);
    db.refused(&["EVAL", &format!("#!lua flags=no-writes{write}"), "1", "k"], "READONLY Write commands");
    assert_eq!(db.run(&["EXISTS", "k"]), Reply::Int(0));
    db.run(&["SET", "k", "v"]);
    assert_eq!(db.run(&["EVAL_RO", "return redis.call('GET', KEYS[1])", "1", "k"]), Reply::bulk("v"));
}

#[test]
fn under_key_locking_only_the_named_keys_are_touched() {
    let mut db = database();
    let flagged = |body: &str| format!("#!lua flags=allow-key-locking\n{body}");
    assert_eq!(db.eval(&flagged("return redis.call('SET', KEYS[1], 1)"), &["k"], &[]), Reply::OK);
    assert_eq!(db.eval(&flagged("return redis.call('GET', KEYS[2])"), &["k", ""], &[]), Reply::Null);
    db.refused(
        &["EVAL", &flagged("return redis.call('MGET', KEYS[1], 'other')"), "1", "k"],
        "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: other",
    );
    db.refused(&["EVAL", &flagged("redis.call('FLUSHDB')"), "1", "k"], "not allowed in Lua scripts");
    assert_eq!(db.run(&["DBSIZE"]), Reply::Int(1));
    db.refused(
        &["EVAL", "#!lua flags=nonsense\nreturn 1", "0"],
        "ERR Unexpected flag in script shebang: nonsense",
    );
}

#[test]
fn a_script_that_fails_did_not_happen() {
    let mut db = database();
    db.run(&["SET", "k", "before"]);
    db.refused(
        &["EVAL", "redis.call('SET', 'k', 'after') redis.call('SET', 'new', 1) error('no')", "0"],
        "no",
    );
    assert_eq!(db.run(&["GET", "k"]), Reply::bulk("before"));
    assert_eq!(db.run(&["EXISTS", "new"]), Reply::Int(0));
    db.refused(
        &["EVAL", "redis.call('FLUSHALL') redis.call('LPUSH', 'l', 1) redis.call('INCR', 'l')", "0"],
        "WRONGTYPE",
    );
    assert_eq!(db.run(&["GET", "k"]), Reply::bulk("before"));
    let answer = "redis.call('SET', 'k', 'after') return redis.error_reply('MINE is an answer')";
    db.refused(&["EVAL", answer, "0"], "MINE is an answer");
    assert_eq!(db.run(&["GET", "k"]), Reply::bulk("after"), "an error that is answered is no failure");
}

#[test]
fn a_script_that_fails_in_a_transaction_is_taken_back_alone() {
    let mut database =
        Database::new(7, Limits { stored_bytes_max: Some(1000), ..Limits::NONE }, Facts::default());
    let call = |words: &[&str]| Call::resolve(words.iter().copied().collect::<Words>()).expect("a command");
    let fails = call(&["EVAL", "redis.call('SET', 'b', 2) redis.call('DEL', 'a') error('no')", "0"]);
    let calls = [call(&["SET", "a", "1"]), fails, call(&["SET", "c", "3"])];
    let replies = database.run_all(&calls, NOW).expect("room");
    assert!(matches!(replies[1], Reply::Error(_)));
    let left = database.run(&call(&["EXISTS", "a", "b", "c"]), NOW).reply;
    assert_eq!(left, Reply::Int(2));
    let fills = call(&["EVAL", "return redis.call('SET', 'd', ('x'):rep(700))", "0"]);
    let after = call(&["SET", "e", &"x".repeat(200)]);
    assert!(database.run_all(&[fills, after], NOW).is_err(), "what a script took is missing afterwards");
    assert_eq!(database.run(&call(&["EXISTS", "d"]), NOW).reply, Reply::Int(0));
}

/// Each write inside is asked whether there is room, and a script can make room itself.
#[test]
fn a_full_database_refuses_a_script_s_writes_and_not_its_reads() {
    let mut db = Replayed::new(Limits { stored_bytes_max: Some(200), ..Limits::NONE });
    db.run(&["SET", "k", &"x".repeat(151)]);
    assert_eq!(db.database.stored_bytes(), 200);
    assert_eq!(db.eval("return redis.call('STRLEN', KEYS[1])", &["k"], &[]), Reply::Int(151));
    db.refused(
        &["EVAL", "redis.call('SET', 'a', 1)", "0"],
        "ERR DB capacity quota exceeded. Threshold: 200 bytes",
    );
    let caught = "local r = redis.pcall('SET', 'a', 1) return r.err:sub(1, 15)";
    assert_eq!(db.eval(caught, &[], &[]), Reply::bulk("ERR DB capacity"));
    let frees = "redis.call('DEL', KEYS[1]) return redis.call('SET', KEYS[1], 'small')";
    assert_eq!(db.eval(frees, &["k"], &[]), Reply::OK);
    let grows = "for i = 1, 100 do redis.call('APPEND', KEYS[1], 'xxxxxxxxxx') end";
    db.refused(&["EVAL", grows, "1", "k"], "ERR DB capacity quota exceeded");
    assert_eq!(db.run(&["GET", "k"]), Reply::bulk("small"));
}

#[test]
fn commands_that_look_at_much_use_up_a_script_s_time() {
    let mut db = database();
    let fill = "for i = 1, 3000 do redis.call('SET', 'k' .. i, i) end return redis.call('DBSIZE')";
    assert_eq!(db.eval(fill, &[], &[]), Reply::Int(3000));
    // Without that, this would run for as long as the interpreter's own budget lasts: a hundred times longer.
    let looks = "local n = 0 while true do n = n + 1 redis.call('KEYS', 'nothing') if n > 20000 then return n end end";
    db.refused(&["EVAL", looks, "0"], "exceeded its time limit");
}

#[test]
fn chance_differs_from_run_to_run() {
    let mut db = database();
    let draw = "return math.random(1, 1000000000)";
    assert_ne!(db.eval(draw, &[], &[]), db.eval(draw, &[], &[]));
}

/// So many in a window that begins with the first.
const FIXED_WINDOW: &str = "#!lua flags=allow-key-locking
local key, dynamic = KEYS[1], KEYS[2]
local tokens, window_ms, step = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
if dynamic ~= '' then
  local own = redis.call('GET', dynamic)
  if own then tokens = tonumber(own) end
end
local used = redis.call('INCRBY', key, step)
if used == step then redis.call('PEXPIRE', key, window_ms) end
return {used, tokens}";

/// The window before counts by the part of it that is still within reach.
const SLIDING_WINDOW: &str = "#!lua flags=allow-key-locking
local tokens, now, window, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
local before = tonumber(redis.call('GET', KEYS[2]) or '0')
local weight = 1 - (now % window) / window
before = math.floor(weight * before)
if before + current >= tokens then return {-1, tokens} end
local value = redis.call('INCRBY', KEYS[1], step)
if value == step then redis.call('PEXPIRE', KEYS[1], window * 2 + 1000) end
return {tokens - (value + before), tokens}";

/// Tokens come back at intervals, up to a limit.
const TOKEN_BUCKET: &str = "#!lua flags=allow-key-locking
local limit, interval, rate, now, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local bucket = redis.call('HMGET', KEYS[1], 'refilledAt', 'tokens')
local refilled, tokens = now, limit
if bucket[1] ~= false then
  refilled, tokens = tonumber(bucket[1]), tonumber(bucket[2])
end
if now >= refilled + interval then
  local times = math.floor((now - refilled) / interval)
  tokens = math.min(limit, tokens + times * rate)
  refilled = refilled + times * interval
end
if tokens == 0 then return {-1, refilled + interval, limit} end
local left = tokens - step
redis.call('HSET', KEYS[1], 'refilledAt', refilled, 'tokens', left)
redis.call('PEXPIRE', KEYS[1], math.ceil((limit - left) / rate) * interval)
return {left, refilled + interval, limit}";

/// Forgets all of an identifier's windows.
const RESET: &str = "local cursor = '0'
repeat
  local found = redis.call('SCAN', cursor, 'MATCH', KEYS[1])
  cursor = found[1]
  for _, key in ipairs(found[2]) do redis.call('DEL', key) end
until cursor == '0'";

#[test]
fn rate_limits_of_a_fixed_window() {
    let mut db = database();
    for used in 1..=3 {
        assert_eq!(db.eval(FIXED_WINDOW, &["w:1", ""], &["2", "1000", "1"]), ints(&[used, 2]));
    }
    assert_eq!(db.run(&["PTTL", "w:1"]), Reply::Int(1000));
    db.run(&["SET", "limit", "9"]);
    assert_eq!(db.eval(FIXED_WINDOW, &["w:1", "limit"], &["2", "1000", "1"]), ints(&[4, 9]));
    db.wait_ms(1001);
    assert_eq!(db.eval(FIXED_WINDOW, &["w:1", ""], &["2", "1000", "1"]), ints(&[1, 2]));
    assert_eq!(db.eval(RESET, &["w:*"], &[]), Reply::Null);
    assert_eq!(db.run(&["EXISTS", "w:1"]), Reply::Int(0));
}

#[test]
fn rate_limits_of_a_sliding_window() {
    let mut db = database();
    let mut hit = |keys: [&str; 2], now: &str| db.eval(SLIDING_WINDOW, &keys, &["4", now, "1000", "1"]);
    for left in [3, 2, 1, 0] {
        assert_eq!(hit(["w:1", "w:0"], "1000"), ints(&[left, 4]));
    }
    assert_eq!(hit(["w:1", "w:0"], "1999"), ints(&[-1, 4]));
    assert_eq!(hit(["w:2", "w:1"], "2000"), ints(&[-1, 4]), "the whole window before still counts");
    assert_eq!(hit(["w:2", "w:1"], "2500"), ints(&[1, 4]), "half of it");
    assert_eq!(hit(["w:3", "w:2"], "3000"), ints(&[2, 4]));
}

#[test]
fn rate_limits_of_a_token_bucket() {
    let mut db = database();
    let mut draw = |now: &str| db.eval(TOKEN_BUCKET, &["bucket"], &["2", "1000", "1", now, "1"]);
    assert_eq!(draw("1767323045678"), ints(&[1, 1_767_323_046_678, 2]));
    assert_eq!(draw("1767323045679"), ints(&[0, 1_767_323_046_678, 2]));
    assert_eq!(draw("1767323045680"), ints(&[-1, 1_767_323_046_678, 2]));
    assert_eq!(draw("1767323046678"), ints(&[0, 1_767_323_047_678, 2]));
}

/// The client sends the digest that it computed, and the text only if it has to.
#[test]
fn a_lock_is_released_by_its_owner_only() {
    let release =
        "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end";
    let extend = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
                  local ttl = redis.call('ttl', KEYS[1])
                  if ttl < 0 then return 0 end
                  return redis.call('expire', KEYS[1], ttl + ARGV[2])";
    let mut db = database();
    assert_eq!(db.run(&["SET", "lock", "mine", "NX", "PX", "10000"]), Reply::OK);
    assert_eq!(db.eval(release, &["lock"], &["theirs"]), Reply::Int(0));
    assert_eq!(db.eval(extend, &["lock"], &["mine", "5"]), Reply::Int(1));
    assert_eq!(db.run(&["TTL", "lock"]), Reply::Int(15));
    let digest = latchkey_script::Digest::of(release.as_bytes()).to_string();
    assert_eq!(db.run(&["EVALSHA", &digest, "1", "lock", "mine"]), Reply::Int(1));
    db.run(&["SCRIPT", "FLUSH", "ASYNC"]);
    let gone = db.run(&["EVALSHA", &digest, "1", "lock", "mine"]);
    assert_eq!(show(&gone), "(error) NOSCRIPT No matching script. Please use EVAL.");
}
