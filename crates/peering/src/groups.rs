//! Groups: many VPCs that peer by one tag on each, as a star or a mesh. Who is a member, and which pairs that makes, is decided
//! here; pure, and for all groups at once.

mod accounts;
mod admission;
mod bucket;
mod effort;
mod membership;
mod overlaps;
mod planning;
mod report;
mod room;
mod round;

pub use accounts::GroupAccounts;
pub use bucket::Buckets;
pub(crate) use effort::{ACCEPT, CREATE, CREATE_ROUTE, DELETE_CONNECTION, DELETE_ROUTE, MODIFY_OPTIONS};
pub use effort::{CallCounts, Effort, LaneCalls};
pub use membership::{GroupName, Role, memberships};
pub use overlaps::Overlaps;
pub use planning::{GroupPlan, GroupsPlan, Member, Pairs, Planning, REFUSALS, Refusal, plan};
pub use report::{Cost, GroupReport, GroupsReport, NearQuota, RefusedByGroup, SlowestLane};
pub use room::RouteRoom;
pub(crate) use room::TO_MAKE_ROOM;
pub use round::{Lane, Round, Work};
