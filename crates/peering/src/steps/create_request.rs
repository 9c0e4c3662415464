//! `CreateRequest`: read both sides, plan everything, and only then make or adopt the connection.

use crate::connection::{Connection, ConnectionIdentity, End, Status, adopt};
use crate::consent::RequestedBy;
use crate::context::Context;
use crate::error::{Error, FullResource};
use crate::peering::{Peering, PeeringOutput, PeeringSide};
use crate::plan::{SidePlan, in_request_order, report, shorten};
use crate::ports::{CallError, CallErrorKind, Network, NetworkReads, NetworkWrites};
use crate::request::PeeringRequest;
use crate::shared::marks::Marks;
use crate::shared::survey::Survey;
use crate::shared::tag_requests::as_tagged;
use crate::stack::Quotas;
use crate::tags::{CONNECTION_TAGS, EXECUTION, NAME, STACK, Tags, is_made_by};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The task of the state.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTask {
    /// The input of the execution.
    pub request: Value,
    /// The ARN of the execution: the value of the tag that says which execution made a connection.
    pub execution: String,
}

/// The answer: one of the two.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Created {
    /// What the next states work on, as the variable `$peering`.
    pub peering: Option<Peering>,
    /// The output of a dry run.
    pub output: Option<PeeringOutput>,
}

/// Everything that is decided before the first write.
struct Plan {
    request: PeeringRequest,
    survey: Survey,
    sides: [SidePlan; 2],
    warnings: Vec<String>,
}

/// Reads, plans, and makes or adopts the connection. A failure leaves everything as it was.
pub async fn create_request(context: Context<'_, impl Network>, task: CreateTask) -> Result<Created, Error> {
    let request = PeeringRequest::parse(&task.request, context.stack)?;
    let plan = plan(context, request).await?;
    if plan.request.dry_run {
        return Ok(Created { output: Some(plan.into_output()), peering: None });
    }
    let stack = context.stack;
    let marks = Marks::of(&plan.survey.pair, stack, &plan.request);
    let connection = match plan.found() {
        Some(connection) => {
            refresh_tags(context, connection, &plan.request.tags).await?;
            connection.clone()
        }
        None => {
            let mut tags = plan.request.tags_at_creation();
            tags.insert(STACK.into(), stack.name.clone());
            tags.insert(EXECUTION.into(), task.execution.clone());
            create(context, &plan.request, &marks.add_to(tags)).await?
        }
    };
    let is_own = is_made_by(&connection.tags, stack);
    let peering = Peering {
        created: connection.tags.get(EXECUTION) == Some(&task.execution),
        tags: if is_own { tags_for_accepter(&connection, &plan.request.tags) } else { Tags::new() },
        marks: if is_own { marks.due(&connection, stack) } else { Tags::new() },
        requested_by_tags: marks.requested_by_tags,
        ..peering(&plan, &connection, marks.statuses_due(stack, &connection))
    };
    Ok(Created { peering: Some(peering), output: None })
}

async fn plan(context: Context<'_, impl NetworkReads>, request: PeeringRequest) -> Result<Plan, Error> {
    let survey = Survey::read(context, &request).await?;
    let request = match request.requested_by {
        RequestedBy::Tags => as_tagged(&survey.pair, request, context.stack)?,
        RequestedBy::Event | RequestedBy::Execution => request,
    };
    let found = adopt(&survey.connections, &request.end, &request.peer);
    let (sides, mut warnings) = survey.plan(context, &request, found).await?;
    shorten(&mut warnings);
    Ok(Plan { request, survey, sides, warnings })
}

impl Plan {
    fn found(&self) -> Option<&Connection> {
        adopt(&self.survey.connections, &self.request.end, &self.request.peer)
    }

    /// Whether DNS resolution is, or will be, on at both sides.
    fn dns_resolution(&self, connection: Option<&Connection>) -> bool {
        let allowed = connection.map(|connection| connection.dns_resolution).unwrap_or_default();
        self.request.dns_resolution || (allowed.requester && allowed.accepter)
    }

