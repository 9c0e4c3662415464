//! The other ends that a change of one VPC's tags may concern.

use crate::connection::{Connection, End};
use crate::context::Context;
use crate::ids::VpcId;
use crate::intent::VpcIntent;
use crate::ports::{CallResult, Location, RegionReads};
use crate::shared::pair::VpcTags;
use crate::stack::Scope;
use crate::tags::{PEER, key, peers_with_status};
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;

/// Regions read at once.
const AT_ONCE: usize = 8;

/// Those that the VPC names, those it is peered with, those it has a status of, and, if its consent changed, those that
/// name it.
pub(crate) async fn candidates(
    context: Context<'_, impl RegionReads>,
    scope: &Scope,
    side: &VpcTags,
    own: &[Connection],
    consent_changed: bool,
) -> BTreeSet<End> {
    let live = own.iter().filter(|connection| connection.status.is_live());
    let mut ends: BTreeSet<End> = live.map(|connection| connection.identity.other(side.end()).clone()).collect();
    ends.extend(side.intent.peers.iter().cloned());
    if consent_changed {
        ends.extend(requesters(context, scope, side).await);
    }
    let known: BTreeSet<&VpcId> = ends.iter().map(|end| &end.vpc_id).collect();
    let others: BTreeSet<VpcId> =
        peers_with_status(&side.tags, &context.stack.tag_prefix).filter(|peer| !known.contains(peer)).collect();
    if !others.is_empty() {
        ends.extend(located(context.network, scope, side, &others).await);
    }
    ends
}

/// The VPCs, anywhere, whose `peer` tag names this one. What can't be read now is left to the sweep.
async fn requesters(context: Context<'_, impl RegionReads>, scope: &Scope, side: &VpcTags) -> Vec<End> {
    let Context { network, stack } = context;
    let keys = [key(&stack.tag_prefix, PEER)];
    let found = stream::iter(scope.locations()).map(async |at| {
        let tagged = network.vpcs_with_tags(&at, &keys).await.unwrap_or_default();
        let intents = tagged.into_iter().map(|(id, vpc)| VpcIntent::parse(&vpc.tags, &stack.tag_prefix, &at.end(id)));
        intents.filter(|intent| intent.names(side.end())).map(|intent| intent.end).collect::<Vec<End>>()
    });
    found.buffer_unordered(AT_ONCE).concat().await
}

/// Where those VPCs are. If all was read, one that isn't found does not exist; it is placed beside this one, so that its
/// status is cleared.
async fn located(network: &impl RegionReads, scope: &Scope, side: &VpcTags, ids: &BTreeSet<VpcId>) -> Vec<End> {
    let found = stream::iter(scope.locations()).map(async |at| {
        let found = network.vpcs_by_id(&at, ids).await?;
        Ok(found.into_keys().map(|id| at.end(id)).collect())
    });
    let found: Vec<CallResult<Vec<End>>> = found.buffer_unordered(AT_ONCE).collect().await;
    let is_complete = found.iter().all(Result::is_ok);
    let mut ends: Vec<End> = found.into_iter().flatten().flatten().collect();
    if is_complete {
        let here = Location::from(side.end());
        let missing = ids.iter().filter(|id| !ends.iter().any(|end| end.vpc_id == **id));
        let missing: Vec<End> = missing.map(|id| here.end(id.clone())).collect();
        ends.extend(missing);
    }
    ends
}
