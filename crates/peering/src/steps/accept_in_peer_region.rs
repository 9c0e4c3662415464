//! `AcceptInPeerRegion`: accept with the accepter's credentials in the accepter's Region; EC2 allows it nowhere else.

use crate::connection::{ConnectionIdentity, End, Status};
use crate::context::Context;
use crate::error::{EndedConnection, Error, FullResource};
use crate::ids::VpcId;
use crate::ports::{CallError, CallErrorKind, CallResult, LedgerReads, Network, NetworkReads, NetworkWrites};
use crate::shared::diagnosis::diagnose;
use crate::shared::lease::{check_time, held};
use crate::steps::PeeringTask;
use crate::tags::Tags;
use futures_util::join;
use serde::Serialize;

/// For so many attempts "not found" is taken for "not visible yet", which it nearly always is. Then EC2 is asked.
const ATTEMPTS_WITHOUT_A_LOOK: u32 = 2;

/// For so many attempts a denied call is taken for "not visible yet", if the connection isn't.
const ATTEMPTS_DENIED: u32 = 8;

/// The connection is accepted, now or before.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Accepted {
    /// Its status: `provisioning` or `active`; an earlier one where it is for somebody else to accept.
    pub status: Status,
}

/// Accepts the connection, unless the accepter's account is external: then its owner does. [`Error::PeeringNotVisible`] while a
/// new one is not visible to the accepter.
pub async fn accept_in_peer_region(
    context: Context<'_, impl Network, impl LedgerReads>,
    task: PeeringTask,
) -> Result<Accepted, Error> {
    let PeeringTask { peering, execution, attempt, started, .. } = task;
    context.stack.check_mode()?;
    check_time(context, "AcceptInPeerRegion", started)?;
    held(context, &peering.key(), &execution).await?;
    let connection = peering.identity();
    if context.stack.is_external(&connection.accepter.owner_id) {
        return Ok(Accepted { status: peering.status });
    }
    match tag_and_accept(context.network, &connection, &peering.tags).await {
        Ok(status) => Ok(Accepted { status }),
        Err(error) if is_too_early(error.kind) && attempt < ATTEMPTS_WITHOUT_A_LOOK => {
            Err(not_visible(&connection, Status::InitiatingRequest))
        }
        Err(error) if error.kind == CallErrorKind::Denied && attempt < ATTEMPTS_DENIED => {
            // EC2 may check permissions, which depend on the connection's VPCs, before it knows the connection there.
            match context.network.connection(&connection.accepter, &connection.id).await {
                Ok(None) => Err(not_visible(&connection, Status::InitiatingRequest)),
                _ => Err(error.into_error()),
            }
        }
        Err(error) => explain(context, &connection, peering.ends(), error).await,
    }
}

/// Tags first: a later execution that finds the connection active doesn't run this step.
async fn tag_and_accept(
    network: &impl NetworkWrites,
    connection: &ConnectionIdentity,
    tags: &Tags,
) -> CallResult<Status> {
    let ConnectionIdentity { id, requester, accepter } = connection;
    if !tags.is_empty() && requester.sees_other_tags_than(accepter) {
        network.tag_connection(accepter, id, tags).await?;
    }
    Ok(network.accept_connection(connection).await?.status)
}

/// The call may have failed because it is too early, because somebody accepted already, or because the connection has
/// ended.
async fn explain<L>(
    context: Context<'_, impl NetworkReads, L>,
    connection: &ConnectionIdentity,
    ends: [&End; 2],
    error: CallError,
) -> Result<Accepted, Error> {
    let Context { network, stack, .. } = context;
    let ConnectionIdentity { requester, accepter, .. } = connection;
    match error.kind {
        kind if is_too_early(kind) => {}
        CallErrorKind::ConnectionExists => {
            let vpc_peering_connection_id = connection.id.clone();
            let status_message = "Another connection between the two VPCs came first; a new run adopts it.".into();
            return Err(Error::PeeringFailed(EndedConnection { vpc_peering_connection_id, status_message }));
        }
        CallErrorKind::Quota(quota) => {
            let resource = FullResource::VpcId(vpc_at_quota(context, connection).await?);
            return Err(Error::QuotaExceeded { quota, limit: stack.quotas.limit(quota), resource });
        }
        _ => return Err(error.into_error()),
    }
    // Right after the request even the requester may not see it; a connection that has ended stays visible for hours.
    let Some(found) = network.connection(stack.own_end([requester, accepter]), &connection.id).await? else {
        return Err(not_visible(connection, Status::InitiatingRequest));
    };
    match found.status {
        status @ (Status::Provisioning | Status::Active) => Ok(Accepted { status }),
        status if status.is_live() => Err(not_visible(connection, status)),
        _ => Err(diagnose(context, ends, &found).await),
    }
}

/// EC2 refuses when either VPC has all the connections that its quota allows, and doesn't say which.
async fn vpc_at_quota<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    ConnectionIdentity { requester, accepter, .. }: &ConnectionIdentity,
) -> Result<VpcId, Error> {
    if stack.is_external(&requester.owner_id) {
        let limit = stack.quotas.peerings_per_vpc as usize;
        let is_own = network.count_active_peerings(accepter).await? >= limit;
        return Ok(if is_own { accepter } else { requester }.vpc_id.clone());
    }
    let (count, peer_count) = join!(network.count_active_peerings(requester), network.count_active_peerings(accepter));
    let fuller = if count? > peer_count? { requester } else { accepter };
    Ok(fuller.vpc_id.clone())
}

/// EC2 answers this for a moment after the request, and where the connection has ended.
fn is_too_early(kind: CallErrorKind) -> bool {
    matches!(kind, CallErrorKind::NoSuchConnection | CallErrorKind::WrongState)
}

fn not_visible(connection: &ConnectionIdentity, status: Status) -> Error {
    Error::PeeringNotVisible { vpc_peering_connection_id: Some(connection.id.clone()), status }
}
