//! How much a run may still do.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use mlua::{HookTriggers, Lua, VmState};
use parking_lot::Mutex;

/// What one run may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps: an instruction of the interpreter is one, so is a byte or two that a library function looks at. A step
    /// takes about five nanoseconds.
    pub steps: i64,
    /// Bytes that the interpreter may hold, libraries and compiled scripts included.
    pub memory_bytes: usize,
    /// Microseconds on the clock, if there is one: what steps do not measure, such as joining long strings, ends here.
    pub time_us: i64,
}

impl Budget {
    /// About 250 milliseconds of computing, as Upstash allows, in 64 MiB; a second on the clock at most.
    pub const DEFAULT: Self = Self { steps: 50_000_000, memory_bytes: 64 << 20, time_us: 1_000_000 };
}

/// Steps that a library may take while it is loaded: about ten milliseconds of computing. It is loaded again when the
/// interpreter was thrown away, so this counts for whoever calls one of its functions then.
pub(crate) const LOAD_STEPS: i64 = 2_000_000;

/// A clock in microseconds. This crate reads none of its own.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Between two looks at the budget the interpreter executes so many instructions.
const INSTRUCTIONS_PER_LOOK: u32 = 1000;

/// Between two looks at the clock library functions take so many steps.
const STEPS_PER_LOOK: i64 = 1 << 14;

/// What a call of a library function costs besides what it looks at.
pub(crate) const CALL_STEPS: usize = 50;

/// Counts the steps of a run down.
pub(crate) struct Meter {
    left: AtomicI64,
    granted: AtomicI64,
    clock: Option<Clock>,
    ends_at_us: Mutex<Option<i64>>,
}

/// The budget is used up. Nothing in the script can catch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script exceeded its time limit")
    }
}

impl std::error::Error for Stopped {}

impl From<Stopped> for mlua::Error {
    fn from(stopped: Stopped) -> Self {
        Self::external(stopped)
    }
}

impl Meter {
    pub(crate) fn new(clock: Option<Clock>) -> Self {
        Self { left: AtomicI64::new(0), granted: AtomicI64::new(0), clock, ends_at_us: Mutex::new(None) }
    }

    /// Begins a run.
    pub(crate) fn start(&self, budget: &Budget) {
        self.left.store(budget.steps, Relaxed);
        self.granted.store(budget.steps, Relaxed);
        *self.ends_at_us.lock() = self.clock.as_ref().map(|clock| clock().saturating_add(budget.time_us));
    }

    /// Takes steps off the budget, and looks at the clock now and then.
    pub(crate) fn charge(&self, steps: usize) -> Result<(), Stopped> {
        let steps = i64::try_from(steps).unwrap_or(i64::MAX);
        // One thread runs the interpreter, so nobody comes between.
        let before = self.left.load(Relaxed);
        let left = before.saturating_sub(steps);
        self.left.store(left, Relaxed);
        if left < 0 {
            return Err(Stopped);
        }
        if before / STEPS_PER_LOOK != left / STEPS_PER_LOOK { self.look_at_clock() } else { Ok(()) }
    }

    /// Whether nothing is left.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.load(Relaxed) < 0
    }

    /// Steps since the run began.
    pub(crate) fn used(&self) -> i64 {
        self.granted.load(Relaxed) - self.left.load(Relaxed)
    }

    fn is_late(&self) -> bool {
        let ends_at_us = *self.ends_at_us.lock();
        matches!((&self.clock, ends_at_us), (Some(clock), Some(end)) if clock() > end)
    }

    fn look_at_clock(&self) -> Result<(), Stopped> {
        if self.is_late() {
            self.left.store(-1, Relaxed);
            return Err(Stopped);
        }
        Ok(())
    }
}

/// Lets the interpreter look at the meter while it runs.
pub(crate) fn watch(lua: &Lua, meter: Arc<Meter>) -> mlua::Result<()> {
    let triggers = HookTriggers::new().every_nth_instruction(INSTRUCTIONS_PER_LOOK);
    lua.set_global_hook(triggers, move |lua, _| {
        match meter.charge(INSTRUCTIONS_PER_LOOK as usize).and_then(|()| meter.look_at_clock()) {
            Ok(()) => Ok(VmState::Continue),
            Err(stopped) => {
                raise_for_ever(lua)?;
                Err(stopped.into())
            }
        }
    })
}

/// One error is not enough: the script may be inside `pcall`, in a loop. So every instruction raises it from here on,
/// until nothing is left that could catch it.
fn raise_for_ever(lua: &Lua) -> mlua::Result<()> {
    let always = HookTriggers::new().every_line().every_nth_instruction(1);
    lua.set_global_hook(always, |_, _| Err(Stopped.into()))
}
