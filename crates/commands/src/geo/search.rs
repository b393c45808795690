//! What all searches have in common: to find members in an area, and to answer or store them.

use latchkey_keyspace::Str;
use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::{Reply, ReplyError};

use super::area::{Area, Shape};
use super::cells::score_ranges;
use super::options::{Options, Order};
use super::point::Point;
use super::unit::Unit;
use crate::{Result, Write};

/// A search, ready to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    /// `None` where there is nothing to search.
    pub(super) area: Option<Area>,
    /// What the reply's lengths are in.
    pub(super) unit: Unit,
    pub(super) options: Options,
}

/// Where results go instead of into the reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store<'a> {
    pub(super) key: &'a [u8],
    /// Whether the scores are distances, not positions.
    pub(super) distances: bool,
}

/// A member in the area.
#[derive(Clone, Copy, Debug)]
struct Hit<'a> {
    member: &'a Str,
    score: f64,
    point: Point,
    distance_m: f64,
}

/// The place that a member of the set has.
pub(super) fn point_of(set: &SortedSet, member: &[u8]) -> Result<Point> {
    const NO_SUCH_MEMBER: ReplyError = ReplyError::fixed("ERR could not decode requested zset member");
    Ok(Point::of_score(set.score(member).ok_or(NO_SUCH_MEMBER)?))
}

impl Search {
    /// Of no place, because the key does not exist.
    pub(super) fn nowhere() -> Self {
        Self { area: None, unit: Unit::METRE, options: Options::default() }
    }

    /// Around a place, in a shape whose lengths were in this unit.
    pub(super) fn around(center: Point, (shape, unit): (Shape, Unit)) -> Self {
        Self { area: Some(Area { center, shape }), unit, options: Options::default() }
    }

    /// Answers what is found.
    pub(super) fn reply(&self, set: Option<&SortedSet>) -> Reply {
        Reply::Array(self.hits(set).iter().map(|hit| self.show(hit)).collect())
    }

    /// Stores what is found under another key, and answers how much that is.
    pub(super) fn store(&self, db: &mut Write<'_>, source: &[u8], store: Store<'_>) -> Result {
        let hits = self.hits(db.view().sorted_set(source)?);
        let score = |hit: &Hit<'_>| match store.distances {
            true => self.unit.of_metres(hit.distance_m),
            false => hit.score,
        };
        let pairs = hits.iter().map(|hit| (hit.member.clone(), score(hit)));
        let stored = SortedSet::from_pairs(pairs, db.seed());
        let count = stored.len();
        db.put(store.key, stored);
        Ok(Reply::count(count))
    }

    fn show(&self, hit: &Hit<'_>) -> Reply {
        let member = Reply::Bulk(hit.member.to_bytes());
        if !self.options.shows_more() {
            return member;
        }
        let distance = self.options.with_distance.then(|| self.unit.reply(hit.distance_m));
        let score = self.options.with_score.then_some(Reply::Int(hit.score as i64));
        let point = self.options.with_point.then(|| hit.point.reply());
        Reply::Array([Some(member), distance, score, point].into_iter().flatten().collect())
    }

    /// What lies in the area: as much of it, and in the order that the options say.
    fn hits<'a>(&self, set: Option<&'a SortedSet>) -> Vec<Hit<'a>> {
        let (Some(set), Some(area)) = (set, &self.area) else { return Vec::new() };
        let count = self.options.count.unwrap_or(usize::MAX);
        let limit = if self.options.any { count } else { usize::MAX };
        let mut hits: Vec<_> = found(set, area).take(limit).collect();
        let nearest_first = |a: &Hit<'_>, b: &Hit<'_>| a.distance_m.total_cmp(&b.distance_m);
        match self.options.order() {
            Some(Order::NearestFirst) => hits.sort_by(nearest_first),
            Some(Order::FarthestFirst) => hits.sort_by(|a, b| nearest_first(b, a)),
            None => {}
        }
        hits.truncate(count);
        hits
    }
}

/// The members in an area. Only those are looked at whose scores are near enough.
fn found<'a>(set: &'a SortedSet, area: &Area) -> impl Iterator<Item = Hit<'a>> {
    let ranks = score_ranges(area).into_iter().map(|scores| {
        let rank = |edge| set.partition_point(|_, score| score < edge);
        rank(scores.start)..rank(scores.end)
    });
    ranks.flat_map(|ranks| set.range(ranks)).filter_map(|(member, score)| {
        let point = Point::of_score(score);
        area.distance_m(point).map(|distance_m| Hit { member, score, point, distance_m })
    })
}
