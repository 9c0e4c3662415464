//! The other ends that a change of one VPC's tags may concern.

use crate::connection::{Connection, End};
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcId;
use crate::ports::{CallResult, LedgerReads, Location, RegionReads};
use crate::shared::pair::VpcTags;
use crate::stack::Scope;
use crate::tags::peers_with_status;
use futures_util::{StreamExt, stream};
use std::collections::BTreeSet;

/// Regions read at once.
const AT_ONCE: usize = 8;

/// Those that the VPC names, those it is peered with, and, if its consent changed, those whose requests lacked it.
pub(crate) async fn candidates<N>(
    context: Context<'_, N, impl LedgerReads>,
    side: &VpcTags,
    own: &[Connection],
    consent_changed: bool,
) -> Result<BTreeSet<End>, Error> {
    let live = own.iter().filter(|connection| connection.status.is_live());
    let mut ends: BTreeSet<End> = live.map(|connection| connection.identity.other(side.end()).clone()).collect();
    ends.extend(side.intent.peers.iter().cloned());
    if consent_changed {
        let owed = context.ledger.pairs_owed_by(side.end()).await?;
        ends.extend(owed.iter().flat_map(|pair| pair.ends()).filter(|end| *end != side.end()).cloned());
    }
    Ok(ends)
}

/// Those that it has a status of and doesn't name, which takes a call to each Region: `known` are the others.
pub(crate) async fn no_longer_named<L>(
    context: Context<'_, impl RegionReads, L>,
    scope: &Scope,
    side: &VpcTags,
    known: &BTreeSet<End>,
) -> Vec<End> {
    let is_known = |peer: &VpcId| known.iter().any(|end| end.vpc_id == *peer);
    let others: BTreeSet<VpcId> =
        peers_with_status(&side.tags, &context.stack.tag_prefix).filter(|peer| !is_known(peer)).collect();
    match others.is_empty() {
        true => Vec::new(),
        false => located(context.network, scope, side, &others).await,
    }
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
