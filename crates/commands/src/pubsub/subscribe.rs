//! `SUBSCRIBE channel [channel …]`, `UNSUBSCRIBE [channel …]`, `PSUBSCRIBE pattern [pattern …]`, `PUNSUBSCRIBE
//! [pattern …]`, `SSUBSCRIBE shardchannel [shardchannel …]`, `SUNSUBSCRIBE [shardchannel …]`

use crate::Arity::AtLeast;
use crate::{Channels, Spec};

pub(super) const SUBSCRIBE: Spec = Spec::session("SUBSCRIBE")
    .summary("Listens for messages on channels.")
    .since("2.0.0")
    .arity(AtLeast(2))
    .no_script()
    .channels(Channels::All);

pub(super) const UNSUBSCRIBE: Spec = Spec::session("UNSUBSCRIBE")
    .summary("Stops to listen on channels, or on all of them.")
    .since("2.0.0")
    .arity(AtLeast(1))
    .no_script();

pub(super) const PSUBSCRIBE: Spec = Spec::session("PSUBSCRIBE")
    .summary("Listens for messages on all channels whose names match a pattern.")
    .since("2.0.0")
    .arity(AtLeast(2))
    .no_script()
    .channels(Channels::Patterns);

pub(super) const PUNSUBSCRIBE: Spec = Spec::session("PUNSUBSCRIBE")
    .summary("Stops to listen on channels whose names match a pattern, or on all of them.")
    .since("2.0.0")
    .arity(AtLeast(1))
    .no_script();

pub(super) const SSUBSCRIBE: Spec = Spec::session("SSUBSCRIBE")
    .summary("Listens for messages on shard channels.")
    .since("7.0.0")
    .arity(AtLeast(2))
    .no_script()
    .channels(Channels::All);

pub(super) const SUNSUBSCRIBE: Spec = Spec::session("SUNSUBSCRIBE")
    .summary("Stops to listen on shard channels, or on all of them.")
    .since("7.0.0")
    .arity(AtLeast(1))
    .no_script();
