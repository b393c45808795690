//! Whole databases in files.
