//! `AcceptInPeerRegion`: accept with the accepter's credentials in the accepter's Region, where alone EC2 allows it.

use super::diagnose::{LastSeen, diagnose};
use crate::connection::{End, Record, Status};
use crate::error::{Ended, Error, Place};
use crate::ids::VpcId;
use crate::network::{Network, Refusal, Refused, Tags};
use crate::stack::Stack;
use futures_util::join;
use serde::{Deserialize, Serialize};

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AcceptTask {
    /// The connection, as EC2 recorded it.
    #[serde(flatten)]
    pub record: Record,
    /// The two ends as the request names them.
    pub ends: [End; 2],
    /// The tags for the accepter's side.
    pub tags: Tags,
    /// How often the machine has called this step before.
    pub attempt: u32,
}

/// So long "not there" is taken for "not there yet", which it nearly always is. After that it is worth a look.
const ATTEMPTS_WITHOUT_A_LOOK: u32 = 2;

/// The connection was accepted, now or before.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Accepted {
    /// Its status: `provisioning` or `active`.
    pub status: Status,
}

/// Accepts the connection if it is the one asked for. [`Error::PeeringNotVisible`] while a fresh one can't be seen there.
pub async fn accept_in_peer_region(network: &impl Network, stack: &Stack, task: AcceptTask) -> Result<Accepted, Error> {
    let AcceptTask { record, ends, tags, attempt } = task;
    if !record.joins(&ends[0], &ends[1]) {
        let id = &record.vpc_peering_connection_id;
        return Err(Error::invalid(
            "VpcPeeringConnectionId",
            format!("{id} does not join the two VPCs asked for: it is not accepted"),
        ));
    }
    match tag_and_accept(network, &record, &tags).await {
        Ok(status) => Ok(Accepted { status }),
        Err(refused) if is_too_early(refused.refusal) && attempt < ATTEMPTS_WITHOUT_A_LOOK => {
            Err(not_visible(&record, Status::InitiatingRequest))
        }
        Err(refused) => explain(network, stack, &record, &ends, refused).await,
    }
}

/// Tags first: once accepted, a later execution finds the connection active and has no reason to come here again.
async fn tag_and_accept(network: &impl Network, record: &Record, tags: &Tags) -> Result<Status, Refused> {
    let Record { vpc_peering_connection_id, requester, accepter } = record;
    if !tags.is_empty() && requester.sees_other_tags_than(accepter) {
        network.tag_connection(accepter, vpc_peering_connection_id, tags).await?;
    }
    Ok(network.accept_connection(record).await?.status)
}

/// A refusal may mean that it is too early, that somebody accepted already, or that there is nothing left to accept.
async fn explain(
    network: &impl Network,
    stack: &Stack,
    record: &Record,
    ends: &[End; 2],
    refused: Refused,
) -> Result<Accepted, Error> {
    match refused.refusal {
        refusal if is_too_early(refusal) => {}
        Refusal::ConnectionExists => {
            let vpc_peering_connection_id = record.vpc_peering_connection_id.clone();
            let status_message = "Another connection between the two VPCs came first; a new run adopts it.".into();
            return Err(Error::PeeringFailed(Ended { vpc_peering_connection_id, status_message }));
        }
        Refusal::Quota(quota) => {
            let place = Place::VpcId(fuller(network, record).await?);
            return Err(Error::QuotaExceeded { quota, limit: stack.limits.of(quota), place });
        }
        _ => return Err(refused.into_error()),
    }
    // Right after the request even the requester may not see it; once seen, a dead one stays on record for hours.
    let Some(connection) = network.connection(&record.requester, &record.vpc_peering_connection_id).await? else {
        return Err(not_visible(record, Status::InitiatingRequest));
    };
    match connection.status {
        status @ (Status::Provisioning | Status::Active) => Ok(Accepted { status }),
        status if status.is_live() => Err(not_visible(record, status)),
        _ => Err(diagnose(network, ends, LastSeen::of(&connection)).await),
    }
}

/// EC2 refuses when either VPC has all the connections it may have, and doesn't say which.
async fn fuller(network: &impl Network, Record { requester, accepter, .. }: &Record) -> Result<VpcId, Error> {
    let (asking, asked) = join!(network.peerings_of(requester), network.peerings_of(accepter));
    let fuller = if asking? > asked? { requester } else { accepter };
    Ok(fuller.vpc_id.clone())
}

/// What EC2 answers for a moment after the request; and, less often, when there is nothing left to accept.
fn is_too_early(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::NoSuchConnection | Refusal::WrongState)
}

fn not_visible(record: &Record, status: Status) -> Error {
    Error::PeeringNotVisible { vpc_peering_connection_id: record.vpc_peering_connection_id.clone(), status }
}
