//! Databases, tokens, quota leases and usage, kept in SQLite.
