//! The scripts of one database, and the interpreter that runs them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use latchkey_protocol::{Reply, ReplyError};

use bytes::Bytes;

use crate::interpreter::{Failed, Host, Input, Interpreter};
use crate::library::{self, Library};
use crate::meter::{Budget, Clock};
use crate::source::{Digest, Source};

/// So many scripts are kept, …
pub const SCRIPTS_MAX: usize = 500;
/// … of so many bytes together. What was used least recently goes first; a client whose script is gone sends it again.
pub const SCRIPTS_BYTES_MAX: usize = 2 << 20;

/// The script cache of a database with its interpreter, which is built when it is first needed.
pub struct Scripts {
    budget: Budget,
    clock: Option<Clock>,
    interpreter: Option<Interpreter>,
    known: HashMap<Digest, Known>,
    /// Digests by when they were last used, longest ago first.
    by_use: BTreeMap<u64, Digest>,
    uses: u64,
    bytes: usize,
    /// How many libraries were loaded so far.
    libraries: u64,
}

struct Known {
    source: Arc<Source>,
    used: u64,
}

impl Scripts {
    /// None yet. Each run may use as much as the budget says.
    pub fn new(budget: Budget, clock: Option<Clock>) -> Self {
        Self {
            budget,
            clock,
            interpreter: None,
            known: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            bytes: 0,
            libraries: 0,
        }
    }

    /// Keeps a script, if it compiles. A script longer than the whole cache is not kept; it can still be run.
    pub fn load(&mut self, text: &[u8]) -> Result<Arc<Source>, ReplyError> {
        if let Some(source) = self.find(&Digest::of(text)) {
            return Ok(source);
        }
        let source = Arc::new(Source::parse(text)?);
        self.with_interpreter(|interpreter| interpreter.compile(&source).map(drop))?;
        self.keep(&source);
        Ok(source)
    }

    /// The script of this digest, if it is kept.
    pub fn find(&mut self, digest: &Digest) -> Option<Arc<Source>> {
        let known = self.known.get_mut(digest)?;
        self.by_use.remove(&known.used);
        self.uses += 1;
        known.used = self.uses;
        self.by_use.insert(self.uses, *digest);
        Some(Arc::clone(&known.source))
    }

    /// Whether a script is kept, without that counting as a use.
    pub fn has(&self, digest: &Digest) -> bool {
        self.known.contains_key(digest)
    }

    /// Whether the interpreter was built: it takes some 30 KB, which most databases never need.
    #[cfg(test)]
    pub(crate) fn is_built(&self) -> bool {
        self.interpreter.is_some()
    }

    /// Forgets every script. The interpreter goes too, unless there are libraries in it: those are no scripts.
    pub fn flush(&mut self) {
        self.bytes = 0;
        self.by_use.clear();
        let known = std::mem::take(&mut self.known);
        match self.interpreter.as_mut().filter(|interpreter| interpreter.has_libraries()) {
            Some(interpreter) => known.keys().for_each(|digest| interpreter.forget(digest)),
            None => self.interpreter = None,
        }
    }

    /// Runs a library's program, to see what it registers. Whether another has its name, or the name of one of its
    /// functions, is for the caller to know, who also has to say when it is no longer needed.
    pub fn load_library(&mut self, code: &[u8]) -> Result<Library, ReplyError> {
        let name = library::library_name(code)?;
        self.libraries += 1;
        let id = self.libraries;
        let functions = self.with_interpreter(|interpreter| interpreter.load(id, code))?;
        if functions.is_empty() {
            self.forget_library(id);
            return Err(ReplyError::fixed("ERR No functions registered"));
        }
        Ok(Library { id, name, code: Bytes::copy_from_slice(code), functions })
    }

    /// Drops what the interpreter has of a library.
    pub fn drop_library(&mut self, library: &Library) {
        self.forget_library(library.id);
    }

    /// Calls a function of a library, given by its place among the functions, as [`run`](Self::run) runs a script.
    pub fn call(
        &mut self,
        library: &Library,
        function: usize,
        input: &Input<'_>,
        host: &mut Host<'_>,
    ) -> Result<Reply, ReplyError> {
        self.with_interpreter(|interpreter| interpreter.call(library, function, input, host))
    }

    /// Runs a script to its end. `host` runs the commands that it calls. An answer that is an error is an answer; `Err`
    /// is a script that failed half-way.
    pub fn run(
        &mut self,
        source: &Source,
        input: &Input<'_>,
        host: &mut Host<'_>,
    ) -> Result<Reply, ReplyError> {
        let reply = self.with_interpreter(|interpreter| interpreter.run(source, input, host));
        if !self.has(&source.digest) {
            self.forget(&source.digest);
        }
        reply
    }

    fn with_interpreter<T>(
        &mut self,
        work: impl FnOnce(&mut Interpreter) -> Result<T, Failed>,
    ) -> Result<T, ReplyError> {
        let mut interpreter = match self.interpreter.take() {
            Some(interpreter) => interpreter,
            None => Interpreter::new(self.budget, self.clock.clone())
                .map_err(|_| ReplyError::fixed("ERR Error running script: not enough memory"))?,
        };
        match work(&mut interpreter) {
            Ok(done) => {
                self.interpreter = Some(interpreter);
                Ok(done)
            }
            Err(Failed { error, is_broken }) => {
                // After running out of time or memory, a new one is cheaper than knowing what is left of the old.
                self.interpreter = Some(interpreter).filter(|_| !is_broken);
                Err(error)
            }
        }
    }

    fn forget_library(&mut self, id: u64) {
        if let Some(interpreter) = &mut self.interpreter {
            interpreter.forget_library(id);
        }
    }

    fn keep(&mut self, source: &Arc<Source>) {
        let bytes = source.text.len();
        if bytes > SCRIPTS_BYTES_MAX {
            return self.forget(&source.digest);
        }
        while self.known.len() >= SCRIPTS_MAX || self.bytes + bytes > SCRIPTS_BYTES_MAX {
            let Some((_, digest)) = self.by_use.pop_first() else { break };
            self.forget(&digest);
        }
        self.uses += 1;
        self.bytes += bytes;
        self.by_use.insert(self.uses, source.digest);
        self.known.insert(source.digest, Known { source: Arc::clone(source), used: self.uses });
    }

    fn forget(&mut self, digest: &Digest) {
        if let Some(known) = self.known.remove(digest) {
            self.bytes -= known.source.text.len();
        }
        if let Some(interpreter) = &mut self.interpreter {
            interpreter.forget(digest);
        }
    }
}

impl Default for Scripts {
    /// None yet, with the default budget and no clock.
    fn default() -> Self {
        Self::new(Budget::DEFAULT, None)
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").field("known", &self.known.len()).finish_non_exhaustive()
    }
}
