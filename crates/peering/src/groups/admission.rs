//! Admitting the pairs of a group one by one.

#![allow(clippy::indexing_slicing, reason = "members are numbered, and every number is of the same list")]

mod obstacles;
mod whole_mesh;

use crate::groups::membership::{GroupName, Role};
use crate::groups::overlaps::Overlaps;
use crate::groups::planning::{GroupPlan, GroupsPlan, Member, Pairs, Planning, REFUSALS, Refusal};
use crate::groups::room::RouteRoom;
use ipnet::IpNet;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// Which pairs are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those that stand, or were planned before.
    Kept,
    /// The others.
    New,
}

/// The members of a group in the order of their admission, with their roles.
type Ordered = [(Role, usize)];

pub(super) struct Admission<'p> {
    planning: &'p Planning<'p>,
    kept: &'p Pairs,
    /// Of all blocks of the members.
    overlaps: Overlaps,
    /// Of those that are routed: of two that overlap not both can be routed from a third.
    conflicts: Overlaps,
    /// For each member, its peers so far.
    peers: Vec<Vec<usize>>,
    room: Vec<RouteRoom>,
    /// For each member, the last one of whom it was marked as a peer.
    marks: Vec<usize>,
    refused: BTreeMap<GroupName, Vec<Refusal>>,
    /// The refused pairs that have a live connection: it takes its place all the same.
    refused_live: Pairs,
}

impl<'p> Admission<'p> {
    pub(super) fn new(planning: &'p Planning<'p>, kept: &'p Pairs) -> Self {
        let members = planning.members;
        let blocks = |of: fn(&Member) -> &Vec<IpNet>| {
            members
                .iter()
                .enumerate()
                .flat_map(move |(number, member)| of(member).iter().map(move |block| (number, *block)))
        };
        Self {
            planning,
            kept,
            overlaps: Overlaps::of(blocks(|member| &member.blocks)),
            conflicts: Overlaps::of(blocks(|member| &member.routed)),
            peers: vec![Vec::new(); members.len()],
            room: members.iter().map(|member| member.room).collect(),
            marks: vec![usize::MAX; members.len()],
            refused: BTreeMap::new(),
            refused_live: Pairs::new(),
        }
    }

    pub(super) fn add_unless_known(&mut self, (one, other): (usize, usize)) {
        if !self.peers[one].contains(&other) {
            self.add(one, other);
        }
    }

    fn add(&mut self, one: usize, other: usize) {
        let members = self.planning.members;
        if !self.is_live(one, other) {
            for (at, to) in [(one, other), (other, one)] {
                self.room[at] = self.room[at].minus(RouteRoom::of(&members[to].routed)).unwrap_or(RouteRoom::NONE);
            }
        }
        self.peers[one].push(other);
        self.peers[other].push(one);
    }

    fn is_live(&self, one: usize, other: usize) -> bool {
        self.planning.live.contains(&ordered(one, other))
    }

    /// Each member with those before it.
    pub(super) fn admit_group(&mut self, name: &GroupName, members: &Ordered, kind: Kind) {
        let mut left_out = None;
        for place in 0..members.len() {
            let (role, member) = members[place];
            let wanted = self.wanted(members, place, kind);
            if kind == Kind::Kept {
                wanted.into_iter().for_each(|peer| self.keep(name, member, peer));
                continue;
            }
            if role == Role::Mesh && left_out.is_none() {
                left_out = Some(self.left_out_of_mesh(name, members));
            }
            for peer in wanted {
                match self.refusal(name, member, peer, left_out.as_ref()) {
                    Some((error, reason)) => self.refuse(name, member, peer, error, reason),
                    None => self.add(member, peer),
                }
            }
        }
    }

    /// The members before that one with which it makes a pair of that kind, and isn't paired yet.
    fn wanted(&mut self, members: &Ordered, place: usize, kind: Kind) -> Vec<usize> {
        let (role, member) = members[place];
        for peer in &self.peers[member] {
            self.marks[*peer] = member;
        }
        let before = members[..place].iter().filter(|(other, _)| role.peers_with(*other)).map(|(_, peer)| *peer);
        before
            .filter(|peer| self.marks[*peer] != member || self.refused_live.contains(&ordered(member, *peer)))
            .filter(|peer| (kind == Kind::Kept) == self.kept.contains(&ordered(member, *peer)))
            .collect()
    }

    /// What stands keeps its place. A standing peering of an excluded VPC is no failure: it stays as it is.
    fn keep(&mut self, name: &GroupName, member: usize, peer: usize) {
        let is_live = self.is_live(member, peer);
        let exclusion = self.exclusion(member, peer).filter(|_| !is_live);
        match exclusion.or_else(|| self.obstacle(name, member, peer)) {
            // A group before this one may have refused it: it has its place already.
            None if self.refused_live.remove(&ordered(member, peer)) => {}
            None => self.add(member, peer),
            Some((error, reason)) => {
                self.refuse(name, member, peer, error, reason.into());
                if is_live && self.refused_live.insert(ordered(member, peer)) {
                    self.add(member, peer);
                }
            }
        }
    }

    fn refuse(&mut self, name: &GroupName, member: usize, peer: usize, error: &'static str, reason: Rc<str>) {
        let refused = self.refused.entry(name.clone()).or_default();
        if refused.len() < REFUSALS {
            refused.push(Refusal { member, peer, error, reason });
        }
    }

    /// What one group refuses and another one admits stands.
    pub(super) fn finish(mut self, groups: &BTreeMap<GroupName, Vec<(Role, usize)>>) -> GroupsPlan {
        let stands = |number: usize, peer: usize| !self.refused_live.contains(&ordered(number, peer));
        let later = |number: usize| {
            self.peers[number].iter().copied().filter(move |peer| number < *peer && stands(number, *peer))
        };
        let pairs = (0..self.peers.len()).flat_map(|number| later(number).map(move |peer| (number, peer)));
        let mut plan = GroupsPlan { pairs: pairs.collect(), ..GroupsPlan::default() };
        plan.peerings = self.peers.iter().map(Vec::len).collect();
        for (name, members) in groups {
            let mut roles: BTreeMap<Role, usize> = BTreeMap::new();
            members.iter().for_each(|(role, _)| *roles.entry(*role).or_default() += 1);
            let role_of: HashMap<usize, Role> = members.iter().map(|(role, number)| (*number, *role)).collect();
            let pairs = members.iter().flat_map(|(role, number)| {
                let is_of_group = |peer: &usize| role_of.get(peer).is_some_and(|other| role.peers_with(*other));
                later(*number).filter(is_of_group).map(|peer| (*number, peer))
            });
            let pairs: Pairs = pairs.collect();
            let mut refused = self.refused.remove(name).unwrap_or_default();
            refused.retain(|refusal| !pairs.contains(&ordered(refusal.member, refusal.peer)));
            plan.groups.insert(name.clone(), GroupPlan { rule: rule_pairs(&roles), roles, pairs, refused });
        }
        plan
    }
}

/// How many pairs so many members of these roles make.
fn rule_pairs(roles: &BTreeMap<Role, usize>) -> usize {
    let [hubs, mesh, spokes] =
        [Role::Hub, Role::Mesh, Role::Spoke].map(|role| roles.get(&role).copied().unwrap_or_default());
    let among = |count: usize| count * count.saturating_sub(1) / 2;
    among(hubs) + among(mesh) + hubs * (mesh + spokes)
}

fn ordered(one: usize, other: usize) -> (usize, usize) {
    if one < other { (one, other) } else { (other, one) }
}
