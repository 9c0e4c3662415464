//! Groups: many VPCs that peer by one tag on each, as a star or a mesh. Who is a member, and which pairs that makes, is decided
//! here; pure, and for all groups at once.

mod accounts;
mod admission;
mod consent;
mod effort;
mod membership;
mod overlaps;
mod planning;
mod report;
mod room;

pub use accounts::GroupAccounts;
pub use consent::{asking_group, groups_of_pair, not_admitted};
pub use effort::{Effort, LaneCalls, Lanes, effort};
pub use membership::{GroupName, Role, memberships};
pub use overlaps::overlapping;
pub use planning::{GroupPlan, GroupsPlan, Member, Pairs, Planning, Refusal, plan};
pub use report::{GroupReport, GroupsReport, NearQuota, RefusedByGroup, SlowestLane};
pub use room::RouteRoom;
