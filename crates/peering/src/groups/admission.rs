//! Admitting the pairs of a group one by one.

#![allow(clippy::indexing_slicing, reason = "members are numbered, and every number is of the same list")]

mod obstacles;

use crate::groups::membership::{GroupName, Role};
use crate::groups::overlaps::overlapping;
use crate::groups::planning::{GroupPlan, GroupsPlan, Member, Pairs, Planning, Refusal};
use crate::groups::room::RouteRoom;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Which pairs are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Those that stand, or were planned before.
    Kept,
    /// The others.
    New,
}

pub(super) struct Admission<'p> {
    planning: &'p Planning<'p>,
    kept: &'p Pairs,
    /// Members whose blocks overlap, and with which block of whom.
    overlaps: BTreeMap<(usize, usize), (IpNet, IpNet)>,
    /// For each member, those with which its routed blocks overlap: not both can be routed from a third.
    conflicts: Vec<Vec<usize>>,
    /// For each member, its peers so far.
    peers: Vec<Vec<usize>>,
    room: Vec<RouteRoom>,
    /// For each member, the last one of whom it was marked as a peer.
    marks: Vec<usize>,
    refused: BTreeMap<GroupName, Vec<Refusal>>,
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
        let mut conflicts = vec![Vec::new(); members.len()];
        for (one, other) in overlapping(blocks(|member| &member.routed)).into_keys() {
            conflicts[one].push(other);
            conflicts[other].push(one);
        }
        Self {
            planning,
            kept,
            overlaps: overlapping(blocks(|member| &member.blocks)),
            conflicts,
            peers: vec![Vec::new(); members.len()],
            room: members.iter().map(|member| member.room).collect(),
            marks: vec![usize::MAX; members.len()],
            refused: BTreeMap::new(),
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
                self.room[at] =
                    self.room[at].minus(RouteRoom::of(&members[to].routed)).unwrap_or(RouteRoom { v4: 0, v6: 0 });
            }
        }
        self.peers[one].push(other);
        self.peers[other].push(one);
    }

    fn is_live(&self, one: usize, other: usize) -> bool {
        self.planning.live.contains(&ordered(one, other))
    }

    /// Each member with those before it.
    pub(super) fn admit_group(&mut self, name: &GroupName, members: &[(Role, usize)], kind: Kind) {
        let mut left_out = BTreeSet::new();
        for (place, (role, member)) in members.iter().enumerate() {
            for peer in &self.peers[*member] {
                self.marks[*peer] = *member;
            }
            let before = members[..place].iter().filter(|(other, _)| role.peers_with(*other)).map(|(_, peer)| *peer);
            let wanted: Vec<usize> = before
                .filter(|peer| self.marks[*peer] != *member)
                .filter(|peer| (kind == Kind::Kept) == self.kept.contains(&ordered(*member, *peer)))
                .collect();
            self.admit_member(name, (*role, *member), &wanted, kind, &mut left_out);
        }
    }

    fn admit_member(
        &mut self,
        name: &GroupName,
        (role, member): (Role, usize),
        wanted: &[usize],
        kind: Kind,
        left_out: &mut BTreeSet<usize>,
    ) {
        let mut possible = Vec::new();
        for &peer in wanted {
            match self.obstacle(name, member, peer) {
                Some((error, reason)) => self.refuse(name, member, peer, error, reason),
                None => possible.push(peer),
            }
        }
        if kind == Kind::Kept {
            possible.into_iter().for_each(|peer| self.add(member, peer));
            return;
        }
        // A mesh is whole, or it is none.
        if role == Role::Mesh {
            let full = self.full_for_all(member, &possible, left_out);
            if let Some(reason) = full {
                left_out.insert(member);
                possible.into_iter().for_each(|peer| self.refuse(name, member, peer, "QuotaExceeded", reason.clone()));
                return;
            }
        }
        for peer in possible {
            match self.full_for(member, peer) {
                Some(reason) => self.refuse(name, member, peer, "QuotaExceeded", reason),
                // What was admitted a moment ago may be in the way of this one.
                None => match self.conflict(member, peer) {
                    Some(reason) => self.refuse(name, member, peer, "OverlappingCidrs", reason),
                    None => self.add(member, peer),
                },
            }
        }
    }

    fn refuse(&mut self, name: &GroupName, member: usize, peer: usize, error: &'static str, reason: String) {
        self.refused.entry(name.clone()).or_default().push(Refusal { member, peer, error, reason });
    }

    /// What one group refuses and another one admits stands.
    pub(super) fn finish(mut self, groups: &BTreeMap<GroupName, Vec<(Role, usize)>>) -> GroupsPlan {
        let later = |number: usize| self.peers[number].iter().filter(move |peer| number < **peer);
        let pairs = (0..self.peers.len()).flat_map(|number| later(number).map(move |peer| (number, *peer)));
        let mut plan = GroupsPlan { pairs: pairs.collect(), ..GroupsPlan::default() };
        plan.peerings = self.peers.iter().map(Vec::len).collect();
        for (name, members) in groups {
            let mut roles: BTreeMap<Role, usize> = BTreeMap::new();
            members.iter().for_each(|(role, _)| *roles.entry(*role).or_default() += 1);
            let role_of: HashMap<usize, Role> = members.iter().map(|(role, number)| (*number, *role)).collect();
            let pairs = members.iter().flat_map(|(role, number)| {
                let is_of_group = |peer: &&usize| role_of.get(*peer).is_some_and(|other| role.peers_with(*other));
                self.peers[*number]
                    .iter()
                    .filter(|peer| *number < **peer)
                    .filter(is_of_group)
                    .map(|peer| (*number, *peer))
            });
            let pairs = pairs.collect();
            let mut refused = self.refused.remove(name).unwrap_or_default();
            refused.retain(|refusal| !self.peers[refusal.member].contains(&refusal.peer));
            plan.groups.insert(name.clone(), GroupPlan { roles, pairs, refused });
        }
        plan
    }
}

fn ordered(one: usize, other: usize) -> (usize, usize) {
    if one < other { (one, other) } else { (other, one) }
}
