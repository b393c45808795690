//! Function libraries: what they register, what they may do meanwhile, and how their functions are called.

use latchkey_protocol::{Reply, ReplyError};

use super::{TIGHT, host, run_in, scripts};
use crate::{Budget, Input, Library, Scripts};

/// Loads a library `lib` whose program is this, from its second line on.
fn load(scripts: &mut Scripts, body: &str) -> Result<Library, ReplyError> {
    scripts.load_library(format!("#!lua name=lib\n{body}").as_bytes())
}

#[track_caller]
fn loaded(scripts: &mut Scripts, body: &str) -> Library {
    load(scripts, body).expect("a library")
}

#[track_caller]
fn refusal(body: &str) -> String {
    load(&mut scripts(), body).expect_err(body).text().to_owned()
}

fn call(scripts: &mut Scripts, library: &Library, name: &str) -> Result<Reply, ReplyError> {
    let (keys, arguments) = (["k1".into()], ["a1".into(), "a2".into()]);
    let function = library.functions.iter().position(|known| known.name == name).expect("a function");
    scripts.call(library, function, &Input { keys: &keys, arguments: &arguments, seed: 1 }, &mut host)
}

#[test]
fn a_library_registers_functions_in_two_ways() {
    let library = loaded(
        &mut scripts(),
        "redis.register_function('plain', function() end)
         redis.register_function{function_name = 'full', callback = function() end, description = 'what it does',
                                 flags = {'allow-oom', 'no-writes'}}
         redis.register_function(3, tostring)",
    );
    assert_eq!(library.name, "lib");
    let names: Vec<_> = library.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["plain", "full", "3"]);
    let full = &library.functions[1];
    assert_eq!(full.description.as_deref(), Some(&b"what it does"[..]));
    assert_eq!(full.flags.names().collect::<Vec<_>>(), ["no-writes", "allow-oom"]);
}

#[test]
fn a_function_gets_its_keys_and_arguments_and_runs_commands() {
    let mut scripts = scripts();
    let library = loaded(
        &mut scripts,
        "local function both(keys, args) return {keys[1], #keys, args[2], #args} end
         redis.register_function('both', both)
         redis.register_function('echo', function(keys) return redis.call('ECHO', keys[1]) end)",
    );
    let both = Reply::Array(vec![Reply::bulk("k1"), Reply::Int(1), Reply::bulk("a2"), Reply::Int(2)]);
    assert_eq!(call(&mut scripts, &library, "both"), Ok(both));
    assert_eq!(call(&mut scripts, &library, "echo"), Ok(Reply::bulk("k1")));
}

/// The texts of Redis, as a real one (7.0) gave them.
#[test]
fn what_a_library_does_wrong_is_told_as_in_redis() {
    let why = |body: &str| {
        let refusal = refusal(body);
        refusal.strip_prefix("ERR Error registering functions: ").map_or(refusal.clone(), str::to_owned)
    };
    let named = |arguments: &str| format!("redis.register_function{{{arguments}}}");
    let f = "callback = function() end";
    let cases = [
        ("return 1".into(), "ERR No functions registered"),
        ("redis.register_function()".into(), "ERR wrong number of arguments to redis.register_function"),
        (
            "redis.register_function('f')".into(),
            "ERR calling redis.register_function with a single argument is only applicable to Lua table (representing \
             named arguments).",
        ),
        (
            "redis.register_function('f', 1)".into(),
            "ERR second argument to redis.register_function must be a function",
        ),
        (
            "redis.register_function({}, tostring)".into(),
            "ERR first argument to redis.register_function must be a string",
        ),
        (
            "redis.register_function('f!', tostring)".into(),
            "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character \
             long",
        ),
        (
            "for i = 1, 2 do redis.register_function('f', tostring) end".into(),
            "ERR Function already exists in the library",
        ),
        (named(""), "ERR redis.register_function must get a function name argument"),
        (named("function_name = 'f'"), "ERR redis.register_function must get a callback argument"),
        (
            named("function_name = 'f', callback = 1"),
            "ERR callback argument given to redis.register_function must be a function",
        ),
        (
            named(&format!("function_name = {{}}, {f}")),
            "ERR function_name argument given to redis.register_function must be a string",
        ),
        (
            named(&format!("function_name = 'f', description = {{}}, {f}")),
            "ERR description argument given to redis.register_function must be a string",
        ),
        (
            named(&format!("function_name = 'f', flags = 1, {f}")),
            "ERR flags argument to redis.register_function must be a table representing function flags",
        ),
        (named(&format!("function_name = 'f', flags = {{'x'}}, {f}")), "ERR unknown flag given"),
        (
            named(&format!("function_name = 'f', x = 1, {f}")),
            "ERR unknown argument given to redis.register_function",
        ),
        (named(&format!("'f', {f}")), "ERR unknown argument given to redis.register_function"),
        ("error('mine')".into(), "ERR user_function:2: mine"),
        ("error({err = 'MY own'})".into(), "MY own"),
    ];
    for (body, expected) in cases {
        assert_eq!(why(&body), expected, "{body}");
    }
    assert_eq!(
        refusal("return ("),
        "ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'"
    );
}

