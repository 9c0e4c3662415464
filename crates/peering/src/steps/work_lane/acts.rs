//! The calls of a lane, each with the bucket from which it takes its tokens.

use super::lane_pair::LanePair;
use crate::connection::{Connection, ConnectionIdentity, End};
use crate::context::Context;
use crate::error::{Error, FullResource, Quota};
use crate::groups::{ACCEPT, CREATE, CREATE_ROUTE, DELETE_CONNECTION, DELETE_ROUTE, MODIFY_OPTIONS};
use crate::ids::{RouteTableId, VpcPeeringConnectionId};
use crate::ledger::{LedgerItem, RecordedConnection, Update};
use crate::ports::{CallError, CallErrorKind, Ledger, LedgerWrites, Network, NetworkWrites};
use crate::routes::{Action, PlannedRoute};
use crate::shared::batch::Progress;
use crate::shared::creation::create;
use crate::shared::lease::update_held;
use crate::shared::removal::{delete_own_connection, delete_routes};
use crate::shared::route_writes::{Reason, RouteWrite, write_route};
use crate::stack::Stack;
use crate::tags::{EXECUTION, STACK};
use ipnet::IpNet;

/// One call, or one change of the ledger.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Create,
    /// Records the connection, and the routes that are about to be written here.
    Record,
    Accept(ConnectionIdentity),
    CreateRoute(RouteWrite, VpcPeeringConnectionId),
    AllowDns(End, ConnectionIdentity),
    DeleteRoutes(End, RouteTableId, Vec<IpNet>),
    DeleteConnection(End, VpcPeeringConnectionId),
}

/// What an act has changed.
pub(super) enum Effect {
    Seen(Box<Connection>),
    Recorded(Box<LedgerItem>),
    Done,
}

/// Why an act was not carried out.
pub(super) enum Failed {
    /// It may be, later.
    Later,
    /// The connection isn't visible here yet, or in no state for it.
    TooEarly,
    /// The run doesn't hold the pair any more.
    Lost,
    /// The pair can't be had.
    Refused(Error),
}

