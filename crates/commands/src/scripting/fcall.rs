//! `FCALL function numkeys [key …] [arg …]` and `FCALL_RO function numkeys [key …] [arg …]`

use crate::Arity::AtLeast;
use crate::Keys::Counted;
use crate::Spec;
use crate::spec::{Cost, Script};

pub(super) const FCALL: Spec = fcall("FCALL", false).summary("Calls a function of a library.").example(
    "> FUNCTION LOAD \"#!lua name=counters\\nredis.register_function('add', function(keys, args) return redis.call('INCRBY', keys[1], args[1]) end)\"
\"counters\"
> FCALL add 1 visits 5
(integer) 5
> FCALL nosuch 0
(error) ERR Function not found",
);

pub(super) const FCALL_RO: Spec =
    fcall("FCALL_RO", true).summary("Calls a function of a library, which then may only read.").example(
        "> FUNCTION LOAD \"#!lua name=counters\\nredis.register_function{function_name='look', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}\"
\"counters\"
> FCALL_RO look 1 visits
(nil)",
    );

/// As a script, a function names its keys by custom only.
const fn fcall(name: &'static str, read_only: bool) -> Spec {
    Spec::script(name, Script::Call { read_only })
        .since("7.0.0")
        .arity(AtLeast(3))
        .keys(Counted { at: 2 })
        .reaches_all()
        .cost(Cost::Unknown)
}
