//! Groups: many VPCs that peer by one tag on each, as a star or a mesh. Who is a member, and which pairs that makes, is decided
//! here; pure, and for all groups at once.

mod accounts;
mod admission;
mod effort;
mod membership;
mod overlaps;
mod planning;
mod report;
mod room;

pub use accounts::GroupAccounts;
pub use effort::{Effort, LaneCalls, Lanes};
pub use membership::{GroupName, Role, memberships};
pub use overlaps::overlapping;
pub use planning::{GroupPlan, GroupsPlan, Member, Pairs, Planning, REFUSALS, Refusal, plan};
pub use report::{GroupReport, GroupsReport, NearQuota, RefusedByGroup, SlowestLane};
pub use room::RouteRoom;
