//! One interpreter: built once, and run again and again with nothing left over.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use fastrand::Rng;
use latchkey_protocol::{Reply, ReplyError, Words};
use mlua::chunk::ChunkMode;
use mlua::state::{GcIncParams, GcMode};
use mlua::{Error, Function, Lua, LuaOptions, MultiValue, StdLib, Table, Value};
use parking_lot::Mutex;

use crate::arguments::Arguments;
use crate::bridge::Bridge;
use crate::library::{self, Library, Registered};
use crate::memory;
use crate::meter::{self, Budget, CALL_STEPS, Clock, LOAD_STEPS, Meter};
use crate::raise::{self, CHUNK_NAME, LIBRARY_NAME, NATIVE_NAME, raise};
use crate::register::{self, Gathered, Register};
use crate::source::{Digest, Source};
use crate::{bits, cjson, cmsgpack, convert, packing, redis, text};

/// What a script is called with.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// `KEYS`.
    pub keys: &'a [Bytes],
    /// `ARGV`.
    pub arguments: &'a [Bytes],
    /// What `math.random` starts from.
    pub seed: u64,
}

/// What a command answered that a script ran.
#[derive(Clone, Debug, PartialEq)]
pub struct Called {
    /// The reply.
    pub reply: Reply,
    /// What it cost beyond the ordinary, in steps of the [`Budget`].
    pub steps: usize,
}

/// Runs a command for a script.
pub type Host<'a> = dyn FnMut(Words) -> Called + 'a;

pub(crate) struct Interpreter {
    lua: Lua,
    meter: Arc<Meter>,
    budget: Budget,
    chance: Arc<Mutex<Rng>>,
    register: Register,
    bridge: Arc<Bridge>,
    /// The prelude's function that runs a script, or a library's function.
    run: Function,
    /// The prelude's function that runs a library's chunk.
    load: Function,
    compiled: HashMap<Digest, Function>,
    libraries: HashMap<u64, Loaded>,
    /// Memory in use after garbage was last collected: libraries may hold much.
    kept_bytes: usize,
}

/// A library that can be called.
struct Loaded {
    environment: Table,
    /// In the order in which they were registered.
    callbacks: Vec<Function>,
}

/// Why a run came to no answer.
pub(crate) struct Failed {
    pub(crate) error: ReplyError,
    /// Whether the interpreter must not be used again.
    pub(crate) is_broken: bool,
}

/// What it costs to raise an error out of one of our functions, and to catch it.
const ERROR_STEPS: usize = 1000;

/// After a run that leaves more than this part of its memory in use, garbage is collected.
const MEMORY_PARTS: usize = 8;

