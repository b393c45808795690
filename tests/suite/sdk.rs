//! The clients that people use, against the real server: `@upstash/redis`, `upstash-redis`, libraries on top of them, a
//! page in Chromium, and the example applications.
//!
//! `tests/run` installs what they need. Without it these tests say what is missing and pass as skipped, unless
//! `LATCHKEY_TESTS_REQUIRE_CLIENTS` or `CI` is set: then they fail.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::{Server, TOKEN};

#[test]
fn javascript_strings() {
    node(&Server::start(), "strings.test.mjs", &[]);
}

#[test]
fn javascript_hashes() {
    node(&Server::start(), "hashes.test.mjs", &[]);
}

#[test]
fn javascript_lists() {
    node(&Server::start(), "lists.test.mjs", &[]);
}

#[test]
fn javascript_sets() {
    node(&Server::start(), "sets.test.mjs", &[]);
}

#[test]
fn javascript_sorted_sets() {
    node(&Server::start(), "sorted_sets.test.mjs", &[]);
}

#[test]
fn javascript_arrays() {
    node(&Server::start(), "arrays.test.mjs", &[]);
}

#[test]
fn javascript_generic() {
    node(&Server::start(), "generic.test.mjs", &[]);
}

#[test]
fn javascript_functions() {
    node(&Server::start(), "functions.test.mjs", &[]);
}

#[test]
fn javascript_batches() {
    node(&Server::start(), "batches.test.mjs", &[]);
}

#[test]
fn javascript_without_conversions() {
    node(&Server::start(), "plain.test.mjs", &[]);
}

#[test]
fn javascript_errors() {
    node(&Server::start(), "errors.test.mjs", &[]);
}

#[test]
fn javascript_bytes() {
    node(&Server::start(), "bytes.test.mjs", &[]);
}

/// `@upstash/ratelimit`, whose limits are scripts.
#[test]
fn javascript_rate_limits() {
    if node_package("@upstash/ratelimit") {
        node(&Server::start(), "ratelimit.test.mjs", &[]);
    }
}

/// `@upstash/lock`, which takes locks with SET and frees them with scripts.
#[test]
fn javascript_locks() {
    if node_package("@upstash/lock") {
        node(&Server::start(), "lock.test.mjs", &[]);
    }
}

/// `express-session` with `connect-redis`, over the RESP port.
#[test]
fn express_sessions() {
    if ["connect-redis", "express-session", "express", "redis"].into_iter().all(node_package) {
        node(&Server::start(), "sessions.test.mjs", &[]);
    }
}

#[test]
fn javascript_subscriptions() {
    node(&Server::start(), "pubsub.test.mjs", &[]);
}

/// `@upstash/realtime`, which lives on subscriptions and streams.
#[test]
fn javascript_realtime() {
    if node_package("@upstash/realtime") {
        node(&Server::start(), "realtime.test.mjs", &[]);
    }
}

#[test]
fn javascript_in_a_browser() {
    if chromium() {
        node(&Server::start(), "browser.test.mjs", &[]);
    }
}

#[test]
fn hono_example() {
    if installed(&root().join("examples/hono/node_modules/hono")) {
        node(&Server::start(), "hono.test.mjs", &[]);
    }
}

#[test]
fn python() {
    python_tests(&Server::start(), "upstash_redis", &[]);
}

/// `upstash-ratelimit`, with all of its algorithms.
#[test]
fn python_rate_limits() {
    python_tests(&Server::start(), "upstash_ratelimit", &["rate_limits"]);
}

/// In an environment with nothing but its own requirements.
#[test]
fn fastapi_example() {
    python_tests_in("fastapi", &Server::start(), "fastapi", &["fastapi_example"]);
}

/// Runs tests for Python that need a package: those that are found, or those in the named modules.
pub(crate) fn python_tests(server: &Server, package: &str, modules: &[&str]) {
    python_tests_in("python", server, package, modules);
}

fn python_tests_in(environment: &str, server: &Server, package: &str, modules: &[&str]) {
    let interpreter = root().join("tests/.cache").join(environment).join("bin/python");
    if installed(&interpreter) && require_at(&interpreter, &["-c", &format!("import {package}")], package) {
        let mut command = Command::new(interpreter);
        command.args(["-B", "-m", "unittest"]).args(modules);
        run(server, command.current_dir(root().join("tests/clients/python")));
    }
}

/// Whether a package for JavaScript is there.
pub(crate) fn node_package(name: &str) -> bool {
    installed(&root().join("tests/clients/node/node_modules").join(name))
}

/// Not a client of Upstash's, but one made from `openapi.yaml`: thousands of requests that it allows or forbids.
#[test]
fn schemathesis() {
    if installed(&root().join("tests/.cache/schemathesis/bin/schemathesis")) {
        run(&Server::start(), &mut Command::new(root().join("tests/clients/schemathesis/run")));
    }
}

/// Runs a file of tests for the JavaScript client, with more variables in its environment.
pub(crate) fn node(server: &Server, file: &str, environment: &[(&str, &str)]) {
    let directory = root().join("tests/clients/node");
    if require("node", &["--version"]) && installed(&directory.join("node_modules/@upstash/redis")) {
        let mut command = Command::new("node");
        command.args(["--test", file]).current_dir(directory).envs(environment.iter().copied());
        run(server, &mut command);
    }
}

/// Runs a program that finds the server in its environment, and fails with what it said if it fails.
fn run(server: &Server, command: &mut Command) {
    command.env("UPSTASH_REDIS_REST_URL", &server.url).env("UPSTASH_REDIS_REST_TOKEN", TOKEN);
    command.env("REDIS_URL", &server.redis_url);
    let output = command.output().expect("the program was there a moment ago");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&said));
}

/// Whether a program can be started. A test that needs it and cannot have it fails where all have to run.
pub(crate) fn require(program: &str, arguments: &[&str]) -> bool {
    require_at(Path::new(program), arguments, program)
}

fn require_at(program: &Path, arguments: &[&str], what: &str) -> bool {
    let started = Command::new(program).args(arguments).output();
    present(started.is_ok_and(|output| output.status.success()), what)
}

fn chromium() -> bool {
    let candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let named = env::var("CHROMIUM").is_ok_and(|path| Path::new(&path).exists());
    present(named || candidates.iter().any(|path| Path::new(path).exists()), "chromium")
}

fn installed(path: &Path) -> bool {
    present(path.exists(), &path.display().to_string())
}

/// Whether something that tests need is there; if it is required, it has to be.
#[allow(clippy::print_stderr)] // the reason belongs to the test's output
pub(crate) fn present(is_there: bool, what: &str) -> bool {
    if !is_there {
        let required =
            ["LATCHKEY_TESTS_REQUIRE_CLIENTS", "CI"].iter().any(|name| env::var_os(name).is_some());
        assert!(!required, "{what} is missing: 'tests/run' installs it");
        eprintln!("skipped: {what} is missing; 'tests/run' installs it");
    }
    is_there
}

/// The root of the sources.
fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are a folder of the sources").to_owned()
}
