//! Access control: the rules of a user, and what they allow.
//!
//! [`Rules`] are what ACL SETUSER changes and ACL LIST shows. They are compiled into [`Permissions`], which every
//! command is checked against: a bit for each command of the table, and patterns of keys and of channels.

mod patterns;
mod permissions;
mod rules;

#[cfg(test)]
mod tests;

pub use permissions::{Denial, Permissions};
pub use rules::{RuleError, Rules};
