//! A network with EC2's buckets of tokens, in virtual time: a call that finds none is refused, and tried again as the SDK does.

use crate::around::{Around, Call, Hook};
use crate::around_services::ServiceHook;
use crate::{HasLedger, VirtualClock};
use isthmus_peering::groups::Buckets;
use isthmus_peering::ports::{CallError, CallErrorKind, CallResult, Clock, Location};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long one call takes.
const CALL: Duration = Duration::from_millis(200);
/// The SDK's attempts, as the functions have it.
const ATTEMPTS: u32 = 6;
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// The buckets, and what was called.
#[derive(Default)]
pub struct Meter {
    buckets: RefCell<BTreeMap<Location, Buckets>>,
    calls: RefCell<BTreeMap<&'static str, usize>>,
    throttled: Cell<usize>,
    random: Cell<u64>,
}

/// A network with EC2's buckets.
pub type Metered<'n, N> = Around<'n, N, Meter>;

impl<'n, N: HasLedger> Metered<'n, N> {
    /// All buckets are full.
    pub fn new(inner: &'n N) -> Self {
        Self::of(inner, Meter::default())
    }

    /// The calls by action, those that were refused included.
    pub fn calls(&self) -> BTreeMap<&'static str, usize> {
        self.hook.calls.borrow().clone()
    }

    /// How many were refused.
    pub fn throttled(&self) -> usize {
        self.hook.throttled.get()
    }
}

impl Meter {
    /// Between 0 and 1; the same ones in every run.
    fn random(&self) -> f64 {
        let next = self.random.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random.set(next);
        f64::from(u32::try_from(next >> 33).unwrap_or_default()) / f64::from(1_u32 << 31)
    }

    fn takes_a_token(&self, at: &Location, action: &'static str) -> bool {
        let mut buckets = self.buckets.borrow_mut();
        let buckets = buckets.entry(at.clone()).or_insert_with(|| Buckets::new(100, true));
        buckets.take(action, 1, VirtualClock.now())
    }
}

impl ServiceHook for Meter {}

impl<N> Hook<N> for Meter {
    async fn around<T>(
        &self,
        inner: &N,
        Call { at, action, .. }: Call,
        call: impl AsyncFn(&N) -> CallResult<T>,
    ) -> CallResult<T> {
        for attempt in 0..ATTEMPTS {
            VirtualClock.sleep(CALL).await;
            *self.calls.borrow_mut().entry(action).or_default() += 1;
            if self.takes_a_token(&at, action) {
                return call(inner).await;
            }
            self.throttled.set(self.throttled.get() + 1);
            let longest = LONGEST_WAIT.min(Duration::from_secs(1 << attempt));
            VirtualClock.sleep(longest.mul_f64(self.random())).await;
        }
        let Location { owner_id, region } = at;
        Err(CallError {
            kind: CallErrorKind::Throttled,
            action: format!("ec2:{action}"),
            owner_id,
            region,
            code: "RequestLimitExceeded".into(),
            message: "a message".into(),
        })
    }
}
