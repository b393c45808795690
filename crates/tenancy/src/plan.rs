//! Plans: named sets of limits, with the sizes and rates that people type.

/// What one database may use. All sizes are bytes; a megabyte is 1,048,576 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Commands a UTC day, over all tokens together. `None`: counted, not limited.
    pub commands_per_day: Option<u64>,
    /// Stored bytes by the keyspace's own formula. `None`: counted, not limited.
    pub stored_bytes_max: Option<u64>,
    /// The words of one command together.
    pub request_bytes_max: u64,
    /// One key with its whole value.
    pub record_bytes_max: u64,
    /// The name of one key.
    pub key_bytes_max: u64,
    /// One reply.
    pub reply_bytes_max: u64,
    /// Whether keys are evicted when the storage is full; otherwise writes that grow are refused.
    pub eviction: bool,
    /// What has to have happened to a write before it is answered.
    pub durability: Durability,
}

/// What a crash may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was answered: a reply waits until what it tells of is on the disk.
    #[default]
    Always,
    /// The last second, as Redis's `appendfsync everysec`.
    EverySecond,
    /// All since the database last fell asleep: for caches. A crash of the process may cost the last writes too.
    None,
}

impl Durability {
    /// As operators write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::EverySecond => "everysec",
            Self::None => "none",
        }
    }

    /// What an operator has written.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Always, Self::EverySecond, Self::None].into_iter().find(|durability| durability.name() == name)
    }
}

impl Limits {
    /// Nothing counted against, and the sizes that every plan has.
    pub const UNLIMITED: Self = Self {
        commands_per_day: None,
        stored_bytes_max: None,
        request_bytes_max: 10 * MEGABYTE,
        record_bytes_max: 100 * MEGABYTE,
        key_bytes_max: 32 * KILOBYTE,
        reply_bytes_max: 10 * MEGABYTE,
        eviction: false,
        durability: Durability::Always,
    };
}

/// A named set of limits. A database keeps a copy, so that changing a plan changes no database behind its owner's back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// As on the command line: `free`, `payg`, or what the operator chose.
    pub name: String,
    /// What a database on this plan may use.
    pub limits: Limits,
}

impl Plan {
    /// The plan a self-hosted database has unless told otherwise.
    pub const DEFAULT: &'static str = "unlimited";

    /// The plans that need no configuration.
    pub fn shipped() -> [Self; 4] {
        let free = |stored_bytes| Limits {
            commands_per_day: Some(10_000),
            stored_bytes_max: Some(stored_bytes),
            ..Limits::UNLIMITED
        };
        [
            Self::named("free", free(256 * MEGABYTE)),
            Self::named("free-30mb", free(30 * MEGABYTE)),
            Self::named("payg", Limits { stored_bytes_max: Some(100 * GIGABYTE), ..Limits::UNLIMITED }),
            Self::named(Self::DEFAULT, Limits::UNLIMITED),
        ]
    }

    /// A plan of the operator's own.
    pub fn named(name: impl Into<String>, limits: Limits) -> Self {
        Self { name: name.into(), limits }
    }
}

const KILOBYTE: u64 = 1 << 10;
const MEGABYTE: u64 = 1 << 20;
const GIGABYTE: u64 = 1 << 30;
const TERABYTE: u64 = 1 << 40;

/// A size or a rate that could not be read; the text says what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number of bytes.
    #[error("'{0}' is not a size: write a whole number of bytes, or with kb, mb, gb or tb, such as 256mb")]
    Bytes(String),
    /// Not a number of commands a day.
    #[error(
        "'{0}' is not a daily quota: write a whole number, or with k or m for thousands or millions, \
         with or without /day, such as 500k/day; or unlimited"
    )]
    Commands(String),
}

/// Reads `256mb`, `1gb`, `30 MB`, `1048576`. Units are binary and their case does not matter.
pub fn parse_bytes(text: &str) -> Result<u64, SizeError> {
    let units = [("", 1), ("b", 1), ("kb", KILOBYTE), ("mb", MEGABYTE), ("gb", GIGABYTE), ("tb", TERABYTE)];
    scaled(text, &units).ok_or_else(|| SizeError::Bytes(text.to_owned()))
}

/// Reads `1000/day`, `500k/day`, `2m`, and `unlimited` as `None`. Here k is a thousand and m a million. Zero is a quota
/// too: it admits nothing.
pub fn parse_commands_per_day(text: &str) -> Result<Option<u64>, SizeError> {
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("unlimited") {
        return Ok(None);
    }
    let count = trimmed.strip_suffix("/day").unwrap_or(trimmed);
    let units = [("", 1), ("k", 1_000), ("m", 1_000_000)];
    scaled(count, &units).map(Some).ok_or_else(|| SizeError::Commands(text.to_owned()))
}

/// A whole number followed by one of the units. `None` also where the product is beyond what a store keeps (63 bits).
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, scale) = units.iter().find(|(name, _)| unit.trim_start().eq_ignore_ascii_case(name))?;
    let value = number.parse::<u64>().ok()?.checked_mul(*scale)?;
    (value <= i64::MAX as u64).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17b", 17),
            ("32kb", 32_768),
            ("256mb", 268_435_456),
            ("256 MB", 268_435_456),
            ("1gb", 1 << 30),
            ("2tb", 2 << 40),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "mb", "1.5gb", "-1", "10mib", "9999999999gb", "1 2kb"] {
            assert_eq!(parse_bytes(text), Err(SizeError::Bytes(text.into())), "{text}");
        }
    }

    #[test]
    fn daily_quotas_are_decimal() {
        for (text, commands) in [
            ("1000/day", Some(1_000)),
            ("500k/day", Some(500_000)),
            ("500K", Some(500_000)),
            ("2m/day", Some(2_000_000)),
            ("0", Some(0)),
            ("unlimited", None),
            ("Unlimited", None),
        ] {
            assert_eq!(parse_commands_per_day(text), Ok(commands), "{text}");
        }
        for text in ["", "/day", "k/day", "10/hour", "10/", "1e3", "99999999999999999999"] {
            assert_eq!(parse_commands_per_day(text), Err(SizeError::Commands(text.into())), "{text}");
        }
    }

    #[test]
    fn a_size_error_says_what_is_accepted() {
        let error = parse_bytes("lots").unwrap_err().to_string();
        assert!(error.contains("'lots'") && error.contains("256mb"), "{error}");
        let error = parse_commands_per_day("10/hour").unwrap_err().to_string();
        assert!(error.contains("'10/hour'") && error.contains("500k/day"), "{error}");
    }

    #[test]
    fn the_free_plan_is_as_upstash_had_it() {
        let free = &Plan::shipped()[0];
        assert_eq!(free.name, "free");
        assert_eq!(free.limits.commands_per_day, Some(10_000));
        assert_eq!(free.limits.stored_bytes_max, Some(268_435_456));
        assert_eq!(free.limits.request_bytes_max, 10_485_760);
    }
}
