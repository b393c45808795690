//! The connection.

mod ping;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "connection", category: Some(Category::Connection), commands: COMMANDS };

const COMMANDS: &[Spec] = &[ping::PING];
