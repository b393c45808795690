//! One log of records for all databases of a node, on files through a [`Disk`].

pub mod disk;

pub use disk::{Disk, DiskFile};
