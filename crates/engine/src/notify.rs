//! Keyspace notifications: what happened to keys, published on channels that are named for it.

use latchkey_keyspace::{Class, Classes};

use crate::Database;

impl Database {
    /// Has the keyspace note what is wanted, if anybody listens. Only what reads misses keys.
    pub(crate) fn want_events(&mut self, reads: bool) {
        let classes = match self.hub().has_listeners() {
            true => self.settings.notify_keyspace_events.classes(),
            false => Classes::NONE,
        };
        self.keyspace.want_events(if reads { classes } else { classes.without(Class::Missed) });
    }

    /// Publishes what was noted.
    pub(crate) fn publish_events(&mut self) {
        let Self { settings, outbox, keyspace, .. } = self;
        for event in keyspace.take_events() {
            if !settings.notify_keyspace_events.publish(&event, outbox) {
                // The rest would not fit either. Who listens to channels is told at most once.
                break;
            }
        }
    }
}
