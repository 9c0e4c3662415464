//! The ledger's store.

use crate::connection::End;
use crate::error::Error;
use crate::ledger::{Hold, LedgerItem, PairKey, Update, Withdrawals, Withdrawer};

/// The result of one call of the store.
pub type LedgerResult<T> = Result<T, LedgerError>;

/// A call that failed, or an item that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action}: {code}")]
pub struct LedgerError {
    /// The action, such as `dynamodb:UpdateItem`.
    pub action: String,
    /// AWS's error code; `InvalidItem` for an item that can't be parsed, `NewerItem` for one of a newer version.
    pub code: String,
}

impl From<LedgerError> for Error {
    fn from(LedgerError { action, code }: LedgerError) -> Self {
        Self::ServiceFault { action, code }
    }
}

/// What became of an update.
#[derive(Debug, Clone, PartialEq)]
pub enum Updated {
    /// It was made: the item as it is now.
    Done(Box<LedgerItem>),
    /// Its condition doesn't hold: the item as it is, if there is one.
    Refused(Option<Box<LedgerItem>>),
}

/// Whether an execution still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionState {
    /// It does.
    Running,
    /// It ended so many seconds ago.
    Closed {
        /// Seconds since it ended.
        seconds: u64,
    },
    /// Step Functions doesn't know it: it ended more than 90 days ago.
    Unknown,
}

/// What can be read. Reads are consistent, except for lists.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait LedgerReads {
    /// The item of a pair.
    async fn item(&self, pair: &PairKey) -> LedgerResult<Option<LedgerItem>>;

    /// The pairs for which that end's consent is missing.
    async fn pairs_owed_by(&self, end: &End) -> LedgerResult<Vec<PairKey>>;

    /// What it takes away.
    async fn withdrawals(&self, by: &Withdrawer) -> LedgerResult<Withdrawals>;

    /// How many pairs with an end in that account, or that the group asks for, have a connection, or had theirs withdrawn and
    /// removed after that time, in seconds since 1970.
    async fn count_pairs(&self, of: &Withdrawer, removed_since: i64) -> LedgerResult<usize>;

    /// The item of every pair. One that can't be used is an error of its own, with its key.
    async fn items(&self) -> LedgerResult<Vec<Result<LedgerItem, (String, LedgerError)>>>;

    /// The execution that has the lease on all groups.
    async fn groups_holder(&self) -> LedgerResult<Option<String>>;

    /// Whether an execution that holds a pair still runs.
    async fn execution_state(&self, execution: &str) -> LedgerResult<ExecutionState>;
}

/// What can be written.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait LedgerWrites {
    /// Makes one conditional change.
    async fn update(&self, pair: &PairKey, update: &Update) -> LedgerResult<Updated>;

    /// Takes the lease on all groups for that execution, unless another one than itself and `dead` has it: that one then.
    async fn take_groups(&self, execution: &str, dead: Option<&str>) -> LedgerResult<Result<(), String>>;

    /// Notes that this execution waits for that lease, unless one whose ARN comes later does: that one then.
    async fn wait_for_groups(&self, execution: &str) -> LedgerResult<Option<String>>;

    /// Gives it back, if that execution has it.
    async fn leave_groups(&self, execution: &str) -> LedgerResult<()>;

    /// Lets the brake hold what that one takes away, unless it does so since another time than `before`: then
    /// another execution was first. Answers the hold in force.
    async fn hold(&self, by: &Withdrawer, hold: Hold, before: Option<&Hold>) -> LedgerResult<Hold>;
}

/// Both.
pub trait Ledger: LedgerReads + LedgerWrites {}

impl<L: LedgerReads + LedgerWrites> Ledger for L {}
