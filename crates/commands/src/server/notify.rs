//! The flags of `notify-keyspace-events`.

/// The classes of events that `A` stands for, in the order in which Redis lists them.
const ALL: &str = "g$lshzxetd";

/// New keys, the two kinds of channel, and misses: `A` does not include them.
const OTHERS: &str = "nKEm";

/// The flags in Redis's order, each once. `None` if one is unknown.
///
/// Redis forgets to list `n` next to `A`, although it holds; here the text is the setting, so it stays.
pub(super) fn canonical(flags: &[u8]) -> Option<String> {
    let known = |&flag: &u8| flag == b'A' || ALL.bytes().chain(OTHERS.bytes()).any(|known| known == flag);
    if !flags.iter().all(known) {
        return None;
    }
    let given = |flag: &char| flags.contains(&(*flag as u8));
    let all = flags.contains(&b'A') || ALL.chars().all(|flag| given(&flag));
    let classes: String = if all { "A".into() } else { ALL.chars().filter(given).collect() };
    Some(classes.chars().chain(OTHERS.chars().filter(given)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_listed_as_redis_does() {
        for (given, listed) in [
            ("", ""),
            ("KEA", "AKE"),
            ("AKE", "AKE"),
            ("Ag", "A"),
            ("Kx", "xK"),
            ("KEn", "nKE"),
            ("KEmA", "AKEm"),
            ("glK$shzxetdm", "AKm"),
            ("K$lshzxegtmn", "g$lshzxetnKm"),
            ("xxKK", "xK"),
            ("AnK", "AnK"),
        ] {
            assert_eq!(canonical(given.as_bytes()).as_deref(), Some(listed), "{given}");
        }
        for unknown in ["q", "KE ", "Ka", "\u{e9}"] {
            assert_eq!(canonical(unknown.as_bytes()), None, "{unknown}");
        }
    }
}
