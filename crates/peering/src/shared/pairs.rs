//! The pairs that a sweep examines: those that a tag names, those that this stack peered because one did, and those that a
//! status tag is about.

use crate::connection::{Connection, End, canonical};
use crate::ports::Location;
use crate::shared::pair::Pair;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::tags::{is_requested_by_tags, peers_with_status};
use std::collections::BTreeSet;

/// A pair, and the connections between its ends.
pub(crate) struct PairSnapshot {
    pub(crate) pair: Pair,
    pub(crate) connections: Vec<Connection>,
}

/// Each pair once. Those with an end that could not be read are left out: an unread tag is not an absent one.
pub(crate) fn pairs(snapshot: &Snapshot, stack: &Stack) -> Vec<PairSnapshot> {
    let mut found: BTreeSet<(End, End)> = BTreeSet::new();
    let mut add = |one: &End, other: &End| {
        let (requester, accepter) = canonical(one, other);
        found.insert((requester.clone(), accepter.clone()));
    };
    for side in snapshot.tagged() {
        side.intent.peers.iter().filter(|peer| *peer != side.end()).for_each(|peer| add(side.end(), peer));
        for id in peers_with_status(&side.tags, &stack.tag_prefix).filter(|id| *id != side.end().vpc_id) {
            let named = side.intent.peers.iter().find(|peer| peer.vpc_id == id);
            if let Some(peer) = named.or_else(|| snapshot.locate(&id)) {
                add(side.end(), peer);
            } else if snapshot.is_complete() {
                // It does not exist, so any location will do.
                add(side.end(), &Location::from(side.end()).end(id));
            }
        }
    }
    for own in snapshot.own_connections(stack).filter(|own| is_requested_by_tags(&own.tags)) {
        add(&own.identity.requester, &own.identity.accepter);
    }
    let pairs = found.into_iter().filter_map(|(requester, accepter)| {
        let sides = [snapshot.tags_of(stack, &requester)?, snapshot.tags_of(stack, &accepter)?];
        Some(PairSnapshot { connections: snapshot.connections(&requester, &accepter), pair: Pair { sides } })
    });
    pairs.collect()
}
