//! What the documentation says in numbers, compared with the code.

use serde_json::json;

use crate::server::Server;

/// The formula stands where it is computed and where users read it.
#[test]
fn the_formula_for_stored_bytes_is_the_documented_one() {
    let documented = include_str!("../../docs/metering.md");
    let rows = include_str!("../../crates/keyspace/src/cost.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| line.starts_with('|'));
    assert!(rows.clone().count() > 10, "a head, a rule and rows");
    for row in rows {
        assert!(documented.contains(row), "docs/metering.md has no row {row}");
    }
}

#[test]
fn the_example_of_stored_bytes_is_true() {
    let documented = include_str!("../../docs/metering.md");
    assert!(documented.contains("`SET greeting hello EX 60` takes 48 + 8 + 16 + 5 = 77 bytes"));
    let server = Server::start();
    server.run(json!(["SET", "greeting", "hello", "EX", 60]));
    assert_eq!(server.run(json!(["MEMORY", "USAGE", "greeting"])), json!(77));
}
