//! The state of a connection: `AUTH [username] password`, `HELLO [protover [AUTH username password] [SETNAME name]]`,
//! `RESET`, `QUIT`

use crate::Arity::{AtLeast, Exactly};
use crate::Spec;

pub(super) const AUTH: Spec = Spec::session("AUTH")
    .summary("Authenticates the connection.")
    .since("1.0.0")
    .arity(AtLeast(2))
    .fast()
    .free()
    .no_script();

pub(super) const HELLO: Spec = Spec::session("HELLO")
    .summary("Agrees on a version of the protocol, and authenticates the connection if asked to.")
    .since("6.0.0")
    .arity(AtLeast(1))
    .fast()
    .free()
    .no_script();

pub(super) const RESET: Spec = Spec::session("RESET")
    .summary("Returns the connection to the state in which it was opened.")
    .since("6.2.0")
    .arity(Exactly(1))
    .fast()
    .free()
    .no_script();

pub(super) const QUIT: Spec = Spec::session("QUIT")
    .summary("Closes the connection.")
    .since("1.0.0")
    .arity(AtLeast(1))
    .fast()
    .free()
    .no_script();
