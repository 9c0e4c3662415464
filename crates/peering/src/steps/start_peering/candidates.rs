//! The other ends that a change of one VPC's tags may concern.

use crate::connection::{Connection, End};
use crate::error::Error;
use crate::ids::VpcId;
use crate::intent::{Intent, PEER, key};
use crate::network::{Answer, Inventory, Location, Refusal};
use crate::stack::{Fleet, Stack};
use crate::status_tag;
use crate::steps::pair::Seen;
use futures_util::future::try_join_all;
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
) -> Result<BTreeSet<End>, Error> {
    let live = own.iter().filter(|connection| connection.status.is_live());
    let mut ends: BTreeSet<End> = live.map(|connection| connection.record.other(&side.end).clone()).collect();
    ends.extend(side.intent.peers.iter().cloned());
    if consent_changed {
        ends.extend(wishers(network, stack, fleet, side).await?);
    }
    let known: BTreeSet<&VpcId> = ends.iter().map(|end| &end.vpc_id).collect();
    let forgotten: BTreeSet<VpcId> =
        status_tag::peers(&side.tags, &stack.tag_prefix).filter(|peer| !known.contains(peer)).collect();
    if !forgotten.is_empty() {
        ends.extend(located(network, fleet, side, &forgotten).await?);
    }
    Ok(ends)
}

/// The VPCs, anywhere, whose `peer` tag names this one.
async fn wishers(network: &impl Inventory, stack: &Stack, fleet: &Fleet, side: &Seen) -> Result<Vec<End>, Error> {
    let keys = [key(&stack.tag_prefix, PEER)];
    let found = fleet.locations().map(async |at| {
        let tagged = reachable(network.vpcs_tagged(&at, &keys).await)?.unwrap_or_default();
        let ends = tagged.into_iter().map(|(id, vpc)| (at.end(id), vpc));
        let names = ends.filter(|(end, vpc)| Intent::read(&vpc.tags, &stack.tag_prefix, end).peers.contains(&side.end));
        Ok::<Vec<End>, Error>(names.map(|(end, _)| end).collect())
    });
    Ok(try_join_all(found).await?.concat())
}

/// Where those VPCs are. One that can't be found is as good as gone, and is taken to be beside this one: what its status
/// still says is cleared.
async fn located(
    network: &impl Inventory,
    fleet: &Fleet,
    side: &Seen,
    ids: &BTreeSet<VpcId>,
) -> Result<Vec<End>, Error> {
    let found = fleet.locations().map(async |at| {
        let there = reachable(network.vpcs_by_id(&at, ids).await)?.unwrap_or_default();
        Ok::<Vec<End>, Error>(there.into_keys().map(|id| at.end(id)).collect())
    });
    let mut ends = try_join_all(found).await?.concat();
    let here = Location::from(&side.end);
    let lost = ids.iter().filter(|id| !ends.iter().any(|end| end.vpc_id == **id));
    let lost: Vec<End> = lost.map(|id| here.end(id.clone())).collect();
    ends.extend(lost);
    Ok(ends)
}

/// An account without our role, or a Region that is off, has nothing to say.
fn reachable<T>(answer: Answer<T>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(refused) if refused.refusal == Refusal::Denied => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}
