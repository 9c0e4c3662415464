//! The statuses that a sweep writes. It knows all pairs of a VPC, so it trims: failures come first, then the order of ids.

use crate::connection::End;
use crate::context::Context;
use crate::ids::{VpcId, VpcPeeringConnectionId};
use crate::ports::NetworkWrites;
use crate::shared::candidates::{misplaced, routes_to_strangers};
use crate::shared::pair::{Lookup, Pair, VpcTags};
use crate::shared::snapshot::Snapshot;
use crate::shared::status_tags::{gets_status, remove, trimmed, write_invalid_status};
use crate::stack::Stack;
use crate::status::PeeringStatus;
use crate::tags::{Tags, group_statuses, peers_with_status, status_key};
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// VPCs written to at once.
const AT_ONCE: usize = 64;

/// What a sweep has to tell about a pair.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// This.
    Status(PeeringStatus),
    /// That it stands, unless its status says so already, perhaps with a warning.
    Stands(VpcPeeringConnectionId),
    /// Nothing: an execution tells it, or the pair was not examined.
    AsWritten,
    /// That nothing asks for it.
    Nothing,
}

/// What it has to tell about each pair.
#[derive(Default)]
pub(crate) struct Statuses {
    of: BTreeMap<End, Vec<(Rc<VpcTags>, Told)>>,
}

impl Statuses {
    /// Adds what is to be told about a pair.
    pub(crate) fn add(&mut self, pair: &Pair, told: &Told) {
        let [side, peer] = &pair.sides;
        for (side, peer) in [(side, peer), (peer, side)] {
            self.of.entry(side.end().clone()).or_default().push((Rc::clone(peer), told.clone()));
        }
    }

    /// Writes and removes what differs.
    pub(crate) async fn write<L>(self, context: Context<'_, impl NetworkWrites, L>, snapshot: &Snapshot, time: &str) {
        let write = stream::iter(snapshot.sides()).map(async |side| {
            let told = self.of.get(side.end()).map_or(&[][..], Vec::as_slice);
            write_statuses_of(context, side, told, time).await;
        });
        write.buffer_unordered(AT_ONCE).collect::<()>().await;
    }
}

/// Writes and removes what differs on one VPC.
async fn write_statuses_of<L>(
    context: Context<'_, impl NetworkWrites, L>,
    side: &VpcTags,
    told: &[(Rc<VpcTags>, Told)],
    time: &str,
) {
    let stack = context.stack;
    let peers: Vec<&VpcTags> = told.iter().map(|(peer, _)| &**peer).collect();
    let reasons = peers.iter().filter_map(|peer| misplaced(&stack.tag_prefix, side, peer, &peers));
    let is_peer = |id: &VpcId| peers.iter().any(|peer| peer.end().vpc_id == *id);
    let reasons: BTreeSet<String> = reasons.chain(routes_to_strangers(stack, side, is_peer)).collect();
    let reasons: Vec<String> = reasons.into_iter().collect();
    let is_invalid = !reasons.is_empty() || !side.intent.invalid.is_empty();
    let chosen = choose(stack, side, told, usize::from(is_invalid), time);
    let of_peers = peers_with_status(&side.tags, &stack.tag_prefix).map(|id| status_key(&stack.tag_prefix, &id));
    let present = of_peers.chain(group_statuses(&side.tags, &stack.tag_prefix).cloned());
    let stale: BTreeSet<String> = present.filter(|key| !chosen.contains_key(key)).collect();
    let left = side.tags.iter().filter(|(key, _)| !stale.contains(*key));
    let left = VpcTags { tags: left.map(|(key, value)| (key.clone(), value.clone())).collect(), ..side.clone() };
    remove(context, side, stale).await;
    write_invalid_status(context, &left, &reasons, time).await;
    let changed: Tags = chosen.into_iter().filter(|(key, value)| side.tags.get(key) != Some(value)).collect();
    if !changed.is_empty() {
        let _logged = context.network.tag_vpc(side.end(), &changed).await;
    }
}

/// The status tags that a VPC is to have.
fn choose(stack: &Stack, side: &VpcTags, told: &[(Rc<VpcTags>, Told)], reserved: usize, time: &str) -> Tags {
    let prefix = &stack.tag_prefix;
    let mut of_peer: BTreeMap<VpcId, (&VpcTags, &Told)> = BTreeMap::new();
    for (peer, told) in told {
        let known = of_peer.entry(peer.end().vpc_id.clone()).or_insert((peer, told));
        // Of two with the same id, the one that exists.
        if known.0.lookup != Lookup::Found && peer.lookup == Lookup::Found {
            *known = (peer, told);
        }
    }
    // A run of groups writes those of groups.
    let of_groups = group_statuses(&side.tags, prefix);
    let mut values: Tags = of_groups.filter_map(|key| Some((key.clone(), side.tags.get(key)?.clone()))).collect();
    for id in peers_with_status(&side.tags, prefix).filter(|id| !of_peer.contains_key(id)) {
        if side.intent.may_mention(&id) {
            let written = side.tags.get(&status_key(prefix, &id)).cloned().unwrap_or_default();
            values.insert(status_key(prefix, &id), written);
        }
    }
    for (id, (peer, told)) in of_peer {
        let written = side.tags.get(&status_key(prefix, &id)).cloned();
        let value = match told {
            _ if !gets_status(side, peer.end()) => None,
            Told::Nothing => None,
            Told::AsWritten => written,
            Told::Stands(id) => {
                let is_said = |value: &String| value.starts_with(&format!("active {id} "));
                Some(written.filter(is_said).unwrap_or_else(|| PeeringStatus::active(id, &[]).value(time)))
            }
            Told::Status(status) => {
                Some(written.filter(|value| status.is_written_in(value)).unwrap_or_else(|| status.value(time)))
            }
        };
        values.extend(value.map(|value| (status_key(prefix, &id), value)));
    }
    trimmed(stack, side, values, reserved)
}
