//! What a database must be: a second engine that is given the same commands and has no files.

use latchkey_commands::Facts;
use latchkey_engine::{Database, Limits};
use latchkey_keyspace::Keyspace;

/// A database in memory only, with all that was ever done to it.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) database: Database,
    limits: Limits,
    /// The changes of each step.
    records: Vec<Vec<u8>>,
}

impl Model {
    pub(crate) fn new(seed: u64, limits: Limits) -> Self {
        Self { database: database(Keyspace::new(seed), limits), limits, records: Vec::new() }
    }

    /// Ends a step, if anything was changed. Whether it was.
    pub(crate) fn keep(&mut self) -> bool {
        let before = self.records.len();
        self.database.keep(|record| self.records.push(record.to_vec()));
        self.records.len() > before
    }

    /// How many steps there have been.
    pub(crate) fn steps(&self) -> usize {
        self.records.len()
    }

    /// The changes of the last step.
    pub(crate) fn last_record(&self) -> Option<&[u8]> {
        self.records.last().map(Vec::as_slice)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.database.keyspace().seed()
    }

    /// Another database that holds the same: what is done to it is not done to the model.
    pub(crate) fn copied(&self) -> Database {
        let mut keyspace = Keyspace::new(self.seed());
        for record in &self.records {
            keyspace.replay(record).expect("the model reads what it wrote");
        }
        database(keyspace, self.limits)
    }

    /// Goes back to where it was after so many steps, by doing them again.
    pub(crate) fn rewind(&mut self, steps: usize) {
        self.records.truncate(steps);
        self.database = self.copied();
    }

    /// How another keyspace differs from this one, if it does.
    pub(crate) fn difference(&self, other: &Keyspace) -> Option<String> {
        let (expected, found) = (self.database.keyspace().canonical(), other.canonical());
        let names: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
        let different = names.into_iter().find(|name| expected.get(*name) != found.get(*name));
        if let Some(name) = different {
            let (expected, found) = (expected.get(name), found.get(name));
            return Some(format!(
                "{} is {found:?}, and should be {expected:?}",
                String::from_utf8_lossy(name)
            ));
        }
        let (expected, found) = (self.database.stored_bytes(), other.bytes());
        if found != expected || found != other.recount_bytes() {
            return Some(format!("{found} bytes are stored, and should be {expected}"));
        }
        None
    }
}

/// An engine that records what it changes.
pub(crate) fn database(keyspace: Keyspace, limits: Limits) -> Database {
    let seed = keyspace.seed();
    Database::of(keyspace, seed, limits, Facts::default()).recording()
}
