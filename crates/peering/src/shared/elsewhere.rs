//! A request may leave out, or mistype, a Region or an account. A connection between the two ids shows where they are.

use crate::connection::{Connection, End};
use crate::context::Context;
use crate::error::MissingVpc;
use crate::ports::{CallErrorKind, CallResult, Location, NetworkReads};

/// The end that is elsewhere, if either end, where it is said to be, sees a live connection between these two ids. `known`
/// are the connections as the requester in the canonical direction sees them.
pub(crate) async fn seen_elsewhere<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    [end, peer]: [&End; 2],
    known: Vec<Connection>,
) -> CallResult<Option<Box<MissingVpc>>> {
    let mut seen = known;
    for (at, other) in [(end, peer), (peer, end)] {
        if Location::from(end) == Location::from(peer) && at == peer {
            break;
        }
        if stack.is_external(&at.owner_id) {
            continue;
        }
        match network.connections_between(at, other).await {
            Ok(connections) => seen.extend(connections),
            // Nothing can be seen from there.
            Err(error) if error.kind == CallErrorKind::Denied => {}
            Err(error) => return Err(error),
        }
    }
    let live = seen.iter().filter(|connection| connection.status.is_live());
    let elsewhere = live.map(|connection| &connection.identity).find(|identity| !identity.joins(end, peer));
    Ok(elsewhere.and_then(|identity| {
        let actual = |written: &End| {
            [&identity.requester, &identity.accepter].into_iter().find(|end| end.vpc_id == written.vpc_id)
        };
        let of_end = differences(end, actual(end)?, ["Region", "OwnerId"]);
        let of_peer = differences(peer, actual(peer)?, ["PeerRegion", "PeerOwnerId"]);
        let missing = if of_end.is_empty() { peer } else { end };
        let fields = [of_end, of_peer].concat();
        Some(Box::new(MissingVpc { end: missing.clone(), elsewhere: Some((identity.id.clone(), fields)) }))
    }))
}

fn differences(written: &End, actual: &End, [region, owner]: [&'static str; 2]) -> Vec<(&'static str, String)> {
    let regions = (written.region != actual.region).then(|| (region, actual.region.to_string()));
    let owners = (written.owner_id != actual.owner_id).then(|| (owner, actual.owner_id.to_string()));
    regions.into_iter().chain(owners).collect()
}
