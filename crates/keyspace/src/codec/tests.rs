//! What is written reads back, and nothing else does harm.
