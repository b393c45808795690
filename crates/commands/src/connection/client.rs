//! `CLIENT ID`, `CLIENT INFO`, `CLIENT LIST`, `CLIENT GETNAME`, `CLIENT SETNAME`, `CLIENT SETINFO`, `CLIENT REPLY`

use crate::Arity::{AtLeast, Exactly};
use crate::{Category, Spec};

pub(super) const CLIENT: Spec =
    Spec::container("CLIENT", &[GETNAME, ID, INFO, LIST, REPLY, SETINFO, SETNAME])
        .summary("Holds commands about connections.")
        .since("2.4.0");

const GETNAME: Spec = Spec::session("GETNAME")
    .summary("Returns the connection's name.")
    .since("2.6.9")
    .arity(Exactly(2))
    .no_script();

const ID: Spec = Spec::session("ID")
    .summary("Returns the connection's number.")
    .since("5.0.0")
    .arity(Exactly(2))
    .no_script();

const INFO: Spec =
    Spec::session("INFO").summary("Describes the connection.").since("6.2.0").arity(Exactly(2)).no_script();

const LIST: Spec = Spec::session("LIST")
    .summary("Describes the connections that are open to the database.")
    .since("2.4.0")
    .arity(AtLeast(2))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous);

const REPLY: Spec = Spec::session("REPLY")
    .summary("Turns the replies of the connection on or off, or off for one command.")
    .since("3.2.0")
    .arity(Exactly(3))
    .no_script();

const SETINFO: Spec = Spec::session("SETINFO")
    .summary("Notes the name or the version of the client's library.")
    .since("7.2.0")
    .arity(Exactly(4))
    .no_script();

const SETNAME: Spec =
    Spec::session("SETNAME").summary("Names the connection.").since("2.6.9").arity(Exactly(3)).no_script();
