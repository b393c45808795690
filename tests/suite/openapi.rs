//! `openapi.yaml`, compared with what the code does. `tests/clients/schemathesis/run` asks a live server.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use hyper::StatusCode;
use latchkey_commands::{Call, Command, Run, commands};
use latchkey_protocol::rest::{self, Route};
use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::http::Request;
use crate::server::Server;

#[derive(Deserialize)]
struct Description {
    paths: BTreeMap<String, BTreeMap<String, Value>>,
    components: Components,
}

#[derive(Deserialize)]
struct Components {
    schemas: BTreeMap<String, Value>,
}

#[test]
fn every_route_is_described() {
    let description = description();
    let described: BTreeSet<String> =
        description.paths.keys().map(|path| format!("{:?}", rest::route(path))).collect();
    let routes = [
        Route::Root,
        Route::Pipeline,
        Route::MultiExec,
        Route::Subscribe,
        Route::PatternSubscribe,
        Route::Monitor,
        Route::Command,
    ];
    assert_eq!(described, routes.map(|route| format!("{route:?}")).into());
    let watching = include_str!("../../crates/http/src/door.rs");
    for path in ["/healthz", "/readyz"] {
        assert!(watching.contains(&format!("\"{path}\" =>")), "the door knows {path}");
        assert!(description.paths.contains_key(path), "{path} is described");
    }
}

/// Were they taken as commands, a probe with the wrong method would be told that its token is missing.
#[test]
fn the_routes_for_watching_take_no_other_method() {
    let server = Server::start();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.send(&Request::get(path)).status, 200);
        let refused = server.send(&Request::post(path, ""));
        assert_eq!((refused.status, refused.header("allow")), (405, Some("HEAD, GET, OPTIONS")));
    }
}

/// A path such as `/set/{key}/{value}` has to be a command, with as many arguments as it takes.
#[test]
fn every_described_path_is_a_command_or_a_route() {
    for path in description().paths.keys().filter(|path| rest::route(path) == Route::Command) {
        if path.starts_with("/{command}") || ["/healthz", "/readyz"].contains(&path.as_str()) {
            continue;
        }
        let plain = path.replace(['{', '}'], "");
        let words = rest::parse_path(&plain, None, Bytes::new()).expect("a path without escapes").words;
        Call::resolve(words).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn every_command_is_named_and_no_other() {
    let schema = &description().components.schemas["CommandName"];
    let named: BTreeSet<&str> =
        schema["enum"].as_sequence().expect("names").iter().filter_map(Value::as_str).collect();
    let known: BTreeSet<&str> =
        commands().iter().filter(|command| over_rest(command)).map(|command| command.spec.name).collect();
    assert_eq!(named.difference(&known).collect::<Vec<_>>(), [&""; 0], "described, but not there");
    assert_eq!(known.difference(&named).collect::<Vec<_>>(), [&""; 0], "there, but not described");
}

/// Whether it can be sent over REST: what belongs to a connection cannot.
fn over_rest(command: &Command) -> bool {
    match command.spec.run {
        Run::Session => false,
        Run::Container => command.subcommands().iter().any(over_rest),
        Run::Read(_) | Run::Write(_) | Run::Server(_) | Run::Script(_) | Run::Account(_) => true,
    }
}

/// The door makes statuses in two files only; what they name has to be described somewhere, and nothing else.
#[test]
fn every_status_is_described_and_no_other() {
    let sources = concat!(
        include_str!("../../crates/http/src/respond.rs"),
        include_str!("../../crates/http/src/read.rs"),
        include_str!("../../crates/http/src/door.rs"),
    );
    let made: BTreeSet<u16> =
        (100..600).filter(|&code| constant(code).is_some_and(|name| sources.contains(&name))).collect();
    let description = description();
    let operations = description.paths.values().flat_map(BTreeMap::values);
    let described: BTreeSet<u16> = operations
        .filter_map(|operation| operation.get("responses")?.as_mapping())
        .flat_map(|responses| responses.keys())
        .filter_map(|code| code.as_str()?.parse().ok())
        .collect();
    assert_eq!(described, made, "described (left) and made (right)");
}

/// How source code names a status: `StatusCode::REQUEST_TIMEOUT`.
fn constant(code: u16) -> Option<String> {
    let reason = StatusCode::from_u16(code).ok()?.canonical_reason()?;
    Some(format!("StatusCode::{}", reason.replace(' ', "_").to_uppercase()))
}

fn description() -> Description {
    serde_yaml_ng::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is what it claims to be")
}
