//! A network beside which every change of the ledger is made twice: its first answer is lost, and the SDK sends it again.

use crate::HasLedger;
use crate::around::{Around, Call, Hook};
use crate::around_services::ServiceHook;
use isthmus_peering::ports::CallResult;

/// Sends every change of the ledger again.
pub struct Resend;

/// A network beside which that happens.
pub type Resent<'n, N> = Around<'n, N, Resend>;

impl<'n, N: HasLedger> Resent<'n, N> {
    /// The network, with the ledger whose first answers are lost.
    pub fn new(inner: &'n N) -> Self {
        Self::of(inner, Resend)
    }
}

impl ServiceHook for Resend {
    async fn around_service<T, E>(
        &self,
        action: &'static str,
        _failed: impl Fn(&str) -> E,
        carry_out: impl AsyncFn() -> Result<T, E>,
    ) -> Result<T, E> {
        if action == "dynamodb:UpdateItem" {
            let _lost = carry_out().await;
        }
        carry_out().await
    }
}

impl<N> Hook<N> for Resend {
    async fn around<T>(&self, inner: &N, _call: Call, carry_out: impl AsyncFn(&N) -> CallResult<T>) -> CallResult<T> {
        carry_out(inner).await
    }
}
