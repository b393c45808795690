//! One database: the real one, its model, and how much of it was promised to last.

use std::fmt;

use latchkey_commands::Call;
use latchkey_engine::{Database, Limits, Now};
use latchkey_journal::Lsn;
use latchkey_keyspace::Keyspace;
use latchkey_protocol::Reply;
use latchkey_storage::{Durability, Peeked, Shelf};

use crate::bug::Bug;
use crate::command::comparable;
use crate::model::{self, Model};

/// A database of the node.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: [u8; 16],
    /// Goes up when it is deleted.
    pub(crate) life: u64,
    pub(crate) durability: Durability,
    limits: Limits,
    pub(crate) awake: Option<Awake>,
    pub(crate) model: Model,
    /// The frame of each step in the log, if it is there.
    logged: Vec<Option<Lsn>>,
    /// So many steps must survive whatever happens.
    pub(crate) promised: usize,
    /// So many steps must survive as long as the machine goes on.
    kept: usize,
    /// What happened to the node since it was seen.
    pub(crate) unseen: Unseen,
    /// Whether somebody tried to delete it, and nobody knows with what outcome.
    pub(crate) may_be_gone: bool,
    turns: u64,
}

/// A database in memory, as the node has it.
#[derive(Debug)]
pub(crate) struct Awake {
    pub(crate) database: Database,
    pub(crate) shelf: Shelf,
    /// For [`Bug::SwapRecords`]: a step that the next one overtakes.
    held_back: Option<Vec<u8>>,
}

/// What may have taken steps away since a database was last looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unseen {
    /// Nothing: all steps must be there.
    #[default]
    Nothing,
    /// The process ended; what the system had in its cache is still there, and still not synced.
    Kill,
    /// The machine crashed: what is there now is on the disk.
    Crash,
}

/// What a client sends at once.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// One command after the other, kept as one step.
    Pipeline(Vec<Call>),
    /// A transaction.
    Atomic(Vec<Call>),
    /// Nobody sent anything: what is past its deadline goes.
    Sweep,
}

impl Turn {
    fn run(&self, database: &mut Database, now: Now) -> Vec<Reply> {
        match self {
            Self::Pipeline(calls) => calls.iter().map(|call| database.run(call, now).reply).collect(),
            Self::Atomic(calls) => match database.run_all(calls, now) {
                Ok(replies) => replies,
                Err(refusal) => vec![refusal.into()],
            },
            Self::Sweep => vec![Reply::flag(database.sweep(3, now))],
        }
    }

    fn calls(&self) -> &[Call] {
        match self {
            Self::Pipeline(calls) | Self::Atomic(calls) => calls,
            Self::Sweep => &[],
        }
    }

    /// Compares what was answered with what should have been.
    fn compare(&self, answered: &[Reply], expected: &[Reply]) -> Result<(), String> {
        let (answered, expected) = (self.comparable(answered), self.comparable(expected));
        let Some(at) = answered.iter().zip(&expected).position(|(answered, expected)| answered != expected)
        else {
            return if answered.len() == expected.len() {
                Ok(())
            } else {
                Err(format!("{self} was not answered"))
            };
        };
        let asked = self.calls().get(at).map(words_of).unwrap_or_default();
        Err(format!("{asked} in {self} answered {}, and should answer {}", answered[at], expected[at]))
    }

    /// What of the replies has to be the same.
    fn comparable(&self, replies: &[Reply]) -> Vec<String> {
        match self {
            Self::Pipeline(calls) | Self::Atomic(calls) if calls.len() == replies.len() => {
                calls.iter().zip(replies).map(|(call, reply)| comparable(call, reply)).collect()
            }
            _ => replies.iter().map(|reply| format!("{reply:?}")).collect(),
        }
    }
}

impl fmt::Display for Turn {
    /// The commands as one would type them, the first few.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Pipeline(_) => "pipeline",
            Self::Atomic(_) => "transaction",
            Self::Sweep => "sweep",
        };
        let shown: Vec<String> = self.calls().iter().take(SHOWN_MAX).map(words_of).collect();
        write!(f, "{kind} [{}]", shown.join("; "))
    }
}

