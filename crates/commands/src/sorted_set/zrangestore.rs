//! `ZRANGESTORE dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]`

use latchkey_keyspace::value::SortedSet;
use latchkey_protocol::Reply;

use super::zrange::{Form, Query};
use crate::Arity::AtLeast;
use crate::Keys::{At, Store};
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const ZRANGESTORE: Spec = Spec::write("ZRANGESTORE", zrangestore)
    .summary("Stores the members of a sorted set within a range of ranks, scores or names in another key.")
    .since("6.2.0")
    .arity(AtLeast(5))
    .keys(Store(&At(2)))
    .grows_freely()
    .cost(Cost::Values)
    .example(
        r#"> ZADD board 10 ann 20 bob 30 cleo
(integer) 3
> ZRANGESTORE winners board 0 1 REV
(integer) 2
> ZRANGE winners 0 -1 WITHSCORES
1) "bob"
2) "20"
3) "cleo"
4) "30""#,
    );

fn zrangestore(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (destination, source) = (args.key()?, args.key()?);
    let query = Query::parse(args, Form::OPEN)?;
    let members = db.view().sorted_set(source)?.into_iter().flat_map(|set| query.select(set));
    let stored = SortedSet::from_pairs(members.map(|(name, score)| (name.clone(), score)), db.seed());
    let count = stored.len();
    db.put(destination, stored);
    Ok(Reply::count(count))
}
