//! `redis.call` and `redis.pcall`: the way of a command from a script to the host, and of its reply back.

use std::sync::Arc;

use latchkey_protocol::resp::Version;
use latchkey_protocol::{Reply, ReplyError, Words};
use mlua::{Function, Lua, MultiValue, Table, Value};
use parking_lot::Mutex;

use crate::convert;
use crate::interpreter::{Called, Host};
use crate::meter::Meter;
use crate::{memory, raise};

/// A command costs about as much as so many instructions.
const COMMAND_STEPS: usize = 100;

/// Scripts hold `redis.call` for as long as the interpreter lives, and the host only lives for a run. So the function
/// that they hold puts its words down here, and calls one that was made for the run, which takes them to the host.
pub(crate) struct Bridge {
    crossing: Mutex<Option<Function>>,
    words: Mutex<Option<Words>>,
    called: Mutex<Option<Called>>,
    version: Mutex<Version>,
    memory_bytes: usize,
}

impl Bridge {
    /// For an interpreter that may hold so many bytes.
    pub(crate) fn new(memory_bytes: usize) -> Self {
        Self {
            crossing: Mutex::default(),
            words: Mutex::default(),
            called: Mutex::default(),
            version: Mutex::default(),
            memory_bytes,
        }
    }

    /// Makes `redis.call` and `redis.pcall`.
    pub(crate) fn install(
        self: &Arc<Self>,
        lua: &Lua,
        meter: &Arc<Meter>,
        redis: &Table,
    ) -> mlua::Result<()> {
        let (bridge, metered) = (Arc::clone(self), Arc::clone(meter));
        let call = lua.create_function(move |lua, values: MultiValue| {
            match bridge.command(lua, &metered, &values)? {
                Reply::Error(error) => Err(raise::raise_reply(lua, error.text())),
                reply => bridge.to_lua(lua, &metered, reply),
            }
        })?;
        redis.raw_set("call", call)?;
        let (bridge, metered) = (Arc::clone(self), Arc::clone(meter));
        let protected_call = lua.create_function(move |lua, values: MultiValue| {
            match bridge.command(lua, &metered, &values) {
                Ok(reply) => bridge.to_lua(lua, &metered, reply),
                Err(error) if raise::is_stop(&error) => Err(error),
                Err(error) => raise::explain(lua, &error),
            }
        })?;
        redis.raw_set("pcall", protected_call)
    }

    /// Does some work while scripts can reach the host. They see RESP2 until they ask for more.
    pub(crate) fn open<T>(
        self: &Arc<Self>,
        lua: &Lua,
        host: &mut Host<'_>,
        work: impl FnOnce() -> mlua::Result<T>,
    ) -> mlua::Result<T> {
        self.set_version(Version::Resp2);
        let host = Mutex::new(host);
        lua.scope(|scope| {
            let cross = |_: &Lua, ()| {
                let words = self.words.lock().take();
                *self.called.lock() = words.map(|words| (host.lock())(words));
                Ok(())
            };
            let bytes = 4 * memory::VALUE_BYTES;
            let crossing = memory::with_room(lua, self.memory_bytes, bytes, || scope.create_function(cross))?;
            *self.crossing.lock() = Some(crossing);
            let result = work();
            *self.crossing.lock() = None;
            result
        })
    }

    pub(crate) fn version(&self) -> Version {
        *self.version.lock()
    }

    /// Says how replies look to the script from now on.
    pub(crate) fn set_version(&self, version: Version) {
        *self.version.lock() = version;
    }

    fn to_lua(&self, lua: &Lua, meter: &Meter, reply: Reply) -> mlua::Result<Value> {
        let version = self.version();
        match memory::small_bytes(&reply) {
            Some(bytes) => memory::with_room(lua, self.memory_bytes, bytes, || {
                convert::to_lua(lua, meter, version, reply)
            }),
            None => convert::to_lua(lua, meter, version, reply),
        }
    }

    fn command(&self, lua: &Lua, meter: &Meter, values: &MultiValue) -> mlua::Result<Reply> {
        meter.charge(COMMAND_STEPS)?;
        *self.words.lock() = Some(convert::to_words(lua, meter, values)?);
        let crossing = self.crossing.lock().clone();
        if let Some(crossing) = crossing {
            crossing.call::<()>(())?;
        }
        let Some(Called { reply, steps }) = self.called.lock().take() else {
            return Ok(NOBODY.into());
        };
        meter.charge(steps)?;
        Ok(reply)
    }
}

/// Nobody is there who could run a command.
const NOBODY: ReplyError = ReplyError::fixed("ERR no command can be run now");
