//! Two new peerings of one VPC may ask for the same destination at the same time, and each may find routes of the other. So
//! that not both fail: the pair with the smaller key waits until the other one has failed.

use crate::connection::End;
use crate::context::Context;
use crate::error::{Conflict, Error};
use crate::ledger::PairKey;
use crate::peering::{Peering, PeeringSide};
use crate::ports::{LedgerReads, NetworkReads};

/// For so many calls of the step it waits, a second each.
const ATTEMPTS: u32 = 120;

/// The error, or [`Error::RoutesRemaining`] where every conflict is with a route that will go: one which a larger pair, that
/// isn't completed, has just written.
pub(crate) async fn wait_for_the_larger_pair(
    context: Context<'_, impl NetworkReads, impl LedgerReads>,
    peering: &Peering,
    attempt: u32,
    error: Error,
) -> Error {
    let Error::RouteConflict { conflicts } = &error else { return error };
    if attempt >= ATTEMPTS {
        return error;
    }
    for conflict in conflicts {
        match will_go(context, peering, conflict).await {
            Ok(true) => {}
            Ok(false) => return error,
            Err(failed) => return failed,
        }
    }
    let vpc_peering_connection_id = peering.vpc_peering_connection_id.clone();
    Error::RoutesRemaining { vpc_peering_connection_id, remaining: conflicts.len() }
}

async fn will_go(
    Context { network, ledger, .. }: Context<'_, impl NetworkReads, impl LedgerReads>,
    peering: &Peering,
    conflict: &Conflict,
) -> Result<bool, Error> {
    let (Ok(id), Some(end)) = (conflict.target.parse(), end_of(peering, conflict)) else { return Ok(false) };
    let Some(found) = network.connection(end, &id).await? else { return Ok(false) };
    let other = PairKey::of([&found.identity.requester, &found.identity.accepter]);
    if other <= peering.key() {
        return Ok(false);
    }
    let Some(item) = ledger.item(&other).await? else { return Ok(false) };
    let is_pending = item.pending_at(end).contains(&conflict.route_table_id, conflict.destination_cidr_block);
    Ok(item.holder.is_some() && item.asked_by.is_none() && is_pending)
}

/// The end whose table it is.
fn end_of<'p>(peering: &'p Peering, conflict: &Conflict) -> Option<&'p End> {
    let has_table = |side: &&PeeringSide| {
        side.plan.groups.iter().any(|group| group.route_table_ids.contains(&conflict.route_table_id))
    };
    peering.sides().into_iter().find(has_table).map(|side| side.end())
}
