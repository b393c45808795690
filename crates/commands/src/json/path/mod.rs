//! Paths into JSON documents.
//!
//! Two dialects share one grammar. A path that begins with `$` is a JSONPath as in RFC 9535 (without its functions, with
//! `=~` besides) and stands for all matches. Any other is a legacy path (`.`, `.a.b`, `a[0]`), which reads as if `$` and
//! a point stood before it, and stands for the first match.
//!
//! Matches come in document order, but what `..` finds further down comes before what it finds further up.

mod filter;
mod parse;
#[cfg(test)]
mod tests;
mod walk;

use latchkey_keyspace::Str;
use latchkey_keyspace::value::json::{Location, Node};
use latchkey_protocol::ReplyError;

use crate::Result;
use crate::call::printable;
use filter::Filter;
pub(super) use walk::Steps;
use walk::{Stop, Walk};

/// So many matches a path may have.
const MATCHES_MAX: usize = 1 << 20;
/// So many positions the locations of all matches may consist of.
const POSITIONS_MAX: usize = 1 << 22;

/// A path, checked and ready to be followed.
#[derive(Debug)]
pub(super) struct Path {
    is_legacy: bool,
    /// With the `$` that a legacy path lacks.
    text: String,
    segments: Vec<Segment>,
    /// What following it may still cost, however often it is followed.
    steps: Steps,
}

/// One step of a path: from a value to values inside it.
#[derive(Debug)]
struct Segment {
    /// Whether it starts from everything inside the value as well.
    descends: bool,
    selectors: Vec<Selector>,
}

/// Which of the values right inside a value.
#[derive(Debug)]
enum Selector {
    Name(Str),
    /// Of an array; a negative index counts from the end.
    Index(i64),
    /// Of an array.
    Slice(Slice),
    All,
    Filter(Filter),
}

#[derive(Debug)]
struct Slice {
    start: Option<i64>,
    end: Option<i64>,
    step: i64,
}

impl Path {
    /// The whole document, as a command without a path means it.
    pub(super) fn legacy_root() -> Self {
        Self { is_legacy: true, text: "$".into(), segments: Vec::new(), steps: Steps::default() }
    }

    /// Whether it stands for the first match only.
    pub(super) fn is_legacy(&self) -> bool {
        self.is_legacy
    }

    /// Whether it is the whole document.
    pub(super) fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// The path as error texts name it.
    pub(super) fn text(&self) -> String {
        printable(self.text.as_bytes())
    }

    /// All matches, in order.
    pub(super) fn nodes<'d>(&self, root: &'d Node) -> Result<Vec<&'d Node>> {
        let mut nodes = Vec::new();
        self.follow(&self.segments, root, |_, node| {
            nodes.push(node);
            Ok(())
        })?;
        Ok(nodes)
    }

    /// The first match.
    pub(super) fn first<'d>(&self, root: &'d Node) -> Result<Option<&'d Node>> {
        let mut first = None;
        let stop = Walk::new(root, &self.steps).follow(
            &self.segments,
            root,
            &mut Location::new(),
            &mut |_, node| {
                first = Some(node);
                Err(Stop::Enough)
            },
        );
        match stop {
            Err(Stop::TooLong) => Err(TOO_LONG.into()),
            _ => Ok(first),
        }
    }

    /// Where all matches are, in order; one may occur twice.
    pub(super) fn locations(&self, root: &Node) -> Result<Vec<Location>> {
        self.locations_by(&self.segments, root)
    }

    /// What is needed to make what the path names: where the values are that may get a member, and its name. A refusal
    /// if the path says not exactly one thing, or ends in an index.
    pub(super) fn parents(&self, root: &Node) -> Result<(Vec<Location>, &Str)> {
        if !self.segments.iter().all(Segment::is_singular) {
            return Err(ReplyError::fixed("ERR wrong static path").into());
        }
        match self.segments.split_last() {
            Some((Segment { selectors, .. }, parents)) if let [Selector::Name(name)] = &selectors[..] => {
                Ok((self.locations_by(parents, root)?, name))
            }
            _ => Err(ReplyError::fixed("ERR path must end with object key to set").into()),
        }
    }

    fn locations_by(&self, segments: &[Segment], root: &Node) -> Result<Vec<Location>> {
        let (mut locations, mut positions) = (Vec::new(), 0);
        self.follow(segments, root, |at, _| {
            positions += at.len();
            locations.push(at.clone());
            if positions > POSITIONS_MAX { Err(Stop::Enough) } else { Ok(()) }
        })?;
        Ok(locations)
    }

    fn follow<'d>(
        &self,
        segments: &[Segment],
        root: &'d Node,
        mut found: impl FnMut(&Location, &'d Node) -> std::result::Result<(), Stop>,
    ) -> Result<()> {
        const TOO_MANY: ReplyError = ReplyError::fixed("ERR path has too many matches in this document");
        let mut matches = 0;
        let stop =
            Walk::new(root, &self.steps).follow(segments, root, &mut Location::new(), &mut |at, node| {
                matches += 1;
                if matches > MATCHES_MAX { Err(Stop::Enough) } else { found(at, node) }
            });
        match stop {
            Ok(()) => Ok(()),
            Err(Stop::TooLong) => Err(TOO_LONG.into()),
            Err(Stop::Enough) => Err(TOO_MANY.into()),
        }
    }
}

const TOO_LONG: ReplyError = ReplyError::fixed("ERR path takes too long to follow in this document");

impl Segment {
    /// Whether it leads to one value at most, wherever it is followed.
    fn is_singular(&self) -> bool {
        !self.descends && matches!(self.selectors[..], [Selector::Name(_) | Selector::Index(_)])
    }
}
