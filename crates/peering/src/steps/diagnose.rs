//! Why a connection ended: EC2 says `failed` or `deleted`, and leaves the cause to the reader.

use crate::cidr::overlaps;
use crate::connection::{Connection, End, Record, Status};
use crate::error::{Ended, Error};
use crate::network::{Network, Refusal};
use futures_util::join;

/// The last that was seen of a connection.
pub(super) struct LastSeen<'c> {
    pub(super) record: &'c Record,
    pub(super) status: Status,
    pub(super) status_message: String,
}

impl<'c> LastSeen<'c> {
    pub(super) fn of(connection: &'c Connection) -> Self {
        Self {
            record: &connection.record,
            status: connection.status,
            status_message: connection.status_message.clone(),
        }
    }

    /// A connection that can't be seen any more.
    fn vanished(record: &'c Record) -> Self {
        Self { record, status: Status::Deleted, status_message: "EC2 no longer knows it".into() }
    }
}

/// The status of a connection that was active, if it still lives; else why it doesn't.
pub(super) async fn still_live(network: &impl Network, ends: &[End; 2], record: &Record) -> Result<Status, Error> {
    match network.connection(&record.requester, &record.vpc_peering_connection_id).await? {
        Some(connection) if connection.status.is_live() => Ok(connection.status),
        Some(connection) => Err(diagnose(network, ends, LastSeen::of(&connection)).await),
        None => Err(diagnose(network, ends, LastSeen::vanished(record)).await),
    }
}

/// The error that tells a person what happened. A deleted VPC takes its connections along, and a block added under way
/// fails them, so both VPCs are read again; where they can't be, the connection's status is all there is to say.
pub(super) async fn diagnose(network: &impl Network, ends: &[End; 2], seen: LastSeen<'_>) -> Error {
    let [end, peer] = ends;
    let vpcs = join!(network.vpc(end), network.vpc(peer));
    for (vpc, end) in [(&vpcs.0, end), (&vpcs.1, peer)] {
        if matches!(vpc, Err(refused) if refused.refusal == Refusal::NoSuchVpc) {
            return Error::VpcNotFound(end.clone());
        }
    }
    let vpc_peering_connection_id = seen.record.vpc_peering_connection_id.clone();
    if let (Status::Failed, Ok(vpc), Ok(peer_vpc)) = (seen.status, vpcs.0, vpcs.1) {
        let overlaps = overlaps(&vpc.cidr_blocks, &peer_vpc.cidr_blocks);
        if !overlaps.is_empty() {
            return Error::OverlappingCidrs { overlaps, vpc_peering_connection_id: Some(vpc_peering_connection_id) };
        }
    }
    let ended = Ended { vpc_peering_connection_id, status_message: seen.status_message };
    match seen.status {
        Status::Rejected => Error::PeeringRejected(ended),
        Status::Expired => Error::PeeringExpired(ended),
        Status::Deleting | Status::Deleted => Error::PeeringDeleted(ended),
        _ => Error::PeeringFailed(ended),
    }
}
