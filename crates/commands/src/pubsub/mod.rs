//! Publishing and subscribing.

mod subscribe;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "pubsub", category: Some(Category::PubSub), commands: COMMANDS };

const COMMANDS: &[Spec] =
    &[subscribe::PSUBSCRIBE, subscribe::PUNSUBSCRIBE, subscribe::SUBSCRIBE, subscribe::UNSUBSCRIBE];
