//! `PlanGroups`: which pairs the groups make, how they stand, and what it costs to set up what is missing. It only reads.

mod looking;
mod task;

use crate::context::Context;
use crate::error::Error;
use crate::groups::{
    GroupName, GroupPlan, GroupReport, GroupsReport, Lanes, Member, NearQuota, Refusal, RefusedByGroup, Role,
};
use crate::ledger::PairKey;
use crate::plan::shorten;
use crate::ports::{LedgerReads, NetworkReads};
use crate::shared::group_warnings::warnings;
use crate::shared::grouped::Grouped;
use crate::shared::pairs::pair;
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::stack::{Scope, Stack};
use futures_util::{StreamExt, stream};
use looking::{Looked, Stands, look};
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
    let chosen: BTreeMap<&GroupName, &GroupPlan> =
        grouped.plan.groups.iter().filter(|(name, _)| input.is_about(name)).collect();
    let pairs: BTreeSet<(usize, usize)> = chosen.values().flat_map(|group| group.pairs.iter().copied()).collect();
    let whole = &snapshot;
    let looking = stream::iter(pairs).map(async |numbers| {
        let pair = pair(whole, context.stack, PairKey::of(grouped.ends(numbers)));
        (numbers, look(context, whole, pair, &has_time).await)
    });
    let found: BTreeMap<(usize, usize), Looked> = looking.buffered(AT_ONCE).collect().await;
    let mut lanes = Lanes::default();
    found.values().flat_map(|looked| &looked.calls).for_each(|call| call.add_to(&mut lanes));
    let reports = chosen.iter().map(|(name, group)| report_of(&grouped, &found, name, group)).collect();
    let near_quota =
        near_quota(context.stack, &grouped, |member| member.groups.keys().any(|name| input.is_about(name)));
    let mut report = GroupsReport::new(reports, lanes.effort(), near_quota);
    report.left = found.values().filter(|looked| matches!(looked.stands, Stands::Unknown)).count();
    let failed = found.values().filter_map(|looked| looked.failure.clone());
    let mut warnings: Vec<String> = failed.chain(warnings(&snapshot, &grouped, context.stack, &input.groups)).collect();
    shorten(&mut warnings);
    report.warnings.extend(warnings);
    Ok(PlannedGroups { report, publish: !input.dry_run })
}

fn report_of(
    grouped: &Grouped,
    found: &BTreeMap<(usize, usize), Looked>,
    name: &GroupName,
    group: &GroupPlan,
) -> GroupReport {
    let count = |role| group.roles.get(&role).copied().unwrap_or_default();
    let mut report = GroupReport {
        name: name.clone(),
        hubs: count(Role::Hub),
        spokes: count(Role::Spoke),
        mesh: count(Role::Mesh),
        pairs: group.rule,
        in_place: 0,
        set_up: 0,
        torn_down: 0,
        refused_count: group.refused_count(),
        refused: group.refused.iter().map(|refusal| refused(grouped, refusal)).collect(),
    };
    for pair in &group.pairs {
        match found.get(pair).map(|looked| &looked.stands) {
            Some(Stands::InPlace) => report.in_place += 1,
            Some(Stands::ToSetUp) => report.set_up += 1,
            Some(Stands::Refused { error, message }) => {
                let [end, peer] = grouped.ends(*pair).map(|end| end.vpc_id.clone());
                let (error, message) = (error.clone(), message.clone());
                report.refused_count += 1;
                report.refused.push(RefusedByGroup { vpc_id: end, peer_vpc_id: peer, error, message });
            }
            Some(Stands::Unknown) | None => {}
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
        message: refusal.reason.to_string(),
    }
}

fn near_quota(stack: &Stack, grouped: &Grouped, is_chosen: impl Fn(&Member) -> bool) -> Vec<NearQuota> {
    let limit = stack.quotas.peerings_per_vpc as usize;
    let members = grouped.members.iter().zip(&grouped.plan.peerings).filter(|(member, _)| is_chosen(member));
    let used = members.map(|(Member { end, peerings, .. }, of_groups)| (end, peerings + of_groups));
    let near = used.filter(|(_, peerings)| peerings * 10 >= limit * 9);
    near.map(|(end, peerings)| NearQuota { vpc_id: end.vpc_id.clone(), peerings, limit }).collect()
}
