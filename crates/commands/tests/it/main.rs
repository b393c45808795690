//! The command table, as other crates see it.

mod document;
mod reference;
