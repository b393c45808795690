//! Drawing fields of a hash at random.

use fastrand::Rng;

use super::{Fields, Hash, Slot};
use crate::collections::scan_map::ScanMap;
use crate::{Now, Str};

/// A field's name and value.
type Pair<'a> = (&'a Str, &'a Str);

/// Where fields are drawn from, each with the same chance. Only fields that are there at the instant come out.
#[derive(Debug)]
pub struct Urn<'a>(Source<'a>);

#[derive(Debug)]
enum Source<'a> {
    /// All fields that are there.
    List(Vec<Pair<'a>>),
    /// A map of at least three times as many fields as shall be drawn, at least half of which are there: so a draw
    /// takes few attempts, also where it must not repeat an earlier one.
    Map(&'a ScanMap<Slot>, Now),
}

impl Hash {
    /// Prepares to draw `draws` fields. Lists the fields only where drawing straight from the map would be slower.
    pub fn urn(&self, draws: usize, now: Now) -> Urn<'_> {
        let (len, passed) = (self.fields.len(), self.deadlines.passed(now));
        match &self.fields {
            Fields::Mapped(fields) if draws <= len / 3 && passed <= len / 2 => Urn(Source::Map(fields, now)),
            _ => Urn(Source::List(self.iter(now).collect())),
        }
    }
}

impl<'a> Urn<'a> {
    /// A field, which stays in. `None` if there are none.
    pub fn draw(&self, chance: &mut Rng) -> Option<Pair<'a>> {
        match &self.0 {
            Source::List(pairs) => chance.choice(pairs).copied(),
            Source::Map(fields, now) => loop {
                let (name, slot) = fields.random(chance)?;
                if slot.is_live(*now) {
                    return Some((name, &slot.value));
                }
            },
        }
    }

    /// `count` different fields, or all, in an order that is not random. `count` must be what the urn was made for.
    pub fn draw_distinct(self, count: usize, chance: &mut Rng) -> Vec<Pair<'a>> {
        match self.0 {
            Source::List(pairs) if count >= pairs.len() => pairs,
            Source::List(pairs) => chance.choose_multiple(pairs, count),
            Source::Map(fields, _) => {
                let mut drawn = ScanMap::new(fields.seed());
                let mut pairs = Vec::with_capacity(count);
                while pairs.len() < count {
                    let Some(pair) = self.draw(chance) else { break };
                    if drawn.insert(pair.0.clone(), ()).is_none() {
                        pairs.push(pair);
                    }
                }
                pairs
            }
        }
    }
}
