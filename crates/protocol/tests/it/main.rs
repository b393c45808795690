//! Properties of the protocols, each tried on many random inputs.

mod body;
mod envelope;
mod number;
mod path;
mod reply;
mod resp;
