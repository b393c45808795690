//! Work that takes long, kept from delaying others.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs `work` so that the other tasks of this thread go on elsewhere meanwhile. On a runtime with one thread, and
/// outside of one, it simply runs.
pub(crate) fn offload<R>(work: impl FnOnce() -> R) -> R {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
