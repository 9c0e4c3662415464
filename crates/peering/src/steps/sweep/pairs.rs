//! The pairs that a sweep has to look at: those that a tag names, those that this stack peered because one did, and those
//! that a status still tells of.

use super::world::World;
use crate::connection::{Connection, End, canonical};
use crate::network::Location;
use crate::stack::{Stack, is_wished_by_tags};
use crate::status_tag::peers;
use crate::steps::pair::Pair;
use std::collections::BTreeSet;

/// A pair, and the connections between its ends.
pub(super) struct Known {
    pub(super) pair: Pair,
    pub(super) connections: Vec<Connection>,
}

/// Each pair once. Those of which an end could not be read are left out: an unread tag is not an absent one.
pub(super) fn pairs(world: &World, stack: &Stack) -> Vec<Known> {
    let mut found: BTreeSet<(End, End)> = BTreeSet::new();
    let mut add = |one: &End, other: &End| {
        let (requester, accepter) = canonical(one, other);
        found.insert((requester.clone(), accepter.clone()));
    };
    for side in world.tagged() {
        side.intent.peers.iter().filter(|peer| **peer != side.end).for_each(|peer| add(&side.end, peer));
        for told in peers(&side.tags, &stack.tag_prefix).filter(|id| *id != side.end.vpc_id) {
            let named = side.intent.peers.iter().find(|peer| peer.vpc_id == told);
            if let Some(peer) = named.or_else(|| world.locate(&told)) {
                add(&side.end, peer);
            } else if world.is_whole() {
                // It is nowhere, so it doesn't matter where it is taken to have been.
                add(&side.end, &Location::from(&side.end).end(told));
            }
        }
    }
    for own in world.own_connections(stack).filter(|own| is_wished_by_tags(&own.tags)) {
        add(&own.record.requester, &own.record.accepter);
    }
    let known = found.into_iter().filter_map(|(requester, accepter)| {
        let sides = [world.seen(stack, &requester)?, world.seen(stack, &accepter)?];
        Some(Known { connections: world.connections(&requester, &accepter), pair: Pair { sides } })
    });
    known.collect()
}
