//! What scripts and functions promise of themselves.

/// Promises, as in `#!lua flags=no-writes,allow-key-locking`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

/// In the order in which FUNCTION LIST names them. All but the first and the last speak of memory, replicas and slots,
/// which are not a script's business here.
const NAMES: [&str; 6] =
    ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys", "allow-key-locking"];
const NO_WRITES: u8 = 1;
const ALLOW_KEY_LOCKING: u8 = 1 << 5;

impl Flags {
    /// It writes no keys.
    pub fn no_writes(self) -> bool {
        self.0 & NO_WRITES != 0
    }

    /// It touches no keys but those that it is called with.
    pub fn allow_key_locking(self) -> bool {
        self.0 & ALLOW_KEY_LOCKING != 0
    }

    /// The names of those that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        (0..).zip(NAMES).filter(move |(bit, _)| self.0 & 1 << bit != 0).map(|(_, name)| name)
    }

    /// With the flag of this name, if there is one.
    pub(crate) fn with(self, name: &[u8]) -> Option<Self> {
        let bit = NAMES.iter().position(|known| known.as_bytes() == name)?;
        Some(Self(self.0 | 1 << bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_known_by_their_names() {
        let all = NAMES.iter().try_fold(Flags::default(), |flags, name| flags.with(name.as_bytes()));
        let all = all.expect("every name is known");
        assert_eq!(all.names().collect::<Vec<_>>(), NAMES);
        assert!(all.no_writes() && all.allow_key_locking());
        let only = Flags::default().with(b"no-writes").expect("a flag");
        assert!(only.no_writes() && !only.allow_key_locking());
        assert_eq!(Flags::default().with(b"nonsense"), None);
    }
}
