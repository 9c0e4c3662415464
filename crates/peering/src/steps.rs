//! The states of the machines, one function each, generic over the network.
//!
//! A step takes what its state's `Arguments` select and answers what the state may assign to a variable. Each is safe to
//! run twice, because the machine calls again whenever it can't know whether the last call came through.

mod accept_in_peer_region;
mod batch;
mod create_request;
mod delete_peering;
mod delete_routes;
pub(crate) mod diagnose;
mod executions;
mod pair;
mod plan_teardown;
mod planning;
mod record_failure;
mod roll_back;
mod start_peering;
mod start_requested;
mod sweep;
mod tell;
mod update_routes;
mod wait_active;

pub use accept_in_peer_region::{AcceptTask, Accepted, accept_in_peer_region};
pub use create_request::{CreateTask, Execution, Peering, create_request};
pub use delete_peering::{DeleteTask, Deleted, delete_peering};
pub use delete_routes::{DeleteRoutesTask, RoutesDeleted, delete_routes};
pub use executions::Executions;
pub use plan_teardown::{Dismantling, TeardownTask, plan_teardown};
pub use record_failure::{RecordTask, Recorded, record_failure};
pub use roll_back::{Failure, RollBackTask, RolledBack, roll_back};
pub use start_peering::{Change, StartTask, Started, start_peering};
pub use start_requested::{Requested, RequestedTask, start_requested};
pub use sweep::{Sweep, SweepTask, Swept, sweep};
pub use update_routes::{Routed, UpdateTask, update_routes};
pub use wait_active::{Active, WaitTask, wait_active};
