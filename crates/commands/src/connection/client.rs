//! `CLIENT ID`, `CLIENT INFO`, `CLIENT LIST` and the other subcommands, which the door that has connections answers.

use crate::Arity::{AtLeast, Exactly};
use crate::{Category, Spec};

pub(super) const CLIENT: Spec = Spec::container(
    "CLIENT",
    &[
        CACHING,
        GETNAME,
        GETREDIR,
        ID,
        INFO,
        KILL,
        LIST,
        NO_EVICT,
        NO_TOUCH,
        PAUSE,
        REPLY,
        SETINFO,
        SETNAME,
        TRACKING,
        TRACKINGINFO,
        UNBLOCK,
        UNPAUSE,
    ],
)
.summary("Holds commands about connections.")
.since("2.4.0");

const CACHING: Spec = Spec::session("CACHING")
    .summary("Says whether the keys are to be tracked that the next command reads.")
    .since("6.0.0")
    .arity(Exactly(3))
    .no_script();

const GETNAME: Spec = Spec::session("GETNAME")
    .summary("Returns the connection's name.")
    .since("2.6.9")
    .arity(Exactly(2))
    .no_script();

const GETREDIR: Spec = Spec::session("GETREDIR")
    .summary("Returns the number of the connection that is told in this one's place when copies of keys are stale.")
    .since("6.0.0")
    .arity(Exactly(2))
    .no_script();

const ID: Spec = Spec::session("ID")
    .summary("Returns the connection's number.")
    .since("5.0.0")
    .arity(Exactly(2))
    .no_script();

const INFO: Spec =
    Spec::session("INFO").summary("Describes the connection.").since("6.2.0").arity(Exactly(2)).no_script();

const KILL: Spec = Spec::session("KILL")
    .summary("Ends connections to the database.")
    .since("2.4.0")
    .arity(AtLeast(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous);

const LIST: Spec = Spec::session("LIST")
    .summary("Describes the connections that are open to the database.")
    .since("2.4.0")
    .arity(AtLeast(2))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous);

const NO_EVICT: Spec = Spec::session("NO-EVICT")
    .summary("Keeps the connection from being closed for want of memory, which closes none here.")
    .since("7.0.0")
    .arity(Exactly(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous);

const NO_TOUCH: Spec = Spec::session("NO-TOUCH")
    .summary("Says whether the connection's commands are not to count as uses of the keys that they touch.")
    .since("7.2.0")
    .arity(Exactly(3))
    .no_script();

const PAUSE: Spec = Spec::session("PAUSE")
    .summary("Holds up the commands of all connections to the database for some milliseconds, or only those that write.")
    .since("2.9.50")
    .arity(AtLeast(3))
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

const TRACKING: Spec = Spec::session("TRACKING")
    .summary("Says whether the client keeps copies of keys, and is to be told when they are stale.")
    .since("6.0.0")
    .arity(AtLeast(3))
    .free()
    .no_script();

const TRACKINGINFO: Spec = Spec::session("TRACKINGINFO")
    .summary("Returns how keys are tracked for the connection.")
    .since("6.2.0")
    .arity(Exactly(2))
    .no_script();

const UNBLOCK: Spec = Spec::session("UNBLOCK")
    .summary("Ends the wait of a connection, as if it had been in vain or with an error.")
    .since("5.0.0")
    .arity(AtLeast(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous);

const UNPAUSE: Spec = Spec::session("UNPAUSE")
    .summary("Lets the connections to the database go on that CLIENT PAUSE holds up.")
    .since("6.2.0")
    .arity(Exactly(2))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous);
