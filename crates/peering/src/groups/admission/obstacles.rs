//! What stands against a pair.

use crate::error::Error;
use crate::groups::admission::whole_mesh::LeftOut;
use crate::groups::admission::{Admission, ordered};
use crate::groups::membership::GroupName;
use crate::groups::room::{RouteRoom, TO_MAKE_ROOM};
use crate::tags::EXCLUDE;
use std::rc::Rc;

const OVERLAP: &str = "OverlappingCidrs";
const QUOTA: &str = "QuotaExceeded";

impl Admission<'_> {
    /// Whether the owner of one of the two keeps it out of reach.
    pub(super) fn exclusion(&self, member: usize, peer: usize) -> Option<(&'static str, String)> {
        let members = self.planning.members;
        let excluded = [member, peer].into_iter().find(|number| members[*number].excluded)?;
        let error = Error::Excluded { vpc_id: members[excluded].end.vpc_id.clone(), tag: EXCLUDE };
        Some(("Excluded", error.to_string()))
    }

    /// What stands against the pair, whatever room there is.
    pub(super) fn obstacle(&self, name: &GroupName, member: usize, peer: usize) -> Option<(&'static str, String)> {
        if let Some(reason) = (self.planning.missing_admission)(name, member, peer) {
            return Some(("PeerNotTrusted", reason));
        }
        let (first, second) = ordered(member, peer);
        if let Some((block, other)) = self.overlaps.between(first, second) {
            let remedy = "remove one of the two blocks, or take one of the VPCs out of the group";
            return Some((OVERLAP, format!("{block} overlaps {other}: {remedy}")));
        }
        self.conflict(member, peer).map(|reason| (OVERLAP, reason))
    }

    /// Why a new pair can't stand, if it can't.
    pub(super) fn refusal(
        &self,
        name: &GroupName,
        member: usize,
        peer: usize,
        left_out: Option<&LeftOut>,
    ) -> Option<(&'static str, Rc<str>)> {
        let obstacle = self.exclusion(member, peer).or_else(|| self.obstacle(name, member, peer));
        if let Some((error, reason)) = obstacle {
            return Some((error, reason.into()));
        }
        let left_out = |number: usize| left_out.and_then(|left_out| left_out.get(&number)).cloned();
        let no_place = left_out(member).or_else(|| left_out(peer));
        no_place.or_else(|| self.full_for(member, peer).map(Rc::from)).map(|reason| (QUOTA, reason))
    }

    /// Who holds at one of the two what the other is routed by.
    fn conflict(&self, member: usize, peer: usize) -> Option<String> {
        let members = self.planning.members;
        [(member, peer), (peer, member)].into_iter().find_map(|(routed, at)| {
            if self.conflicts.is_apart(routed) {
                return None;
            }
            let is_holder = |other: &&usize| **other != routed && self.conflicts.between(routed, **other).is_some();
            let holder = self.peers[at].iter().find(is_holder)?;
            let [routed, at, holder] = [routed, at, *holder].map(|number| &members[number].end.vpc_id);
            let remedy = "let one of those two advertise other blocks, or take it out of the group";
            Some(format!("{at} routes a block of {routed} to {holder}: {remedy}"))
        })
    }

    /// Whether so many more peerings, with these routes, have no place at a member.
    pub(super) fn is_full(&self, number: usize, more: usize, routes: RouteRoom) -> bool {
        self.has_no_peering_left(number, more) || self.room[number].minus(routes).is_none()
    }

    fn has_no_peering_left(&self, number: usize, more: usize) -> bool {
        let used = self.planning.members[number].peerings + self.peers[number].len();
        used + more > self.planning.peerings_per_vpc
    }

    /// The same, in words.
    pub(super) fn full(&self, number: usize, more: usize, routes: RouteRoom) -> Option<String> {
        let id = &self.planning.members[number].end.vpc_id;
        let limit = self.planning.peerings_per_vpc;
        match self.has_no_peering_left(number, more) {
            _ if !self.is_full(number, more, routes) => None,
            true => Some(format!(
                "{id} has no room for {more} more of the {limit} peerings that its quota allows: {TO_MAKE_ROOM}"
            )),
            false => Some(format!("a table of {id} has no room for the routes: {TO_MAKE_ROOM}")),
        }
    }

    /// The same of the pair, at either end.
    fn full_for(&self, member: usize, peer: usize) -> Option<String> {
        let [routes, of_peer] = [member, peer].map(|number| self.routes_to(number));
        self.full(member, 1, of_peer).or_else(|| self.full(peer, 1, routes))
    }
}
