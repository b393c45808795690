//! Runs commands on one database, and says what changed.
