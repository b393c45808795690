//! A run of the simulation: what is to happen, what did, and what went wrong.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use latchkey_journal::sim::Fired;

use crate::bug::Bug;
use crate::world::{Trace, World};

/// What is to happen. Two runs of the same plan are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where all chance comes from.
    pub seed: u64,
    /// How many things happen, before all databases are looked at.
    pub steps: u32,
    /// Things that do not happen: those that a failure does not need.
    pub without: Vec<Range<u32>>,
    /// A mistake to be made.
    pub bug: Option<Bug>,
}

impl Plan {
    /// All of the steps, and no bug.
    pub fn new(seed: u64, steps: u32) -> Self {
        Self { seed, steps, without: Vec::new(), bug: None }
    }

    fn has(&self, step: u32) -> bool {
        !self.without.iter().any(|range| range.contains(&step))
    }
}

impl fmt::Display for Plan {
    /// The command that runs it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cargo run -p latchkey-sim -- --seed {} --steps {}", self.seed, self.steps)?;
        if !self.without.is_empty() {
            let ranges: Vec<String> =
                self.without.iter().map(|range| format!("{}..{}", range.start, range.end)).collect();
            write!(f, " --without {}", ranges.join(","))?;
        }
        self.bug.map_or(Ok(()), |bug| write!(f, " --bug {bug:?}"))
    }
}

/// What happened in a run, so that a test can see that it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What the disk did.
    pub disk: Fired,
    /// Crashes of the machine by what they took: all, nothing, the end, here and there.
    pub crashes: [u64; 4],
    /// Crashes in the middle of an operation on the disk.
    pub crashes_in_operations: u64,
    /// Crashes, or errors, while a node started.
    pub failed_starts: u64,
    /// Processes that were killed, on a machine that went on.
    pub kills: u64,
    /// Nodes that ended since they could not make anything durable any more.
    pub failures: u64,
    /// Nodes that were stopped in order.
    pub stops: u64,
    /// Steps that a crash took, and nobody had been promised.
    pub steps_lost: u64,
    /// Turns of clients.
    pub turns: u64,
    /// Replies that had to wait for the disk longer than for one event.
    pub late_replies: u64,
    /// Replies that a crash took.
    pub replies_lost: u64,
    /// Turns of which something was refused because the disk was full.
    pub refused: u64,
    /// Databases that were read from their files.
    pub wakes: u64,
    /// Reads from files of databases that slept.
    pub peeks: u64,
    /// Databases that fell asleep.
    pub sleeps: u64,
    /// Databases whose keyspace was dropped.
    pub drops: u64,
    /// Databases that were deleted.
    pub deletions: u64,
    /// Changes of durability.
    pub durability_changes: u64,
    /// Compactions.
    pub compactions: u64,
    /// Segments of the log that were freed.
    pub segments_freed: u64,
    /// How often the clock was set back.
    pub clock_set_back: u64,
    /// A sum over all that was answered: two runs of a plan have the same.
    pub fingerprint: u64,
}

/// Something was not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The least that has to happen, as far as is known.
    pub plan: Plan,
    /// What happened last, and what was wrong then.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nto see it again: {}", self.what, self.plan)
    }
}

impl std::error::Error for Failure {}

/// Lets it all happen. A panic of what is being simulated is a failure too.
pub fn run(plan: &Plan) -> Result<Seen, Failure> {
    let (mut step, trace) = (0, Trace::default());
    let outcome = catch_unwind(AssertUnwindSafe(|| run_steps(plan, &trace, &mut step)));
    outcome.unwrap_or_else(|panic| Err(text_of(&*panic))).map_err(|what| {
        let steps = plan.steps.min(step + 1);
        let what = format!("{}step {step}: {what}", trace.text());
        Failure { plan: Plan { steps, ..plan.clone() }, what }
    })
}

fn run_steps(plan: &Plan, trace: &Trace, step: &mut u32) -> Result<Seen, String> {
    let mut world = World::new(plan.seed, plan.bug, trace.clone())?;
    while *step < plan.steps {
        if plan.has(*step) {
            world.happen(&mut chance_of(plan.seed, *step))?;
        }
        *step += 1;
    }
    world.end(&mut chance_of(plan.seed, u32::MAX))
}

/// Each step has chance of its own, so that it is the same when others are left out.
fn chance_of(seed: u64, step: u32) -> Rng {
    Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(step) << 17)
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    format!("panicked: {}", text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default())
}
