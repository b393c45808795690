//! `INCRBYFLOAT key increment`

use latchkey_keyspace::value::Text;
use latchkey_protocol::Reply;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Result, Spec, Write, decimal};

pub(super) const INCRBYFLOAT: Spec = Spec::write("INCRBYFLOAT", incrbyfloat)
    .summary("Adds a decimal number to the number at a key. A key that doesn't exist counts as 0.")
    .since("2.6.0")
    .arity(Exactly(3))
    .keys(At(1))
    .grows_freely() // 1e300 is stored as 301 digits
    .fast()
    .example(
        r#"> SET price 10.50
OK
> INCRBYFLOAT price 0.1
"10.6"
> INCRBYFLOAT price -5e-1
"10.1""#,
    );

fn incrbyfloat(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let (key, increment) = (args.key()?, args.next()?);
    let sum = match db.view().text(key)? {
        Some(text) => text.with(|value| decimal::add(value, increment))?,
        None => decimal::add(b"0", increment)?,
    };
    db.put_keeping_deadline(key, Text::from(sum.as_slice()));
    Ok(Reply::bulk(sum))
}
