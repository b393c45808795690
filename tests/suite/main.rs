//! What the product promises, checked against the real server.

mod architecture;
mod licences;
mod openapi;
