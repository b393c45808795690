//! The server.

use crate::{Family, Spec};

pub(crate) const FAMILY: Family = Family { group: "server", category: None, commands: COMMANDS };

const COMMANDS: &[Spec] = &[];
