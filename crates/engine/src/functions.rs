//! Function libraries: which there are, and what may be called in them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use latchkey_commands::Args;
use latchkey_keyspace::collections::glob;
use latchkey_keyspace::{Libraries, Now, Str};
use latchkey_protocol::{Reply, ReplyError};
use latchkey_script::{Library, Registered, Scripts, library_name};

use crate::Database;

/// So many libraries may a database have, …
pub const LIBRARIES_MAX: usize = 100;
/// … of so many bytes together. All of them may have to be loaded when one is called.
pub const LIBRARIES_BYTES_MAX: usize = 4 << 20;

const NOT_FOUND: ReplyError = ReplyError::fixed("ERR Function not found");
const TOO_MANY: ReplyError =
    ReplyError::fixed("ERR Too many libraries. A database may have 100, of 4 MB together");

const WRONG_POLICY: ReplyError =
    ReplyError::fixed("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");

/// What becomes of libraries that have other names than the new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    Stay,
    Go,
}

/// What the libraries of the keyspace register. The keyspace has only their programs, and what it has can change
/// without a command: by a replay, or by taking a step back. So this follows it when it is asked.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    /// Up to which change of the keyspace's libraries this follows it.
    followed: Option<u64>,
    libraries: BTreeMap<Str, Loaded>,
    /// The functions by their names in lower case: their library, and their place in it.
    by_name: HashMap<String, (Arc<Library>, usize)>,
}

#[derive(Debug)]
struct Loaded {
    revision: u64,
    library: Arc<Library>,
}

impl Functions {
    /// Loads what is new, and drops what is gone. A library that cannot be loaded has no functions, and is tried again
    /// the next time.
    fn follow(&mut self, kept: &Libraries, scripts: &mut Scripts) {
        if self.followed == Some(kept.changes()) {
            return;
        }
        self.libraries.retain(|name, loaded| {
            let stays = kept.get(name).is_some_and(|library| library.revision() == loaded.revision);
            if !stays {
                scripts.drop_library(&loaded.library);
            }
            stays
        });
        for (name, library) in kept.iter() {
            if !self.libraries.contains_key(name)
                && let Ok(loaded) = scripts.load_library(library.code())
            {
                self.adopt(scripts, name.clone(), library.revision(), loaded);
            }
        }
        self.followed = Some(kept.changes()).filter(|_| self.libraries.len() == kept.len());
        let functions = self.libraries.values().flat_map(|Loaded { library, .. }| {
            let places = library.functions.iter().enumerate();
            places.map(|(at, function)| (key(function), (Arc::clone(library), at)))
        });
        self.by_name = functions.collect();
    }

    /// Takes a library that is loaded already, for one that the keyspace has.
    fn adopt(&mut self, scripts: &mut Scripts, name: Str, revision: u64, library: Library) {
        let loaded = Loaded { revision, library: Arc::new(library) };
        if let Some(replaced) = self.libraries.insert(name, loaded) {
            scripts.drop_library(&replaced.library);
        }
    }

    fn find(&self, name: &[u8]) -> Option<(Arc<Library>, usize)> {
        let name = std::str::from_utf8(name).ok()?;
        self.by_name.get(&name.to_ascii_lowercase()).cloned()
    }

    /// Refuses libraries with a function that has the name of another library's, of those that stay too.
    fn check_names(&self, new: &[Library], others: Others) -> Result<(), ReplyError> {
        let mut seen: HashMap<String, &str> = HashMap::new();
        for library in new {
            for function in &library.functions {
                let key = key(function);
                let known = self.by_name.get(&key).map(|(known, _)| known.name.as_str());
                // What has the name of a new library is replaced by it.
                let stays =
                    |known: &&str| others == Others::Stay && new.iter().all(|library| library.name != *known);
                let known = known.filter(stays);
                if known.is_some() || seen.insert(key, &library.name).is_some() {
                    return Err(ReplyError::new(format!("ERR Function {} already exists", function.name)));
                }
            }
        }
        Ok(())
    }
}

/// Upper and lower case are the same in the names of functions, as in Redis; in those of libraries they are not.
fn key(function: &Registered) -> String {
    function.name.to_ascii_lowercase()
}

