//! `WATCH key [key …]`, `UNWATCH`

use crate::Arity::{AtLeast, Exactly};
use crate::Keys::Range;
use crate::Spec;

pub(super) const WATCH: Spec = Spec::session("WATCH")
    .summary("Has the next transaction run only if no other changes one of these keys before.")
    .since("2.2.0")
    .arity(AtLeast(2))
    .keys(Range { first: 1, last: -1, step: 1 })
    .fast()
    .free()
    .no_script()
    .example(
        r#"> SET seats 1
OK
> WATCH seats
OK
bob> DECR seats
(integer) 0
> MULTI
OK
> DECR seats
QUEUED
> EXEC
(nil)
> GET seats
"0""#,
    );

pub(super) const UNWATCH: Spec = Spec::session("UNWATCH")
    .summary("Forgets the keys that are watched.")
    .since("2.2.0")
    .arity(Exactly(1))
    .fast()
    .no_script()
    .example(
        "> WATCH seats
OK
bob> SET seats 2
OK
> UNWATCH
OK
> MULTI
OK
> DECR seats
QUEUED
> EXEC
1) (integer) 1",
    );
