//! Deadlines as commands spell them: `EX 10`, `PXAT 1760000000000`.

use latchkey_keyspace::Now;
use latchkey_protocol::ReplyError;

use crate::{Args, Result, int};

/// How an expiry is written: its unit, and whether it counts from now or from the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds from now.
    Seconds,
    /// Milliseconds from now.
    Milliseconds,
    /// Seconds since the epoch.
    UnixSeconds,
    /// Milliseconds since the epoch.
    UnixMilliseconds,
}

impl Unit {
    /// The unit that an option of SET, GETEX, HGETEX and the like names.
    pub(crate) fn option(args: &mut Args<'_>) -> Option<Self> {
        let names = [
            ("EX", Self::Seconds),
            ("PX", Self::Milliseconds),
            ("EXAT", Self::UnixSeconds),
            ("PXAT", Self::UnixMilliseconds),
        ];
        names.into_iter().find(|(name, _)| args.option(name)).map(|(_, unit)| unit)
    }

    /// The deadline in milliseconds since the epoch; `None` where it does not fit 64 bits.
    pub(crate) fn deadline_ms(self, amount: i64, now: Now) -> Option<i64> {
        let ms = match self {
            Self::Seconds | Self::UnixSeconds => amount.checked_mul(1000)?,
            Self::Milliseconds | Self::UnixMilliseconds => amount,
        };
        match self {
            Self::Seconds | Self::Milliseconds => ms.checked_add(now.ms()),
            Self::UnixSeconds | Self::UnixMilliseconds => Some(ms),
        }
    }

    /// Reads an amount that has to be positive, as SET and GETEX want it. `name` is the command's, for the error.
    pub(crate) fn positive_deadline_ms(self, args: &mut Args<'_>, now: Now, name: &str) -> Result<i64> {
        self.positive_deadline_of(args.next()?, now, name)
    }

    /// As [`positive_deadline_ms`](Self::positive_deadline_ms), of an amount that was taken from the arguments before.
    pub(crate) fn positive_deadline_of(self, amount: &[u8], now: Now, name: &str) -> Result<i64> {
        let amount = int(amount)?;
        let deadline_ms = (amount > 0).then(|| self.deadline_ms(amount, now)).flatten();
        Ok(deadline_ms.ok_or_else(|| ReplyError::invalid_expire(name))?)
    }
}
