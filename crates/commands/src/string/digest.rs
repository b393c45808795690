//! `DIGEST key`: a short name for a value, to compare by.

use latchkey_protocol::Reply;
use twox_hash::XxHash3_64;

use crate::Arity::Exactly;
use crate::Keys::At;
use crate::{Args, Read, Result, Spec};

pub(super) const DIGEST: Spec = Spec::read("DIGEST", digest)
    .summary("Returns the XXH3 hash of a string value, as 16 hexadecimal digits.")
    .since("8.4.0")
    .arity(Exactly(2))
    .keys(At(1))
    .fast()
    .example(
        r#"> SET document "hello world"
OK
> DIGEST document
"d447b1ea40e6988b""#,
    );

fn digest(db: &mut Read<'_>, mut args: Args<'_>) -> Result {
    let text = db.text(args.key()?)?;
    Ok(Reply::or_null(text.map(|text| Reply::bulk(text.with(of)))))
}

/// So many digits a digest has.
pub(super) const LENGTH: usize = 16;

/// The digest of a value.
pub(super) fn of(value: &[u8]) -> String {
    format!("{:0LENGTH$x}", XxHash3_64::oneshot(value))
}
