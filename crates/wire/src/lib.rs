//! The RESP door: the Redis protocol over TCP, with or without TLS.
//!
//! [`Server`] accepts connections, `line` reads and writes one, `conversation` answers the commands that belong
//! to the connection and hands the others into the pipeline. Nothing here sees the engine; of commands it
//! knows only those that the table says belong to a connection.

mod clients;
mod conversation;
mod domain;
mod door;
mod line;
mod pauses;
mod server;
mod settings;
mod wrong_door;

pub use domain::{Domain, DomainError};
pub use door::Door;
pub use server::{Server, ServerError};
pub use settings::Settings;
