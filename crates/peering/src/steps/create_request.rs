//! `CreateRequest`: take the pair, read both sides, plan everything, and only then make or adopt the connection.

mod external;
mod size;
mod tags;

use crate::connection::{Connection, ConnectionIdentity, adopt};
use crate::consent::{RequestedBy, check_accounts};
use crate::context::Context;
use crate::error::Error;
use crate::ledger::{LedgerItem, PairKey, RecordedRoutes, Update, Withdrawal, Withdrawer, Withdrawn};
use crate::peering::{Peering, PeeringOutput, PeeringSide};
use crate::plan::{SidePlan, in_request_order, report};
use crate::ports::{Ledger, Network, NetworkReads};
use crate::request::PeeringRequest;
use crate::shared::brake::{check_brake, forget_withdrawal, withdraw};
use crate::shared::creation::{create, waits_for_a_place};
use crate::shared::dns_resolution::read_dns_resolution;
use crate::shared::external::waits_for;
use crate::shared::lease::{acquire, check_time, update_held};
use crate::shared::pair::VpcTags;
use crate::shared::route_plans::RoutePlans;
use crate::shared::status_tags::written_status;
use crate::shared::survey::Survey;
use crate::shared::tag_requests::Asked;
use crate::stack::{Mode, Stack};
use crate::tags::{EXECUTION, Tags};
use external::pending;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use size::check_size;
use tags::{refresh_tags, tags_for_accepter};

/// The task of the state.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateTask {
    /// The input of the execution.
    pub request: Value,
    /// The ARN of the execution: it holds the pair, and the connection that it makes carries it as a tag.
    pub execution: String,
    /// When the state was entered, as ISO 8601.
    pub time: String,
    /// When the execution started, in milliseconds since 1970.
    pub started: i64,
}

/// The answer: one of the two.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Created {
    /// What the next states work on, as the variable `$peering`.
    pub peering: Option<Peering>,
    /// The output of a dry run, in report mode, or of a request that somebody else has yet to accept.
    pub output: Option<PeeringOutput>,
    /// Whether that is published: of a dry run only where an event asked for it.
    pub publish: bool,
    /// For its event: the ARNs of both VPCs where tags request the peering, else none.
    pub resources: Vec<String>,
}

/// Everything that is decided before the first write.
struct Plan {
    asked: Asked,
    survey: Survey<'static>,
    routes: RoutePlans,
}

/// Takes the pair, reads, plans, and makes or adopts the connection. A failure leaves the network as it was.
pub async fn create_request(
    context: Context<'_, impl Network, impl Ledger>,
    task: CreateTask,
) -> Result<Created, Error> {
    let CreateTask { request, execution, time, started } = task;
    let request = PeeringRequest::parse(&request, context.stack)?;
    check_accounts([&request.end, &request.peer], context.stack)?;
    let key = PairKey::of([&request.end, &request.peer]);
    if request.dry_run || context.stack.mode == Mode::Report {
        // Who asks by event has no other answer.
        let publish = !request.dry_run || request.requested_by == RequestedBy::Event;
        let item = context.ledger.item(&key).await?;
        if item.as_ref().is_some_and(|item| item.is_held_by(&execution)) {
            context.stack.check_mode()?;
        }
        let plan = plan(context, request, item.as_ref()).await?;
        return Ok(Created { output: Some(plan.into_output(context.stack)), publish, ..Created::default() });
    }
    check_time(context, "CreateRequest", started)?;
    let item = acquire(context, &key, &execution, &time).await?;
    let plan = plan(context, request, Some(&item)).await?;
    plan.check_not_refused(&item, context.stack)?;
    let withdrawal = check_withdrawal(context, &plan, &item, &execution).await?;
    let connection = match plan.found(context.stack) {
        Some(connection) => connection.clone(),
        None => create(context, &plan.asked.request, &execution, waits_for_a_place(context, started)).await?,
    };
    let made = item.owns(&connection) || plan.asked.request.take_over;
    if made {
        refresh_tags(context, &connection, &plan.asked.request).await?;
    }
    plan.delete_opposite(context, &connection, &item).await?;
    let peering = Peering { withdrawal, ..peering(&plan, &connection, made, context.stack, &execution) };
    match waits_for(&connection, context.stack) {
        Some(reason) => pending(context, &plan, peering, reason, (&item, &execution, &time)).await,
        None => Ok(Created { peering: Some(peering), ..Created::default() }),
    }
}

/// Where tags leave one side without routes, the brake has to let that pass. A mark of what they ask for again goes.
async fn check_withdrawal<N>(
    context: Context<'_, N, impl Ledger>,
    plan: &Plan,
    item: &LedgerItem,
    execution: &str,
) -> Result<Option<Withdrawal>, Error> {
    let is_by_tags = plan.asked.request.requested_by == RequestedBy::Tags;
    let Some(by) = plan.routes.emptied_by.as_ref().filter(|_| is_by_tags) else {
        let is_over = |withdrawal: Withdrawal| withdrawal.is_open() || !withdrawal.counts(context.now);
        if is_by_tags && item.withdrawal.is_some_and(is_over) {
            forget_withdrawal(context, item).await;
        }
        return Ok(None);
    };
    let by = &Withdrawer::Account(by.clone());
    let Some(withdrawal) = withdraw(context, &item.pair, by, Withdrawn::Routes).await? else { return Ok(None) };
    let asked_by = &plan.asked.asked_by;
    if item.asked_by.as_ref().is_some_and(|before| before.tags != asked_by.tags) {
        // Whoever asks now is who withdraws it later, even if the brake holds this.
        update_held(context, &item.pair, execution, Update::ask(execution, asked_by)).await?;
    }
    check_brake(context, by, [(item.pair.clone(), withdrawal)], execution).await?;
    Ok(Some(withdrawal))
}

