//! The clock by which a lane keeps its pace.

use isthmus_peering::ports::Clock;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The machine's own clock.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    pub(crate) fn start() -> Self {
        Self { began: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    async fn sleep(&self, time: Duration) {
        sleep(time).await;
    }
}