impl Interpreter {
    pub(crate) fn new(budget: Budget, clock: Option<Clock>) -> mlua::Result<Self> {
        let lua = Lua::new_with(StdLib::TABLE | StdLib::STRING | StdLib::MATH, LuaOptions::new())?;
        // Garbage counts against the limit, so it is collected before much of it has gathered: when there is more than
        // half as much as of what is in use.
        lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().pause(160).step_multiplier(400)));
        let (meter, chance) = (Arc::new(Meter::new(clock)), Arc::new(Mutex::new(Rng::with_seed(0))));
        let (register, bridge) = (Register::default(), Arc::new(Bridge::new(budget.memory_bytes)));
        meter.start(&budget);
        text::install(&lua, &meter)?;
        let native = native(&lua, &meter, &chance, &bridge)?;
        native.raw_set("register", register::function(&lua, &meter, &register)?)?;
        let prelude = lua.load(include_str!("prelude.lua")).set_name(NATIVE_NAME);
        let (run, load) = prelude.call(native)?;
        lua.set_memory_limit(budget.memory_bytes)?;
        meter::watch(&lua, Arc::clone(&meter))?;
        let (compiled, libraries) = (HashMap::new(), HashMap::new());
        Ok(Self {
            lua,
            meter,
            budget,
            chance,
            register,
            bridge,
            run,
            load,
            compiled,
            libraries,
            kept_bytes: 0,
        })
    }

    /// Compiles a script, unless that was done before.
    pub(crate) fn compile(&mut self, source: &Source) -> Result<Function, Failed> {
        if let Some(function) = self.compiled.get(&source.digest) {
            return Ok(function.clone());
        }
        let compiled = compile(&self.lua, source.body(), CHUNK_NAME);
        let function = compiled.map_err(|error| self.not_compiled("script (new function)", &error))?;
        self.compiled.insert(source.digest, function.clone());
        Ok(function)
    }

    /// Drops what was compiled of a script.
    pub(crate) fn forget(&mut self, digest: &Digest) {
        self.compiled.remove(digest);
    }

    /// Runs a script to its end or to that of its budget.
    pub(crate) fn run(
        &mut self,
        source: &Source,
        input: &Input<'_>,
        host: &mut Host<'_>,
    ) -> Result<Reply, Failed> {
        let script = self.compile(source)?;
        self.run_entry(&script, None, input, host)
    }

    /// Runs the chunk of a library, and keeps what it registers under this number.
    pub(crate) fn load(&mut self, id: u64, code: &[u8]) -> Result<Vec<Registered>, Failed> {
        let chunk = compile(&self.lua, library::body(code), LIBRARY_NAME);
        let chunk = chunk.map_err(|error| self.not_compiled("function", &error))?;
        let steps = self.budget.steps.min(LOAD_STEPS);
        self.meter.start(&Budget { steps, ..self.budget });
        *self.chance.lock() = Rng::with_seed(0);
        *self.register.lock() = Some(Gathered::default());
        let result = self.load.call::<(bool, Value)>(chunk);
        let gathered = self.register.lock().take().unwrap_or_default();
        match result {
            Ok((true, Value::Table(environment))) => {
                self.libraries.insert(id, Loaded { environment, callbacks: gathered.callbacks });
                Ok(gathered.functions)
            }
            Ok((_, failure)) => Err(self.not_loaded(&self.text_of(&failure))),
            Err(error) => Err(self.not_loaded(&format!("ERR {}", raise::text_of(&error)))),
        }
    }

    /// Calls a function of a library, which is loaded if it is not. The function is given by its place.
    pub(crate) fn call(
        &mut self,
        library: &Library,
        function: usize,
        input: &Input<'_>,
        host: &mut Host<'_>,
    ) -> Result<Reply, Failed> {
        if !self.libraries.contains_key(&library.id) {
            self.load(library.id, &library.code)?;
        }
        let loaded = self.libraries.get(&library.id);
        let entry = loaded.and_then(|loaded| Some((loaded.callbacks.get(function)?, &loaded.environment)));
        let Some((callback, environment)) = entry.map(|(f, e)| (f.clone(), e.clone())) else {
            return Err(self.running("the library registers other functions than before"));
        };
        self.run_entry(&callback, Some(&environment), input, host)
    }

    /// Drops a library.
    pub(crate) fn forget_library(&mut self, id: u64) {
        self.libraries.remove(&id);
    }

    /// Whether there are libraries, which may hold what they counted.
    pub(crate) fn has_libraries(&self) -> bool {
        !self.libraries.is_empty()
    }

    /// Runs a script, or a function in the environment of its library.
    fn run_entry(
        &mut self,
        entry: &Function,
        environment: Option<&Table>,
        input: &Input<'_>,
        host: &mut Host<'_>,
    ) -> Result<Reply, Failed> {
        self.meter.start(&self.budget);
        *self.chance.lock() = Rng::with_seed(input.seed);
        let answer = self.answer(entry, environment, input, host);
        let is_stopped = self.meter.is_spent();
        let result = match answer {
            Ok((true, value)) => self.reply(&value),
            Ok((false, _)) if is_stopped => Err(self.failed(&meter::Stopped.into())),
            Ok((false, failure)) => Err(self.uncaught(&failure)),
            Err(error) => Err(self.failed(&error)),
        };
        self.collect_garbage();
        result
    }

    fn reply(&self, value: &Value) -> Result<Reply, Failed> {
        let answer = convert::Answer { meter: &self.meter, version: self.bridge.version() };
        // It only makes the names of the fields that it looks for.
        let names_bytes = 16 * memory::VALUE_BYTES;
        let reply =
            memory::with_room(&self.lua, self.budget.memory_bytes, names_bytes, || answer.to_reply(value));
        reply.map_err(|error| self.failed(&error))
    }

    /// Collects garbage, if there may be much.
    fn collect_garbage(&mut self) {
        if self.lua.used_memory() > self.kept_bytes + self.budget.memory_bytes / MEMORY_PARTS {
            // An error here is one of a finalizer, and scripts cannot make any.
            let _ = self.lua.gc_collect();
            self.kept_bytes = self.lua.used_memory();
        }
    }

    /// Whether the script ended, and with what.
    fn answer(
        &self,
        entry: &Function,
        environment: Option<&Table>,
        input: &Input<'_>,
        host: &mut Host<'_>,
    ) -> mlua::Result<(bool, Value)> {
        let (lua, limit_bytes) = (&self.lua, self.budget.memory_bytes);
        let words = || input.keys.iter().chain(input.arguments);
        let bytes = words().map(|word| word.len() + memory::VALUE_BYTES).sum::<usize>() + memory::VALUE_BYTES;
        let (keys, arguments) = memory::with_room(lua, limit_bytes, bytes, || {
            Ok((list(lua, input.keys)?, list(lua, input.arguments)?))
        })?;
        self.bridge.open(lua, host, || self.run.call((entry, environment, keys, arguments)))
    }

    /// An error that the script did not catch, as the prelude's handler left it.
    fn uncaught(&self, failure: &Value) -> Failed {
        match failure {
            // The script threw an error reply of its own making.
            Value::Table(reply) => {
                let text = reply.raw_get::<String>("err").unwrap_or_default();
                Failed { error: ReplyError::new(convert::one_line(&text)), is_broken: false }
            }
            Value::String(text) => self.running(&text.to_string_lossy()),
            _ => self.running("the error is no text"),
        }
    }

    fn failed(&self, error: &Error) -> Failed {
        self.running(&raise::text_of(error))
    }

    fn running(&self, text: &str) -> Failed {
        let is_broken = self.meter.is_spent() || text.contains(OUT_OF_MEMORY);
        Failed { error: ReplyError::new(format!("ERR Error running script: {text}")), is_broken }
    }

    fn not_compiled(&self, what: &str, error: &Error) -> Failed {
        let text = raise::text_of(error);
        let is_broken = text.contains(OUT_OF_MEMORY);
        Failed { error: ReplyError::new(format!("ERR Error compiling {what}: {text}")), is_broken }
    }

    /// A library that could not be loaded, with the text of an error reply.
    fn not_loaded(&self, text: &str) -> Failed {
        let is_stopped = self.meter.is_spent();
        let is_broken = is_stopped || text.contains(OUT_OF_MEMORY);
        let text = if is_stopped { "ERR FUNCTION LOAD timeout" } else { text };
        let text = convert::one_line(&format!("ERR Error registering functions: {text}"));
        Failed { error: ReplyError::new(text), is_broken }
    }

    /// What a library's chunk threw, as an error reply.
    fn text_of(&self, failure: &Value) -> String {
        match failure {
            Value::Table(reply) => reply.raw_get("err").unwrap_or_default(),
            Value::String(text) => format!("ERR {}", text.to_string_lossy()),
            other => format!("ERR (error object is a {} value)", other.type_name()),
        }
    }
}

