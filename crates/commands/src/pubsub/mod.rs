//! Publishing and subscribing.

mod publish;
#[expect(clippy::module_inception, reason = "the file is named after its command")]
mod pubsub;
mod subscribe;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "pubsub", category: Some(Category::PubSub), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    publish::PUBLISH,
    publish::SPUBLISH,
    pubsub::PUBSUB,
    subscribe::PSUBSCRIBE,
    subscribe::PUNSUBSCRIBE,
    subscribe::SSUBSCRIBE,
    subscribe::SUBSCRIBE,
    subscribe::SUNSUBSCRIBE,
    subscribe::UNSUBSCRIBE,
];
