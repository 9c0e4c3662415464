//! Time that passes only while everything waits, so that an hour of a run takes a moment.

use isthmus_peering::ports::Clock;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

thread_local! {
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static SLEEPERS: RefCell<Vec<(Duration, Waker)>> = const { RefCell::new(Vec::new()) };
}

/// The clock of this thread's virtual time.
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock;

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        NOW.get()
    }

    async fn sleep(&self, time: Duration) {
        let until = NOW.get() + time;
        poll_fn(|context| {
            if NOW.get() >= until {
                return Poll::Ready(());
            }
            SLEEPERS.with_borrow_mut(|sleepers| sleepers.push((until, context.waker().clone())));
            Poll::Pending
        })
        .await;
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a future to its end. It may only wait for this clock, and for what is carried out meanwhile.
pub fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&flag));
    let mut future = pin!(future);
    loop {
        while flag.0.swap(false, Ordering::Relaxed) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        }
        assert!(advance(), "somebody to wait for");
    }
}

/// What slept is gone.
pub(crate) fn forget_sleepers() {
    SLEEPERS.take();
}

/// To the time of the first one that sleeps; and wakes those that have slept so long. Answers whether any does.
pub(crate) fn advance() -> bool {
    let sleepers = SLEEPERS.take();
    let Some(first) = sleepers.iter().map(|(until, _)| *until).min() else { return false };
    NOW.set(first);
    let (over, rest): (Vec<_>, Vec<_>) = sleepers.into_iter().partition(|(until, _)| *until <= first);
    SLEEPERS.with_borrow_mut(|sleepers| sleepers.extend(rest));
    over.into_iter().for_each(|(_, waker)| waker.wake());
    true
}
