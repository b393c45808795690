//! `XTRIM key MAXLEN | MINID [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]`

use latchkey_protocol::{Reply, ReplyError};

use super::trimming::Options;
use crate::Arity::AtLeast;
use crate::Keys::At;
use crate::{Args, Cost, Result, Spec, Write};

pub(super) const XTRIM: Spec = Spec::write("XTRIM", xtrim)
    .summary("Removes the oldest entries of a stream, down to a length or up to an id, and returns how many.")
    .since("5.0.0")
    .arity(AtLeast(4))
    .keys(At(1))
    .cost(Cost::Values)
    .example(
        r#"> XADD events 1-0 kind start
"1-0"
> XADD events 2-0 kind stop
"2-0"
> XADD events 3-0 kind start
"3-0"
> XTRIM events MAXLEN 1
(integer) 2
> XRANGE events - +
1) 1) "3-0"
   2) 1) "kind"
      2) "start""#,
    );

const NO_TARGET: ReplyError =
    ReplyError::fixed("ERR syntax error, XTRIM must be called with a trimming strategy");

fn xtrim(db: &mut Write<'_>, mut args: Args<'_>) -> Result {
    let key = args.key()?;
    let mut options = Options::default();
    while options.option(&mut args)? {}
    args.done()?;
    let trim = options.finish(Some(NO_TARGET))?;
    let (Some(mut stream), Some(trim)) = (db.stream(key)?, trim) else { return Ok(Reply::Int(0)) };
    Ok(Reply::count(trim.run(&mut stream)))
}
