//! How large a database and its records may become.

/// The limits of a database's plan, as far as the engine has to know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes it may store, by the formula of `latchkey_keyspace::cost`; `None` for no limit.
    pub stored_bytes_max: Option<u64>,
    /// The most bytes that one key with its value may take, by the same formula.
    pub record_bytes_max: u64,
    /// Whether keys are evicted to make room, instead of refusing the write.
    pub evicts: bool,
}

impl Limits {
    /// No limit but Redis's own.
    pub const NONE: Self = Self { stored_bytes_max: None, record_bytes_max: u64::MAX, evicts: false };
}
