//! The door from outside: bytes over sockets, against databases in memory.

mod limits;
mod rig;
mod sessions;
mod speech;
