//! Which pairs of a group's members are to stand, and why the others aren't.
//!
//! Pairs that stand already come first, so that no newcomer takes their place; then `peer` tags come before groups, and in a group
//! hubs before mesh members before spokes, those with a live connection before the others, then in the order of their ids. Each
//! pair that the rule makes is admitted, or refused by name, once.

#![allow(clippy::indexing_slicing, reason = "members are numbered, and every number is of the same list")]

use crate::connection::End;
use crate::groups::admission::{Admission, Kind};
use crate::groups::membership::{GroupName, Role};
use crate::groups::room::RouteRoom;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Pairs of members by their numbers, the smaller first.
pub type Pairs = BTreeSet<(usize, usize)>;

/// A VPC that is a member of at least one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The VPC.
    pub end: End,
    /// Its groups and its roles.
    pub groups: BTreeMap<GroupName, Role>,
    /// All its blocks: EC2 peers no two VPCs with a common one.
    pub blocks: Vec<IpNet>,
    /// What its peers route to.
    pub routed: Vec<IpNet>,
    /// Whether its owner excludes it.
    pub excluded: bool,
    /// How many routes more fit into each of them.
    pub room: RouteRoom,
    /// How many live connections it has with VPCs that are no members.
    pub peerings: usize,
}

/// What is planned.
#[derive(Clone, Copy)]
pub struct Planning<'p> {
    /// Every member, once. Pairs are pairs of their numbers here, the smaller first.
    pub members: &'p [Member],
    /// The pairs with a live connection.
    pub live: &'p Pairs,
    /// The pairs that something else asks for, such as `peer` tags.
    pub asked: &'p Pairs,
    /// Why the pair of these two lacks consent in that group, if it does.
    pub missing_admission: &'p dyn Fn(&GroupName, usize, usize) -> Option<String>,
    /// AWS's quota.
    pub peerings_per_vpc: usize,
}

/// What is planned for all groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupsPlan {
    /// By the groups' names.
    pub groups: BTreeMap<GroupName, GroupPlan>,
    /// The pairs to stand, for whichever group.
    pub pairs: Pairs,
    /// How many peerings each member has then, beside the others that it has.
    pub peerings: Vec<usize>,
}

/// What is planned for one group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupPlan {
    /// How many members are of each role.
    pub roles: BTreeMap<Role, usize>,
    /// The pairs to stand.
    pub pairs: Pairs,
    /// How many pairs the rule makes.
    pub rule: usize,
    /// Those of them that can't stand; of very many, the first [`REFUSALS`].
    pub refused: Vec<Refusal>,
}

impl GroupPlan {
    /// How many pairs of the rule can't stand.
    pub fn refused_count(&self) -> usize {
        self.rule - self.pairs.len()
    }
}

/// So many refusals of a group are kept: a wrong tag on ten thousand VPCs makes fifty million.
pub const REFUSALS: usize = 20_000;

/// A pair that can't stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The member for which there is no place.
    pub member: usize,
    /// The other one.
    pub peer: usize,
    /// The error's public name.
    pub error: &'static str,
    /// Why: the other member that is in the way, or what is full. Shared by all pairs of a member that is refused whole.
    pub reason: Rc<str>,
}

/// Plans all groups. What the plan has is planned again by the next one: a mesh member for which there was no room may fit once
/// other pairs, of which some are in the way of its own, have their places. So it is repeated until nothing is added.
pub fn plan(planning: &Planning<'_>) -> GroupsPlan {
    let mut kept = planning.live.clone();
    loop {
        let plan = plan_beside(planning, &kept);
        let mut refusals = plan.groups.values().flat_map(|group| &group.refused);
        if plan.pairs.is_subset(&kept) || !refusals.any(|refusal| refusal.error == "QuotaExceeded") {
            return plan;
        }
        kept.extend(&plan.pairs);
    }
}

fn plan_beside(planning: &Planning<'_>, kept: &Pairs) -> GroupsPlan {
    let mut admission = Admission::new(planning, kept);
    let groups = groups(planning.members, kept);
    let admit = |admission: &mut Admission<'_>, kind| {
        groups.iter().for_each(|(name, members)| admission.admit_group(name, members, kind));
    };
    planning.asked.intersection(kept).for_each(|pair| admission.add_unless_known(*pair));
    admit(&mut admission, Kind::Kept);
    planning.asked.iter().for_each(|pair| admission.add_unless_known(*pair));
    admit(&mut admission, Kind::New);
    admission.finish(&groups)
}

/// The members of each group in the order of their admission.
fn groups(all: &[Member], kept: &Pairs) -> BTreeMap<GroupName, Vec<(Role, usize)>> {
    let with_connection: BTreeSet<usize> = kept.iter().flat_map(|(one, other)| [*one, *other]).collect();
    let mut groups: BTreeMap<GroupName, Vec<(Role, usize)>> = BTreeMap::new();
    for (number, member) in all.iter().enumerate() {
        for (name, role) in &member.groups {
            groups.entry(name.clone()).or_default().push((*role, number));
        }
    }
    for members in groups.values_mut() {
        members.sort_by_key(|(role, number)| (*role, !with_connection.contains(number), &all[*number].end));
    }
    groups
}
