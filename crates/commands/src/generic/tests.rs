//! Tests of the commands on keys of any type.