/// There is nobody yet who could run a command, and what is loaded may be loaded again at any time.
#[test]
fn a_library_reaches_nothing_while_it_is_loaded() {
    for name in ["call", "pcall", "setresp", "sha1hex"] {
        assert_eq!(
            refusal(&format!("return redis.{name}('PING')")),
            format!(
                "ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global \
                 variable '{name}'"
            )
        );
    }
    for text in ["x = 1", "redis.x = 1", "string.x = 1", "function f() end"] {
        assert!(refusal(text).ends_with("user_function:2: Attempt to modify a readonly table"), "{text}");
    }
    assert!(refusal("return KEYS").contains("nonexistent global variable 'KEYS'"));
    assert!(refusal("setmetatable(redis, {})").contains("cannot change a protected metatable"));
    assert_eq!(refusal("redis.log(redis.LOG_NOTICE, 'x')"), "ERR No functions registered");
    assert!(scripts().load_library(b"#!lua name=lib\n\x1bLua").is_err());
}

#[test]
fn a_library_is_loaded_within_a_budget() {
    let mut scripts = scripts();
    for endless in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "for i = 1, 1e9 do pcall(redis.register_function, 'f' .. i, tostring) end",
    ] {
        let error = load(&mut scripts, endless).expect_err("no end");
        assert_eq!(error.text(), "ERR Error registering functions: ERR FUNCTION LOAD timeout", "{endless}");
    }
    let error = load(&mut scripts, "local t = {} for i = 1, 1e9 do t[i] = {} end").expect_err("no room");
    assert!(error.text().contains("not enough memory"), "{error}");
    let mut patient = Scripts::new(Budget { steps: 1 << 40, memory_bytes: 64 << 20, ..TIGHT }, None);
    for too_much in [
        "for i = 1, 501 do redis.register_function('f' .. i, tostring) end",
        "redis.register_function(('f'):rep(70000), tostring)",
        "redis.register_function{function_name = 'f', callback = tostring, description = ('x'):rep(1e6)}",
    ] {
        let error = load(&mut patient, too_much).expect_err("too much");
        assert!(error.text().contains("too many functions"), "{too_much}: {error}");
    }
    assert_eq!(run_in(&mut scripts, "return 1"), Ok(Reply::Int(1)));
}

#[test]
fn what_a_function_does_wrong_is_told_with_its_line() {
    let mut scripts = scripts();
    let library = loaded(
        &mut scripts,
        "redis.register_function('throws', function()
           error('mine') end)
         redis.register_function('command', function()
           return redis.call('BAD') end)
         redis.register_function('reply', function() error({err = 'MY own'}) end)
         redis.register_function('global', function() x = 1 end)
         local register = redis.register_function
         register('late', function() register('more', tostring) end)
         register('none', function() return redis.register_function('more', tostring) end)
         register('keys', function() return KEYS end)",
    );
    let mut error = |name| call(&mut scripts, &library, name).expect_err(name).text().to_owned();
    assert_eq!(
        error("throws"),
        "ERR Error running script: user_function:3: mine\nstack traceback:\n\t[G]: in function 'error'\n\t\
         user_function:3: in function <user_function:2>\n\t[G]: ?"
    );
    assert!(error("command").starts_with("ERR Error running script: user_function:5: WRONGTYPE not that\n"));
    assert_eq!(error("reply"), "MY own");
    assert!(error("global").contains("user_function:7: Attempt to modify a readonly table"));
    assert!(error("late").contains("can only be called on FUNCTION LOAD command"));
    assert!(error("none").contains("attempt to call field 'register_function' (a nil value)"));
    assert!(error("keys").contains("nonexistent global variable 'KEYS'"));
}

/// As in Redis: a library may count in its own variables, and nobody else sees them.
#[test]
fn a_library_keeps_what_is_its_own() {
    let mut scripts = scripts();
    let counts = "local n, call = 0, nil
        redis.register_function('count', function() n = n + 1 rawset(_G, 'left', n) return n end)
        redis.register_function('left', function() return left end)
        redis.register_function('cached', function() call = call or redis.call return call('ECHO', 'x') end)";
    let first = loaded(&mut scripts, counts);
    let second = loaded(&mut scripts, counts);
    assert_eq!(call(&mut scripts, &first, "count"), Ok(Reply::Int(1)));
    assert_eq!(call(&mut scripts, &first, "count"), Ok(Reply::Int(2)));
    assert_eq!(call(&mut scripts, &second, "count"), Ok(Reply::Int(1)));
    assert_eq!(call(&mut scripts, &first, "left"), Ok(Reply::Int(2)));
    for _ in 0..2 {
        assert_eq!(call(&mut scripts, &first, "cached"), Ok(Reply::bulk("x")), "a call outlives its run");
    }
    assert_eq!(run_in(&mut scripts, "return rawget(_G, 'left')"), Ok(Reply::Null));
    scripts.flush();
    assert_eq!(
        call(&mut scripts, &first, "count"),
        Ok(Reply::Int(3)),
        "flushing scripts is not about libraries"
    );
}

/// Whatever threw the interpreter away, the next call finds its library.
#[test]
fn a_library_is_loaded_again_when_it_has_to_be() {
    let mut scripts = scripts();
    let library = loaded(
        &mut scripts,
        "local n = 0
         redis.register_function('hangs', function() while true do end end)
         redis.register_function('count', function() n = n + 1 return n end)",
    );
    assert_eq!(call(&mut scripts, &library, "count"), Ok(Reply::Int(1)));
    let error = call(&mut scripts, &library, "hangs").expect_err("no end");
    assert!(error.text().contains("exceeded its time limit"), "{error}");
    assert_eq!(call(&mut scripts, &library, "count"), Ok(Reply::Int(1)), "it counts from the beginning");
    scripts.drop_library(&library);
    assert_eq!(call(&mut scripts, &library, "count"), Ok(Reply::Int(1)));
}
