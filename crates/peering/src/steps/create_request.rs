//! `CreateRequest`: read both sides, plan everything, and only then make or adopt the connection.

mod survey;

pub(super) use survey::gone;

use crate::connection::{Connection, DnsSides, End, Record, Status, adopt};
use crate::error::{Error, Place};
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Network, Refusal, Refused, Tags};
use crate::plan::{ReportedRoute, SidePlan, report, shorten};
use crate::request::Request;
use crate::stack::{EXECUTION_TAG, STACK_TAG, Stack};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use survey::Survey;

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTask {
    /// The input of the execution, as it came.
    pub request: Value,
    /// The execution.
    pub execution: Execution,
}

/// The execution that a step serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Execution {
    /// Its ARN: the value of the tag that says which execution made a connection.
    pub id: String,
}

/// What the execution knows after this step, as the variable `$peering`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Peering {
    /// The connection; `None` in a dry run that would make one.
    pub vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
    /// `planned` in a dry run, else the connection's status.
    pub status: &'static str,
    /// Whether this execution made it, or would.
    pub created: bool,
    /// The end that asks.
    pub requester: End,
    /// The end that is asked.
    pub accepter: End,
    /// The two ends as the request names them.
    pub ends: [End; 2],
    /// The tags for each side of the connection; none on a connection that isn't this stack's.
    pub tags: Tags,
    /// What to write in the tables of each end.
    pub route_plan: [SidePlan; 2],
    /// The sides that have yet to allow DNS resolution.
    pub dns_to_allow: DnsSides,
    /// Whether DNS resolution is, or will be, on at both sides.
    pub dns_resolution: bool,
    /// What is legal but surprising.
    pub warnings: Vec<String>,
    /// The planned routes, one by one; only in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<ReportedRoute>>,
}

/// Reads, plans, and makes or adopts the connection. A refusal leaves the world exactly as it was.
pub async fn create_request(network: &impl Network, stack: &Stack, task: CreateTask) -> Result<Peering, Error> {
    let request = Request::parse(&task.request, stack)?;
    let survey = Survey::of(network, &request).await?;
    let found = adopt(&survey.connections, &request.end, &request.peer);
    let (route_plan, warnings) = survey.plan(network, stack, &request, found).await?;
    let plan = Plan { request, route_plan, warnings };
    if plan.request.dry_run {
        return Ok(plan.as_it_would_be(found));
    }
    let tags = plan.tags(stack, &task.execution);
    let connection = match found {
        Some(connection) => {
            refresh_tags(network, stack, connection, &plan.request.tags).await?;
            connection.clone()
        }
        None => create(network, stack, &plan.request, &tags).await?,
    };
    Ok(plan.carried_out_on(connection, tags, stack, &task.execution))
}

struct Plan {
    request: Request,
    route_plan: [SidePlan; 2],
    warnings: Vec<String>,
}

impl Plan {
    fn tags(&self, stack: &Stack, execution: &Execution) -> Tags {
        let mut tags = self.request.tags.clone();
        tags.insert(STACK_TAG.into(), stack.name.clone());
        tags.insert(EXECUTION_TAG.into(), execution.id.clone());
        tags
    }

    fn as_it_would_be(self, found: Option<&Connection>) -> Peering {
        let (requester, accepter) = self.request.canonical();
        let record = found.map_or_else(|| (requester, accepter), |found| (&found.record.requester, &found.record.accepter));
        let (requester, accepter) = (record.0.clone(), record.1.clone());
        let mut planned = self.peering(found.map(Connection::id).cloned(), requester, accepter, found);
        planned.routes = Some(report(&planned.route_plan, &mut planned.warnings));
        planned.status = "planned";
        planned.created = found.is_none();
        planned
    }

    fn carried_out_on(self, connection: Connection, tags: Tags, stack: &Stack, execution: &Execution) -> Peering {
        let Record { vpc_peering_connection_id, requester, accepter } = connection.record.clone();
        let mut peering = self.peering(Some(vpc_peering_connection_id), requester, accepter, Some(&connection));
        peering.created = connection.tags.get(EXECUTION_TAG) == Some(&execution.id);
        if is_ours(&connection, stack) {
            peering.tags = tags;
        }
        peering
    }

    fn peering(
        self,
        vpc_peering_connection_id: Option<VpcPeeringConnectionId>,
        requester: End,
        accepter: End,
        connection: Option<&Connection>,
    ) -> Peering {
        let allowed = connection.map(|connection| connection.dns_resolution).unwrap_or_default();
        let wished = self.request.dns_resolution;
        let mut warnings = self.warnings;
        shorten(&mut warnings);
        Peering {
            vpc_peering_connection_id,
            status: connection.map_or(Status::InitiatingRequest, |connection| connection.status).as_str(),
            created: false,
            requester,
            accepter,
            ends: [self.request.end, self.request.peer],
            tags: Tags::new(),
            route_plan: self.route_plan,
            dns_to_allow: DnsSides {
                requester: wished && !allowed.requester,
                accepter: wished && !allowed.accepter,
            },
            dns_resolution: wished || (allowed.requester && allowed.accepter),
            warnings,
            routes: None,
        }
    }
}

async fn create(network: &impl Network, stack: &Stack, request: &Request, tags: &Tags) -> Result<Connection, Error> {
    let (requester, accepter) = request.canonical();
    network.create_connection(requester, accepter, tags).await.map_err(|refused: Refused| match refused.refusal {
        Refusal::NoSuchVpc => Error::VpcNotFound(requester.clone()),
        Refusal::Quota(quota) => Error::QuotaExceeded {
            quota,
            limit: stack.limits.of(quota),
            place: Place::VpcId(requester.vpc_id.clone()),
        },
        _ => refused.into_error(),
    })
}

/// Brings `Name` and `Tags` of a connection of ours up to date, on both sides. One that somebody else made keeps its own.
async fn refresh_tags(network: &impl Network, stack: &Stack, connection: &Connection, tags: &Tags) -> Result<(), Error> {
    let is_up_to_date = tags.iter().all(|(key, value)| connection.tags.get(key) == Some(value));
    if is_up_to_date || !is_ours(connection, stack) {
        return Ok(());
    }
    let Record { requester, accepter, .. } = &connection.record;
    network.tag_connection(requester, connection.id(), tags).await?;
    if sees_other_tags(requester, accepter) {
        network.tag_connection(accepter, connection.id(), tags).await?;
    }
    Ok(())
}

/// Tags on a connection belong to one account and Region.
/// <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html>
pub(super) fn sees_other_tags(one: &End, other: &End) -> bool {
    (&one.region, &one.owner_id) != (&other.region, &other.owner_id)
}

fn is_ours(connection: &Connection, stack: &Stack) -> bool {
    connection.tags.get(STACK_TAG) == Some(&stack.name)
}