/// Lua's own words.
const OUT_OF_MEMORY: &str = "not enough memory";

fn list(lua: &Lua, words: &[Bytes]) -> mlua::Result<Table> {
    let table = lua.create_table_with_capacity(words.len(), 0)?;
    words.iter().try_for_each(|word| table.raw_push(lua.create_string(word)?))?;
    Ok(table)
}

/// Compiles text. Bytecode could do what no compiler would let it do, so it is not taken.
fn compile(lua: &Lua, text: &[u8], name: &str) -> mlua::Result<Function> {
    if text.first() == Some(&0x1b) {
        return Err(Error::SyntaxError {
            message: "attempt to load a chunk that is not text".into(),
            incomplete_input: false,
        });
    }
    lua.load(text).set_name(name).set_mode(ChunkMode::Text).into_function()
}

/// What the prelude is given besides the libraries of Lua itself.
fn native(
    lua: &Lua,
    meter: &Arc<Meter>,
    chance: &Arc<Mutex<Rng>>,
    bridge: &Arc<Bridge>,
) -> mlua::Result<Table> {
    let native = lua.create_table()?;
    native.raw_set("redis", redis::library(lua, meter, bridge)?)?;
    native.raw_set("bit", bits::library(lua, meter)?)?;
    native.raw_set("cjson", cjson::library(lua, meter)?)?;
    native.raw_set("cmsgpack", cmsgpack::library(lua, meter)?)?;
    native.raw_set("struct", packing::library(lua, meter)?)?;
    let explaining = Arc::clone(meter);
    native.raw_set(
        "explain",
        lua.create_function(move |lua, failure: Value| {
            explaining.charge(ERROR_STEPS)?;
            explain(lua, failure)
        })?,
    )?;
    native.raw_set("describe", lua.create_function(|lua, failure: Value| describe(lua, failure))?)?;
    native.raw_set("collectgarbage", lua.create_function(collectgarbage)?)?;
    let charging = Arc::clone(meter);
    let charge = lua.create_function(move |_, steps: f64| Ok(charging.charge(steps as usize)?))?;
    native.raw_set("charge", charge)?;
    let clock = Arc::clone(meter);
    native.raw_set("clock", lua.create_function(move |_, ()| Ok(clock.used() as f64 * SECONDS_PER_STEP))?)?;
    let compiling = Arc::clone(meter);
    native.raw_set("compile", lua.create_function(move |lua, values| load(lua, &compiling, &values))?)?;
    let drawing = Arc::clone(chance);
    native.raw_set("random", lua.create_function(move |lua, values| random(lua, &drawing, &values))?)?;
    let seeding = Arc::clone(chance);
    let randomseed = lua.create_function(move |lua, values: MultiValue| {
        let seed = Arguments::new(lua, "randomseed", &values).number(1)?;
        *seeding.lock() = Rng::with_seed(seed.to_bits());
        Ok(())
    })?;
    native.raw_set("randomseed", randomseed)?;
    Ok(native)
}