    fn into_output(mut self) -> PeeringOutput {
        let routes = report(self.sides.each_ref(), &mut self.warnings);
        let found = self.found();
        let (requester, accepter) = match found {
            Some(Connection { identity, .. }) => (&identity.requester, &identity.accepter),
            None => self.request.canonical(),
        };
        PeeringOutput {
            vpc_peering_connection_id: found.map(Connection::id).cloned(),
            status: "planned",
            created: found.is_none(),
            requester: requester.clone(),
            accepter: accepter.clone(),
            routes,
            dns_resolution: self.dns_resolution(found),
            warnings: self.warnings,
        }
    }
}

/// The part of `$peering` that follows from plan and connection alone.
fn peering(plan: &Plan, connection: &Connection, statuses_due: [bool; 2]) -> Peering {
    let ConnectionIdentity { id, requester, .. } = &connection.identity;
    let [side, peer_side] = &plan.sides;
    let swapped = side.end != *requester;
    let allowed = connection.dns_resolution;
    let [requester, accepter] = in_request_order(swapped, side, peer_side);
    let [requester_status, accepter_status] = in_request_order(swapped, statuses_due[0], statuses_due[1]);
    let side = |plan_of_side: &SidePlan, is_allowed: bool, write_status| PeeringSide {
        plan: plan_of_side.clone(),
        allow_dns_resolution: plan.request.dns_resolution && !is_allowed,
        write_status,
    };
    Peering {
        vpc_peering_connection_id: id.clone(),
        status: connection.status,
        created: false,
        requester: side(requester, allowed.requester, requester_status),
        accepter: side(accepter, allowed.accepter, accepter_status),
        swapped,
        tags: Tags::new(),
        marks: Tags::new(),
        dns_resolution: plan.dns_resolution(Some(connection)),
        warnings: plan.warnings.clone(),
        requested_by_tags: false,
    }
}

async fn create(
    context: Context<'_, impl NetworkWrites>,
    request: &PeeringRequest,
    tags: &Tags,
) -> Result<Connection, Error> {
    let (requester, accepter) = request.canonical();
    let created = context.network.create_connection(requester, accepter, tags).await;
    let connection = created.map_err(|error| explain(error, requester, context.stack.quotas))?;
    // The next step accepts what this one answers, so both ids, Regions and owners have to match.
    match connection.identity.joins(requester, accepter) {
        true => Ok(connection),
        false => Err(Error::ServiceFault {
            action: "ec2:CreateVpcPeeringConnection".into(),
            code: "UnexpectedConnection".into(),
        }),
    }
}

fn explain(error: CallError, requester: &End, quotas: Quotas) -> Error {
    match error.kind {
        CallErrorKind::NoSuchVpc => Error::VpcNotFound(requester.clone()),
        CallErrorKind::Quota(quota) => Error::QuotaExceeded {
            quota,
            limit: quotas.limit(quota),
            resource: FullResource::VpcId(requester.vpc_id.clone()),
        },
        _ => error.into_error(),
    }
}

/// Updates `Name` and `Tags` of a connection of ours, on both sides. A connection that somebody else made keeps its own.
///
/// The requester's side, by which a later run decides whether there is anything to do, comes last.
async fn refresh_tags(
    Context { network, stack }: Context<'_, impl NetworkWrites>,
    connection: &Connection,
    tags: &Tags,
) -> Result<(), Error> {
    let is_up_to_date = tags.iter().all(|(key, value)| connection.tags.get(key) == Some(value));
    if is_up_to_date || !is_made_by(&connection.tags, stack) {
        return Ok(());
    }
    let ConnectionIdentity { id, requester, accepter } = &connection.identity;
    // Until it is accepted, its accepter's side is tagged in the step that accepts it.
    if connection.status == Status::Active && requester.sees_other_tags_than(accepter) {
        network.tag_connection(accepter, id, &tags_for_accepter(connection, tags)).await?;
    }
    Ok(network.tag_connection(requester, id, tags).await?)
}

/// Isthmus's own tags, and those that this request adds. Not the rest of the requester's side, which its owner may tag with
/// anything: that must not be written on somebody else's side.
fn tags_for_accepter(connection: &Connection, requested: &Tags) -> Tags {
    let own = connection.tags.iter().filter(|(key, _)| key.starts_with(CONNECTION_TAGS) || *key == NAME);
    own.chain(requested).map(|(key, value)| (key.clone(), value.clone())).collect()
}
