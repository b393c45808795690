//! What connections tell of themselves and do to others: `CLIENT CACHING YES | NO`,
//! `CLIENT GETNAME`, `CLIENT GETREDIR`, `CLIENT ID`, `CLIENT INFO`,
//! `CLIENT KILL (address | ID id | ADDR address | LADDR address | USER username | TYPE type | MAXAGE seconds | SKIPME
//! yes/no) […]`,
//! `CLIENT LIST [TYPE NORMAL | PUBSUB | MASTER | REPLICA | ID id [id …]]`, `CLIENT NO-EVICT ON | OFF`,
//! `CLIENT NO-TOUCH ON | OFF`, `CLIENT PAUSE milliseconds [WRITE | ALL]`, `CLIENT REPLY ON | OFF | SKIP`,
//! `CLIENT SETINFO LIB-NAME | LIB-VER value`, `CLIENT SETNAME name`,
//! `CLIENT TRACKING ON | OFF [REDIRECT id] [PREFIX prefix […]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`, `CLIENT TRACKINGINFO`,
//! `CLIENT UNBLOCK id [TIMEOUT | ERROR]`, `CLIENT UNPAUSE`
//!
//! The door that has connections answers them.

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
    .no_script()
    .example(
        r#"bob> CLIENT ID
(integer) ‹13›
> CLIENT TRACKING ON REDIRECT ‹13› OPTIN
OK
> CLIENT CACHING YES
OK
> GET color
(nil)"#,
    );

const GETNAME: Spec = Spec::session("GETNAME")
    .summary("Returns the connection's name.")
    .since("2.6.9")
    .arity(Exactly(2))
    .no_script()
    .example(
        r#"> CLIENT GETNAME
(nil)
> CLIENT SETNAME worker
OK
> CLIENT GETNAME
"worker""#,
    );

const GETREDIR: Spec = Spec::session("GETREDIR")
    .summary("Returns the number of the connection that is told in this one's place when copies of keys are stale.")
    .since("6.0.0")
    .arity(Exactly(2))
    .no_script()
    .example(
        r#"> CLIENT GETREDIR
(integer) -1
bob> CLIENT ID
(integer) ‹13›
> CLIENT TRACKING ON REDIRECT ‹13›
OK
> CLIENT GETREDIR
(integer) ‹13›"#,
    );

const ID: Spec = Spec::session("ID")
    .summary("Returns the connection's number.")
    .since("5.0.0")
    .arity(Exactly(2))
    .no_script()
    .example(
        "> CLIENT ID
(integer) ‹12›
bob> CLIENT ID
(integer) ‹13›
> CLIENT ID
(integer) ‹12›",
    );

const INFO: Spec =
    Spec::session("INFO").summary("Describes the connection.").since("6.2.0").arity(Exactly(2)).no_script()
    .example(
        "> CLIENT ID
(integer) ‹12›
> CLIENT INFO
\"id=‹12› addr=‹127.0.0.1:60866› laddr=‹127.0.0.1:6379› name= age=‹4› idle=‹0› flags=N db=0 sub=0 psub=0 \
         ssub=0 multi=-1 watch=0 qbuf=0 qbuf-free=0 argv-mem=0 tot-mem=0 cmd=client|info user=default redir=-1 resp=2 lib-name= lib-ver=\\n\"",
    );

const KILL: Spec = Spec::session("KILL")
    .summary("Ends connections to the database.")
    .since("2.4.0")
    .arity(AtLeast(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        "bob> CLIENT ID
(integer) ‹13›
> CLIENT KILL ID ‹13›
(integer) 1
bob< Error: Server closed the connection
> CLIENT KILL ID ‹13›
(integer) 0",
    );

const LIST: Spec = Spec::session("LIST")
    .summary("Describes the connections that are open to the database.")
    .since("2.4.0")
    .arity(AtLeast(2))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        "bob> CLIENT ID
(integer) ‹13›
bob> MULTI
OK
> CLIENT LIST ID ‹13›
\"id=‹13› addr=‹127.0.0.1:60866› laddr=‹127.0.0.1:6379› name= age=‹4› idle=‹0› flags=x db=0 sub=0 psub=0 \
         ssub=0 multi=0 watch=0 qbuf=0 qbuf-free=0 argv-mem=0 tot-mem=0 cmd=multi user=default redir=-1 resp=2 lib-name= lib-ver=\\n\"
> CLIENT LIST TYPE replica
\"\"",
    );