async fn plan<L>(
    context: Context<'_, impl NetworkReads, L>,
    request: PeeringRequest,
    item: Option<&LedgerItem>,
) -> Result<Plan, Error> {
    let Context { network, stack, .. } = context;
    let mut survey = Survey::read(context, &request).await?;
    let asked = Asked::of(&survey.pair, request, item, stack)?;
    let (end, peer) = (&asked.request.end, &asked.request.peer);
    if asked.dns_resolution() {
        read_dns_resolution(stack, network, &mut survey.connections, asked.request.direction(stack)).await?;
    }
    let found = adopt(&survey.connections, end, peer, stack);
    let routes = survey.plan(context, &asked, found, item).await?;
    let plan = Plan { asked, survey, routes };
    plan.check_take_over(stack)?;
    check_size(&plan)?;
    Ok(plan)
}

impl Plan {
    fn found(&self, stack: &Stack) -> Option<&Connection> {
        adopt(&self.survey.connections, &self.asked.request.end, &self.asked.request.peer, stack)
    }

    /// Whether DNS resolution is, or will be, on at both sides. An external account's owner turns it on at theirs.
    fn dns_resolution(&self, connection: Option<&Connection>, stack: &Stack) -> bool {
        let allowed = connection.map(|connection| connection.dns_resolution).unwrap_or_default();
        let (requester, accepter) = match connection {
            Some(Connection { identity, .. }) => (&identity.requester, &identity.accepter),
            None => self.asked.request.direction(stack),
        };
        [(allowed.requester, requester), (allowed.accepter, accepter)]
            .into_iter()
            .all(|(is_on, end)| is_on || (self.asked.dns_resolution() && !stack.is_external(&end.owner_id)))
    }

    /// Whether tags concern the request at all.
    fn concerns_tags(&self, stack: &Stack) -> bool {
        self.asked.request.requested_by == RequestedBy::Tags || self.survey.pair.concerns_tags(stack)
    }

    fn into_output(mut self, stack: &Stack) -> PeeringOutput {
        let routes = report(self.routes.sides.each_ref(), &mut self.routes.warnings);
        let found = self.found(stack);
        let (requester, accepter) = match found {
            Some(Connection { identity, .. }) => (&identity.requester, &identity.accepter),
            None => self.asked.request.direction(stack),
        };
        PeeringOutput {
            vpc_peering_connection_id: found.map(Connection::id).cloned(),
            status: "planned",
            created: found.is_none(),
            requester: requester.clone(),
            accepter: accepter.clone(),
            routes,
            dns_resolution: self.dns_resolution(found, stack),
            warnings: self.routes.warnings,
        }
    }
}

fn peering(plan: &Plan, connection: &Connection, made: bool, stack: &Stack, execution: &str) -> Peering {
    let ConnectionIdentity { id, requester, .. } = &connection.identity;
    let RoutePlans { sides: [side, peer_side], standing: [standing, peer_standing], .. } = &plan.routes;
    let [tags, peer_tags] = &plan.survey.pair.sides;
    let concerns_tags = plan.concerns_tags(stack);
    let swapped = side.end != *requester;
    let allowed = connection.dns_resolution;
    let of_side = |plan_of_side: &SidePlan, standing: &RecordedRoutes, tags: &VpcTags, peer: &VpcTags| PeeringSide {
        plan: plan_of_side.clone(),
        standing: standing.clone(),
        allow_dns_resolution: false,
        status: written_status(stack, tags, peer.end()).filter(|_| concerns_tags).map(str::to_owned),
    };
    let one = of_side(side, standing, tags, peer_tags);
    let other = of_side(peer_side, peer_standing, peer_tags, tags);
    let [requester, accepter] = in_request_order(swapped, one, other);
    let with_dns = |side: PeeringSide, is_allowed: bool| PeeringSide {
        allow_dns_resolution: plan.asked.dns_resolution() && !is_allowed && !stack.is_external(&side.end().owner_id),
        ..side
    };
    Peering {
        vpc_peering_connection_id: id.clone(),
        status: connection.status,
        created: connection.tags.get(EXECUTION).map(String::as_str) == Some(execution),
        requester: with_dns(requester, allowed.requester),
        accepter: with_dns(accepter, allowed.accepter),
        swapped,
        tags: if made { tags_for_accepter(connection, &plan.asked.request, stack) } else { Tags::new() },
        made,
        established: plan.routes.established,
        replaced: plan.routes.replaced.clone(),
        withdrawal: None,
        asked_by: plan.asked.asked_by.clone(),
        dns_resolution: plan.dns_resolution(Some(connection), stack),
        warnings: plan.routes.warnings.clone(),
        requested_by_tags: concerns_tags,
    }
}
