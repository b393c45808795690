//! One value of a JSON document, with all that it holds.

use std::cmp::Ordering;

use super::Object;
use crate::{Str, cost};

/// A JSON value. Names and strings are UTF-8.
#[derive(Clone, Debug)]
pub enum Node {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, without quotes and escapes.
    Text(Str),
    /// An array.
    Array(Box<Array>),
    /// An object.
    Object(Box<Object>),
}

/// A JSON number. What was written without fraction and exponent stays an integer as long as 64 bits hold it.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// An integer above [`i64::MAX`].
    Uint(u64),
    /// A number with a fraction or an exponent, or beyond 64 bits; always finite.
    Float(f64),
}

/// The elements of a JSON array.
#[derive(Clone, Debug, Default)]
pub struct Array(Vec<Node>);

impl Node {
    /// An integer.
    pub fn int(value: i64) -> Self {
        Self::Number(Number::Int(value))
    }

    /// An array of these elements.
    pub fn array(elements: Vec<Node>) -> Self {
        Self::Array(Box::new(Array(elements)))
    }

    /// An object of these members. Of a name that occurs twice, the last value counts, at the first one's place.
    pub fn object(members: Vec<(Str, Node)>) -> Self {
        Self::Object(Box::new(Object::from_members(members)))
    }

    /// The type's name, as JSON.TYPE answers it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(Number::Float(_)) => "number",
            Self::Number(_) => "integer",
            Self::Text(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The element or the member's value at a position.
    pub fn child(&self, position: usize) -> Option<&Node> {
        match self {
            Self::Array(array) => array.get(position),
            Self::Object(object) => object.value(position),
            _ => None,
        }
    }

    /// How many elements or members it has; 0 if it can have none.
    pub fn len(&self) -> usize {
        match self {
            Self::Array(array) => array.len(),
            Self::Object(object) => object.len(),
            _ => 0,
        }
    }

    /// Whether it has no elements or members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values right inside it, in order; none if it can have none.
    pub fn children(&self) -> impl Iterator<Item = &Node> {
        (0..self.len()).filter_map(|position| self.child(position))
    }

    /// How many arrays and objects lie in each other at most: 0 for a number.
    pub fn depth(&self) -> usize {
        match self {
            Self::Array(_) | Self::Object(_) => 1 + self.children().map(Node::depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// Stored bytes by the formula in [`cost`](crate::cost). It visits every value inside.
    pub fn bytes(&self) -> u64 {
        self.size().bytes
    }

    pub(super) fn child_mut(&mut self, position: usize) -> Option<&mut Node> {
        match self {
            Self::Array(array) => array.0.get_mut(position),
            Self::Object(object) => object.value_mut(position),
            _ => None,
        }
    }

    pub(super) fn size(&self) -> Size {
        let own = Size { bytes: cost::JSON_VALUE, values: 1 };
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => own,
            Self::Text(text) => Size { bytes: own.bytes + text.len() as u64, ..own },
            Self::Array(array) => own + array.iter().map(Node::size).sum(),
            Self::Object(object) => {
                own + object.iter().map(|(name, value)| value.size().as_member(name)).sum()
            }
        }
    }
}

/// Numbers are the same if their values are, whatever their kind; objects, if their members are, in any order.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Number(one), Self::Number(other)) => one.compare(*other).is_eq(),
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Array(one), Self::Array(other)) => one.0 == other.0,
            (Self::Object(one), Self::Object(other)) => {
                one.len() == other.len()
                    && one
                        .iter()
                        .all(|(name, value)| other.get(name).is_some_and(|(_, known)| known == value))
            }
            _ => false,
        }
    }
}

