//! Scripts and functions: what they may call, and what becomes of it when they fail.

use std::collections::HashSet;

use bytes::Bytes;
use latchkey_commands::acl::Permissions;
use latchkey_commands::{Args, Call, Cost, Script};
use latchkey_keyspace::Now;
use latchkey_protocol::{Reply, ReplyError, Words};
use latchkey_script::{Called, Digest, Flags, Host, Input, Scripts};

use crate::{Database, Source as Caller};

const NO_SCRIPT: ReplyError = ReplyError::fixed("NOSCRIPT No matching script. Please use EVAL.");
const BAD_NUMBER_OF_KEYS: ReplyError = ReplyError::fixed("ERR Bad number of keys provided");
const READ_ONLY: ReplyError =
    ReplyError::fixed("READONLY Write commands are not allowed from read-only scripts");
const REACHES_ALL: ReplyError = ReplyError::fixed(
    "ERR Commands that write all keys are not allowed in Lua scripts when 'allow-key-locking' flag is set.",
);

/// What a script may do, by its kind of call and by what its first line promises.
struct Rules<'a> {
    read_only: bool,
    /// The only keys that it may touch, if it says so.
    keys: Option<HashSet<&'a [u8]>>,
    /// What its caller may do, if that is not everything.
    permissions: Option<&'a Permissions>,
}

impl Database {
    /// Does what a command about scripts asks for.
    pub(crate) fn run_script_command(&mut self, script: Script, call: &Call, now: Now) -> Reply {
        // Taken out, since a script needs all of the database besides.
        let mut scripts = std::mem::take(&mut self.scripts);
        let mut args = call.args();
        let result = match script {
            Script::Eval { by_digest, read_only } => self.eval(&mut scripts, call, now, by_digest, read_only),
            Script::Load => load(&mut scripts, args),
            Script::Exists => Ok(exists(&scripts, args.rest())),
            Script::Flush => flush(&mut scripts, args),
            Script::Call { read_only } => self.call_function(&mut scripts, call, now, read_only),
            Script::LoadLibrary => self.load_library(&mut scripts, args, now),
            Script::RestoreLibraries => self.restore_libraries(&mut scripts, args, now),
            Script::ListLibraries => self.list_libraries(&mut scripts, args),
            Script::LibraryStats => Ok(self.library_stats(&mut scripts)),
        };
        self.scripts = scripts;
        result.unwrap_or_else(Reply::from)
    }

    fn eval(
        &mut self,
        scripts: &mut Scripts,
        call: &Call,
        now: Now,
        by_digest: bool,
        read_only: bool,
    ) -> Result<Reply, ReplyError> {
        let mut args = call.args();
        let script = args.next().map_err(|error| error.0)?;
        let (keys, arguments) = keys_and_arguments(args, &ReplyError::NOT_AN_INTEGER)?;
        let source = if by_digest {
            Digest::parse(script).and_then(|digest| scripts.find(&digest)).ok_or(NO_SCRIPT)?
        } else {
            scripts.load(script)?
        };
        let input = Input { keys, arguments, seed: self.chance.u64(..) };
        let rules = Rules::new(source.flags, keys, read_only, call);
        self.run_program(&rules, now, |host| scripts.run(&source, &input, host))
    }

    fn call_function(
        &mut self,
        scripts: &mut Scripts,
        call: &Call,
        now: Now,
        read_only: bool,
    ) -> Result<Reply, ReplyError> {
        let mut args = call.args();
        let name = args.next().map_err(|error| error.0)?;
        let (library, at) = self.find_function(scripts, name)?;
        let (keys, arguments) = keys_and_arguments(args, &BAD_NUMBER_OF_KEYS)?;
        let input = Input { keys, arguments, seed: self.chance.u64(..) };
        let rules = Rules::new(library.functions[at].flags, keys, read_only, call);
        self.run_program(&rules, now, |host| scripts.call(&library, at, &input, host))
    }

