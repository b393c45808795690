//! The state of a connection: `AUTH [username] password`, `HELLO [protover [AUTH username password] [SETNAME name]]`,
//! `RESET`, `QUIT [argument …]`

use crate::Arity::{AtLeast, Exactly};
use crate::Spec;

pub(super) const AUTH: Spec = Spec::session("AUTH")
    .summary("Authenticates the connection.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .fast()
    .free()
    .no_script()
    .example(
        "> AUTH ‹token›
OK
> AUTH default ‹token›
OK
> AUTH nobody wrong
(error) WRONGPASS invalid username-password pair or user is disabled",
    );

pub(super) const HELLO: Spec = Spec::session("HELLO")
    .summary("Agrees on a version of the protocol, and authenticates the connection if asked to.")
    .since("6.0.0")
    .arity(AtLeast(1))
    .fast()
    .free()
    .no_script()
    .example(
        r#"> HELLO 2 SETNAME worker
 1) "server"
 2) "redis"
 3) "version"
 4) "8.2.0"
 5) "proto"
 6) (integer) 2
 7) "id"
 8) (integer) ‹12›
 9) "mode"
10) "standalone"
11) "role"
12) "master"
13) "modules"
14) (empty array)
> CLIENT GETNAME
"worker"
> HELLO 4
(error) NOPROTO unsupported protocol version"#,
    );

pub(super) const RESET: Spec = Spec::session("RESET")
    .summary("Returns the connection to the state in which it was opened.")
    .since("6.2.0")
    .arity(Exactly(1))
    .fast()
    .free()
    .no_script()
    .example(
        "> MULTI
OK
> RESET
RESET
> AUTH default ‹token›
OK
> EXEC
(error) ERR EXEC without MULTI",
    );

pub(super) const QUIT: Spec = Spec::session("QUIT")
    .summary("Closes the connection.")
    .since("1.0.0")
    .arity(AtLeast(1))
    .fast()
    .free()
    .no_script()
    .example(
        "> QUIT
OK
< Error: Server closed the connection",
    );
