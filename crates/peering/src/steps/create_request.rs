//! `CreateRequest`: read both sides, plan everything, and only then make or adopt the connection.

pub(super) mod related;
pub(super) mod survey;

use crate::connection::{Connection, DnsSides, End, Record, Status, adopt};
use crate::error::{Error, Place};
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Network, Refusal, Refused, Tags};
use crate::plan::{ReportedRoute, SidePlan, report, shorten};
use crate::request::Request;
use crate::stack::{EXECUTION_TAG, OWN_TAGS, STACK_TAG, Stack, is_made_by};
use crate::standing::Origin;
use crate::steps::executions::{as_tagged_now, origin};
use related::Related;
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

impl Execution {
    fn name(&self) -> &str {
        self.id.rsplit(':').next().unwrap_or_default()
    }
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
    /// The tags that say by which wish of the VPCs' tags it is routed, to be put on both sides once it is.
    pub marks: Tags,
    /// What to write in the tables of each end.
    pub route_plan: [SidePlan; 2],
    /// The sides that have yet to allow DNS resolution.
    pub dns_to_allow: DnsSides,
    /// Whether DNS resolution is, or will be, on at both sides.
    pub dns_resolution: bool,
    /// What is legal but surprising.
    pub warnings: Vec<String>,
    /// The ends on which the status shall be told once it is active.
    pub to_tell: Vec<End>,
    /// For events: the ARNs of both VPCs where their tags have to do with this peering, else none.
    pub resources: Vec<String>,
    /// The planned routes, one by one; only in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routes: Option<Vec<ReportedRoute>>,
}

/// Reads, plans, and makes or adopts the connection. A refusal leaves the world exactly as it was.
pub async fn create_request(network: &impl Network, stack: &Stack, task: CreateTask) -> Result<Peering, Error> {
    let request = Request::parse(&task.request, stack)?;
    let origin = origin(task.execution.name(), &request);
    let survey = Survey::of(network, stack, &request, origin).await?;
    let request = match origin {
        Origin::Tags => as_tagged_now(&survey.pair, request, stack),
        Origin::MemberEvent | Origin::Execution => request,
    };
    let related = Related::of(&survey.pair, stack, &request, origin);
    let found = adopt(&survey.connections, &request.end, &request.peer);
    let (route_plan, mut warnings) = survey.plan(network, stack, &request, found).await?;
    shorten(&mut warnings);
    if request.dry_run {
        return Ok(Peering::planned(request, route_plan, warnings, found));
    }
    let connection = match found {
        Some(connection) => {
            refresh_tags(network, stack, connection, &request.tags).await?;
            connection.clone()
        }
        None => {
            let mut tags = request.tags_at_creation();
            tags.insert(STACK_TAG.into(), stack.name.clone());
            tags.insert(EXECUTION_TAG.into(), task.execution.id.clone());
            create(network, stack, &request, &related.mark(tags)).await?
        }
    };
    let is_own = is_made_by(&connection.tags, stack);
    let marks = if is_own { related.marks_to_put(&connection, stack) } else { Tags::new() };
    let tags = if is_own { tags_for_the_other_side(&connection, &request.tags) } else { Tags::new() };
    let created = connection.tags.get(EXECUTION_TAG) == Some(&task.execution.id);
    let (to_tell, resources) = (related.to_tell(stack, &connection), related.resources);
    let peering = Peering::new(request, route_plan, warnings, Some(&connection));
    Ok(Peering { created, tags, marks, to_tell, resources, ..peering })
}

impl Peering {
    /// What a dry run answers.
    fn planned(
        request: Request,
        route_plan: [SidePlan; 2],
        mut warnings: Vec<String>,
        found: Option<&Connection>,
    ) -> Self {
        let routes = Some(report(&route_plan, &mut warnings));
        Self { status: "planned", created: found.is_none(), routes, ..Self::new(request, route_plan, warnings, found) }
    }

    /// What is known once `connection` serves the request; without one, what would be.
    fn new(
        request: Request,
        route_plan: [SidePlan; 2],
        warnings: Vec<String>,
        connection: Option<&Connection>,
    ) -> Self {
        let (requester, accepter) = match connection {
            Some(Connection { record, .. }) => (&record.requester, &record.accepter),
            None => request.canonical(),
        };
        let (requester, accepter) = (requester.clone(), accepter.clone());
        let allowed = connection.map(|connection| connection.dns_resolution).unwrap_or_default();
        let wished = request.dns_resolution;
        Self {
            vpc_peering_connection_id: connection.map(Connection::id).cloned(),
            status: connection.map_or(Status::InitiatingRequest, |connection| connection.status).as_str(),
            created: false,
            requester,
            accepter,
            ends: [request.end, request.peer],
            tags: Tags::new(),
            marks: Tags::new(),
            route_plan,
            dns_to_allow: DnsSides { requester: wished && !allowed.requester, accepter: wished && !allowed.accepter },
            dns_resolution: wished || (allowed.requester && allowed.accepter),
            warnings,
            to_tell: Vec::new(),
            resources: Vec::new(),
            routes: None,
        }
    }
}

async fn create(network: &impl Network, stack: &Stack, request: &Request, tags: &Tags) -> Result<Connection, Error> {
    let (requester, accepter) = request.canonical();
    network.create_connection(requester, accepter, tags).await.map_err(|refused: Refused| match refused.refusal {
        Refusal::NoSuchVpc => Error::VpcNotFound(requester.clone()),
        Refusal::Quota(quota) => {
            Error::QuotaExceeded { quota, limit: stack.limits.of(quota), place: Place::VpcId(requester.vpc_id.clone()) }
        }
        _ => refused.into_error(),
    })
}

/// Brings `Name` and `Tags` of a connection of ours up to date, on both sides. One that somebody else made keeps its own.
///
/// The requester's side, by which a later run judges whether there is anything to do, comes last.
async fn refresh_tags(
    network: &impl Network,
    stack: &Stack,
    connection: &Connection,
    tags: &Tags,
) -> Result<(), Error> {
    let is_up_to_date = tags.iter().all(|(key, value)| connection.tags.get(key) == Some(value));
    if is_up_to_date || !is_made_by(&connection.tags, stack) {
        return Ok(());
    }
    let Record { requester, accepter, .. } = &connection.record;
    // Until it is accepted, its accepter's side is tagged in the step that accepts it.
    if connection.status == Status::Active && requester.sees_other_tags_than(accepter) {
        let tags = tags_for_the_other_side(connection, tags);
        network.tag_connection(accepter, connection.id(), &tags).await?;
    }
    Ok(network.tag_connection(requester, connection.id(), tags).await?)
}

/// What says whose connection it is, and what this request adds. No more of the requester's side, which its owner may tag
/// at will: that is no reason to write the same on somebody else's.
fn tags_for_the_other_side(connection: &Connection, wished: &Tags) -> Tags {
    let own = connection.tags.iter().filter(|(key, _)| key.starts_with(OWN_TAGS) || *key == "Name");
    own.chain(wished).map(|(key, value)| (key.clone(), value.clone())).collect()
}
