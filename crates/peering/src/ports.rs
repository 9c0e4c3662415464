//! What the domain asks of the outside, in this project's words.
//!
//! The `aws` crate answers with EC2 and Step Functions, `testing` from memory. Reads and writes are different traits, so
//! that what only plans can't write.

mod call_error;
mod clock;
mod executions;
mod ledger;
mod network;
mod region;

pub use call_error::{CallError, CallErrorKind, CallResult};
pub use clock::Clock;
pub use executions::Executions;
pub use ledger::{ExecutionState, Ledger, LedgerError, LedgerReads, LedgerResult, LedgerWrites, Updated};
pub use network::{Network, NetworkReads, NetworkWrites};
pub use region::{Location, RegionReads};