impl Number {
    /// The value, as near as a double comes.
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Uint(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The order by value. Integers are compared exactly with each other, and as doubles with what is not one.
    pub fn compare(self, other: Self) -> Ordering {
        match (self.to_integer(), other.to_integer()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => self.to_f64().partial_cmp(&other.to_f64()).expect("every number is finite"),
        }
    }

    /// The sum: an integer if both are and 64 bits hold it. `None` if it is too large for a double.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.combine(other, i128::checked_add, |one, other| one + other)
    }

    /// The product: an integer if both are and 64 bits hold it. `None` if it is too large for a double.
    pub fn times(self, other: Self) -> Option<Self> {
        self.combine(other, i128::checked_mul, |one, other| one * other)
    }

    fn combine(
        self,
        other: Self,
        exact: fn(i128, i128) -> Option<i128>,
        near: fn(f64, f64) -> f64,
    ) -> Option<Self> {
        let integers = self.to_integer().zip(other.to_integer());
        let result = integers.and_then(|(one, other)| Self::from_integer(exact(one, other)?));
        result.or_else(|| {
            let value = near(self.to_f64(), other.to_f64());
            value.is_finite().then_some(Self::Float(value))
        })
    }

    fn to_integer(self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(value.into()),
            Self::Uint(value) => Some(value.into()),
            Self::Float(_) => None,
        }
    }

    fn from_integer(value: i128) -> Option<Self> {
        let int = i64::try_from(value).map(Self::Int);
        int.or_else(|_| u64::try_from(value).map(Self::Uint)).ok()
    }
}

impl Array {
    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An element.
    pub fn get(&self, index: usize) -> Option<&Node> {
        self.0.get(index)
    }

    /// The elements in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Node> {
        self.0.iter()
    }

    /// Puts elements in, each with its position once all are in; ascending. O(elements) at the end, otherwise O(all).
    pub(super) fn insert(&mut self, elements: Vec<(usize, Node)>) {
        insert_at(&mut self.0, elements);
    }

    /// Takes out what is at these positions, which ascend.
    pub(super) fn remove(&mut self, positions: &[usize]) -> Vec<(usize, Node)> {
        remove_at(&mut self.0, positions)
    }
}

/// Puts items into a vector, each with its position once all are in; ascending. Positions beyond the end mean the end.
pub(super) fn insert_at<T>(items: &mut Vec<T>, added: Vec<(usize, T)>) {
    let Some(&(first, _)) = added.first() else { return };
    let behind = items.split_off(first.min(items.len()));
    let mut behind = behind.into_iter();
    for (position, item) in added {
        items.extend(behind.by_ref().take(position.saturating_sub(items.len())));
        items.push(item);
    }
    items.extend(behind);
}

/// Takes what is at these positions, which ascend, out of a vector. O(removed) at the end, otherwise O(all).
pub(super) fn remove_at<T>(items: &mut Vec<T>, positions: &[usize]) -> Vec<(usize, T)> {
    let Some(&first) = positions.first() else { return Vec::new() };
    let behind = items.split_off(first.min(items.len()));
    let mut wanted = positions.iter().peekable();
    let mut removed = Vec::with_capacity(positions.len());
    for (offset, item) in behind.into_iter().enumerate() {
        match wanted.next_if(|&&position| position == first + offset) {
            Some(&position) => removed.push((position, item)),
            None => items.push(item),
        }
    }
    removed
}

/// What values take, and how many they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: u64,
    pub(super) values: usize,
}

impl Size {
    /// The size of a member with this name, where this is its value's.
    pub(super) fn as_member(self, name: &[u8]) -> Self {
        Self { bytes: self.bytes + cost::JSON_MEMBER + name.len() as u64, ..self }
    }
}

impl std::ops::Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, values: self.values + other.values }
    }
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Size {
    fn sub_assign(&mut self, other: Self) {
        self.bytes -= other.bytes;
        self.values -= other.values;
    }
}

impl std::iter::Sum for Size {
    fn sum<I: Iterator<Item = Self>>(sizes: I) -> Self {
        sizes.fold(Self::default(), |sum, size| sum + size)
    }
}
