//! What the product promises, checked against the real server: the `latchkey` binary, on ports of its own.
//!
//! Each test starts its own server, on a free port and without any data of others. The names say what is protected; a
//! `T` with a number (T1 to T41) is one of the traps where clients hang on details of the server.

mod architecture;
mod backup;
mod buckets;
mod cli;
mod command_line;
mod crash;
mod day;
mod documents;
#[cfg(target_os = "linux")]
mod faults;
mod http;
mod licences;
mod lifecycle;
mod openapi;
mod redis;
mod resp;
mod rest;
mod scratch;
mod sdk;
mod server;
mod service;
mod tls;
mod users;
