//! `KEYS pattern`

use latchkey_keyspace::collections::glob;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::{Args, Category, Cost, Read, Result, Spec};

pub(super) const KEYS: Spec = Spec::read("KEYS", keys)
    .summary("Returns the names of all keys that match a pattern, in no particular order.")
    .since("1.0.0")
    .arity(Exactly(2))
    .cost(Cost::Database)
    .category(Category::Dangerous)
    .reaches_all()
    .example(
        r#"> SET user:1 Ann
OK
> SET visits 7
OK
> KEYS user:?
1) "user:1""#,
    );

fn keys(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let pattern = args.next()?;
    if let Some(name) = glob::literal(pattern) {
        let found = db.exists(&name).then(|| Reply::bulk(name));
        return Ok(Reply::Array(found.into_iter().collect()));
    }
    let matching = db.iter().map(|(key, _)| key).filter(|key| glob::matches(pattern, key, false));
    Ok(Reply::Array(matching.map(|key| Reply::Bulk(key.to_bytes())).collect()))
}
