//! `MONITOR`

use crate::Arity::Exactly;
use crate::{Category, Spec};

pub(super) const MONITOR: Spec = Spec::session("MONITOR")
    .summary("Shows the commands that the database runs, as they come.")
    .since("1.0.0")
    .arity(Exactly(1))
    .no_script()
    .category(Category::Admin)
    .category(Category::Dangerous)
    .example(
        r#"> MONITOR
OK
bob> SET greeting hello
OK
< ‹1767323045.678901› [0 ‹127.0.0.1:60866›] "SET" "greeting" "hello""#,
    );
