//! `SUBSCRIBE channel [channel …]`, `UNSUBSCRIBE [channel …]`, `PSUBSCRIBE pattern [pattern …]`, `PUNSUBSCRIBE
//! [pattern …]`, `SSUBSCRIBE shardchannel [shardchannel …]`, `SUNSUBSCRIBE [shardchannel …]`

use crate::Arity::AtLeast;
use crate::{Channels, Spec};

pub(super) const SUBSCRIBE: Spec = Spec::session("SUBSCRIBE")
    .summary("Listens for messages on channels.")
    .since("2.0.0")
    .arity(AtLeast(2))
    .no_script()
    .channels(Channels::All)
    .example(
        r#"> SUBSCRIBE news
1) "subscribe"
2) "news"
3) (integer) 1
bob> PUBLISH news hello
(integer) 1
< 1) "message"
  2) "news"
  3) "hello""#,
    );

pub(super) const UNSUBSCRIBE: Spec = Spec::session("UNSUBSCRIBE")
    .summary("Stops to listen on channels, or on all of them.")
    .since("2.0.0")
    .arity(AtLeast(1))
    .no_script()
    .example(
        r#"> SUBSCRIBE news sport
1) "subscribe"
2) "news"
3) (integer) 1
< 1) "subscribe"
  2) "sport"
  3) (integer) 2
> UNSUBSCRIBE news
1) "unsubscribe"
2) "news"
3) (integer) 1
bob> PUBLISH news hello
(integer) 0"#,
    );

pub(super) const PSUBSCRIBE: Spec = Spec::session("PSUBSCRIBE")
    .summary("Listens for messages on all channels whose names match a pattern.")
    .since("2.0.0")
    .arity(AtLeast(2))
    .no_script()
    .channels(Channels::Patterns)
    .example(
        r#"> PSUBSCRIBE news.*
1) "psubscribe"
2) "news.*"
3) (integer) 1
bob> PUBLISH news.today hello
(integer) 1
< 1) "pmessage"
  2) "news.*"
  3) "news.today"
  4) "hello""#,
    );

pub(super) const PUNSUBSCRIBE: Spec = Spec::session("PUNSUBSCRIBE")
    .summary("Stops to listen on channels whose names match a pattern, or on all of them.")
    .since("2.0.0")
    .arity(AtLeast(1))
    .no_script()
    .example(
        r#"> PSUBSCRIBE news.* sport.*
1) "psubscribe"
2) "news.*"
3) (integer) 1
< 1) "psubscribe"
  2) "sport.*"
  3) (integer) 2
> PUNSUBSCRIBE news.*
1) "punsubscribe"
2) "news.*"
3) (integer) 1
bob> PUBLISH news.today hello
(integer) 0"#,
    );

pub(super) const SSUBSCRIBE: Spec = Spec::session("SSUBSCRIBE")
    .summary("Listens for messages on shard channels.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .no_script()
    .channels(Channels::All)
    .example(
        r#"> SSUBSCRIBE orders
1) "ssubscribe"
2) "orders"
3) (integer) 1
bob> SPUBLISH orders 4711
(integer) 1
< 1) "smessage"
  2) "orders"
  3) "4711""#,
    );

pub(super) const SUNSUBSCRIBE: Spec = Spec::session("SUNSUBSCRIBE")
    .summary("Stops to listen on shard channels, or on all of them.")
    .since("7.0.0")
    .arity(AtLeast(1))
    .no_script()
    .example(
        r#"> SSUBSCRIBE orders
1) "ssubscribe"
2) "orders"
3) (integer) 1
> SUNSUBSCRIBE orders
1) "sunsubscribe"
2) "orders"
3) (integer) 0
bob> SPUBLISH orders 4711
(integer) 0"#,
    );