impl Database {
    /// The function of this name, and its library.
    pub(crate) fn find_function(
        &mut self,
        scripts: &mut Scripts,
        name: &[u8],
    ) -> Result<(Arc<Library>, usize), ReplyError> {
        self.follow_libraries(scripts);
        self.functions.find(name).ok_or(NOT_FOUND)
    }

    /// `[REPLACE] code`
    pub(crate) fn load_library(
        &mut self,
        scripts: &mut Scripts,
        mut args: Args<'_>,
        now: Now,
    ) -> Result<Reply, ReplyError> {
        let mut replaces = false;
        while args.len() > 1 {
            replaces = args.option("REPLACE");
            if !replaces {
                return Err(unknown_option("Unknown option given: ", args.rest()));
            }
        }
        let code = args.next().map_err(|error| error.0)?;
        let name = library_name(code)?;
        if !replaces && self.keyspace.libraries().get(name.as_bytes()).is_some() {
            return Err(ReplyError::new(format!("ERR Library '{name}' already exists")));
        }
        self.follow_libraries(scripts);
        let library = scripts.load_library(code)?;
        self.install(scripts, vec![library], Others::Stay, now)?;
        Ok(Reply::bulk(name))
    }

    /// `payload [FLUSH | APPEND | REPLACE]`
    pub(crate) fn restore_libraries(
        &mut self,
        scripts: &mut Scripts,
        mut args: Args<'_>,
        now: Now,
    ) -> Result<Reply, ReplyError> {
        let payload = args.next().map_err(|error| error.0)?;
        if args.len() > 1 {
            let wrong =
                "ERR unknown subcommand or wrong number of arguments for 'RESTORE'. Try FUNCTION HELP.";
            return Err(ReplyError::fixed(wrong));
        }
        let (others, replaces) = match () {
            () if args.option("FLUSH") => (Others::Go, true),
            () if args.option("REPLACE") => (Others::Stay, true),
            () if args.is_empty() || args.option("APPEND") => (Others::Stay, false),
            () => return Err(WRONG_POLICY),
        };
        let codes =
            latchkey_rdb::restore_libraries(payload, LIBRARIES_BYTES_MAX as u64).map_err(unreadable)?;
        self.follow_libraries(scripts);
        let new = self.load_all(scripts, &codes, replaces)?;
        self.install(scripts, new, others, now)?;
        Ok(Reply::OK)
    }

    /// Loads libraries, which may have the names of others only if they replace them: all of them, or none.
    fn load_all(
        &self,
        scripts: &mut Scripts,
        codes: &[Vec<u8>],
        replaces: bool,
    ) -> Result<Vec<Library>, ReplyError> {
        if codes.len() > LIBRARIES_MAX {
            return Err(TOO_MANY);
        }
        let kept = self.keyspace.libraries();
        let mut new: Vec<Library> = Vec::new();
        for code in codes {
            let loaded = library_name(code).and_then(|name| {
                let is_taken = !replaces && kept.get(name.as_bytes()).is_some();
                if is_taken || new.iter().any(|other| other.name == name) {
                    return Err(ReplyError::new(format!("ERR Library {name} already exists")));
                }
                scripts.load_library(code)
            });
            match loaded {
                Ok(library) => new.push(library),
                Err(refusal) => {
                    new.iter().for_each(|library| scripts.drop_library(library));
                    return Err(refusal);
                }
            }
        }
        Ok(new)
    }

    /// Keeps libraries in place of those that have their names, and perhaps of all others: all of them, or none.
    fn install(
        &mut self,
        scripts: &mut Scripts,
        new: Vec<Library>,
        others: Others,
        now: Now,
    ) -> Result<(), ReplyError> {
        let fits = self.functions.check_names(&new, others).and_then(|()| self.check_libraries(&new, others));
        if let Err(refusal) = fits {
            new.iter().for_each(|library| scripts.drop_library(library));
            return Err(refusal);
        }
        if others == Others::Go {
            self.keyspace.edit(now).clear_libraries();
        }
        for library in new {
            let name = Str::from(library.name.as_bytes());
            self.keyspace.edit(now).put_library(&name, &library.code);
            let kept = self.keyspace.libraries().get(&name);
            let revision = kept.expect("it was just put there").revision();
            self.functions.adopt(scripts, name, revision, library);
        }
        self.follow_libraries(scripts);
        Ok(())
    }

