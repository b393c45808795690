//! The ways out of a sandbox that are known, each closed. Every test ends by itself only if the way is.

use latchkey_protocol::Reply;

use super::{TIGHT, check, refusal, run, run_in, scripts, shown};
use crate::{Budget, Scripts};

#[track_caller]
fn is_stopped(text: &str) {
    let refusal = refusal(text);
    assert!(refusal.contains("the script exceeded its time limit"), "{text}: {refusal}");
}

/// (1) One error would be caught by the `pcall` around it, and the loop go on.
#[test]
fn a_loop_around_pcall_is_stopped() {
    is_stopped("while true do end");
    is_stopped("while true do pcall(function() while true do end end) end");
    is_stopped(
        "local p = pcall while true do p(function() while true do p(function() while true do end end) end end) end",
    );
    is_stopped("local function f() pcall(f) return f() end f()");
    is_stopped("repeat until false");
}

/// (2) The native `xpcall` runs its handler where no hook runs.
#[test]
fn a_handler_of_xpcall_is_stopped() {
    is_stopped("xpcall(function() error('x') end, function() while true do end end)");
    is_stopped(
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
    );
}

/// (3) A function of the library is one instruction for the interpreter, however long it takes.
#[test]
fn functions_of_the_library_are_stopped() {
    is_stopped("return string.find(('a'):rep(30), ('a-'):rep(30) .. 'b')");
    is_stopped("return string.match(('a'):rep(30), ('a*'):rep(30) .. 'b')");
    is_stopped("return (string.gsub(('a'):rep(30), ('a-'):rep(30) .. 'b', ''))");
    is_stopped("return (string.gsub(('a'):rep(30), ('a-'):rep(30) .. 'b', function() end))");
    is_stopped("for x in string.gmatch(('a'):rep(30), ('a-'):rep(30) .. 'b') do end");
    is_stopped("while true do pcall(string.find, ('a'):rep(30), ('a-'):rep(30) .. 'b') end");
    is_stopped("local t = {} for i = 1, 1e4 do t[i] = i end while true do table.sort(t) end");
    is_stopped("local t = {} while true do table.insert(t, 1, 0) t[2] = nil end");
    is_stopped("local t = {} for i = 1, 1e4 do t[i] = 'x' end while true do table.concat(t) end");
    is_stopped("while true do redis.pcall('BAD') end");
    is_stopped("while true do redis.call('SLOW') end");
    is_stopped("local s = ('x'):rep(1e4) return s:gsub('x', s)");
    is_stopped("local s = ('x'):rep(1e5) while true do s:upper() end");
    is_stopped("local s = ('x'):rep(1e5) while true do cjson.encode(s) end");
    is_stopped("local s = ('x'):rep(1e5) while true do redis.sha1hex(s) end");
}

#[test]
fn an_answer_that_explodes_is_stopped() {
    is_stopped("local t = {} for i = 1, 40 do t = {t, t} end return t");
    is_stopped("local t = {} for i = 1, 40 do t = {t, t} end return cjson.encode(t)");
    let round = run("local t = {} t[1] = t return t").expect("an answer, with an error in its depth");
    assert!(format!("{round:?}").contains("reached lua stack limit"));
}

/// (4) Bytecode can read and write any memory.
#[test]
fn bytecode_is_refused() {
    check(&[
        ("select(2, loadstring('\\27Lua'))", "attempt to load a chunk that is not text"),
        ("select(2, load(function() return nil end)) == nil", "true"),
        ("string.dump", "nil"),
    ]);
    assert!(refusal("\x1bLua").contains("attempt to load a chunk that is not text"));
    let pieces =
        "local n = 0 return {load(function() n = n + 1 return ({'\\27', 'Lua'})[n] end) == nil and 1}";
    assert_eq!(run(pieces), Ok(Reply::Array(vec![Reply::Int(1)])));
}

/// (5) Only what is listed is there.
#[test]
fn what_reaches_out_is_not_there() {
    for name in [
        "print",
        "dofile",
        "loadfile",
        "setfenv",
        "getfenv",
        "require",
        "module",
        "package",
        "io",
        "debug",
        "newproxy",
        "coroutine",
        "gcinfo",
    ] {
        assert_eq!(
            refusal(&format!("return {name}")).lines().next(),
            Some(format!("ERR Error running script: @user_script:1: Script attempted to access nonexistent global variable '{name}'").as_str())
        );
    }
    check(&[
        ("os.execute", "nil"),
        ("os.time", "nil"),
        ("type(os.clock())", "number"),
        ("string.locate", "nil"),
    ]);
}

