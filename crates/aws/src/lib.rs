//! Isthmus on AWS: the ports answered by EC2, DynamoDB and Step Functions, and the wiring that every function shares.
//!
//! No type of the SDK leaves this crate. Nothing here knows where AWS is: a private endpoint, or a local cloud, is
//! reached through the SDK's own `AWS_ENDPOINT_URL…` variables.

mod accounts;
mod call_errors;
mod change_event;
mod clock;
mod convert;
mod ec2;
mod executions;
mod ledger;
mod logs;
mod metrics;
mod payload;
mod requested_event;
mod serve;
mod settings;

pub use accounts::{Accounts, Credentials};
pub use change_event::ChangeEvent;
pub use clock::SystemClock;
pub use ec2::Ec2Network;
pub use executions::StateMachines;
pub use ledger::DynamoLedger;
pub use logs::{log_requested, log_started, log_swept};
pub use metrics::{count_failure, count_fault_of_groups, count_groups, count_routes};
pub use payload::Payload;
pub use requested_event::RequestedEvent;
pub use serve::{Invocation, Runtime, serve, until_not_throttled};
