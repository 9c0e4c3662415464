//! DNS resolution of a peering: each side allows it for its own VPC.

use crate::connection::{Connection, DnsSides, End, Status, adopt};
use crate::context::Context;
use crate::error::Error;
use crate::peering::{Peering, PeeringSide};
use crate::ports::{CallError, CallErrorKind, CallResult, Network, NetworkReads};
use crate::shared::diagnosis::still_live;
use crate::shared::tag_requests::Asked;
use crate::stack::Stack;
use futures_util::future::join_all;
use futures_util::join;

/// Turns DNS resolution on where it is due. The warnings say where it can't be.
pub(crate) async fn allow_dns_resolution<L>(
    context: Context<'_, impl Network, L>,
    peering: &Peering,
) -> Result<Vec<String>, Error> {
    let allow = async |side: &PeeringSide| match side.allow_dns_resolution {
        true => allow_dns_resolution_at(context, side.end(), peering).await,
        false => Ok(None),
    };
    let (requester, accepter) = join!(allow(&peering.requester), allow(&peering.accepter));
    Ok([requester?, accepter?].into_iter().flatten().collect())
}

/// EC2 refuses DNS resolution for a VPC without DNS hostnames; the routes work all the same, so that is a warning.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html>
async fn allow_dns_resolution_at<L>(
    context: Context<'_, impl Network, L>,
    end: &End,
    peering: &Peering,
) -> Result<Option<String>, Error> {
    let connection = peering.identity();
    match context.network.allow_dns_resolution(end, &connection).await {
        Ok(()) => Ok(None),
        Err(CallError { kind: CallErrorKind::DnsUnavailable, .. }) => Ok(Some(warning(end))),
        // One Region may see the connection as active a moment later than the other.
        Err(CallError { kind: CallErrorKind::WrongState | CallErrorKind::NoSuchConnection, .. }) => {
            let status = still_live(context, peering.ends(), &connection).await?;
            Err(Error::PeeringPending { vpc_peering_connection_id: connection.id, status })
        }
        Err(error) => Err(error.into()),
    }
}

/// The connections were read as `reader` sees them, and nothing documents that the options of the other side are visible there,
/// across accounts or Regions. So these are read from `other`, unless
/// they are shown as on.
pub(crate) async fn read_dns_resolution(
    stack: &Stack,
    network: &impl NetworkReads,
    connections: &mut [Connection],
    (reader, other): (&End, &End),
) -> Result<(), Error> {
    if stack.is_external(&other.owner_id) {
        return Ok(());
    }
    let Some(id) = adopt(connections, reader, other, stack).map(Connection::id).cloned() else { return Ok(()) };
    let Some(connection) = connections.iter_mut().find(|connection| *connection.id() == id) else { return Ok(()) };
    let is_requester = connection.identity.requester == *other;
    let DnsSides { requester, accepter } = connection.dns_resolution;
    let is_shown = if is_requester { requester } else { accepter };
    if connection.status == Status::Active
        && !is_shown
        && reader.sees_other_tags_than(other)
        && let Some(theirs) = network.connection(other, &id).await?
    {
        match is_requester {
            true => connection.dns_resolution.requester = theirs.dns_resolution.requester,
            false => connection.dns_resolution.accepter = theirs.dns_resolution.accepter,
        }
    }
    Ok(())
}

fn warning(end: &End) -> String {
    let vpc = &end.vpc_id;
    format!(
        "DNS resolution is off on the side of {vpc}: turn on DNS hostnames and DNS support of both VPCs, then run again"
    )
}

/// What a sweep finds about DNS resolution.
pub(crate) enum DnsFinding {
    /// It is as requested.
    InPlace,
    /// An execution can turn it on.
    Missing,
    /// It can't be turned on, on the side of these VPCs.
    Unavailable(Vec<String>),
}

/// Where a VPC lacks DNS hostnames or support, no execution could turn DNS resolution on; so that is read first.
pub(crate) async fn find_dns_resolution(
    Connection { identity, dns_resolution, .. }: &Connection,
    asked: &Asked,
    stack: &Stack,
    has_dns_hostnames: impl AsyncFn(&End) -> CallResult<bool>,
) -> Result<DnsFinding, Error> {
    let DnsSides { requester, accepter } = dns_resolution;
    let sides = [(*requester, &identity.requester), (*accepter, &identity.accepter)];
    let ours = || sides.into_iter().filter(|(_, end)| !stack.is_external(&end.owner_id));
    if !asked.dns_resolution() || ours().all(|(is_on, _)| is_on) {
        return Ok(DnsFinding::InPlace);
    }
    let has: CallResult<Vec<bool>> =
        join_all(ours().map(|(_, end)| has_dns_hostnames(end))).await.into_iter().collect();
    if has?.into_iter().all(|has| has) {
        return Ok(DnsFinding::Missing);
    }
    Ok(DnsFinding::Unavailable(ours().filter(|(is_on, _)| !is_on).map(|(_, end)| warning(end)).collect()))
}