    /// Runs a script or a function, whose commands run here by these rules.
    fn run_program(
        &mut self,
        rules: &Rules<'_>,
        now: Now,
        run: impl FnOnce(&mut Host<'_>) -> Result<Reply, ReplyError>,
    ) -> Result<Reply, ReplyError> {
        let start = self.save();
        let result = run(&mut |words| self.call_from_script(words, rules, now));
        match result {
            Ok(_) => self.release(start),
            // As Upstash, and unlike Redis: what a script did before it failed did not happen.
            Err(_) => self.roll_back(start),
        }
        result
    }

    fn call_from_script(&mut self, words: Words, rules: &Rules<'_>, now: Now) -> Called {
        self.try_call_from_script(words, rules, now)
            .unwrap_or_else(|refusal| Called { reply: refusal.into(), steps: 0 })
    }

    fn try_call_from_script(
        &mut self,
        words: Words,
        rules: &Rules<'_>,
        now: Now,
    ) -> Result<Called, ReplyError> {
        let call = Call::resolve_in_script(words)?;
        rules.check(&call)?;
        let steps = self.steps_of(&call, now);
        self.make_room(&call, now);
        self.tell_monitors(&call, Caller::Script, now);
        Ok(Called { reply: self.run_if_it_fits(&call, now)?, steps })
    }

    /// What a command costs a script, beyond what every command does: a step for each element that it may look at.
    fn steps_of(&self, call: &Call, now: Now) -> usize {
        let view = self.keyspace.view(now);
        match call.spec().cost {
            Cost::Small | Cost::Unknown => 0,
            Cost::Values => call.keys().iter().map(|key| view.weight(key.name)).sum(),
            Cost::Database => self.keyspace.keys(),
        }
    }
}

impl<'a> Rules<'a> {
    fn new(flags: Flags, keys: &'a [Bytes], read_only: bool, call: &'a Call) -> Self {
        let own_keys = || keys.iter().map(AsRef::as_ref).collect();
        Self {
            read_only: read_only || flags.no_writes(),
            keys: flags.allow_key_locking().then(own_keys),
            permissions: call.permissions().map(AsRef::as_ref),
        }
    }

    fn check(&self, call: &Call) -> Result<(), ReplyError> {
        if let Some(permissions) = self.permissions {
            permissions.check(call).map_err(|denial| denial.error(call.command()))?;
        }
        if self.read_only && call.spec().is_write() {
            return Err(READ_ONLY);
        }
        let Some(own) = &self.keys else { return Ok(()) };
        if call.spec().is_write() && call.spec().reaches_all {
            return Err(REACHES_ALL);
        }
        match call.keys().iter().find(|key| !own.contains(key.name)) {
            Some(key) => Err(dynamic_key(key.name)),
            None => Ok(()),
        }
    }
}

/// `numkeys key … arg …`
fn keys_and_arguments<'a>(
    mut args: Args<'a>,
    not_a_number: &ReplyError,
) -> Result<(&'a [Bytes], &'a [Bytes]), ReplyError> {
    let count = args.int().map_err(|_| not_a_number.clone())?;
    let count =
        usize::try_from(count).map_err(|_| ReplyError::fixed("ERR Number of keys can't be negative"))?;
    let keys = args.take(count);
    let too_many = |_| ReplyError::fixed("ERR Number of keys can't be greater than number of args");
    Ok((keys.map_err(too_many)?, args.rest()))
}

fn load(scripts: &mut Scripts, mut args: Args<'_>) -> Result<Reply, ReplyError> {
    let text = args.next().map_err(|error| error.0)?;
    Ok(Reply::bulk(scripts.load(text)?.digest.to_string()))
}

fn exists(scripts: &Scripts, digests: &[Bytes]) -> Reply {
    let is_kept = |hex: &Bytes| Digest::parse(hex).is_some_and(|digest| scripts.has(&digest));
    Reply::Array(digests.iter().map(|hex| Reply::flag(is_kept(hex))).collect())
}

/// The scripts are gone at once either way.
fn flush(scripts: &mut Scripts, mut args: Args<'_>) -> Result<Reply, ReplyError> {
    let _ = args.option("ASYNC") || args.option("SYNC");
    let only = ReplyError::fixed("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    args.done().map_err(|_| only)?;
    scripts.flush();
    Ok(Reply::OK)
}

fn dynamic_key(key: &[u8]) -> ReplyError {
    /// So much of a key is repeated in the error.
    const ECHO_MAX: usize = 128;
    let shown = String::from_utf8_lossy(&key[..key.len().min(ECHO_MAX)]);
    let shown: String = shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    ReplyError::new(format!(
        "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: {shown}"
    ))
}
