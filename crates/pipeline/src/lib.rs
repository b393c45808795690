//! From an incoming request to its reply, in typed steps.
