//! Making the connection.

use crate::connection::{Connection, End};
use crate::context::Context;
use crate::error::{Error, FullResource, Quota};
use crate::ports::{CallError, CallErrorKind, NetworkWrites};
use crate::request::PeeringRequest;
use crate::stack::Quotas;
use crate::tags::{EXECUTION, STACK};

/// Requests the connection, with the tags of the stack, of the request and of `execution`. `waits`: whether a full quota of
/// outstanding requests is to be waited for.
pub(crate) async fn create<L>(
    context: Context<'_, impl NetworkWrites, L>,
    request: &PeeringRequest,
    execution: &str,
    waits: bool,
) -> Result<Connection, Error> {
    let (requester, accepter) = request.direction(context.stack);
    let mut tags = request.tags_at_creation(context.stack);
    tags.insert(STACK.into(), context.stack.installation.clone());
    tags.insert(EXECUTION.into(), execution.into());
    let created = context.network.create_connection(requester, accepter, &tags).await;
    let connection = created.map_err(|error| explain(error, requester, context.stack.quotas, waits))?;
    // The next step accepts what this one answers, so both ids, Regions and owners have to match.
    match connection.identity.joins(requester, accepter) {
        true => Ok(connection),
        false => Err(Error::ServiceFault {
            action: "ec2:CreateVpcPeeringConnection".into(),
            code: "UnexpectedConnection".into(),
        }),
    }
}

/// For so long after its start an execution waits for the quota of outstanding requests: we accept ours ourselves, within seconds.
/// By then it may have waited 20 minutes for the pair.
const SECONDS_FOR_A_PLACE: i64 = 30 * 60;

/// Whether an execution waits for that quota still. `started` is when it did, in milliseconds since 1970.
pub(crate) fn waits_for_a_place<N, L>(context: Context<'_, N, L>, started: i64) -> bool {
    context.now - started / 1000 < SECONDS_FOR_A_PLACE
}

fn explain(error: CallError, requester: &End, quotas: Quotas, waits: bool) -> Error {
    match error.kind {
        CallErrorKind::Quota(Quota::OutstandingPeeringRequests) if waits => {
            Error::Throttled { action: error.action, code: error.code }
        }
        CallErrorKind::NoSuchVpc => Error::missing(requester),
        CallErrorKind::Quota(quota) => Error::QuotaExceeded {
            quota,
            limit: quotas.limit(quota),
            resource: FullResource::VpcId(requester.vpc_id.clone()),
        },
        _ => error.into_error(),
    }
}
