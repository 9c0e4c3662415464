//! The groups as a snapshot shows them: their members, and the plan for all of them.

#![allow(clippy::indexing_slicing, reason = "members are numbered, and every number is of the same list")]

use crate::connection::{Connection, End, Vpc};
use crate::consent::TagRequest;
use crate::groups::{
    GroupName, GroupsPlan, Member, Pairs, Planning, Role, RouteRoom, groups_of_pair, not_admitted, plan,
};
use crate::intent::{TagValue, VpcIntent};
use crate::ledger::PairKey;
use crate::route_tables::{Route, RouteTable};
use crate::selection::{RouteSelection, TableSelection};
use crate::shared::advertised::Advertised;
use crate::shared::pair::VpcTags;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::tags::is_excluded;
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// All groups, and what is planned for them.
pub(crate) struct Grouped {
    pub(crate) members: Vec<Member>,
    pub(crate) plan: GroupsPlan,
    refusals: BTreeMap<PairKey, (&'static str, String)>,
}

impl Grouped {
    /// Those whose members the snapshot has.
    pub(crate) fn of(snapshot: &Snapshot, stack: &Stack) -> Self {
        let described = snapshot.sides().filter_map(|side| Some((side, snapshot.vpc(side.end())?)));
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
        let not_admitted = |group: &GroupName, one: usize, other: usize| {
            let intents = [&sides[one].intent, &sides[other].intent];
            let roles = intents.map(|intent| intent.groups.get(group).copied().unwrap_or(Role::Spoke));
            not_admitted(group, intents, roles, stack)
        };
        let plan = plan(&Planning {
            members: &members,
            live: &live,
            asked: &asked_pairs(stack, &sides, &numbers, &live),
            not_admitted: &not_admitted,
            peerings_per_vpc: stack.quotas.peerings_per_vpc as usize,
        });
        Self { refusals: refusals(&members, &plan), members, plan }
    }

    /// Every pair that a group's rule makes, whether or not it can stand.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = PairKey> {
        let admitted = self.plan.groups.values().flat_map(|group| &group.pairs);
        admitted.map(|pair| PairKey::of(self.ends(*pair))).chain(self.refusals.keys().cloned())
    }

    /// The ends of two members.
    pub(crate) fn ends(&self, (one, other): (usize, usize)) -> [&End; 2] {
        [one, other].map(|number| &self.members[number].end)
    }

    /// Why the pair can't stand, where groups alone make it: the error's name, and what to do.
    pub(crate) fn refusal(&self, pair: &PairKey) -> Option<(&'static str, &str)> {
        self.refusals.get(pair).map(|(error, reason)| (*error, reason.as_str()))
    }
}

/// What one group refuses and another one admits stands.
fn refusals(members: &[Member], plan: &GroupsPlan) -> BTreeMap<PairKey, (&'static str, String)> {
    let refused = plan.groups.values().flat_map(|group| &group.refused);
    let key = |one: usize, other: usize| PairKey::of([&members[one].end, &members[other].end]);
    refused.map(|each| (key(each.member, each.peer), (each.error, each.reason.clone()))).collect()
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
        tables: tables.len(),
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

/// What takes its place before the groups do: what `peer` tags ask for, and connections that no group asks for.
fn asked_pairs(stack: &Stack, sides: &[&VpcTags], numbers: &BTreeMap<&End, usize>, live: &Pairs) -> Pairs {
    let is_of_no_group =
        |(one, other): &&(usize, usize)| groups_of_pair(&sides[*one].intent, &sides[*other].intent).next().is_none();
    let by_tags = sides.iter().flat_map(|side| {
        let granted = side.intent.peers.iter().filter_map(|peer| {
            let pair = numbered([side.end(), peer], numbers)?;
            let [one, other] = [pair.0, pair.1].map(|number| &sides[number].intent);
            (TagRequest::of(one, other, stack) == TagRequest::Granted).then_some(pair)
        });
        granted.collect::<Vec<_>>()
    });
    by_tags.chain(live.iter().filter(is_of_no_group).copied()).collect()
}

/// For each member, how many connections it has, or is to have because of `peer` tags, with VPCs that are no members.
fn peers_outside(snapshot: &Snapshot, stack: &Stack, numbers: &BTreeMap<&End, usize>) -> Vec<usize> {
    let mut peers: Vec<BTreeSet<&End>> = vec![BTreeSet::new(); numbers.len()];
    let connected = snapshot.live_connections().into_values().map(ends);
    let requested = snapshot.sides().flat_map(|side| {
        let peers = side.intent.peers.iter().filter_map(|peer| snapshot.side(peer));
        let is_granted = |peer: &&VpcTags| TagRequest::of(&side.intent, &peer.intent, stack) == TagRequest::Granted;
        peers.filter(is_granted).map(|peer| [side.end(), peer.end()])
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

fn ends(connection: &Connection) -> [&End; 2] {
    [&connection.identity.requester, &connection.identity.accepter]
}

/// The pair's numbers, the smaller first, where both are members.
fn numbered([one, other]: [&End; 2], numbers: &BTreeMap<&End, usize>) -> Option<(usize, usize)> {
    let (one, other) = (*numbers.get(one)?, *numbers.get(other)?);
    Some(if one < other { (one, other) } else { (other, one) })
}
