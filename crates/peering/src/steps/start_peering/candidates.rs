//! The other ends that a change of one VPC's tags may concern.

use super::AT_ONCE;
use crate::connection::{Connection, End};
use crate::ids::VpcId;
use crate::intent::{Intent, PEER, key};
use crate::network::{Answer, Inventory, Location};
use crate::stack::{Fleet, Stack};
use crate::status_tag;
use crate::steps::pair::Seen;
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;

/// Those it names, those it is peered with, those that its status still tells of, and, if its consent changed, those
/// that name it.
pub(super) async fn candidates(
    network: &impl Inventory,
    stack: &Stack,
    fleet: &Fleet,
    side: &Seen,
    own: &[Connection],
    consent_changed: bool,
) -> BTreeSet<End> {
    let live = own.iter().filter(|connection| connection.status.is_live());
    let mut ends: BTreeSet<End> = live.map(|connection| connection.record.other(&side.end).clone()).collect();
    ends.extend(side.intent.peers.iter().cloned());
    if consent_changed {
        ends.extend(wishers(network, stack, fleet, side).await);
    }
    let known: BTreeSet<&VpcId> = ends.iter().map(|end| &end.vpc_id).collect();
    let forgotten: BTreeSet<VpcId> =
        status_tag::peers(&side.tags, &stack.tag_prefix).filter(|peer| !known.contains(peer)).collect();
    if !forgotten.is_empty() {
        ends.extend(located(network, fleet, side, &forgotten).await);
    }
    ends
}

/// The VPCs, anywhere, whose `peer` tag names this one. What can't be read just now is left to the sweep.
async fn wishers(network: &impl Inventory, stack: &Stack, fleet: &Fleet, side: &Seen) -> Vec<End> {
    let keys = [key(&stack.tag_prefix, PEER)];
    let found = stream::iter(fleet.locations()).map(async |at| {
        let tagged = network.vpcs_tagged(&at, &keys).await.unwrap_or_default();
        let ends = tagged.into_iter().map(|(id, vpc)| (at.end(id), vpc));
        let names = ends.filter(|(end, vpc)| Intent::read(&vpc.tags, &stack.tag_prefix, end).peers.contains(&side.end));
        names.map(|(end, _)| end).collect::<Vec<End>>()
    });
    found.buffer_unordered(AT_ONCE).concat().await
}

/// Where those VPCs are. If all was read, one that can't be found is gone, and is taken to have been beside this one: what
/// its status still says is cleared.
async fn located(network: &impl Inventory, fleet: &Fleet, side: &Seen, ids: &BTreeSet<VpcId>) -> Vec<End> {
    let found = stream::iter(fleet.locations()).map(async |at| {
        let there = network.vpcs_by_id(&at, ids).await?;
        Ok(there.into_keys().map(|id| at.end(id)).collect())
    });
    let found: Vec<Answer<Vec<End>>> = found.buffer_unordered(AT_ONCE).collect().await;
    let is_whole = found.iter().all(Result::is_ok);
    let mut ends: Vec<End> = found.into_iter().flatten().flatten().collect();
    if is_whole {
        let here = Location::from(&side.end);
        let lost = ids.iter().filter(|id| !ends.iter().any(|end| end.vpc_id == **id));
        let lost: Vec<End> = lost.map(|id| here.end(id.clone())).collect();
        ends.extend(lost);
    }
    ends
}
