//! A network whose n-th call fails: before it is carried out, or after.

use crate::HasLedger;
use crate::around::{Around, Call, Hook};
use crate::around_services::ServiceHook;
use isthmus_peering::ports::{CallError, CallErrorKind, CallResult, Location};
use std::cell::Cell;

/// Whether the failing call is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It isn't.
    Before,
    /// It is, and its answer is lost.
    After,
}

/// Counts down its calls; something happens at the one that finds zero.
pub struct Fault<'n, N> {
    calls_left: Cell<usize>,
    has_failed: Cell<bool>,
    event: Event<'n, N>,
}

/// A network with a fault.
pub type Faulty<'n, N> = Around<'n, N, Fault<'n, N>>;

enum Event<'n, N> {
    /// It fails, and with `forever` so does every later one.
    Fail { when: When, kind: CallErrorKind, forever: bool },
    /// The network changes just before it.
    Change(&'n dyn Fn(&N)),
    /// Every call there that writes fails.
    Lane(Location, CallErrorKind),
}

impl<'n, N: HasLedger> Faulty<'n, N> {
    /// Lets `calls` through, then fails for ever: the process was killed.
    pub fn new(inner: &'n N, calls: usize, when: When, kind: CallErrorKind) -> Self {
        Self::with(inner, calls, Event::Fail { when, kind, forever: true })
    }

    /// Lets `calls` through, fails one, and works again.
    pub fn once(inner: &'n N, calls: usize, when: When, kind: CallErrorKind) -> Self {
        Self::with(inner, calls, Event::Fail { when, kind, forever: false })
    }

    /// Lets `calls` through, then changes the network once.
    pub fn interrupted(inner: &'n N, calls: usize, change: &'n dyn Fn(&N)) -> Self {
        Self::with(inner, calls, Event::Change(change))
    }

    /// Lets nothing be written in that Region of that account.
    pub fn lane(inner: &'n N, at: &Location, kind: CallErrorKind) -> Self {
        Self::with(inner, usize::MAX, Event::Lane(at.clone(), kind))
    }

    fn with(inner: &'n N, calls: usize, event: Event<'n, N>) -> Self {
        Self::of(inner, Fault { calls_left: Cell::new(calls), has_failed: Cell::new(false), event })
    }

    /// Whether that call was made.
    pub fn has_failed(&self) -> bool {
        self.hook.has_failed.get()
    }
}

impl<N> ServiceHook for Fault<'_, N> {}

impl<N> Hook<N> for Fault<'_, N> {
    async fn around<T>(
        &self,
        inner: &N,
        Call { at, action, .. }: Call,
        call: impl AsyncFn(&N) -> CallResult<T>,
    ) -> CallResult<T> {
        const OVER: usize = usize::MAX;
        if let Event::Lane(lane, kind) = &self.event
            && *lane == at
            && !action.starts_with("Describe")
        {
            return Err(call_error(at, *kind));
        }
        let calls_left = self.calls_left.get();
        let is_now = calls_left == 0;
        let is_last = !matches!(self.event, Event::Fail { forever: true, .. });
        match (is_now, is_last) {
            (true, true) => self.calls_left.set(OVER),
            (true, false) => {}
            (false, _) => self.calls_left.set(calls_left - 1),
        }
        self.has_failed.set(self.has_failed.get() || is_now);
        match self.event {
            _ if !is_now => call(inner).await,
            Event::Fail { when: When::Before, kind, .. } => Err(call_error(at, kind)),
            Event::Fail { when: When::After, kind, .. } => call(inner).await.and_then(|_| Err(call_error(at, kind))),
            Event::Change(change) => {
                change(inner);
                call(inner).await
            }
            Event::Lane(..) => call(inner).await,
        }
    }
}

fn call_error(at: Location, kind: CallErrorKind) -> CallError {
    let Location { owner_id, region } = at;
    CallError {
        kind,
        action: "faulty:Call".into(),
        owner_id,
        region,
        code: "Faulty".into(),
        message: "a message".into(),
    }
}
