//! Many small calls, several at once: calls that are started are awaited, the others are left for the next invocation.

use futures_util::{StreamExt, stream};
use std::cell::Cell;
use std::future::ready;

/// Enough to use EC2's burst of fifty within seconds; its refill is five a second.
const AT_ONCE: usize = 8;

/// The progress of a batch.
#[derive(Debug)]
pub(crate) struct Progress<E> {
    /// How many calls succeeded.
    pub(crate) done: usize,
    /// How many failed or were not started.
    pub(crate) remaining: usize,
    /// The first failure; none are started after it.
    pub(crate) failure: Option<E>,
}

/// Makes the calls for as long as `has_time` says so and none fails. A call that is started is always awaited: otherwise
/// it would be unknown whether EC2 carries it out.
///
/// A call that is throttled after others succeeded is no failure, only a reason to stop: EC2's bucket refills while the
/// machine waits before it calls again.
pub(crate) async fn in_batches<T, E>(
    items: Vec<T>,
    has_time: impl Fn() -> bool,
    is_throttled: impl Fn(&E) -> bool,
    call: impl AsyncFn(T) -> Result<(), E>,
) -> Progress<E> {
    let total = items.len();
    let has_failed = Cell::new(false);
    let call = &call;
    let results: Vec<Result<(), E>> = stream::iter(items)
        .take_while(|_| ready(!has_failed.get() && has_time()))
        .map(async |item| {
            let result = call(item).await;
            has_failed.set(has_failed.get() || result.is_err());
            result
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let done = results.iter().filter(|result| result.is_ok()).count();
    let failure = results.into_iter().filter_map(Result::err).find(|failure| done == 0 || !is_throttled(failure));
    Progress { done, remaining: total - done, failure }
}

/// One of each in turn: the two sides are often two Regions, each with a token bucket of its own.
pub(crate) fn alternate<T>(one: Vec<T>, other: Vec<T>) -> Vec<T> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return all,
            (a, b) => all.extend(a.into_iter().chain(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::task::Poll;

    #[test]
    fn so_many_calls_are_made_at_once_and_no_more() {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let call = async |_| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            let mut polls = 0;
            poll_fn(|context| {
                polls += 1;
                context.waker().wake_by_ref();
                if polls < 5 { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
            running.set(running.get() - 1);
            Ok::<(), ()>(())
        };
        let batch = in_batches((0..100).collect(), || true, |()| false, call);
        let Progress { done, remaining, failure } = futures_util::FutureExt::now_or_never(async {
            let mut batch = Box::pin(batch);
            loop {
                if let Some(progress) = futures_util::FutureExt::now_or_never(&mut batch) {
                    return progress;
                }
            }
        })
        .unwrap_or_else(|| unreachable!("it never waits"));
        assert_eq!((done, remaining, failure), (100, 0, None));
        assert_eq!(most.get(), AT_ONCE);
    }
}
