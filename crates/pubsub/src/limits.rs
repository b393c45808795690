//! What bounds listeners and what waits for them.

/// So many bytes may wait for one listener. One more message, and it is dropped.
pub const MAILBOX_BYTES_MAX: usize = 8 * 1024 * 1024;

/// So many messages may wait for one listener.
pub const MAILBOX_MESSAGES_MAX: usize = 32 * 1024;

/// What a message counts for besides its bytes.
pub const MESSAGE_BYTES: usize = 64;

/// So many channels and patterns one listener may listen on.
pub const SUBSCRIPTIONS_PER_EAR_MAX: usize = 10_000;

/// So many subscriptions a database may have, of all its listeners.
pub const SUBSCRIPTIONS_MAX: usize = 100_000;

/// So many different patterns a database may have: each is compared with the channel of every message.
pub const PATTERNS_MAX: usize = 10_000;

/// The longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 1024;

/// The longest name of a channel, in bytes: that of a keyspace notification, which has a key in it.
pub const CHANNEL_BYTES_MAX: usize = 64 * 1024;

/// The names of all subscriptions of a database may take so many bytes.
pub const NAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// So many bytes may be published in one step: a command, a transaction or a script.
pub const OUTBOX_BYTES_MAX: usize = 64 * 1024 * 1024;

/// So many keys of a database may be tracked because somebody has read them, as by Redis's `tracking-table-max-keys`.
/// One more, and another is given up: who has read it is told that it is stale.
pub const COPIED_KEYS_MAX: usize = 1_000_000;

/// The keys that are tracked, and who has read them, may take so many bytes.
pub const COPIES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// So many prefixes one connection may be told of.
pub const PREFIXES_PER_EAR_MAX: usize = 256;

/// So many different prefixes a database may have.
pub const PREFIXES_MAX: usize = 10_000;

/// The longest prefix, in bytes.
pub const PREFIX_BYTES_MAX: usize = 1024;
