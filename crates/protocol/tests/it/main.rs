//! Properties of the protocols, each tried on many random inputs.

mod body;
<<<<<<< HEAD
=======
mod envelope;
>>>>>>> protocol
mod number;
mod path;
mod reply;
mod resp;
