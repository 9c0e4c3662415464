//! What stands against a pair.

use crate::groups::admission::{Admission, ordered};
use crate::groups::membership::GroupName;
use crate::groups::planning::Member;
use crate::groups::room::RouteRoom;
use std::collections::BTreeSet;

impl Admission<'_> {
    /// What stands against the pair, whatever room there is.
    pub(super) fn obstacle(&self, name: &GroupName, member: usize, peer: usize) -> Option<(&'static str, String)> {
        let members = self.planning.members;
        if let Some(excluded) = [member, peer].into_iter().find(|number| members[*number].excluded) {
            return Some(("Excluded", format!("{} is excluded", members[excluded].end.vpc_id)));
        }
        if let Some(reason) = (self.planning.not_admitted)(name, member, peer) {
            return Some(("PeerNotTrusted", reason));
        }
        if let Some((block, other)) = self.overlaps.get(&ordered(member, peer)) {
            return Some(("OverlappingCidrs", format!("{block} overlaps {other}")));
        }
        self.conflict(member, peer).map(|reason| ("OverlappingCidrs", reason))
    }

    /// Who holds at one of the two what the other is routed by.
    pub(super) fn conflict(&self, member: usize, peer: usize) -> Option<String> {
        let members = self.planning.members;
        [(member, peer), (peer, member)].into_iter().find_map(|(routed, at)| {
            let holder = self.conflicts[routed].iter().find(|other| self.peers[at].contains(other))?;
            let [routed, at, holder] = [routed, at, *holder].map(|number| &members[number].end.vpc_id);
            Some(format!("{at} routes a block of {routed} to {holder}"))
        })
    }

    /// Why so many more peerings, with these routes, have no place at a member, if they have none.
    fn full(&self, number: usize, more: usize, routes: RouteRoom) -> Option<String> {
        let Member { end, peerings, .. } = &self.planning.members[number];
        let (id, limit) = (&end.vpc_id, self.planning.peerings_per_vpc);
        if peerings + self.peers[number].len() + more > limit {
            return Some(format!("{id} has no room for {more} more of the {limit} peerings that its quota allows"));
        }
        let has_room = self.room[number].minus(routes).is_some();
        (!has_room).then(|| format!("a table of {id} has no room for the routes"))
    }

    /// The same of the pair, at either end.
    pub(super) fn full_for(&self, member: usize, peer: usize) -> Option<String> {
        let [routes, of_peer] = [member, peer].map(|number| RouteRoom::of(&self.planning.members[number].routed));
        self.full(member, 1, of_peer).or_else(|| self.full(peer, 1, routes))
    }

    /// The same of a mesh member with all of its peers.
    pub(super) fn full_for_all(&self, member: usize, peers: &[usize], left_out: &BTreeSet<usize>) -> Option<String> {
        let routes = |number: usize| RouteRoom::of(&self.planning.members[number].routed);
        let of_all = peers.iter().fold(RouteRoom { v4: 0, v6: 0 }, |all, peer| all.plus(routes(*peer)));
        let at_peer = |peer: &usize| match left_out.contains(peer) {
            true => Some(format!("{} is left out of the mesh", self.planning.members[*peer].end.vpc_id)),
            false => self.full(*peer, 1, routes(member)),
        };
        self.full(member, peers.len(), of_all).or_else(|| peers.iter().find_map(at_peer))
    }
}
