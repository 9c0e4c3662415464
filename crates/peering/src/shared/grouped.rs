//! The groups as a snapshot shows them: their members, and the plan for all of them.

#![allow(clippy::indexing_slicing, reason = "members are numbered, and every number is of the same list")]

use crate::cidr::overlaps;
use crate::connection::{Connection, End, Vpc};
use crate::consent::{TagRequest, groups_of_pair, missing_admission};
use crate::groups::{GroupName, GroupPlan, GroupsPlan, Member, Pairs, Planning, Refusal, Role, RouteRoom, plan};
use crate::intent::{TagValue, VpcIntent};
use crate::ledger::PairKey;
use crate::route_tables::{Route, RouteTable};
use crate::selection::{RouteSelection, TableSelection};
use crate::shared::advertised::Advertised;
use crate::shared::pair::{Lookup, VpcTags};
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::tags::is_excluded;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// All groups, and what is planned for them.
pub(crate) struct Grouped {
    pub(crate) members: Vec<Member>,
    pub(crate) plan: GroupsPlan,
}

impl Grouped {
    /// Those whose members the snapshot has. What stands in a place that could not be read counts as no member.
    pub(crate) fn of(snapshot: &Snapshot, stack: &Stack) -> Self {
        let described = snapshot.sides().filter(|side| snapshot.is_read(side.end()));
        let described = described.filter_map(|side| Some((side, snapshot.vpc(side.end())?)));
        let found: Vec<(&VpcTags, &Vpc)> = described.filter(|(side, _)| !side.intent.groups.is_empty()).collect();
        let sides: Vec<&VpcTags> = found.iter().map(|(side, _)| *side).collect();
        let numbers: BTreeMap<&End, usize> =
            sides.iter().enumerate().map(|(number, side)| (side.end(), number)).collect();
        let others = peers_outside(snapshot, stack, &numbers);
        let members: Vec<Member> = found
            .iter()
            .zip(others)
            .map(|((side, vpc), others)| member(stack, side, vpc, snapshot.tables(side.end()), others))
            .collect();
        let live = live_pairs(snapshot, &numbers);
        let missing_admission = |group: &GroupName, one: usize, other: usize| {
            missing_admission(group, [&sides[one].intent, &sides[other].intent], stack)
        };
        let plan = plan(&Planning {
            members: &members,
            live: &live,
            asked: &asked_pairs(stack, &found, &numbers, &live),
            missing_admission: &missing_admission,
            peerings_per_vpc: stack.quotas.peerings_per_vpc as usize,
        });
        Self { members, plan }
    }

    /// The pairs that groups ask for and that have a place, each once.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = PairKey> {
        let admitted: BTreeSet<&(usize, usize)> = self.plan.groups.values().flat_map(|group| &group.pairs).collect();
        admitted.into_iter().map(|pair| PairKey::of(self.ends(*pair)))
    }

    /// How many pairs groups refuse, and so many of them. One that two groups refuse counts once for each.
    pub(crate) fn refusals(&self, limit: usize) -> (usize, impl Iterator<Item = ([&End; 2], &Refusal)>) {
        let count = self.plan.groups.values().map(GroupPlan::refused_count).sum();
        let refused = self.plan.groups.values().flat_map(|group| &group.refused);
        (count, refused.take(limit).map(|refusal| (self.ends((refusal.member, refusal.peer)), refusal)))
    }

    /// The groups of both members whose rule makes their pair.
    pub(crate) fn groups_of(&self, refusal: &Refusal) -> impl Iterator<Item = &GroupName> {
        let [one, other] = [refusal.member, refusal.peer].map(|number| &self.members[number].groups);
        let makes_pair =
            |(name, role): (&'_ GroupName, &Role)| other.get(name).is_some_and(|peer| role.peers_with(*peer));
        one.iter().filter(move |each| makes_pair(*each)).map(|(name, _)| name)
    }

    /// The ends of two members.
    pub(crate) fn ends(&self, (one, other): (usize, usize)) -> [&End; 2] {
        [one, other].map(|number| &self.members[number].end)
    }
}

fn member(stack: &Stack, side: &VpcTags, vpc: &Vpc, tables: &[RouteTable], peerings: usize) -> Member {
    let VpcTags { tags, intent, .. } = side;
    let routed = Advertised { intent, vpc, stack }.existing_destinations(&RouteSelection::default());
    let tables = selected_tables(intent, tables);
    let limit = stack.quotas.routes_per_table as usize;
    let room = tables.iter().map(|table| room_in(table, limit));
    Member {
        end: side.end().clone(),
        groups: intent.groups.clone(),
        blocks: vpc.cidr_blocks.clone(),
        routed: routed.into_iter().collect(),
        excluded: is_excluded(tags),
        room: room.reduce(RouteRoom::least).unwrap_or(RouteRoom { v4: usize::MAX, v6: usize::MAX }),
        peerings,
    }
}

