//! The suite is under `suite/`.
