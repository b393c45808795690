//! `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type] [WITHTYPE]`

use latchkey_keyspace::{Entry, Str};
use latchkey_protocol::{Reply, ReplyError};

use crate::Arity::AtLeast;
use crate::scanning::{self, Filter};
use crate::{Args, Cost, Read, Result, Spec};

/// Counted as growing with the database, because COUNT may ask for all of it in one call.
pub(super) const SCAN: Spec = Spec::read("SCAN", scan)
    .summary("Iterates over the keys, a few in each call. WITHTYPE adds the type after each key.")
    .since("2.8.0")
    .arity(AtLeast(2))
    .cost(Cost::Database)
    .reaches_all()
    .no_readers()
    .example(
        r#"> SET user:1 Ann
OK
> SET visits 7
OK
> SCAN 0 MATCH user:* COUNT 100
1) "0"
2) 1) "user:1"
> SCAN 0 MATCH user:* TYPE string WITHTYPE
1) "0"
2) 1) "user:1"
   2) "string""#,
    );

fn scan(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let cursor = scanning::cursor(args.next()?)?;
    let options = Options::parse(&mut args)?;
    let mut found = Vec::new();
    let next = db.scan(cursor, options.filter.count, &mut |key, entry| options.add(&mut found, key, entry));
    Ok(scanning::reply(next, found))
}

struct Options<'a> {
    filter: Filter<'a>,
    /// The type that a key's value has to have. One that does not exist finds nothing and is no error, as in Redis.
    type_name: Option<&'a [u8]>,
    with_type: bool,
}

impl<'a> Options<'a> {
    fn parse(args: &mut Args<'a>) -> Result<Self> {
        let mut options = Self { filter: Filter::ALL, type_name: None, with_type: false };
        while !args.is_empty() {
            if args.option("TYPE") {
                options.type_name = Some(args.next()?);
            } else if args.option("WITHTYPE") {
                options.with_type = true;
            } else if !options.filter.option(args)? {
                return Err(ReplyError::SYNTAX.into());
            }
        }
        Ok(options)
    }

    fn add(&self, found: &mut Vec<Reply>, key: &Str, entry: &Entry) {
        let type_name = entry.value().kind().name();
        let of_type = self.type_name.is_none_or(|wanted| wanted.eq_ignore_ascii_case(type_name.as_bytes()));
        if of_type && self.filter.accepts(key) {
            found.push(Reply::Bulk(key.to_bytes()));
            if self.with_type {
                found.push(Reply::bulk(type_name));
            }
        }
    }
}