/// `os.clock` tells of steps, since this crate has no clock that a script may see.
const SECONDS_PER_STEP: f64 = 5e-9;

fn explain(lua: &Lua, failure: Value) -> mlua::Result<Value> {
    match failure {
        Value::Error(error) => raise::explain(lua, &error),
        other => Ok(other),
    }
}

/// The last word on an error that a script did not catch: an error reply that it threw, or a text with a traceback.
fn describe(lua: &Lua, failure: Value) -> mlua::Result<Value> {
    let text = match &failure {
        Value::Error(error) => raise::text_of(error),
        Value::String(text) => text.to_string_lossy(),
        Value::Table(table) if table.raw_get::<Value>("err")?.is_string() => return Ok(failure),
        other => format!("(error object is a {} value)", other.type_name()),
    };
    Ok(Value::String(lua.create_string(format!("{text}\n{}", raise::traceback(lua)))?))
}

/// `collectgarbage("count")` tells how much memory is in use. Collecting is not a script's business.
fn collectgarbage(lua: &Lua, option: Option<String>) -> mlua::Result<f64> {
    Ok(if option.as_deref() == Some("count") { lua.used_memory() as f64 / 1024.0 } else { 0.0 })
}

fn load(lua: &Lua, meter: &Meter, values: &MultiValue) -> mlua::Result<(Option<Function>, Option<String>)> {
    let arguments = Arguments::new(lua, "loadstring", values);
    let text = arguments.text(1)?;
    let text = text.as_bytes();
    meter.charge(CALL_STEPS + text.len())?;
    match compile(lua, &text, CHUNK_NAME) {
        Ok(function) => Ok((Some(function), None)),
        Err(error) => Ok((None, Some(raise::text_of(&error)))),
    }
}

/// `math.random([[low,] high])`
fn random(lua: &Lua, chance: &Mutex<Rng>, values: &MultiValue) -> mlua::Result<f64> {
    let arguments = Arguments::new(lua, "random", values);
    let (low, high) = match arguments.len() {
        0 => return Ok(chance.lock().f64()),
        1 => (1, arguments.int(1)?),
        2 => (arguments.int(1)?, arguments.int(2)?),
        _ => return Err(raise(lua, "wrong number of arguments")),
    };
    if low > high {
        return Err(arguments.bad(arguments.len(), "interval is empty"));
    }
    Ok(chance.lock().i64(low..=high) as f64)
}
