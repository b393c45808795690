//! What the product is made of may be given away under its own licence.

use std::collections::BTreeSet;
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    sources: Sources,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    license: Option<String>,
    /// Absent for our own.
    source: Option<String>,
}

/// As `cargo deny check licenses sources`, with the same configuration and nothing to install.
#[test]
fn every_dependency_has_a_licence_that_is_allowed() {
    let deny: Deny =
        toml::from_str(include_str!("../../deny.toml")).expect("deny.toml has the parts we need");
    let packages = metadata().packages;
    assert!(packages.len() > 100, "these are not all dependencies");
    for Package { name, license, source } in packages {
        let license = license.unwrap_or_default();
        assert!(satisfied(&license, &deny.licenses.allow), "{name}: {license:?} is not allowed by deny.toml");
        let registry = source.as_ref().map(|source| source.trim_start_matches("registry+"));
        assert!(
            registry.is_none_or(|registry| deny.sources.allow_registry.contains(registry)),
            "{name}: from {source:?}"
        );
    }
}

/// The fuzzer's package has a lock file of its own. What it has besides is named here, and is not shipped.
#[test]
fn the_fuzzer_adds_nothing_but_itself() {
    let product = locked(include_str!("../../Cargo.lock"));
    let added = locked(include_str!("../../fuzz/Cargo.lock")).into_iter();
    let added: Vec<String> =
        added.filter(|package| !product.contains(package)).map(|package| package.name).collect();
    assert_eq!(
        added,
        ["arbitrary", "latchkey-fuzz", "libfuzzer-sys"],
        "fuzz/README.md says how to bring fuzz/Cargo.lock up to date"
    );
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Locked {
    name: String,
    version: String,
}

fn locked(text: &str) -> BTreeSet<Locked> {
    let lock: Lock = toml::from_str(text).expect("a lock file has packages");
    lock.package.into_iter().collect()
}

#[test]
fn licence_expressions_are_understood() {
    let allow = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
    for fine in [
        "MIT",
        "MIT/GPL-3.0",
        "GPL-3.0 OR MIT",
        "GPL-3.0 OR Apache-2.0 WITH LLVM-exception",
        "(GPL-3.0 OR MIT) AND ISC",
        "ISC AND (MIT OR (GPL-3.0 AND ISC))",
        "GPL-3.0 AND ISC OR MIT",
    ] {
        assert!(satisfied(fine, &allow), "{fine}");
    }
    for refused in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT AND (GPL-3.0 OR Apache-2.0)", "MIT OR", "(MIT"] {
        assert!(!satisfied(refused, &allow), "{refused}");
    }
}

/// Whether the allowed licences satisfy an SPDX expression; `/` is the old way to write OR. What is not an expression
/// is not satisfied.
fn satisfied(expression: &str, allow: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut tokens = spaced.split_whitespace().peekable();
    any(&mut tokens, allow) == Some(true) && tokens.next().is_none()
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(tokens: &mut Tokens<'_>, allow: &BTreeSet<String>) -> Option<bool> {
    let mut satisfied = all(tokens, allow)?;
    while tokens.next_if_eq(&"OR").is_some() {
        satisfied |= all(tokens, allow)?;
    }
    Some(satisfied)
}

fn all(tokens: &mut Tokens<'_>, allow: &BTreeSet<String>) -> Option<bool> {
    let mut satisfied = one(tokens, allow)?;
    while tokens.next_if_eq(&"AND").is_some() {
        satisfied &= one(tokens, allow)?;
    }
    Some(satisfied)
}

fn one(tokens: &mut Tokens<'_>, allow: &BTreeSet<String>) -> Option<bool> {
    let name = tokens.next()?;
    if name == "(" {
        let satisfied = any(tokens, allow)?;
        return tokens.next_if_eq(&")").map(|_| satisfied);
    }
    match tokens.next_if_eq(&"WITH") {
        Some(_) => Some(allow.contains(&format!("{name} WITH {}", tokens.next()?))),
        None => Some(allow.contains(name)),
    }
}

fn metadata() -> Metadata {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}
