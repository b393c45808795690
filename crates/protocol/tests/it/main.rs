//! Properties of the protocols, each tried on many random inputs.

mod body;
mod number;
mod path;
