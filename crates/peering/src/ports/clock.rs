//! The time that passes while a step works.

use std::time::Duration;

/// A clock that only goes forward.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait Clock {
    /// Since some moment before the step began.
    fn now(&self) -> Duration;

    /// Waits so long.
    async fn sleep(&self, time: Duration);
}
