//! The connection.

mod client;
mod echo;
mod hello;
mod ping;
mod select;

#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "connection", category: Some(Category::Connection), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    hello::AUTH,
    client::CLIENT,
    echo::ECHO,
    hello::HELLO,
    ping::PING,
    hello::QUIT,
    hello::RESET,
    select::SELECT,
];