fn words_of(call: &Call) -> String {
    let words: Vec<_> = call.words().as_slice().iter().map(|word| String::from_utf8_lossy(word)).collect();
    words.join(" ")
}

/// So many commands of a turn are shown.
const SHOWN_MAX: usize = 6;

/// What came of a turn.
pub(crate) struct Done {
    /// How many steps there were when the reply was made.
    pub(crate) steps: usize,
    /// What has to be durable before the reply may leave; nothing unless durability is `always`.
    pub(crate) awaited: Option<Lsn>,
    pub(crate) was_refused: bool,
}

impl Tenant {
    pub(crate) fn new(id: [u8; 16], durability: Durability, limits: Limits) -> Self {
        Self {
            id,
            life: 0,
            durability,
            limits,
            awake: None,
            model: Model::new(0, limits),
            logged: Vec::new(),
            promised: 0,
            kept: 0,
            unseen: Unseen::Nothing,
            may_be_gone: false,
            turns: 0,
        }
    }

    /// It was deleted: whatever comes next is another database.
    pub(crate) fn end_life(&mut self, seed: u64) {
        self.life += 1;
        self.model = Model::new(seed, self.limits);
        self.logged.clear();
        self.promised = 0;
        self.kept = 0;
        self.unseen = Unseen::Nothing;
        self.may_be_gone = false;
    }

    /// All steps are synced.
    pub(crate) fn promise_all(&mut self) {
        self.promised = self.model.steps();
    }

    /// The log is durable, and written, up to here.
    pub(crate) fn note_log(&mut self, durable: Lsn, written: Lsn) {
        // Frames that a crash took leave their numbers to others.
        if self.unseen == Unseen::Nothing {
            self.promised = self.steps_in_log(self.promised, durable);
            self.kept = self.steps_in_log(self.kept, written);
        }
    }

    /// How many steps the log has up to this frame, of which `before` are known to be somewhere.
    fn steps_in_log(&self, before: usize, up_to: Lsn) -> usize {
        let unknown = self.logged.get(before..).unwrap_or_default();
        let last = unknown.iter().rposition(|lsn| lsn.is_some_and(|lsn| lsn <= up_to));
        before + last.map_or(0, |last| last + 1)
    }

    /// Runs a turn on the database and on its model, compares what they answer, and hands the step over.
    pub(crate) fn run(
        &mut self,
        turn: &Turn,
        now: Now,
        disk_is_full: bool,
        bug: Option<Bug>,
    ) -> Result<Done, String> {
        let awake = self.awake.as_mut().ok_or("a database was used that is asleep")?;
        let limits = Limits { disk_is_full, ..self.limits };
        awake.database.set_limits(limits);
        self.model.database.set_limits(limits);
        let replies = turn.run(&mut awake.database, now);
        turn.compare(&replies, &turn.run(&mut self.model.database, now))?;
        let has_changed = awake.keep(bug);
        if has_changed != self.model.keep() {
            return Err(format!("{turn} changed something in one of two equal databases"));
        }
        let is_logged = awake.shelf.durability() != Durability::None;
        if has_changed {
            self.logged.push(is_logged.then(|| awake.shelf.last_lsn()));
        }
        self.turns += 1;
        if self.turns.is_multiple_of(16)
            && let Some(difference) = self.model.difference(awake.database.keyspace())
        {
            return Err(format!("after {turn} {difference}"));
        }
        let waits = awake.shelf.durability() == Durability::Always
            && bug != Some(Bug::AcknowledgeEarly)
            && (has_changed || bug != Some(Bug::ReadUndurable));
        let promises = awake.shelf.durability() == Durability::Always;
        let lsn = if waits { awake.shelf.last_lsn() } else { Lsn::NONE };
        let was_refused = replies
            .iter()
            .any(|reply| matches!(reply, Reply::Error(error) if error.text().starts_with("MISCONF")));
        Ok(Done { steps: self.model.steps(), awaited: promises.then_some(lsn), was_refused })
    }

