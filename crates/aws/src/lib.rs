//! Isthmus on AWS: the one port answered by EC2, and the wiring that every function shares.
//!
//! No type of the SDK leaves this crate. Nothing here knows where AWS is: a private endpoint, or a local cloud, is
//! reached through the SDK's own `AWS_ENDPOINT_URL…` variables.

mod accounts;
mod convert;
mod ec2;
mod executions;
mod logs;
mod refusals;
mod serve;
mod settings;
mod tag_event;

pub use accounts::{Accounts, Credentials};
pub use ec2::Ec2Network;
pub use executions::StateMachine;
pub use serve::{Hub, TimeLeft, log_refusals, serve};
pub use tag_event::TagEvent;
