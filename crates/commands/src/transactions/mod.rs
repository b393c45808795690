//! Transactions.

mod multi;
mod watch;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "transactions", category: Some(Category::Transaction), commands: COMMANDS };

const COMMANDS: &[Spec] = &[multi::DISCARD, multi::EXEC, multi::MULTI, watch::UNWATCH, watch::WATCH];
