//! `MULTI`, `EXEC`, `DISCARD`

use crate::Arity::Exactly;
use crate::Spec;

pub(super) const MULTI: Spec = Spec::session("MULTI")
    .summary("Begins a transaction: the commands that follow wait for EXEC.")
    .since("1.2.0")
    .arity(Exactly(1))
    .fast()
    .no_script()
    .example(
        "> MULTI
OK
> INCR visits
QUEUED
> INCR visits
QUEUED
> EXEC
1) (integer) 1
2) (integer) 2",
    );

pub(super) const EXEC: Spec = Spec::session("EXEC")
    .summary("Runs the commands of a transaction, as one step.")
    .since("1.2.0")
    .arity(Exactly(1))
    .no_script()
    .example(
        "> MULTI
OK
> SET name ann
QUEUED
> LPUSH name bob
QUEUED
> EXEC
1) OK
2) (error) WRONGTYPE Operation against a key holding the wrong kind of value
> EXEC
(error) ERR EXEC without MULTI",
    );

pub(super) const DISCARD: Spec = Spec::session("DISCARD")
    .summary("Drops the commands of a transaction.")
    .since("2.0.0")
    .arity(Exactly(1))
    .fast()
    .no_script()
    .example(
        r#"> SET name ann
OK
> MULTI
OK
> SET name bob
QUEUED
> DISCARD
OK
> GET name
"ann""#,
    );
