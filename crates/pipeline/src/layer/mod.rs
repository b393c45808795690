//! The steps, each a tower layer that hands the next one a stronger type.

pub(crate) mod admit;
pub(crate) mod authenticate;
pub(crate) mod execute;
pub(crate) mod resolve;
