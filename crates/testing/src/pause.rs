//! Calls that yield: every call of the network and of the ledger in memory waits for a permit, so that executions can
//! interleave one call at a time.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

thread_local! {
    static PERMITS: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Lets so many more calls of this thread be carried out; `None` for any number.
pub(crate) fn permit(calls: Option<usize>) {
    PERMITS.set(calls);
}

/// How many are left.
pub(crate) fn permits() -> Option<usize> {
    PERMITS.get()
}

/// Waits for the permit to carry out a call.
pub(crate) async fn pause() {
    poll_fn(|context| match PERMITS.get() {
        None => Poll::Ready(()),
        Some(0) => {
            // Streams of several calls only poll those that are woken.
            context.waker().wake_by_ref();
            Poll::Pending
        }
        Some(calls) => {
            PERMITS.set(Some(calls - 1));
            Poll::Ready(())
        }
    })
    .await;
}
