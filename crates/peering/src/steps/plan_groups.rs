//! `PlanGroups`: which pairs the groups make, how they stand, and what it costs to set up what is missing. It only reads.

mod task;

use crate::connection::adopt;
use crate::context::Context;
use crate::error::Error;
use crate::groups::{
    GroupName, GroupPlan, GroupReport, GroupsReport, Lanes, Member, NearQuota, Refusal, RefusedByGroup, Role,
};
use crate::ids::VpcId;
use crate::ledger::PairKey;
use crate::ports::{LedgerReads, NetworkReads};
use crate::shared::drift::{Examined, Finding, examine};
use crate::shared::group_warnings::warnings;
use crate::shared::grouped::Grouped;
use crate::shared::pairs::{PairSnapshot, pair};
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::stack::{Scope, Stack};
use crate::status::PeeringStatus;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use task::GroupsInput;
pub use task::GroupsTask;

/// The answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedGroups {
    /// The output of the execution.
    pub report: GroupsReport,
    /// Whether it is published on the bus: a dry run isn't.
    pub publish: bool,
}

/// A pair of a group, and what is found about it; `None` while an execution works on it, or where there was no time.
type Found = BTreeMap<PairKey, (PairSnapshot, Result<Option<Examined>, Error>)>;

/// Reads everything in that scope, and plans the groups that the task names, or all. Fails if the stack's own Region can't be read.
pub async fn plan_groups(
    context: Context<'_, impl NetworkReads, impl LedgerReads>,
    scope: &Scope,
    task: GroupsTask,
    has_time: impl Fn() -> bool,
) -> Result<PlannedGroups, Error> {
    let input = GroupsInput::parse(&task.input)?;
    let snapshot = Snapshot::read(context, scope).await?;
    let grouped = Grouped::of(&snapshot, context.stack);
    let is_chosen = |name: &GroupName| input.groups.is_empty() || input.groups.contains(name);
    let chosen: Vec<(&GroupName, &GroupPlan)> =
        grouped.plan.groups.iter().filter(|(name, _)| is_chosen(name)).collect();
    let keys: BTreeSet<PairKey> =
        chosen.iter().flat_map(|(_, group)| &group.pairs).map(|pair| PairKey::of(grouped.ends(*pair))).collect();
    let (whole, groups) = (&snapshot, &grouped);
    let finding = stream::iter(keys).map(async |key| {
        let known = pair(whole, context.stack, key.clone())?;
        let is_free = known.item.as_ref().is_none_or(|item| item.holder.is_none());
        let found = match has_time() {
            true if is_free => examine(context, whole, groups, &known, false).await.map(Some),
            _ => Ok(None),
        };
        Some((key, (known, found)))
    });
    let found: Found = finding.buffered(AT_ONCE).filter_map(async |found| found).collect().await;
    let reports = chosen.iter().map(|(name, group)| report_of(&grouped, &found, name, group)).collect();
    let mut report = GroupsReport::new(reports, lanes(context.stack, &found).effort());
    report.left = found.values().filter(|(known, found)| is_left(known, found)).count();
    report.near_quota = near_quota(context.stack, &grouped);
    report.warnings = warnings(&snapshot, &grouped, context.stack, &input.groups);
    Ok(PlannedGroups { report, publish: !input.dry_run })
}

/// Whether there was no time to look at the pair.
fn is_left(known: &PairSnapshot, found: &Result<Option<Examined>, Error>) -> bool {
    matches!(found, Ok(None)) && known.item.as_ref().is_none_or(|item| item.holder.is_none())
}

fn report_of(grouped: &Grouped, found: &Found, name: &GroupName, group: &GroupPlan) -> GroupReport {
    let count = |role| group.roles.get(&role).copied().unwrap_or_default();
    let mut report = GroupReport {
        name: name.clone(),
        hubs: count(Role::Hub),
        spokes: count(Role::Spoke),
        mesh: count(Role::Mesh),
        pairs: group.pairs.len() + group.refused.len(),
        in_place: 0,
        set_up: 0,
        torn_down: 0,
        refused_count: 0,
        refused: group.refused.iter().map(|refusal| refused(grouped, refusal)).collect(),
    };
    for pair in &group.pairs {
        let [end, peer] = grouped.ends(*pair);
        let Some((known, found)) = found.get(&PairKey::of([end, peer])) else { continue };
        let mut refuse = |error: String, message: String| {
            let (vpc_id, peer_vpc_id) = (end.vpc_id.clone(), peer.vpc_id.clone());
            report.refused.push(RefusedByGroup { vpc_id, peer_vpc_id, error, message });
        };
        match found {
            Err(error) => refuse(error.name_and_cause().0, error.to_string()),
            Ok(None) => report.set_up += usize::from(!is_left(known, found)),
            Ok(Some(Examined { finding, .. })) => match finding {
                Finding::Refused { status: PeeringStatus::Failed { error, message }, .. } => {
                    refuse(error.clone(), message.clone());
                }
                // What stands of an excluded VPC is refused without a failure.
                Finding::InPlace(..) | Finding::Kept(Some(_)) | Finding::Refused { .. } => report.in_place += 1,
                _ => report.set_up += 1,
            },
        }
    }
    report
}

fn refused(grouped: &Grouped, refusal: &Refusal) -> RefusedByGroup {
    let [end, peer] = grouped.ends((refusal.member, refusal.peer));
    RefusedByGroup {
        vpc_id: end.vpc_id.clone(),
        peer_vpc_id: peer.vpc_id.clone(),
        error: refusal.error.to_owned(),
        message: refusal.reason.clone(),
    }
}

/// The calls that set up what is missing.
fn lanes(stack: &Stack, found: &Found) -> Lanes {
    let mut lanes = Lanes::default();
    for (known, found) in found.values() {
        let Ok(Some(Examined { finding, sides: Some(sides) })) = found else { continue };
        if !finding.is_to_start() {
            continue;
        }
        let [end, peer] = known.pair.ends();
        if adopt(&known.connections, end, peer, stack).is_none() {
            lanes.add_connection(end, peer);
        }
        for side in sides {
            lanes.add_routes(&side.end, side.additions().count(), side.removals().count());
        }
    }
    lanes
}

fn near_quota(stack: &Stack, grouped: &Grouped) -> Vec<NearQuota> {
    let limit = stack.quotas.peerings_per_vpc as usize;
    let near = |(Member { end, peerings, .. }, of_groups): (&Member, &usize)| {
        let peerings = peerings + of_groups;
        let vpc_id: &VpcId = &end.vpc_id;
        (peerings * 10 >= limit * 9).then(|| NearQuota { vpc_id: vpc_id.clone(), peerings, limit })
    };
    grouped.members.iter().zip(&grouped.plan.peerings).filter_map(near).collect()
}
