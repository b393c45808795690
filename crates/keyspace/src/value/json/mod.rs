//! JSON values: a document, and changes at places inside it.

mod codec;
mod node;
mod object;
mod parse;
mod print;
#[cfg(test)]
mod tests;

pub use node::{Array, Node, Number};
pub use object::Object;
pub use parse::{Malformed, parse};
pub use print::Layout;

use super::{Contents, conversions};
use crate::{Effect, Open, Str};
use node::Size;

/// No document is nested deeper than this. It bounds the recursion of everything that walks one.
pub const DEPTH_MAX: usize = 128;

/// A place in a document: from the root on, the position of an element in its array or of a member in its object. The
/// empty location is the root.
pub type Location = Vec<usize>;

/// A JSON document. It is empty only while it is being made.
#[derive(Clone, Debug, Default)]
pub struct Json {
    root: Option<Node>,
    size: Size,
}

/// A change inside a JSON document. Places that are named have to exist.
#[derive(Clone, Debug)]
pub enum JsonEffect {
    /// The value at a place is this now, whatever it was; at the root even if there was none.
    Set {
        /// The place.
        at: Location,
        /// The new value.
        node: Node,
    },
    /// An array has these elements too.
    InsertElements {
        /// The array.
        at: Location,
        /// New elements with their positions once all are in, in ascending order.
        elements: Vec<(usize, Node)>,
    },
    /// An object has these members too, whose names are new to it.
    InsertMembers {
        /// The object.
        at: Location,
        /// New members with their positions once all are in, in ascending order.
        members: Vec<(usize, Str, Node)>,
    },
    /// An array or an object has lost what was at these positions.
    Remove {
        /// The array or object.
        at: Location,
        /// The positions, in ascending order.
        positions: Vec<usize>,
    },
    /// The document is empty.
    Empty,
}

impl Json {
    /// A document.
    pub fn new(root: Node) -> Self {
        Self { size: root.size(), root: Some(root) }
    }

    /// The whole value.
    pub fn root(&self) -> &Node {
        const NOTHING: &Node = &Node::Null;
        self.root.as_ref().unwrap_or(NOTHING)
    }

    /// The value at a place.
    pub fn at(&self, location: &[usize]) -> Option<&Node> {
        location.iter().try_fold(self.root.as_ref()?, |node, &position| node.child(position))
    }

    /// OBJECT ENCODING's word: what Redis says of every module's value.
    pub fn encoding(&self) -> &'static str {
        "raw"
    }

    /// Makes a change. One at a place that does not exist changes nothing.
    pub fn change(&mut self, change: JsonEffect) {
        match change {
            JsonEffect::Set { at, node } => self.set(&at, node),
            JsonEffect::Empty => *self = Self::default(),
            JsonEffect::InsertElements { at, elements } => {
                let added = elements.iter().map(|(_, node)| node.size()).sum();
                if let Some(Node::Array(array)) = self.at_mut(&at) {
                    array.insert(elements);
                    self.size += added;
                }
            }
            JsonEffect::InsertMembers { at, members } => {
                let added = members.iter().map(|(_, name, node)| node.size().as_member(name)).sum();
                if let Some(Node::Object(object)) = self.at_mut(&at) {
                    object.insert(members);
                    self.size += added;
                }
            }
            JsonEffect::Remove { at, positions } => {
                let removed = match self.at_mut(&at) {
                    Some(Node::Array(array)) => {
                        array.remove(&positions).iter().map(|(_, node)| node.size()).sum()
                    }
                    Some(Node::Object(object)) => {
                        let removed = object.remove(&positions);
                        removed.iter().map(|(_, name, node)| node.size().as_member(name)).sum()
                    }
                    _ => return,
                };
                self.size -= removed;
            }
        }
    }

    fn set(&mut self, at: &[usize], node: Node) {
        let added = node.size();
        if at.is_empty() {
            *self = Self { root: Some(node), size: added };
        } else if let Some(slot) = self.at_mut(at) {
            let removed = std::mem::replace(slot, node).size();
            self.size += added;
            self.size -= removed;
        }
    }

    fn at_mut(&mut self, location: &[usize]) -> Option<&mut Node> {
        location.iter().try_fold(self.root.as_mut()?, |node, &position| node.child_mut(position))
    }

    /// What takes a change back.
    fn inverse(&self, change: &JsonEffect) -> Option<JsonEffect> {
        Some(match change {
            JsonEffect::Set { at, .. } if at.is_empty() && self.root.is_none() => JsonEffect::Empty,
            JsonEffect::Set { at, .. } => JsonEffect::Set { at: at.clone(), node: self.at(at)?.clone() },
            JsonEffect::Empty => JsonEffect::Set { at: Location::new(), node: self.root.clone()? },
            JsonEffect::InsertElements { at, elements } => {
                let positions = elements.iter().map(|&(position, _)| position).collect();
                JsonEffect::Remove { at: at.clone(), positions }
            }
            JsonEffect::InsertMembers { at, members } => {
                let positions = members.iter().map(|&(position, ..)| position).collect();
                JsonEffect::Remove { at: at.clone(), positions }
            }
            JsonEffect::Remove { at, positions } => match self.at(at)? {
                Node::Array(array) => JsonEffect::InsertElements {
                    at: at.clone(),
                    elements: positions
                        .iter()
                        .filter_map(|&position| Some((position, array.get(position)?.clone())))
                        .collect(),
                },
                Node::Object(object) => JsonEffect::InsertMembers {
                    at: at.clone(),
                    members: positions.iter().filter_map(|&position| object.member(position)).collect(),
                },
                _ => return None,
            },
        })
    }
}

impl Open<'_, Json> {
    /// Makes a change, and notes it.
    pub fn change(&mut self, change: JsonEffect) {
        self.note(|_| &change, |json| json.inverse(&change).into_iter().collect());
        self.value_mut().change(change);
    }

    /// Does what an effect says.
    pub(crate) fn apply(&mut self, effect: JsonEffect) {
        self.change(effect);
    }
}

impl Contents for Json {
    type Effect = JsonEffect;

    fn effect(key: Str, effect: JsonEffect) -> Effect {
        Effect::Json { key, effect }
    }

    fn bytes(&self) -> u64 {
        self.size.bytes
    }

    fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    fn elements(&self) -> usize {
        self.size.values
    }

    /// The text without spaces. Members are in their own order, which a reader sees.
    fn canonical(&self, out: &mut Vec<u8>) {
        self.root().print(out);
    }

    conversions!(Json, boxed);
}
