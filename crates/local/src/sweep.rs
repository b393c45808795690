//! Drops what is past its deadline, also in databases that nobody asks.

use std::sync::Arc;
use std::time::Duration;

use crate::Local;

/// How often deadlines are looked at. Nobody sees the delay, only memory does: what is past its deadline is not there
/// for any reader.
const PERIOD: Duration = Duration::from_millis(100);

/// So many keys go before others get their turn.
const SLICE: usize = 256;

impl Local {
    /// Sweeps all databases for ever. Meant to run as a task of its own, which may be aborted at any time.
    pub async fn sweep_forever(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            for tenant in self.all() {
                while self.sweep_slice(&tenant) {
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Whether there may be more to do. A database that is busy is left for the next time.
    fn sweep_slice(&self, tenant: &crate::tenant::Tenant) -> bool {
        let swept = tenant.try_with(|database| {
            for id in tenant.take_abandoned() {
                database.stop_waiting(id);
            }
            database.sweep(SLICE, self.now())
        });
        let Some(done) = swept else { return false };
        self.free().take(done.garbage);
        done.value
    }
}
