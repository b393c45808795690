//! All targets in one program, which libFuzzer drives. The environment's `LATCHKEY_FUZZ_TARGET` says which of them runs.

#![no_main]

mod heap;
mod input;
mod targets;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// The variable that names a target.
const VARIABLE: &str = "LATCHKEY_FUZZ_TARGET";

static TARGET: LazyLock<targets::Run> = LazyLock::new(|| {
    let name = std::env::var(VARIABLE).unwrap_or_default();
    targets::find(&name).unwrap_or_else(|| {
        let names = targets::ALL.map(|(name, _)| name).join(" ");
        panic!("{VARIABLE} is {name:?}; the targets are {names}")
    })
});

fuzz_target!(|bytes: &[u8]| TARGET(bytes));