    fn check_libraries(&self, new: &[Library], others: Others) -> Result<(), ReplyError> {
        let kept = self.keyspace.libraries();
        let is_new = |name: &Str| new.iter().any(|library| library.name.as_bytes() == name.as_slice());
        let stays = |name: &Str| others == Others::Stay && !is_new(name);
        let staying = || kept.iter().filter(|(name, _)| stays(name));
        let bytes = staying().map(|(_, library)| library.code().len()).sum::<usize>()
            + new.iter().map(|library| library.code.len()).sum::<usize>();
        let count = staying().count() + new.len();
        if count > LIBRARIES_MAX || bytes > LIBRARIES_BYTES_MAX { Err(TOO_MANY) } else { Ok(()) }
    }

    fn follow_libraries(&mut self, scripts: &mut Scripts) {
        self.functions.follow(self.keyspace.libraries(), scripts);
    }

    /// `[LIBRARYNAME pattern] [WITHCODE]`
    pub(crate) fn list_libraries(
        &mut self,
        scripts: &mut Scripts,
        mut args: Args<'_>,
    ) -> Result<Reply, ReplyError> {
        let (mut pattern, mut with_code) = (None, false);
        while !args.is_empty() {
            if !with_code && args.option("WITHCODE") {
                with_code = true;
            } else if pattern.is_none() && args.option("LIBRARYNAME") {
                let missing = ReplyError::fixed("ERR library name argument was not given");
                pattern = Some(args.next().map_err(|_| missing)?);
            } else {
                return Err(unknown_option("Unknown argument ", args.rest()));
            }
        }
        self.follow_libraries(scripts);
        let libraries = self.keyspace.libraries();
        let listed = libraries
            .iter()
            .filter(|(name, _)| pattern.is_none_or(|pattern| glob::matches(pattern, name, true)));
        let described = listed.map(|(name, library)| {
            let loaded = self.functions.libraries.get(name);
            let functions = loaded.map_or(&[][..], |loaded| &loaded.library.functions);
            let mut pairs = vec![
                (Reply::bulk("library_name"), Reply::bulk(name)),
                (Reply::bulk("engine"), Reply::bulk(ENGINE)),
                (Reply::bulk("functions"), Reply::Array(functions.iter().map(described).collect())),
            ];
            if with_code {
                pairs.push((Reply::bulk("library_code"), Reply::bulk(library.code())));
            }
            Reply::Map(pairs)
        });
        Ok(Reply::Array(described.collect()))
    }

    /// How many libraries and functions there are. None is ever seen running.
    pub(crate) fn library_stats(&mut self, scripts: &mut Scripts) -> Reply {
        self.follow_libraries(scripts);
        let counts = Reply::Map(vec![
            (Reply::bulk("libraries_count"), Reply::count(self.keyspace.libraries().len())),
            (Reply::bulk("functions_count"), Reply::count(self.functions.by_name.len())),
        ]);
        Reply::Map(vec![
            (Reply::bulk("running_script"), Reply::Null),
            (Reply::bulk("engines"), Reply::Map(vec![(Reply::bulk(ENGINE), counts)])),
        ])
    }
}

/// As Redis names the language.
const ENGINE: &str = "LUA";

fn described(function: &Registered) -> Reply {
    let description = function.description.as_ref().map(|text| Reply::Bulk(text.clone()));
    Reply::Map(vec![
        (Reply::bulk("name"), Reply::bulk(&function.name)),
        (Reply::bulk("description"), Reply::or_null(description)),
        (Reply::bulk("flags"), Reply::Set(function.flags.names().map(Reply::status).collect())),
    ])
}

/// What is told of a payload that cannot be read.
fn unreadable(error: latchkey_rdb::Error) -> ReplyError {
    use latchkey_rdb::Error;
    match error {
        Error::Untrusted => ReplyError::fixed("ERR DUMP payload version or checksum are wrong"),
        Error::NotALibrary => ReplyError::fixed("ERR given type is not a function"),
        Error::TooLong => TOO_MANY,
        Error::Malformed { .. } | Error::Io(_) => {
            ReplyError::fixed("ERR failed loading the given functions payload")
        }
    }
}

fn unknown_option(what: &str, rest: &[bytes::Bytes]) -> ReplyError {
    let word = String::from_utf8_lossy(rest.first().map_or(&[], |word| &word[..word.len().min(64)]));
    let word: String = word.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    ReplyError::new(format!("ERR {what}{word}"))
}