const NO_EVICT: Spec = Spec::session("NO-EVICT")
    .summary("Keeps the connection from being closed for want of memory, which closes none here.")
    .since("7.0.0")
    .arity(Exactly(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        "> CLIENT NO-EVICT ON
OK
> CLIENT NO-EVICT OFF
OK",
    );

const NO_TOUCH: Spec = Spec::session("NO-TOUCH")
    .summary("Says whether the connection's commands are not to count as uses of the keys that they touch.")
    .since("7.2.0")
    .arity(Exactly(3))
    .no_script()
    .example(
        "> CLIENT NO-TOUCH ON
OK
> CLIENT NO-TOUCH OFF
OK",
    );

const PAUSE: Spec = Spec::session("PAUSE")
    .summary("Holds up the commands of all connections to the database for some milliseconds, or only those that write.")
    .since("2.9.50")
    .arity(AtLeast(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        r#"> CLIENT PAUSE 60000 WRITE
OK
bob> SET greeting hello
> GET greeting
(nil)
> CLIENT UNPAUSE
OK
bob< OK
> GET greeting
"hello""#,
    );

const REPLY: Spec = Spec::session("REPLY")
    .summary("Turns the replies of the connection on or off, or off for one command.")
    .since("3.2.0")
    .arity(Exactly(3))
    .no_script()
    .example(
        r#"> CLIENT REPLY OFF
> SET greeting hello
> CLIENT REPLY ON
OK
> CLIENT REPLY SKIP
> SET greeting hi
> GET greeting
"hi""#,
    );

const SETINFO: Spec = Spec::session("SETINFO")
    .summary("Notes the name or the version of the client's library.")
    .since("7.2.0")
    .arity(Exactly(4))
    .no_script()
    .example(
        "> CLIENT SETINFO LIB-NAME shop
OK
> CLIENT SETINFO LIB-VER 1.2.0
OK",
    );

const SETNAME: Spec = Spec::session("SETNAME")
    .summary("Names the connection.")
    .since("2.6.9")
    .arity(Exactly(3))
    .no_script()
    .example(
        r#"> CLIENT SETNAME worker
OK
> CLIENT SETNAME "two words"
(error) ERR Client names cannot contain spaces, newlines or special characters."#,
    );

const TRACKING: Spec = Spec::session("TRACKING")
    .summary("Says whether the client keeps copies of keys, and is to be told when they are stale.")
    .since("6.0.0")
    .arity(AtLeast(3))
    .free()
    .no_script()
    .example(
        r#"bob> CLIENT ID
(integer) ‹13›
bob> SUBSCRIBE __redis__:invalidate
1) "subscribe"
2) "__redis__:invalidate"
3) (integer) 1
> CLIENT TRACKING ON REDIRECT ‹13›
OK
> GET color
(nil)
ann> SET color red
OK
bob< 1) "message"
     2) "__redis__:invalidate"
     3) 1) "color""#,
    );

const TRACKINGINFO: Spec = Spec::session("TRACKINGINFO")
    .summary("Returns how keys are tracked for the connection.")
    .since("6.2.0")
    .arity(Exactly(2))
    .no_script()
    .example(
        r#"> CLIENT TRACKINGINFO
1) "flags"
2) 1) "off"
3) "redirect"
4) (integer) -1
5) "prefixes"
6) (empty array)"#,
    );

const UNBLOCK: Spec = Spec::session("UNBLOCK")
    .summary("Ends the wait of a connection, as if it had been in vain or with an error.")
    .since("5.0.0")
    .arity(AtLeast(3))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        "bob> CLIENT ID
(integer) ‹13›
bob> BLPOP jobs 0
> CLIENT UNBLOCK ‹13›
(integer) 1
bob< (nil)
> CLIENT UNBLOCK ‹13›
(integer) 0",
    );

const UNPAUSE: Spec = Spec::session("UNPAUSE")
    .summary("Lets the connections to the database go on that CLIENT PAUSE holds up.")
    .since("6.2.0")
    .arity(Exactly(2))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        "> CLIENT PAUSE 60000 WRITE
OK
> CLIENT UNPAUSE
OK
> SET greeting hello
OK",
    );
