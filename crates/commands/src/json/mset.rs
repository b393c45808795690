//! `JSON.MSET key path value [key path value …]`

use bytes::Bytes;
use latchkey_keyspace::value::Json;
use latchkey_keyspace::value::json::{JsonEffect, Location, Node};
use latchkey_protocol::{Reply, ReplyError};

use super::document::{self, missing};
use super::path::{Path, Steps};
use super::set::{self, Condition};
use crate::Arity::AtLeast;
use crate::Keys::Range;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const MSET: Spec = Spec::write("JSON.MSET", mset)
    .summary("Sets values in several JSON documents at once, all of them or none.")
    .since("8.0.0")
    .arity(AtLeast(4))
    .keys(Range { first: 1, last: -1, step: 3 })
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> JSON.MSET one $ {"a":1} two $ [2]
OK
> JSON.MSET one $.b 3 two $[0] 4
OK
> JSON.MGET one two $
1) "[{\"a\":1,\"b\":3}]"
2) "[[4]]""#,
    );

fn mset(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (triples, []) = args.rest().as_chunks() else {
        return Err(ReplyError::wrong_arity("json.mset").into());
    };
    let steps = Steps::default();
    let parse = |triple| Order::parse(triple, &steps);
    let mut orders = triples.iter().map(parse).collect::<Result<Vec<_>>>()?;
    orders.sort_by_key(|order| order.key); // stable: one key's orders stay in order
    let mut planned = Vec::new();
    for orders in orders.chunk_by(|one, other| one.key == other.key) {
        planned.push((orders[0].key, changes(db, orders)?));
    }
    for (key, changes) in planned {
        let mut json = db.json_or_new(key)?;
        changes.into_iter().for_each(|change| json.change(change));
    }
    Ok(Reply::OK)
}

/// A value for a place.
struct Order<'a> {
    key: &'a [u8],
    path: Path,
    value: Node,
}

impl<'a> Order<'a> {
    fn parse([key, path, value]: &'a [Bytes; 3], steps: &Steps) -> Result<Self> {
        Ok(Self { key, path: Path::parse_with(path, steps)?, value: document::value(value)? })
    }

    fn changes(&self, db: &Write<'_>, json: Option<&Json>) -> Result<Vec<JsonEffect>> {
        let changes = set::changes(db, json, &self.path, self.value.clone(), Condition::None)?;
        Ok(changes.ok_or_else(|| missing(&self.path))?)
    }
}

/// What does one key's orders. Several are done on a copy first, for each may depend on those before it.
fn changes(db: &Write<'_>, orders: &[Order<'_>]) -> Result<Vec<JsonEffect>> {
    let json = db.view().json(orders[0].key)?;
    if let [order] = orders {
        return order.changes(db, json);
    }
    let mut copy = json.cloned();
    for order in orders {
        let changes = order.changes(db, copy.as_ref())?;
        let copy = copy.get_or_insert_default();
        changes.into_iter().for_each(|change| copy.change(change));
    }
    let root = copy.as_ref().map(Json::root).cloned();
    Ok(root.map(|node| JsonEffect::Set { at: Location::new(), node }).into_iter().collect())
}
