//! What is told of changes, if somebody wants to know: Redis's keyspace notifications.

use std::cell::RefCell;

use crate::{Kind, Str};

/// A kind of event, as the flags of `notify-keyspace-events` tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `g`: what any type can go through, such as `del` and `expire`.
    Generic,
    /// `$`
    Text,
    /// `l`
    List,
    /// `s`
    Set,
    /// `h`
    Hash,
    /// `z`
    SortedSet,
    /// `t`
    Stream,
    /// `d`
    Json,
    /// Of arrays. It has no letter: `A` includes it.
    Array,
    /// `x`: a key that is past its deadline went.
    Expired,
    /// `e`: a key went to make room.
    Evicted,
    /// `n`: a key came.
    New,
    /// `m`: a key was looked for and is not there.
    Missed,
}

/// Some of the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(u16);

impl Classes {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// These and one more.
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u16)
    }

    /// These but for one.
    pub const fn without(self, class: Class) -> Self {
        Self(self.0 & !(1 << class as u16))
    }

    /// Whether this is one of them.
    pub const fn has(self, class: Class) -> bool {
        self.0 & 1 << class as u16 != 0
    }
}

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its kind.
    pub class: Class,
    /// Its name, in any case: it is told in lower case.
    pub name: &'static str,
    /// The key.
    pub key: Str,
}

/// What the changes that a command makes are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    name: &'static str,
    class: Option<Class>,
}

impl Deed {
    /// Changes that are told only where somebody says so.
    pub const NONE: Self = Self { name: "", class: None };

    /// Changes under this name, each in the class of the key's type.
    pub const fn named(name: &'static str) -> Self {
        Self { name, class: None }
    }

    /// Changes under this name in this class, whatever the type.
    pub const fn of(class: Class, name: &'static str) -> Self {
        Self { name, class: Some(class) }
    }
}

/// The events of a keyspace, until they are taken.
#[derive(Debug)]
pub(crate) struct Events {
    pub(crate) wanted: Classes,
    pub(crate) deed: Deed,
    /// Behind a cell because a look that finds nothing is an event too.
    noted: RefCell<Vec<Event>>,
}

impl Events {
    /// Nothing is wanted.
    pub(crate) const fn new() -> Self {
        Self { wanted: Classes::NONE, deed: Deed::NONE, noted: RefCell::new(Vec::new()) }
    }

    /// Whether anything is wanted at all.
    pub(crate) fn are_wanted(&self) -> bool {
        self.wanted != Classes::NONE
    }

    /// Notes an event, if it is wanted.
    pub(crate) fn tell(&self, class: Class, name: &'static str, key: &[u8]) {
        if self.wanted.has(class) {
            self.noted.borrow_mut().push(Event { class, name, key: Str::from(key) });
        }
    }

    /// Notes that the value of a key was changed by what is being done.
    pub(crate) fn tell_change(&self, kind: Kind, key: &[u8]) {
        let Deed { name, class } = self.deed;
        if self.are_wanted() && !name.is_empty() {
            self.tell(class.unwrap_or_else(|| kind.class()), name, key);
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Event> {
        std::mem::take(self.noted.get_mut())
    }
}

impl Kind {
    fn class(self) -> Class {
        match self {
            Self::Text => Class::Text,
            Self::List => Class::List,
            Self::Hash => Class::Hash,
            Self::Set => Class::Set,
            Self::SortedSet => Class::SortedSet,
            Self::Json => Class::Json,
            Self::Stream => Class::Stream,
            Self::Array => Class::Array,
        }
    }
}
