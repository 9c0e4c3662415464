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
    /// What it cost, or would cost, to set up what was missing.
    #[serde(flatten)]
    pub cost: Cost,
    /// The members for which nine tenths of the quota of peerings are used, or will be.
    pub near_quota: Vec<NearQuota>,
    /// How many pairs are left to the next run: there was no time, another execution works on them, or AWS didn't answer.
    pub left: usize,
    /// What to correct, or to know.
    pub warnings: Vec<String>,
}

/// What it costs to set up what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cost {
    /// The calls of EC2, by action. Status tags don't count.
    pub calls: BTreeMap<String, usize>,
    /// The least time that EC2's token buckets allow, in seconds.
    pub least_seconds: usize,
    /// The bucket that takes the longest, or else has the most calls; none where there is no call.
    #[serde(default)]
    pub slowest: Option<SlowestLane>,
}

impl From<Effort> for Cost {
    fn from(effort: Effort) -> Self {
        Self {
            calls: effort.calls.into_iter().map(|(action, calls)| (action.to_owned(), calls)).collect(),
            least_seconds: effort.least_seconds,
            slowest: effort.slowest.map(|slowest| SlowestLane {
                owner_id: slowest.at.owner_id,
                region: slowest.at.region,
                action: slowest.action.to_owned(),
                calls: slowest.calls,
            }),
        }
    }
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
    /// How many were set up or repaired by this run, or would be.
    pub set_up: usize,
    /// How many pairs, of which the group asks for none any more, were torn down by this run, or would be.
    pub torn_down: usize,
    /// How many can't stand.
    pub refused_count: usize,
    /// The first of these. A report lists 500 at most, of every group some.
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

// A state's output and an event hold 256 KiB. The longest report with these limits is some 220 KiB.
const GROUPS_LISTED: usize = 300;
const REFUSED_LISTED: usize = 500;
const NEAR_QUOTA_LISTED: usize = 100;
const MESSAGE: usize = 200;

impl GroupsReport {
    /// The report about these groups, and what it costs.
    pub fn new(mut groups: Vec<GroupReport>, cost: Cost, mut near_quota: Vec<NearQuota>) -> Self {
        let mut warnings = Vec::new();
        let mut cut = |what: &str, count: usize, listed: usize| {
            if count > listed {
                warnings.push(format!("{count} {what}, of which {listed} are listed"));
            }
        };
        cut("groups", groups.len(), GROUPS_LISTED);
        cut("members are near their quota of peerings", near_quota.len(), NEAR_QUOTA_LISTED);
        // Those without a pair go first; the warnings have them.
        let is_without = |group: &GroupReport| group.pairs == 0 && group.torn_down == 0;
        groups.sort_by(|one, other| (is_without(one), &one.name).cmp(&(is_without(other), &other.name)));
        groups.truncate(GROUPS_LISTED);
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        near_quota.truncate(NEAR_QUOTA_LISTED);
        list_refused(&mut groups);
        Self { groups, cost, near_quota, warnings, left: 0 }
    }
}

/// So many of each group that those of one don't hide those of the others.
fn list_refused(groups: &mut [GroupReport]) {
    let share = REFUSED_LISTED / groups.len().max(1);
    let listed: usize = groups.iter().map(|group| group.refused.len().min(share)).sum();
    let mut room = REFUSED_LISTED - listed;
    for GroupReport { refused, .. } in groups {
        let more = refused.len().saturating_sub(share).min(room);
        room -= more;
        refused.truncate(share + more);
        for RefusedByGroup { message, .. } in refused {
            if message.chars().count() > MESSAGE {
                *message = message.chars().take(MESSAGE - 1).chain(['…']).collect();
            }
        }
    }
}
