//! The states of the machines and the triggers, one function each, generic over the network.
//!
//! A step takes the task that its state passes and answers what the state assigns to a variable. Each is safe to run
//! twice, because the machine calls again whenever it can't know whether the last call succeeded. No step imports another.

mod accept_in_peer_region;
mod create_request;
mod delete_peering;
mod delete_routes;
mod plan_groups;
mod plan_teardown;
mod record_failure;
mod roll_back;
mod start_peering;
mod start_requested;
mod sweep;
mod topology;
mod update_routes;
mod wait_active;
mod work_lane;

use crate::peering::Peering;
use crate::teardown::TeardownPlan;
use serde::Deserialize;

pub use accept_in_peer_region::{Accepted, accept_in_peer_region};
pub use create_request::{CreateTask, Created, create_request};
pub use delete_peering::{Deleted, delete_peering};
pub use delete_routes::{RoutesDeleted, delete_routes};
pub use plan_groups::{GroupsTask, PlannedGroups, Progress, plan_groups};
pub use plan_teardown::{PlanTeardownTask, PlannedTeardown, plan_teardown};
pub use record_failure::{RecordFailureTask, RecordedFailure, record_failure};
pub use roll_back::{RollBackTask, roll_back};
pub use start_peering::{StartTask, Started, VpcChange, start_peering};
pub use start_requested::{Requested, RequestedTask, start_requested};
pub use sweep::{Drift, RefusedPair, Sweep, SweepTask, Swept, sweep};
pub use topology::topology;
pub use update_routes::{Routed, update_routes};
pub use wait_active::{Active, wait_active};
pub use work_lane::{LaneTask, Pace, Worked, work_lane};

/// What the peering machine passes to every task after `CreateRequest`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PeeringTask {
    /// What `CreateRequest` answered.
    pub peering: Peering,
    /// The ARN of the execution.
    pub execution: String,
    /// How often the machine has called this step before.
    pub attempt: u32,
    /// When the state was entered, as ISO 8601.
    pub time: String,
    /// When the execution started, in milliseconds since 1970.
    pub started: i64,
}

/// What the teardown machine passes to every task after `PlanTeardown`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TeardownTask {
    /// What `PlanTeardown` answered.
    pub teardown: TeardownPlan,
    /// The ARN of the execution.
    pub execution: String,
    /// When the state was entered, as ISO 8601.
    pub time: String,
}