/// Those that its own tag selects; what it selects for one peer alone isn't counted.
fn selected_tables<'t>(intent: &VpcIntent, tables: &'t [RouteTable]) -> Vec<&'t RouteTable> {
    match &intent.routes {
        TagValue::Valid(selection) => selection.pick_existing(tables).tables,
        TagValue::Absent => TableSelection::All.pick_existing(tables).tables,
        TagValue::Invalid => Vec::new(),
    }
}

/// AWS counts the routes that are not propagated, and a prefix list as many times as it may have blocks.
fn room_in(table: &RouteTable, limit: usize) -> RouteRoom {
    let free = |is_v6: bool| {
        let is_counted = |route: &&Route| !route.propagated && matches!(route.destination, IpNet::V6(_)) == is_v6;
        let lists = table.prefix_lists.iter().filter(|list| list.is_v6 == is_v6).map(|list| list.size);
        limit.saturating_sub(table.routes.iter().filter(is_counted).count() + lists.sum::<usize>())
    };
    RouteRoom { v4: free(false), v6: free(true) }
}

/// The pairs of members with a live connection, whoever made it.
fn live_pairs(snapshot: &Snapshot, numbers: &BTreeMap<&End, usize>) -> Pairs {
    let live = snapshot.live_connections();
    live.into_values().filter_map(|connection| numbered(ends(connection), numbers)).collect()
}

/// What takes its place before the groups do: what `peer` tags ask for, unless it can't stand; and connections that no group asks
/// for.
fn asked_pairs(stack: &Stack, found: &[(&VpcTags, &Vpc)], numbers: &BTreeMap<&End, usize>, live: &Pairs) -> Pairs {
    let intent = |number: usize| &found[number].0.intent;
    let is_of_no_group = |(one, other): &&(usize, usize)| groups_of_pair(intent(*one), intent(*other)).next().is_none();
    let can_stand = |(one, other): &(usize, usize)| {
        let [(side, vpc), (peer, peer_vpc)] = [found[*one], found[*other]];
        let is_excluded = is_excluded(&side.tags) || is_excluded(&peer.tags);
        let is_granted = TagRequest::of(&side.intent, &peer.intent, stack) == TagRequest::Granted;
        let is_possible = !is_excluded && overlaps(&vpc.cidr_blocks, &peer_vpc.cidr_blocks).is_empty();
        is_granted && (is_possible || live.contains(&(*one, *other)))
    };
    let named = found.iter().flat_map(|(side, _)| side.intent.peers.iter().map(|peer| [side.end(), peer]));
    let by_tags = named.filter_map(|pair| numbered(pair, numbers)).filter(can_stand);
    by_tags.chain(live.iter().filter(is_of_no_group).copied()).collect()
}

/// For each member, how many connections it has with VPCs that are no members, or is to have because of `peer` tags, unless they can't
/// stand.
fn peers_outside(snapshot: &Snapshot, stack: &Stack, numbers: &BTreeMap<&End, usize>) -> Vec<usize> {
    let mut peers: Vec<BTreeSet<&End>> = vec![BTreeSet::new(); numbers.len()];
    let connected = snapshot.live_connections().into_values().map(ends);
    let requested = snapshot.sides().flat_map(|side| {
        let asked = side.intent.peers.iter().filter(|peer| can_be_had(snapshot, stack, side, peer));
        asked.map(|peer| [side.end(), peer])
    });
    for [one, other] in connected.chain(requested) {
        for (end, peer) in [(one, other), (other, one)] {
            if let (Some(number), None) = (numbers.get(end), numbers.get(peer)) {
                peers[*number].insert(peer);
            }
        }
    }
    peers.iter().map(BTreeSet::len).collect()
}

/// Whether the peering that a VPC's `peer` tag asks for can stand. What could not be read of its peer may allow it.
fn can_be_had(snapshot: &Snapshot, stack: &Stack, side: &VpcTags, peer: &End) -> bool {
    let unread = || Rc::new(VpcTags::unread(stack, peer, Lookup::AccessDenied));
    let other = snapshot.tags_of(stack, peer).unwrap_or_else(unread);
    let blocks = |end: &End| snapshot.vpc(end).map_or(&[][..], |vpc| &vpc.cidr_blocks);
    let is_granted = || TagRequest::of(&side.intent, &other.intent, stack) == TagRequest::Granted;
    other.lookup != Lookup::NotFound
        && !is_excluded(&side.tags)
        && !is_excluded(&other.tags)
        && is_granted()
        && overlaps(blocks(side.end()), blocks(peer)).is_empty()
}

fn ends(connection: &Connection) -> [&End; 2] {
    [&connection.identity.requester, &connection.identity.accepter]
}

/// The pair's numbers, the smaller first, where both are members.
fn numbered([one, other]: [&End; 2], numbers: &BTreeMap<&End, usize>) -> Option<(usize, usize)> {
    let (one, other) = (*numbers.get(one)?, *numbers.get(other)?);
    Some(if one < other { (one, other) } else { (other, one) })
}
