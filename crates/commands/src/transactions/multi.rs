//! `MULTI`, `EXEC`, `DISCARD`

use crate::Arity::Exactly;
use crate::Spec;

pub(super) const MULTI: Spec = Spec::session("MULTI")
    .summary("Begins a transaction: the commands that follow wait for EXEC.")
    .since("1.2.0")
    .arity(Exactly(1))
    .fast()
    .no_script();

pub(super) const EXEC: Spec = Spec::session("EXEC")
    .summary("Runs the commands of a transaction, as one step.")
    .since("1.2.0")
    .arity(Exactly(1))
    .no_script();

pub(super) const DISCARD: Spec = Spec::session("DISCARD")
    .summary("Drops the commands of a transaction.")
    .since("2.0.0")
    .arity(Exactly(1))
    .fast()
    .no_script();
