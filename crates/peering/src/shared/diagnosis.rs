//! Why a connection ended: EC2 says `failed` or `deleted`, but not why.

use crate::cidr::overlaps;
use crate::connection::{Connection, ConnectionIdentity, End, Status};
use crate::context::Context;
use crate::error::{EndedConnection, Error};
use crate::ids::VpcPeeringConnectionId;
use crate::ports::{CallErrorKind, NetworkReads};
use futures_util::join;

/// The status of a connection that was active, if it is still live; else why it isn't.
pub(crate) async fn still_live<L>(
    context: Context<'_, impl NetworkReads, L>,
    ends: [&End; 2],
    connection: &ConnectionIdentity,
) -> Result<Status, Error> {
    let reader = context.stack.own_end([&connection.requester, &connection.accepter]);
    match context.network.connection(reader, &connection.id).await? {
        Some(found) if found.status.is_live() => Ok(found.status),
        Some(found) => Err(diagnose(context, ends, &found).await),
        None => {
            let message = "EC2 does not show it any more".into();
            Err(explain(context, ends, connection.id.clone(), Status::Deleted, message).await)
        }
    }
}

/// The error that explains a connection that isn't live.
pub(crate) async fn diagnose<L>(
    context: Context<'_, impl NetworkReads, L>,
    ends: [&End; 2],
    connection: &Connection,
) -> Error {
    let Connection { identity, status, status_message, .. } = connection;
    let overlaps = overlaps(connection.blocks_of(ends[0]), connection.blocks_of(ends[1]));
    if *status == Status::Failed && !overlaps.is_empty() {
        return Error::OverlappingCidrs { overlaps, vpc_peering_connection_id: Some(identity.id.clone()) };
    }
    explain(context, ends, identity.id.clone(), *status, status_message.clone()).await
}

/// A deleted VPC takes its connections with it, and a block added during the set-up fails them, so both VPCs are read
/// again; where that fails, the connection's status is all that is known.
async fn explain<L>(
    context: Context<'_, impl NetworkReads, L>,
    [end, peer]: [&End; 2],
    id: VpcPeeringConnectionId,
    status: Status,
    status_message: String,
) -> Error {
    let Context { network, stack, .. } = context;
    if [end, peer].iter().any(|end| stack.is_external(&end.owner_id)) {
        let reason = match status {
            Status::Failed => "; most likely blocks of the two VPCs overlap, or that account has no such VPC",
            _ => "",
        };
        return ended(id, status, format!("{status_message}{reason}"));
    }
    let (vpc, peer_vpc) = join!(network.vpc(end), network.vpc(peer));
    for (vpc, end) in [(&vpc, end), (&peer_vpc, peer)] {
        if matches!(vpc, Err(error) if error.kind == CallErrorKind::NoSuchVpc) {
            return Error::missing(end);
        }
    }
    if let (Status::Failed, Ok(vpc), Ok(peer_vpc)) = (status, vpc, peer_vpc) {
        let overlaps = overlaps(&vpc.cidr_blocks, &peer_vpc.cidr_blocks);
        if !overlaps.is_empty() {
            return Error::OverlappingCidrs { overlaps, vpc_peering_connection_id: Some(id) };
        }
    }
    ended(id, status, status_message)
}

/// The error of a connection with that status, which isn't live.
pub(crate) fn ended(id: VpcPeeringConnectionId, status: Status, status_message: String) -> Error {
    let ended = EndedConnection { vpc_peering_connection_id: id, status_message };
    match status {
        Status::Rejected => Error::PeeringRejected(ended),
        Status::Expired => Error::PeeringExpired(ended),
        Status::Deleting | Status::Deleted => Error::PeeringDeleted(ended),
        _ => Error::PeeringFailed(ended),
    }
}
