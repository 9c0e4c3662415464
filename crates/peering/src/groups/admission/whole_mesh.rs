//! Which mesh members have no place: a mesh is whole, or it is none.
//!
//! A member that can't hold all its pairs is left out with all of them, and the rest of the mesh is done. Of several it is the last
//! one, then the others are looked at again. One that stands in the group already is left out of nothing: then the newcomers that
//! it has no room for are.

#![allow(clippy::indexing_slicing, reason = "members are numbered, and every number is of the same list")]

use crate::groups::admission::{Admission, Ordered, ordered};
use crate::groups::membership::{GroupName, Role};
use crate::groups::room::RouteRoom;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The mesh members without a place, and why.
pub(super) type LeftOut = BTreeMap<usize, Rc<str>>;

/// A mesh while members are left out.
struct Mesh<'m> {
    name: &'m GroupName,
    /// The hubs, and the mesh members in the order of their admission.
    hubs: Vec<usize>,
    members: Vec<usize>,
    /// The members with a live connection in the group.
    standing: BTreeSet<usize>,
    /// For each of both, with how many it is still to be paired, and which routes that takes.
    needs: BTreeMap<usize, (usize, RouteRoom)>,
}

impl Admission<'_> {
    /// Those that have no place, while hubs are paired with each other, and mesh members not yet.
    pub(super) fn left_out_of_mesh(&self, name: &GroupName, members: &Ordered) -> LeftOut {
        let mut left_out = LeftOut::new();
        if self.has_room_for_all(members) {
            return left_out;
        }
        let mut mesh = self.mesh(name, members);
        while let Some((number, full)) = self.without_place(&mesh) {
            let (more, routes) = mesh.needs[&full];
            let reason = self.full(full, more, routes).unwrap_or_default();
            left_out.insert(number, reason.into());
            self.leave_out(&mut mesh, number);
        }
        left_out
    }

    /// Whether every member would have room for every other one: then nothing has to be counted.
    fn has_room_for_all(&self, members: &Ordered) -> bool {
        let all = members.iter().map(|(_, number)| self.routes_to(*number));
        let routes = all.fold(RouteRoom::NONE, RouteRoom::plus);
        let others = members.len().saturating_sub(1);
        members.iter().all(|(_, number)| !self.is_full(*number, others, routes))
    }

    fn mesh<'m>(&self, name: &'m GroupName, members: &Ordered) -> Mesh<'m> {
        let of = |wanted: Role| -> Vec<usize> {
            members.iter().filter(|(role, _)| *role == wanted).map(|(_, number)| *number).collect()
        };
        let (hubs, members) = (of(Role::Hub), of(Role::Mesh));
        let all: BTreeSet<usize> = hubs.iter().chain(&members).copied().collect();
        let stands = |number: &&usize| self.peers[**number].iter().any(|peer| all.contains(peer));
        let standing = members.iter().filter(stands).copied().collect();
        let mut mesh = Mesh { name, hubs, members, standing, needs: BTreeMap::new() };
        for place in 0..mesh.members.len() {
            let member = mesh.members[place];
            let before = mesh.hubs.iter().chain(&mesh.members[..place]).copied();
            for peer in before.filter(|peer| self.is_new(name, member, *peer)).collect::<Vec<_>>() {
                mesh.add_need(member, self.routes_to(peer));
                mesh.add_need(peer, self.routes_to(member));
            }
        }
        mesh
    }

    /// Whether the two are still to be paired, and nothing but room can prevent that.
    fn is_new(&self, name: &GroupName, one: usize, other: usize) -> bool {
        !self.kept.contains(&ordered(one, other))
            && !self.peers[one].contains(&other)
            && self.exclusion(one, other).is_none()
            && self.obstacle(name, one, other).is_none()
    }

    pub(super) fn routes_to(&self, number: usize) -> RouteRoom {
        RouteRoom::of(&self.planning.members[number].routed)
    }

    /// The next one to leave out, if there is one, and who has no room: it itself, or one of those with which it makes a pair.
    fn without_place(&self, mesh: &Mesh<'_>) -> Option<(usize, usize)> {
        let is_full = |(number, (more, routes)): &(&usize, &(usize, RouteRoom))| self.is_full(**number, *more, *routes);
        let full: BTreeSet<usize> = mesh.needs.iter().filter(is_full).map(|(number, _)| *number).collect();
        if full.is_empty() {
            return None;
        }
        let own = |number: &&usize| full.contains(*number);
        let paired = |number: &usize| {
            full.iter().find(|full| mesh.needs.contains_key(number) && self.is_new(mesh.name, *number, **full)).copied()
        };
        let newcomers = || mesh.members.iter().rev().filter(|number| !mesh.standing.contains(number));
        let standing = || mesh.members.iter().rev().filter(|number| mesh.standing.contains(number));
        newcomers()
            .find(own)
            .map(|number| (*number, *number))
            .or_else(|| newcomers().find_map(|number| Some((*number, paired(number)?))))
            .or_else(|| standing().find(own).map(|number| (*number, *number)))
            .or_else(|| standing().find_map(|number| Some((*number, paired(number)?))))
    }

    fn leave_out(&self, mesh: &mut Mesh<'_>, number: usize) {
        mesh.members.retain(|member| *member != number);
        mesh.needs.remove(&number);
        let routes = self.routes_to(number);
        let others: Vec<usize> = mesh.hubs.iter().chain(&mesh.members).copied().collect();
        for peer in others.into_iter().filter(|peer| self.is_new(mesh.name, number, *peer)) {
            mesh.drop_need(peer, routes);
        }
    }
}

impl Mesh<'_> {
    fn add_need(&mut self, number: usize, routes: RouteRoom) {
        let (more, all) = self.needs.entry(number).or_insert((0, RouteRoom::NONE));
        *more += 1;
        *all = all.plus(routes);
    }

    fn drop_need(&mut self, number: usize, routes: RouteRoom) {
        if let Some((more, all)) = self.needs.get_mut(&number) {
            *more -= 1;
            *all = all.minus(routes).unwrap_or(RouteRoom::NONE);
            if *more == 0 {
                self.needs.remove(&number);
            }
        }
    }
}
