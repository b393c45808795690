//! The crate graph, compared with the table in `ARCHITECTURE.md`. Nothing else keeps such a table true.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Which crates of ours each of our crates uses, tests apart.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// Goal: a dependency that the table does not allow, and a line of the table that is no longer true, both fail here.
#[test]
fn crates_use_what_the_architecture_says_and_nothing_else() {
    let (declared, actual) = (declared(), actual());
    for (name, uses) in &actual {
        let allowed =
            declared.get(name).unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for the crate `{name}`"));
        assert_eq!(
            uses, allowed,
            "what `{name}` uses (left) is not what its row in ARCHITECTURE.md says (right)"
        );
    }
    for name in declared.keys() {
        assert!(actual.contains_key(name), "ARCHITECTURE.md has a row for `{name}`, which is no crate");
    }
}

/// The table's rows: ``| `crate` | what it turns into what | `used`, `used` | … |``.
fn declared() -> Graph {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is readable");
    let rows =
        text.lines().skip_while(|line| !line.contains("may use")).filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names =
            |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
        let name = names(cells[1]).pop_first().expect("a row begins with a crate's name");
        (name, names(cells[3]))
    })
    .collect()
}

fn actual() -> Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let ours = packages.iter().filter(|package| !for_tests_only(&name(package)));
    ours.map(|package| (name(package), uses(package))).collect()
}

fn name(package: &serde_json::Value) -> String {
    short(package["name"].as_str().expect("a package has a name"))
}

fn uses(package: &serde_json::Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().expect("dependencies");
    let of_ours = dependencies.iter().filter(|dependency| dependency["kind"].is_null());
    let names = of_ours.filter_map(|dependency| dependency["name"].as_str());
    names.filter(|name| name.starts_with("latchkey")).map(short).collect()
}

fn short(name: &str) -> String {
    if name == "latchkey" { "server".into() } else { name.trim_start_matches("latchkey-").into() }
}

/// Packages that are not part of the product.
fn for_tests_only(name: &str) -> bool {
    matches!(name, "tests" | "bench")
}

fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
