//! The command table, and every command.
