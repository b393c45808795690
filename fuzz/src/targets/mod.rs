//! The targets: each is a function that panics if an input shows that something is wrong.

mod acl_rules;
mod codec;
mod commands;
mod connection;
mod frames;
mod glob;
mod json_path;
mod rdb_file;
mod resp;
mod rest_body;
mod restore;
mod same;
mod script;
mod session;
mod sum;
mod undo;

/// Tries one input.
pub(crate) type Run = fn(&[u8]);

/// Every target by name. `fuzz/run` reads the names from here.
pub(crate) const ALL: [(&str, Run); 13] = [
    ("acl_rules", acl_rules::run),
    ("codec", codec::run),
    ("commands", commands::run),
    ("connection", connection::run),
    ("frames", frames::run),
    ("glob", glob::run),
    ("json_path", json_path::run),
    ("rdb_file", rdb_file::run),
    ("resp", resp::run),
    ("rest_body", rest_body::run),
    ("restore", restore::run),
    ("script", script::run),
    ("undo", undo::run),
];

/// The target of this name.
pub(crate) fn find(name: &str) -> Option<Run> {
    ALL.iter().find(|(known, _)| *known == name).map(|&(_, run)| run)
}
