//! May this caller run this command? Decided here, for every door, from the command's declaration.

use latchkey_commands::Call;
use latchkey_commands::acl::Denial;
use latchkey_protocol::ReplyError;
use latchkey_tenancy::Grants;
use latchkey_tenancy::Limits;

/// Refuses what the grants do not cover and what is larger than the limits allow.
pub fn allows(call: &Call, grants: &Grants, limits: &Limits) -> Result<(), ReplyError> {
    permits(call, grants)?;
    fits(call, limits)
}

/// Refuses what the grants do not cover. Whoever may do everything pays one branch for it.
pub(crate) fn permits(call: &Call, grants: &Grants) -> Result<(), ReplyError> {
    match grants.permissions() {
        None => Ok(()),
        Some(permissions) => permissions.check(call).map_err(|denial| denial.error(call.command())),
    }
}

/// Refuses a channel that the grants do not cover, or a pattern of channels, as somebody subscribes to it or publishes
/// on it. [`allows`] has asked already for the channels that a command's declaration names.
pub fn may_use_channel(grants: &Grants, channel: &[u8], is_pattern: bool) -> Result<(), ReplyError> {
    match grants.permissions() {
        Some(permissions) if !permissions.allows_channel(channel, is_pattern) => Err(Denial::NO_CHANNEL),
        _ => Ok(()),
    }
}

/// Refuses what is larger than the limits allow.
fn fits(call: &Call, limits: &Limits) -> Result<(), ReplyError> {
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

fn too_large(what: &str, limit: u64, actual: u64) -> ReplyError {
    ReplyError::new(format!("ERR max {what} size exceeded. Limit: {limit} bytes, Actual: {actual} bytes"))
}
