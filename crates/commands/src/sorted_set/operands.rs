//! What ZUNION, ZINTER, ZDIFF and their kin work on: sorted sets and sets, with weights, to be aggregated.

use latchkey_keyspace::value::{Set, SortedSet};
use latchkey_keyspace::{Str, Value, View};
use latchkey_protocol::ReplyError;

use crate::{Args, Error, Result, float};

/// What a key holds: members with scores.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// There is no such key.
    Nothing,
    /// Members with their scores.
    Sorted(&'a SortedSet),
    /// Members that all have the score 1.
    Plain(&'a Set),
}

impl<'a> Source<'a> {
    fn open(view: View<'a>, key: &[u8]) -> Result<Self> {
        match view.value(key) {
            None => Ok(Self::Nothing),
            Some(Value::SortedSet(set)) => Ok(Self::Sorted(set)),
            Some(Value::Set(set)) => Ok(Self::Plain(set)),
            Some(_) => Err(ReplyError::WRONG_TYPE.into()),
        }
    }

    /// How many members.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Sorted(set) => set.len(),
            Self::Plain(set) => set.len(),
        }
    }

    /// A member's score.
    pub(super) fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            Self::Nothing => None,
            Self::Sorted(set) => set.score(member),
            Self::Plain(set) => set.contains(member).then_some(1.0),
        }
    }

    /// All members with their scores.
    pub(super) fn iter(self) -> Box<dyn Iterator<Item = (Str, f64)> + 'a> {
        match self {
            Self::Nothing => Box::new(std::iter::empty()),
            Self::Sorted(set) => Box::new(set.iter().map(|(member, score)| (member.clone(), score))),
            Self::Plain(set) => Box::new(set.iter().map(|member| (member, 1.0))),
        }
    }
}

/// A source with what its scores are multiplied by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand<'a> {
    /// Where the members come from.
    pub(super) source: Source<'a>,
    weight: f64,
}

impl Operand<'_> {
    /// The score multiplied by the weight; 0 times infinity is 0.
    pub(super) fn weigh(&self, score: f64) -> f64 {
        let weighed = self.weigh_raw(score);
        if weighed.is_nan() { 0.0 } else { weighed }
    }

    /// The score multiplied by the weight, as it is.
    pub(super) fn weigh_raw(&self, score: f64) -> f64 {
        self.weight * score
    }
}

/// How the scores that one member has in several operands become one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    /// One score of two. Of -inf and inf the sum is 0.
    pub(super) fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum if (a + b).is_nan() => 0.0,
            Self::Sum => a + b,
            Self::Min if b < a => b,
            Self::Max if b > a => b,
            Self::Min | Self::Max => a,
        }
    }

    fn option(args: &mut Args<'_>) -> Result<Self> {
        let names = [("SUM", Self::Sum), ("MIN", Self::Min), ("MAX", Self::Max)];
        let named = names.into_iter().find(|(name, _)| args.option(name));
        Ok(named.ok_or(ReplyError::SYNTAX)?.1)
    }
}

/// Which options a command has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// The command's name, for the error.
    pub(super) name: &'static str,
    /// WEIGHTS and AGGREGATE.
    pub(super) weights: bool,
    /// WITHSCORES.
    pub(super) scores: bool,
}

/// Operands and how to combine them.
#[derive(Clone, Debug)]
pub(super) struct Combination<'a> {
    /// The operands, in the order in which they were named.
    pub(super) operands: Vec<Operand<'a>>,
    /// How scores become one.
    pub(super) aggregate: Aggregate,
    /// Whether the reply shows scores.
    pub(super) with_scores: bool,
}

impl<'a> Combination<'a> {
    /// Reads `numkeys key [key …] [WEIGHTS weight …] [AGGREGATE SUM | MIN | MAX] [WITHSCORES]`.
    pub(super) fn parse(view: View<'a>, mut args: Args<'_>, form: Form) -> Result<Self> {
        let operands = operands(view, &mut args, form.name)?;
        let mut this = Self { operands, aggregate: Aggregate::Sum, with_scores: false };
        while !args.is_empty() {
            if form.weights && args.option("WEIGHTS") {
                this.weigh(&mut args)?;
            } else if form.weights && args.option("AGGREGATE") {
                this.aggregate = Aggregate::option(&mut args)?;
            } else if form.scores && args.option("WITHSCORES") {
                this.with_scores = true;
            } else {
                args.done()?;
            }
        }
        Ok(this)
    }

    /// Reads a weight for each operand.
    fn weigh(&mut self, args: &mut Args<'_>) -> Result<()> {
        const NOT_A_WEIGHT: ReplyError = ReplyError::fixed("ERR weight value is not a float");
        let weights = args.take(self.operands.len())?;
        for (operand, weight) in self.operands.iter_mut().zip(weights) {
            operand.weight = float(weight).map_err(|_| Error(NOT_A_WEIGHT))?;
        }
        Ok(())
    }

    /// The operands, smallest first: in this order Redis adds up scores, and rounding depends on it.
    pub(super) fn by_size(&self) -> Vec<Operand<'a>> {
        let mut operands = self.operands.clone();
        operands.sort_by_key(|operand| operand.source.len());
        operands
    }
}

/// Reads `numkeys key [key …]`. A key of the wrong type is refused before options are looked at, as in Redis.
pub(super) fn operands<'a>(view: View<'a>, args: &mut Args<'_>, name: &str) -> Result<Vec<Operand<'a>>> {
    let none = ReplyError::new(format!("ERR at least 1 input key is needed for '{name}' command"));
    let keys = args.counted_keys(none)?;
    keys.iter().map(|key| Ok(Operand { source: Source::open(view, key)?, weight: 1.0 })).collect()
}
