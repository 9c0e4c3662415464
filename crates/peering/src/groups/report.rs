//! What a run of the groups machine answers: how each group stands, what is to be done, and what it costs.

use crate::groups::effort::Effort;
use crate::groups::membership::GroupName;
use crate::ids::{AccountId, Region, VpcId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The report about all groups, or those that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupsReport {
    /// Each group, by name.
    pub groups: Vec<GroupReport>,
    /// How many calls of EC2 that write it takes to set up what is missing, by action.
    pub calls: BTreeMap<String, usize>,
    /// EC2's token buckets allow no less time, in seconds.
    pub least_seconds: usize,
    /// The bucket that takes the longest; none where no call waits for a token.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slowest: Option<SlowestLane>,
    /// The members for which nine tenths of the quota of peerings are used, or will be.
    pub near_quota: Vec<NearQuota>,
    /// How many pairs there was no time to look at.
    pub left: usize,
    /// What to correct, or to know.
    pub warnings: Vec<String>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupReport {
    /// Its name.
    pub name: GroupName,
    /// How many of its members are hubs.
    pub hubs: usize,
    /// How many are spokes.
    pub spokes: usize,
    /// How many are mesh.
    pub mesh: usize,
    /// How many pairs its rule makes.
    pub pairs: usize,
    /// How many of these stand as they should.
    pub in_place: usize,
    /// How many are to be set up, or repaired.
    pub set_up: usize,
    /// How many pairs are to be torn down.
    pub torn_down: usize,
    /// How many can't stand.
    pub refused_count: usize,
    /// The first of these. A report lists 500 at most.
    pub refused: Vec<RefusedByGroup>,
}

/// A pair that a group's rule makes, and that can't stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefusedByGroup {
    /// The member for which there is no place.
    pub vpc_id: VpcId,
    /// The other one.
    pub peer_vpc_id: VpcId,
    /// The error's public name.
    pub error: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// The calls of one action in one Region of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SlowestLane {
    /// The account.
    pub owner_id: AccountId,
    /// The Region.
    pub region: Region,
    /// EC2's action.
    pub action: String,
    /// How many calls.
    pub calls: usize,
}

/// A member with little room for peerings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NearQuota {
    /// The member.
    pub vpc_id: VpcId,
    /// How many peerings it has, with those that are planned.
    pub peerings: usize,
    /// How many its quota allows.
    pub limit: usize,
}

/// How many refused pairs a report lists: a state's output holds 256 KiB.
const REFUSED_LISTED: usize = 500;

impl GroupsReport {
    /// The report about these groups, of which setting up what is missing costs that.
    pub fn new(mut groups: Vec<GroupReport>, effort: Effort) -> Self {
        let mut room = REFUSED_LISTED;
        for group in &mut groups {
            group.refused_count = group.refused.len();
            group.refused.truncate(room);
            room -= group.refused.len();
        }
        Self {
            groups,
            calls: effort.calls.into_iter().map(|(action, calls)| (action.to_owned(), calls)).collect(),
            least_seconds: effort.least_seconds,
            slowest: effort.slowest.map(|slowest| SlowestLane {
                owner_id: slowest.at.owner_id,
                region: slowest.at.region,
                action: slowest.action.to_owned(),
                calls: slowest.calls,
            }),
            ..Self::default()
        }
    }
}