impl Act {
    /// The bucket of EC2, and how many tokens it takes; none for the ledger.
    pub(super) fn bucket(&self) -> Option<(&'static str, u32)> {
        match self {
            Self::Create => Some((CREATE, 1)),
            Self::Record => None,
            Self::Accept(_) => Some((ACCEPT, 1)),
            Self::CreateRoute(..) => Some((CREATE_ROUTE, 1)),
            Self::AllowDns(..) => Some((MODIFY_OPTIONS, 1)),
            Self::DeleteRoutes(_, _, destinations) => {
                Some((DELETE_ROUTE, u32::try_from(destinations.len()).unwrap_or(u32::MAX)))
            }
            Self::DeleteConnection(..) => Some((DELETE_CONNECTION, 1)),
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        match error {
            Error::Throttled { .. } | Error::ServiceFault { .. } => Self::Later,
            Error::PairBusy { .. } => Self::Lost,
            error => Self::Refused(error),
        }
    }
}

impl From<CallError> for Failed {
    fn from(error: CallError) -> Self {
        Error::from(error).into()
    }
}

pub(super) async fn perform(
    context: Context<'_, impl Network, impl Ledger>,
    pair: &LanePair,
    act: &Act,
    execution: &str,
) -> Result<Effect, Failed> {
    match act {
        Act::Create => Ok(Effect::Seen(Box::new(create(context, &pair.request, execution, true).await?))),
        Act::Record => record(context, pair, execution).await,
        Act::Accept(connection) => accept(context, pair, connection, execution).await,
        Act::CreateRoute(write, to) => create_route(context, pair, write, to).await,
        Act::AllowDns(end, connection) => allow_dns_resolution(context.network, end, connection).await,
        Act::DeleteRoutes(end, table, destinations) => {
            delete_stale_routes(context.network, pair, (end, table, destinations)).await
        }
        Act::DeleteConnection(requester, id) => {
            delete_own_connection(context, &pair.key, requester, id).await?;
            Ok(Effect::Done)
        }
    }
}

async fn record<N>(
    context: Context<'_, N, impl LedgerWrites>,
    pair: &LanePair,
    execution: &str,
) -> Result<Effect, Failed> {
    let Some(found) = pair.connection() else { return Err(Failed::Later) };
    let recorded = match &pair.item.connection {
        Some(recorded) if recorded.id == *found.id() => recorded.clone(),
        _ => RecordedConnection { id: found.id().clone(), made: pair.is_made(found), pending: false },
    };
    let update = Update::intend_here(execution, &recorded, pair.pending());
    Ok(Effect::Recorded(Box::new(update_held(context, &pair.key, execution, update).await?)))
}

/// Tags first: nobody comes back to the tags of a connection that is active.
async fn accept<L>(
    Context { network, stack, .. }: Context<'_, impl Network, L>,
    pair: &LanePair,
    connection: &ConnectionIdentity,
    execution: &str,
) -> Result<Effect, Failed> {
    let ConnectionIdentity { id, requester, accepter } = connection;
    let is_made = pair.item.own_connection() == Some(id);
    let accepted = async {
        if is_made && requester.sees_other_tags_than(accepter) {
            let mut tags = pair.request.tags_at(accepter, stack);
            tags.extend(
                [STACK, EXECUTION]
                    .map(str::to_owned)
                    .into_iter()
                    .zip([stack.installation.clone(), execution.to_owned()]),
            );
            network.tag_connection(accepter, id, &tags).await?;
        }
        network.accept_connection(connection).await
    };
    let error = match accepted.await {
        Ok(found) => return Ok(Effect::Seen(Box::new(found))),
        Err(error) => error,
    };
    Err(match error.kind {
        CallErrorKind::NoSuchConnection | CallErrorKind::WrongState => Failed::TooEarly,
        CallErrorKind::Quota(quota) => full(stack, quota, FullResource::VpcId(accepter.vpc_id.clone())),
        // EC2 may check permissions, which depend on the connection's VPCs, before it knows the connection there.
        CallErrorKind::Denied if matches!(network.connection(accepter, id).await, Ok(None)) => Failed::TooEarly,
        _ => error.into(),
    })
}

fn full(stack: &Stack, quota: Quota, resource: FullResource) -> Failed {
    Failed::Refused(Error::QuotaExceeded { quota, limit: stack.quotas.limit(quota), resource })
}

/// In an established peering, what can't be had is skipped: the next plan tells it.
async fn create_route<L>(
    Context { network, stack, .. }: Context<'_, impl Network, L>,
    pair: &LanePair,
    write: &RouteWrite,
    to: &VpcPeeringConnectionId,
) -> Result<Effect, Failed> {
    match write_route(network, to, write.clone()).await {
        // The next plan finds the route that is in the way, and refuses a new pair.
        Ok(()) | Err(Reason::Conflict(_)) => Ok(Effect::Done),
        Err(Reason::OutOfTime) => Err(Failed::Later),
        Err(Reason::CallFailed(_, error)) => match error.kind {
            // The table is deleted.
            CallErrorKind::NoSuchRouteTable => Ok(Effect::Done),
            CallErrorKind::NoSuchConnection | CallErrorKind::WrongState => Err(Failed::TooEarly),
            CallErrorKind::Quota(_) if pair.established => Ok(Effect::Done),
            CallErrorKind::Quota(quota) => {
                Err(full(stack, quota, FullResource::RouteTableId(write.route.table.clone())))
            }
            _ => Err(error.into()),
        },
    }
}

/// EC2 refuses it for a VPC without DNS hostnames; the routes work all the same.
async fn allow_dns_resolution(
    network: &impl NetworkWrites,
    end: &End,
    connection: &ConnectionIdentity,
) -> Result<Effect, Failed> {
    match network.allow_dns_resolution(end, connection).await {
        Ok(()) | Err(CallError { kind: CallErrorKind::DnsUnavailable, .. }) => Ok(Effect::Done),
        Err(CallError { kind: CallErrorKind::WrongState | CallErrorKind::NoSuchConnection, .. }) => {
            Err(Failed::TooEarly)
        }
        Err(error) => Err(error.into()),
    }
}

async fn delete_stale_routes(
    network: &impl Network,
    pair: &LanePair,
    (end, table, destinations): (&End, &RouteTableId, &[IpNet]),
) -> Result<Effect, Failed> {
    let stale =
        |destination: &IpNet| PlannedRoute { table: table.clone(), destination: *destination, action: Action::Deleted };
    let targets = pair.connection().map(|found| found.id()).into_iter().chain(&pair.replaced).cloned().collect();
    let routes = [(end, destinations.iter().map(stale).collect()), (end, Vec::new())];
    match delete_routes(network, routes, &targets, || true).await? {
        Progress { failure: None, remaining: 0, .. } => Ok(Effect::Done),
        Progress { failure: Some(error), .. } => Err(error.into()),
        Progress { .. } => Err(Failed::Later),
    }
}
