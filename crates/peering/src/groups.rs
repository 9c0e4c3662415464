//! Groups: many VPCs that peer by one tag on each, as a star or a mesh. Who is a member, and which pairs that makes, is decided
//! here; pure, and for all groups at once.

mod accounts;
mod admission;
mod effort;
mod membership;
mod overlaps;
mod planning;
mod room;

pub use accounts::GroupAccounts;
pub use effort::{Effort, LaneCalls, effort};
pub use membership::{GroupName, Membership, Role, memberships};
pub use overlaps::overlapping;
pub use planning::{GroupPlan, GroupsPlan, Member, Planning, Refusal, plan};
pub use room::RouteRoom;