    /// Whether what its files hold is known to the last step.
    pub(crate) fn is_known(&self) -> bool {
        self.awake.is_none() && self.unseen == Unseen::Nothing && !self.may_be_gone
    }

    /// Runs a command on keys that were read from the files without waking the database, and on the model.
    pub(crate) fn check_peeked(&self, call: Call, peeked: Peeked, now: Now) -> Result<(), String> {
        let (steps, done) = (peeked.position.saturating_sub(1) as usize, self.model.steps());
        if steps != done {
            return Err(format!("a look into its files has {steps} of {done} steps"));
        }
        let turn = Turn::Pipeline(vec![call]);
        let answered = turn.run(&mut model::database(peeked.keyspace, self.limits), now);
        turn.compare(&answered, &turn.run(&mut self.model.copied(), now))
    }

    /// Checks what was read from the files, and takes it into use.
    pub(crate) fn woke(
        &mut self,
        mut keyspace: Keyspace,
        shelf: Shelf,
        bug: Option<Bug>,
    ) -> Result<(), String> {
        let position = shelf.position();
        // The birth of a database counts as a step there.
        let steps = position.saturating_sub(1) as usize;
        if self.may_be_gone && position == 0 {
            self.end_life(keyspace.seed());
        }
        self.check_steps(steps)?;
        if self.unseen != Unseen::Nothing {
            self.model.rewind(steps);
        }
        if position == 0 {
            self.model = Model::new(keyspace.seed(), self.limits);
        } else if keyspace.seed() != self.model.seed() {
            return Err("its keys have another order than before".into());
        }
        if let Some(record) = self.model.last_record().filter(|_| bug == Some(Bug::ReplayTwice)) {
            keyspace.replay(record).map_err(|error| format!("its last step was done twice: {error}"))?;
        }
        if let Some(difference) = self.model.difference(&keyspace) {
            return Err(format!("after {steps} steps {difference}"));
        }
        self.settle(steps);
        self.awake = Some(Awake { database: model::database(keyspace, self.limits), shelf, held_back: None });
        Ok(())
    }

    fn check_steps(&self, steps: usize) -> Result<(), String> {
        let done = self.model.steps();
        let least = match self.unseen {
            Unseen::Nothing => done,
            Unseen::Kill => self.kept.max(self.promised),
            Unseen::Crash => self.promised,
        };
        if (least..=done).contains(&steps) {
            return Ok(());
        }
        Err(format!("it woke with {steps} of {done} steps, of which {least} had to be there"))
    }

    /// What was found is where it goes on from.
    fn settle(&mut self, steps: usize) {
        self.logged.truncate(steps);
        if self.unseen > Unseen::Nothing {
            // What the log had was brought into the tail, and synced.
            self.logged.iter_mut().flatten().for_each(|lsn| *lsn = Lsn::NONE);
            self.kept = steps;
        }
        if self.unseen == Unseen::Crash {
            self.promised = steps;
        }
        self.unseen = Unseen::Nothing;
        self.may_be_gone = false;
    }
}

impl Awake {
    /// Hands over what was changed. Whether anything was.
    fn keep(&mut self, bug: Option<Bug>) -> bool {
        let Self { database, shelf, held_back } = self;
        let mut has_changed = false;
        database.keep(|record| {
            has_changed = true;
            let is_unlucky = shelf.position() % 8 == 7;
            if is_unlucky && bug == Some(Bug::DropRecord) {
                return;
            }
            if is_unlucky && bug == Some(Bug::SwapRecords) && held_back.is_none() {
                *held_back = Some(record.to_vec());
                return;
            }
            shelf.append(record);
            if let Some(record) = held_back.take() {
                shelf.append(&record);
            }
        });
        has_changed
    }
}