#[test]
fn what_is_there_cannot_be_changed() {
    for text in [
        "x = 1",
        "function f() end",
        "redis.call2 = 1",
        "string.find = nil",
        "math.random = nil",
        "cjson.decode = nil",
        "table.x = 1",
        "_G.x = 1",
    ] {
        assert!(refusal(text).contains("Attempt to modify a readonly table"), "{text}");
    }
    for text in ["setmetatable(_G, {})", "setmetatable(string, {})", "setmetatable(redis, nil)"] {
        assert!(refusal(text).contains("cannot change a protected metatable"), "{text}");
    }
    check(&[("getmetatable('')", "false"), ("getmetatable(_G)", "false"), ("getmetatable(math)", "false")]);
}

/// The environment is new for each run, so that even what goes around the guards is gone afterwards.
#[test]
fn nothing_is_left_for_the_next_script() {
    let mut scripts = scripts();
    let leave =
        "rawset(_G, 'left', 1) rawset(string, 'left', 1) rawset(redis, 'left', 1) rawset(math, 1, 'left')
                 KEYS.left = 1 ARGV[9] = 'left' return {left, string.left, redis.left, math[1]}";
    assert_eq!(
        run_in(&mut scripts, leave),
        Ok(Reply::Array(vec![Reply::Int(1), Reply::Int(1), Reply::Int(1), Reply::bulk("left")]))
    );
    let look =
        "return tostring(rawget(_G, 'left')) .. tostring(rawget(string, 'left')) .. tostring(redis.left)
                .. tostring(math[1]) .. tostring(KEYS.left) .. tostring(ARGV[9])";
    assert_eq!(run_in(&mut scripts, look), Ok(Reply::bulk("nilnilnilnilnilnil")));
}

#[test]
fn a_chunk_loaded_by_a_script_sees_what_the_script_sees() {
    assert_eq!(shown("loadstring('return KEYS[1] .. tostring(redis.call(\"ECHO\", 1))')()"), "k11");
    assert!(refusal("loadstring('x = 1')()").contains("Attempt to modify a readonly table"));
    assert!(refusal("return loadstring('return print')()").contains("nonexistent global variable 'print'"));
}

/// (6) Memory has an end, and after it the database can run scripts again.
#[test]
fn memory_is_limited() {
    let mut scripts = scripts();
    for text in [
        "local t = {} for i = 1, 1e9 do t[i] = {} end",
        "local s = 'x' while true do s = s .. s end",
        "local t, x = {}, ('x'):rep(5000) for i = 1, 500 do t[i] = x end return table.concat(t) .. table.concat(t, 'y')",
    ] {
        let error = run_in(&mut scripts, text).expect_err("more than there is");
        assert!(error.text().contains("not enough memory"), "{text}: {error}");
        assert_eq!(run_in(&mut scripts, "return 1"), Ok(Reply::Int(1)), "after {text}");
    }
    for text in ["return ('x'):rep(1e9)", "return ('x'):rep(1e6):rep(1e6)", "return string.rep('', 1e300)"] {
        match run_in(&mut scripts, text) {
            Ok(reply) => assert_eq!(reply, Reply::bulk(""), "{text}"),
            Err(error) => assert!(error.text().contains("resulting string too large"), "{text}: {error}"),
        }
    }
    assert!(refusal("return ('x'):rep(1e9)").contains("resulting string too large"));
    let many = "local s, t = ('x'):rep(1e5), {} for i = 1, 1000 do t[i] = s end redis.call('DEL', unpack(t))";
    let mut patient = Scripts::new(Budget { steps: 10_000_000, ..TIGHT }, None);
    let error = run_in(&mut patient, many).expect_err("more than a command may be given");
    assert!(error.text().contains("too large"), "{error}");
}

/// Garbage of one run is not held against the next.
#[test]
fn garbage_does_not_gather() {
    let mut scripts = scripts();
    for _ in 0..20 {
        let text = "local t = {} for i = 1, 2000 do t[i] = ('x'):rep(500) .. i end return #t";
        assert_eq!(run_in(&mut scripts, text), Ok(Reply::Int(2000)));
    }
}

#[test]
fn nesting_has_an_end() {
    assert!(refusal("local function f() return 1 + f() end return f()").contains("stack overflow"));
    assert!(refusal("return string.find(('x'):rep(100), ('(x'):rep(100))").contains("too many captures"));
    assert!(refusal("return string.find(('x'):rep(1000), ('x?'):rep(1000))").contains("pattern too complex"));
    assert!(refusal("return cjson.decode(('['):rep(2000))").contains("too many nested data structures"));
    assert!(refusal("return cmsgpack.unpack(('\\145'):rep(2000))").contains("Bad data format"));
    assert!(refusal(&format!("return {}1{}", "(".repeat(300), ")".repeat(300))).contains("too many"));
}

/// (7) Nothing is built before there is a script to run.
#[test]
fn an_interpreter_is_built_at_the_first_script() {
    let mut scripts = scripts();
    assert!(!scripts.is_built());
    scripts.load(b"return 1").expect("a script");
    assert!(scripts.is_built());
    scripts.flush();
    assert!(!scripts.is_built());
}
