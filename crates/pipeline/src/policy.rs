//! May this caller run this command? Decided here, for every door, from the command's declaration.

use latchkey_commands::{Call, Category};
use latchkey_protocol::ReplyError;
use latchkey_tenancy::Grants;
use latchkey_tenancy::Limits;

/// Refuses what the grants do not cover and what is larger than the limits allow.
pub fn allows(call: &Call, grants: Grants, limits: &Limits) -> Result<(), ReplyError> {
    if grants.read_only && !call.command().is_for_readers() {
        return Err(no_permission(&call.command().full_name()));
    }
    fits(call, limits)
}

/// As [`allows`], of a command that has a connection listen. Whoever may read may listen; to look at what others do is
/// another thing.
pub(crate) fn lets_listen(call: &Call, grants: Grants, limits: &Limits) -> Result<(), ReplyError> {
    if grants.read_only && call.command().categories().has(Category::Dangerous) {
        return Err(no_permission(&call.command().full_name()));
    }
    fits(call, limits)
}

/// Refuses what is larger than the limits allow.
pub(crate) fn fits(call: &Call, limits: &Limits) -> Result<(), ReplyError> {
    let request_bytes = call.words().bytes() as u64;
    if request_bytes > limits.request_bytes_max {
        return Err(too_large("request", limits.request_bytes_max, request_bytes));
    }
    if request_bytes <= limits.key_bytes_max {
        return Ok(()); // no key can be longer than all words together
    }
    let longest = call.keys().iter().map(|key| key.name.len() as u64).max().unwrap_or(0);
    if longest > limits.key_bytes_max {
        return Err(too_large("key", limits.key_bytes_max, longest));
    }
    Ok(())
}

pub(crate) fn no_permission(name: &str) -> ReplyError {
    ReplyError::new(format!(
        "NOPERM this user has no permissions to run the '{name}' command or its subcommand"
    ))
}

fn too_large(what: &str, limit: u64, actual: u64) -> ReplyError {
    ReplyError::new(format!("ERR max {what} size exceeded. Limit: {limit} bytes, Actual: {actual} bytes"))
}
