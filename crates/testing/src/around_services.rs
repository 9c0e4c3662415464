//! The ledger and the machines, of which every call goes through a hook.

use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::ledger::{Hold, LedgerItem, PairKey, Update, Withdrawals, Withdrawer};
use isthmus_peering::ports::{
    ExecutionState, Executions, Ledger, LedgerError, LedgerReads, LedgerResult, LedgerWrites, Updated,
};
use isthmus_peering::request::{PeeringInput, TeardownInput};
use std::rc::Rc;

/// What happens around each call to DynamoDB and Step Functions.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait ServiceHook {
    /// Carries out the call, or doesn't. `action`: such as `dynamodb:GetItem`; `failed` makes an error of AWS's code.
    async fn around_service<T, E>(
        &self,
        _action: &'static str,
        _failed: impl Fn(&str) -> E,
        carry_out: impl AsyncFn() -> Result<T, E>,
    ) -> Result<T, E> {
        carry_out().await
    }
}

/// A ledger behind a hook.
pub struct AroundLedger<'n, L, H> {
    pub(crate) inner: &'n L,
    pub(crate) hook: Rc<H>,
}

impl<L, H: ServiceHook> AroundLedger<'_, L, H> {
    async fn around<T>(&self, action: &'static str, call: impl AsyncFn() -> LedgerResult<T>) -> LedgerResult<T> {
        let failed = |code: &str| LedgerError { action: action.into(), code: code.into() };
        self.hook.around_service(action, failed, call).await
    }
}

impl<L: Ledger, H: ServiceHook> LedgerReads for AroundLedger<'_, L, H> {
    async fn item(&self, pair: &PairKey) -> LedgerResult<Option<LedgerItem>> {
        self.around("dynamodb:GetItem", async || self.inner.item(pair).await).await
    }

    async fn pairs_owed_by(&self, end: &End) -> LedgerResult<Vec<PairKey>> {
        self.around("dynamodb:Query", async || self.inner.pairs_owed_by(end).await).await
    }

    async fn withdrawals(&self, by: &Withdrawer) -> LedgerResult<Withdrawals> {
        self.around("dynamodb:Query", async || self.inner.withdrawals(by).await).await
    }

    async fn count_pairs(&self, of: &Withdrawer, removed_since: i64) -> LedgerResult<usize> {
        self.around("dynamodb:Scan", async || self.inner.count_pairs(of, removed_since).await).await
    }

    async fn items(&self) -> LedgerResult<Vec<Result<LedgerItem, (String, LedgerError)>>> {
        self.around("dynamodb:Scan", async || self.inner.items().await).await
    }

    async fn groups_holder(&self) -> LedgerResult<Option<String>> {
        self.around("dynamodb:GetItem", async || self.inner.groups_holder().await).await
    }

    async fn execution_state(&self, execution: &str) -> LedgerResult<ExecutionState> {
        self.around("states:DescribeExecution", async || self.inner.execution_state(execution).await).await
    }
}

impl<L: Ledger, H: ServiceHook> LedgerWrites for AroundLedger<'_, L, H> {
    async fn update(&self, pair: &PairKey, update: &Update) -> LedgerResult<Updated> {
        self.around("dynamodb:UpdateItem", async || self.inner.update(pair, update).await).await
    }

    async fn take_groups(&self, execution: &str, dead: Option<&str>) -> LedgerResult<Result<(), String>> {
        self.around("dynamodb:UpdateItem", async || self.inner.take_groups(execution, dead).await).await
    }

    async fn wait_for_groups(&self, execution: &str) -> LedgerResult<Option<String>> {
        self.around("dynamodb:UpdateItem", async || self.inner.wait_for_groups(execution).await).await
    }

    async fn leave_groups(&self, execution: &str) -> LedgerResult<()> {
        self.around("dynamodb:UpdateItem", async || self.inner.leave_groups(execution).await).await
    }

    async fn hold(&self, by: &Withdrawer, hold: Hold, before: Option<&Hold>) -> LedgerResult<Hold> {
        self.around("dynamodb:UpdateItem", async || self.inner.hold(by, hold.clone(), before).await).await
    }
}

/// Machines behind a hook.
pub struct AroundMachines<'m, M, H> {
    pub(crate) inner: &'m M,
    pub(crate) hook: Rc<H>,
}

impl<M, H: ServiceHook> AroundMachines<'_, M, H> {
    async fn around<T>(&self, call: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
        let action = "states:StartExecution";
        let failed = |code: &str| Error::ServiceFault { action: action.into(), code: code.into() };
        self.hook.around_service(action, failed, call).await
    }
}

impl<M: Executions, H: ServiceHook> Executions for AroundMachines<'_, M, H> {
    async fn start_peering(&self, name: &str, input: &PeeringInput) -> Result<(), Error> {
        self.around(async || self.inner.start_peering(name, input).await).await
    }

    async fn start_teardown(&self, name: &str, input: &TeardownInput) -> Result<(), Error> {
        self.around(async || self.inner.start_teardown(name, input).await).await
    }

    async fn start_groups(&self, name: &str) -> Result<bool, Error> {
        self.around(async || self.inner.start_groups(name).await).await
    }

    async fn start_clean_up(&self, name: &str, execution: &str) -> Result<(), Error> {
        self.around(async || self.inner.start_clean_up(name, execution).await).await
    }
}
