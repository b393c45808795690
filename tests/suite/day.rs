//! Quotas end with the UTC day, and tests that count must not be caught by midnight.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::http::Response;

/// Runs a test that counts within one UTC day; again if midnight came in between.
pub(crate) fn within_one_day(test: impl Fn()) {
    let day = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() / 86_400;
    loop {
        let began = day();
        let outcome = catch_unwind(AssertUnwindSafe(&test));
        match outcome {
            _ if day() != began => continue,
            Ok(()) => return,
            Err(cause) => resume_unwind(cause),
        }
    }
}

/// What is left, as the reply says.
pub(crate) fn left(reply: &Response) -> u64 {
    let header = reply.header("ratelimit").expect("a limited token is told what is left");
    let rest = header.strip_prefix("\"day\";r=").and_then(|rest| rest.split(';').next());
    rest.and_then(|rest| rest.parse().ok()).unwrap_or_else(|| panic!("{header}"))
}
