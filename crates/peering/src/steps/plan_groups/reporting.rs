//! The report of a run.

use super::View;
use super::finding::Found;
use super::looking::{Looked, Stands};
use super::run::{Run, Settlement};
use crate::groups::{
    Cost, GroupName, GroupPlan, GroupReport, GroupsReport, Member, NearQuota, Refusal, RefusedByGroup, Role,
};
use crate::ledger::{LedgerItem, PairKey, Withdrawer};
use crate::plan::shorten;
use crate::shared::group_warnings::warnings;
use crate::shared::grouped::Grouped;
use crate::shared::pairs::PairSnapshot;
use crate::stack::Stack;
use std::collections::{BTreeMap, BTreeSet};

/// What this step has done.
#[derive(Default)]
pub(super) struct Done {
    /// Whether it has the lease on all groups.
    pub(super) has_lease: bool,
    /// The pairs that were given back, and how.
    pub(super) settled: BTreeMap<PairKey, Ended>,
    /// How many pairs of each group are torn down, or are to be.
    pub(super) torn_down: BTreeMap<GroupName, usize>,
}

/// How the run ended with a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    SetUp,
    TornDown,
    Otherwise,
}

impl Done {
    pub(super) fn add(&mut self, known: &PairSnapshot, settlement: &Settlement) {
        // What stood before, and was only recorded, is no set-up.
        let ended = match settlement {
            Settlement::Complete { .. } if known.is_held() || !known.is_established() => Ended::SetUp,
            Settlement::TornDown(_) => Ended::TornDown,
            _ => Ended::Otherwise,
        };
        self.settled.insert(known.key(), ended);
    }
}

/// How the groups stand, what it took, and what people have to know.
pub(super) fn report(
    stack: &Stack,
    view: View<'_>,
    run: &Run<'_>,
    (found, done): (&Found, &Done),
    cost: &Cost,
) -> GroupsReport {
    let View { snapshot, grouped, input } = view;
    let torn_down = torn_down(view, run, done);
    // One that nobody belongs to any more is reported while something of it goes.
    let left: BTreeSet<&GroupName> = torn_down.keys().filter(|name| !grouped.plan.groups.contains_key(*name)).collect();
    let empty = GroupPlan::default();
    let groups = grouped.plan.groups.iter().chain(left.iter().map(|name| (*name, &empty)));
    let reports = groups.filter(|(name, _)| input.is_about(name)).map(|(name, group)| {
        let of_group = torn_down.get(name).copied().unwrap_or_default();
        GroupReport { torn_down: of_group, ..report_of(view, run, (found, done), name, group) }
    });
    let near_quota = near_quota(stack, grouped, |member| member.groups.keys().any(|name| input.is_about(name)));
    let mut report = GroupsReport::new(reports.collect(), cost.clone(), near_quota);
    let is_left = |(numbers, looked): &(&(usize, usize), &Looked)| match looked.stands {
        Stands::Unknown => true,
        Stands::ToSetUp => run.acts && !done.settled.contains_key(&PairKey::of(grouped.ends(**numbers))),
        Stands::InPlace | Stands::Refused { .. } => false,
    };
    report.left = found.admitted.iter().filter(is_left).count();
    let is_known = |name: &GroupName| grouped.plan.groups.contains_key(name) || left.contains(name);
    let unknown = input.groups.iter().filter(|name| !is_known(name));
    let unknown = unknown.map(|name| format!("no VPC is a member of {name}"));
    let of_groups = warnings(snapshot, grouped, stack, |name| input.is_about(name));
    let mut more: Vec<String> = found.failures().cloned().chain(unknown).chain(of_groups).collect();
    shorten(&mut more);
    report.warnings.extend(more);
    report
}

/// By group: what this run tore down in this round or before, or would tear down.
fn torn_down(View { snapshot, .. }: View<'_>, run: &Run<'_>, done: &Done) -> BTreeMap<GroupName, usize> {
    if !run.acts {
        return done.torn_down.clone();
    }
    let mut torn_down: BTreeMap<GroupName, usize> = BTreeMap::new();
    let is_done = |item: &&LedgerItem| {
        let is_before = item.removed.is_some() && item.records_success_of(run.execution);
        is_before || done.settled.get(&item.pair) == Some(&Ended::TornDown)
    };
    for item in snapshot.items().filter(is_done) {
        if let Some(Withdrawer::Group(name)) = &item.withdrawn_by {
            *torn_down.entry(name.clone()).or_default() += 1;
        }
    }
    torn_down
}

fn report_of(
    View { snapshot, grouped, .. }: View<'_>,
    run: &Run<'_>,
    (found, done): (&Found, &Done),
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
        let Some(looked) = found.admitted.get(pair) else { continue };
        let key = PairKey::of(grouped.ends(*pair));
        let is_set_up = match done.settled.get(&key) {
            Some(ended) => *ended == Ended::SetUp,
            None => snapshot.item(&key).is_some_and(|item| item.records_success_of(run.execution)),
        };
        match &looked.stands {
            Stands::Refused { error, message } => {
                let [end, peer] = grouped.ends(*pair).map(|end| end.vpc_id.clone());
                let (error, message) = (error.clone(), message.clone());
                report.refused_count += 1;
                report.refused.push(RefusedByGroup { vpc_id: end, peer_vpc_id: peer, error, message });
            }
            Stands::InPlace | Stands::ToSetUp if is_set_up => report.set_up += 1,
            Stands::InPlace => report.in_place += 1,
            Stands::ToSetUp if !run.acts => report.set_up += 1,
            Stands::ToSetUp | Stands::Unknown => {}
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
