//! `EVAL script numkeys [key …] [arg …]`, `EVALSHA sha1 numkeys [key …] [arg …]`; for reading only, `EVAL_RO script
//! numkeys [key …] [arg …]` and `EVALSHA_RO sha1 numkeys [key …] [arg …]`

use crate::Arity::AtLeast;
use crate::Keys::Counted;
use crate::Spec;
use crate::spec::{Cost, Script};

pub(super) const EVAL: Spec = eval("EVAL", Script::Eval { by_digest: false, read_only: false })
    .summary("Runs a Lua script.")
    .since("2.6.0")
    .example(
        "> EVAL \"return redis.call('INCRBY', KEYS[1], ARGV[1])\" 1 visits 5
(integer) 5
> EVAL \"return {1, 'two', false, 3.9}\" 0
1) (integer) 1
2) \"two\"
3) (nil)
4) (integer) 3",
    );

pub(super) const EVAL_RO: Spec = eval("EVAL_RO", Script::Eval { by_digest: false, read_only: true })
    .summary("Runs a Lua script that only reads.")
    .since("7.0.0")
    .example("> SET k v\nOK\n> EVAL_RO \"return redis.call('GET', KEYS[1])\" 1 k\n\"v\"");

pub(super) const EVALSHA: Spec = eval("EVALSHA", Script::Eval { by_digest: true, read_only: false })
    .summary("Runs a Lua script that was sent before, by its SHA-1.")
    .since("2.6.0")
    .example(
        "> EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
(error) NOSCRIPT No matching script. Please use EVAL.
> EVAL \"return 1\" 0
(integer) 1
> EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
(integer) 1",
    );

pub(super) const EVALSHA_RO: Spec = eval("EVALSHA_RO", Script::Eval { by_digest: true, read_only: true })
    .summary("Runs a Lua script that only reads and was sent before, by its SHA-1.")
    .since("7.0.0")
    .example(
        "> SCRIPT LOAD \"return 1\"
\"e0e1f9fabfc9d4800c877a703b823ac0578ff8db\"
> EVALSHA_RO E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
(integer) 1",
    );

/// A script names its keys by custom only, so it reaches all of them; whether it needs room, each of its commands is
/// asked.
const fn eval(name: &'static str, script: Script) -> Spec {
    Spec::script(name, script).arity(AtLeast(3)).keys(Counted { at: 2 }).reaches_all().cost(Cost::Unknown)
}
