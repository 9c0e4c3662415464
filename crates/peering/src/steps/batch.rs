//! Many small calls, several at once, stopping cleanly: what has been started is awaited, what hasn't is left for later.

use futures_util::{StreamExt, stream};
use std::cell::Cell;
use std::future::ready;

/// Enough to use up EC2's burst of fifty within seconds, and no more than its refill of five a second can follow.
const AT_ONCE: usize = 8;

/// How far a batch came.
#[derive(Debug)]
pub(super) struct Progress<E> {
    /// How many calls succeeded.
    pub(super) done: usize,
    /// How many didn't, or were not started.
    pub(super) remaining: usize,
    /// The first failure; none are started after it.
    pub(super) failure: Option<E>,
}

/// Makes the calls for as long as `has_time` says so and none fails. A call under way is never abandoned: whether EC2
/// carries it out would be anybody's guess.
///
/// A call that is throttled after others succeeded is no failure, only a sign to stop: while the machine pauses before
/// it calls again, EC2's bucket refills.
pub(super) async fn in_batches<T, E>(
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

/// One of each in turn: the two sides are two Regions, more often than not, and each has a bucket of its own.
pub(super) fn in_turn<T>(one: Vec<T>, other: Vec<T>) -> Vec<T> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    loop {
        match (one.next(), other.next()) {
            (None, None) => return all,
            (a, b) => all.extend(a.into_iter().chain(b)),
        }
    }
}
