//! Room for a write: is there enough, can some be made, and what if it turns out that there was not.

use latchkey_commands::{Call, Growth};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_protocol::ReplyError;

use crate::Limits;
use crate::limits::DISK_IS_FULL;

/// What a stored element can take besides its own bytes, by the dearest line of the formula: a key with a deadline.
const OVERHEAD_BYTES_MAX: u64 = 64;

/// What is known before a command runs of the room that it may need.
pub(crate) struct Room {
    bytes_before: u64,
    /// The keys that it may enlarge, with their bytes before.
    records: Vec<(Vec<u8>, u64)>,
    /// Whether only the outcome can tell if there was room, so that the step must be able to go back.
    pub(crate) must_look_back: bool,
}

impl Room {
    /// Refuses a command that needs room where there is none left.
    pub(crate) fn check(
        call: &Call,
        keyspace: &Keyspace,
        limits: &Limits,
        now: Now,
    ) -> Result<Self, ReplyError> {
        let bytes_before = keyspace.bytes();
        let growth_max = growth_max(call);
        if growth_max == 0 {
            return Ok(Self { bytes_before, records: Vec::new(), must_look_back: false });
        }
        if limits.disk_is_full {
            return Err(DISK_IS_FULL);
        }
        let bytes_max = limits.bytes_max();
        if bytes_before >= bytes_max {
            return Err(limits.no_room(bytes_before));
        }
        let records = records(call, keyspace, limits, growth_max, now);
        let must_look_back = bytes_before.saturating_add(growth_max) > bytes_max || !records.is_empty();
        Ok(Self { bytes_before, records, must_look_back })
    }

    /// Whether what came out fits.
    pub(crate) fn check_outcome(
        &self,
        keyspace: &Keyspace,
        limits: &Limits,
        now: Now,
    ) -> Result<(), ReplyError> {
        let bytes = keyspace.bytes();
        if bytes > limits.bytes_max() && bytes > self.bytes_before {
            return Err(limits.no_room(bytes));
        }
        let view = keyspace.view(now);
        let too_long = |(key, before): &(Vec<u8>, u64)| {
            let after = view.bytes_of(key).unwrap_or(0);
            after > limits.record_bytes_max && after > *before
        };
        if self.records.iter().any(too_long) { Err(ReplyError::RECORD_TOO_LONG) } else { Ok(()) }
    }
}

/// The most bytes that a command can add; [`u64::MAX`] where its words do not tell.
pub fn growth_max(call: &Call) -> u64 {
    match call.spec().growth {
        Growth::None => 0,
        Growth::Arguments => call.words().bytes() as u64 + call.words().len() as u64 * OVERHEAD_BYTES_MAX,
        Growth::Free => u64::MAX,
    }
}

/// The keys that a command may make longer than the plan allows.
fn records(
    call: &Call,
    keyspace: &Keyspace,
    limits: &Limits,
    growth_max: u64,
    now: Now,
) -> Vec<(Vec<u8>, u64)> {
    // No key holds more than all keys together.
    if keyspace.bytes().saturating_add(growth_max) <= limits.record_bytes_max {
        return Vec::new();
    }
    let view = keyspace.view(now);
    let keys = call.keys();
    let sized = keys.iter().map(|key| (key.name, view.bytes_of(key.name).unwrap_or(0)));
    let long = sized.filter(|(_, bytes)| bytes.saturating_add(growth_max) > limits.record_bytes_max);
    long.map(|(key, bytes)| (key.to_vec(), bytes)).collect()
}

/// Evicts keys until `bytes` more fit, if that can be done: of a few drawn at random, one with a deadline first, then
/// the one that was used least recently. How many went.
pub(crate) fn evict(
    keyspace: &mut Keyspace,
    stored_bytes_max: u64,
    bytes: u64,
    now: Now,
    chance: &mut fastrand::Rng,
) -> u64 {
    /// How many keys are looked at to find one to evict.
    const SAMPLES: usize = 8;
    let target = stored_bytes_max.saturating_sub(bytes);
    let mut evicted = 0;
    while keyspace.bytes() > target {
        let view = keyspace.view(now);
        let drawn = (0..SAMPLES).filter_map(|_| view.random(chance)).max_by_key(|key| {
            let entry = view.peek(key);
            entry.map(|entry| (entry.expires_at_ms().is_some(), entry.idle_s(now)))
        });
        let Some(key) = drawn.cloned() else { break };
        keyspace.edit(now).evict(&key);
        evicted += 1;
    }
    evicted
}
