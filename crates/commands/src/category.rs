//! ACL categories.

/// A named set of commands that ACL rules can allow or deny, as `+@read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs)] // the names are Redis's
pub enum Category {
    Keyspace = 1 << 0,
    Read = 1 << 1,
    Write = 1 << 2,
    Set = 1 << 3,
    SortedSet = 1 << 4,
    List = 1 << 5,
    Hash = 1 << 6,
    String = 1 << 7,
    Bitmap = 1 << 8,
    HyperLogLog = 1 << 9,
    Geo = 1 << 10,
    Stream = 1 << 11,
    PubSub = 1 << 12,
    Admin = 1 << 13,
    Fast = 1 << 14,
    Slow = 1 << 15,
    Blocking = 1 << 16,
    Dangerous = 1 << 17,
    Connection = 1 << 18,
    Transaction = 1 << 19,
    Scripting = 1 << 20,
    Array = 1 << 21,
}

impl Category {
    /// Every category, in the order in which `ACL CAT` lists them, with its name.
    pub const ALL: [(Self, &'static str); 22] = [
        (Self::Keyspace, "keyspace"),
        (Self::Read, "read"),
        (Self::Write, "write"),
        (Self::Set, "set"),
        (Self::SortedSet, "sortedset"),
        (Self::List, "list"),
        (Self::Hash, "hash"),
        (Self::String, "string"),
        (Self::Bitmap, "bitmap"),
        (Self::HyperLogLog, "hyperloglog"),
        (Self::Geo, "geo"),
        (Self::Stream, "stream"),
        (Self::PubSub, "pubsub"),
        (Self::Admin, "admin"),
        (Self::Fast, "fast"),
        (Self::Slow, "slow"),
        (Self::Blocking, "blocking"),
        (Self::Dangerous, "dangerous"),
        (Self::Connection, "connection"),
        (Self::Transaction, "transaction"),
        (Self::Scripting, "scripting"),
        (Self::Array, "array"),
    ];

    /// The category of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|&(category, _)| category)
    }
}

/// A set of categories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Categories(u32);

impl Categories {
    /// None.
    pub const NONE: Self = Self(0);

    /// These and one more.
    pub const fn with(self, category: Category) -> Self {
        Self(self.0 | category as u32)
    }

    /// These and those.
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether the category is among them.
    pub const fn has(self, category: Category) -> bool {
        self.0 & category as u32 != 0
    }

    /// Their names, in the order of `ACL CAT`.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Category::ALL.iter().filter(move |&&(category, _)| self.has(category)).map(|&(_, name)| name)
    }
}
