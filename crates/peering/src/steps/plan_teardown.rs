//! `PlanTeardown`: take the pair, find its connection, check that it is ours, and list every route that we wrote to it. It
//! can't write to the network.

use crate::connection::{Connection, ConnectionIdentity, adopt};
use crate::consent::{RequestedBy, check_accounts};
use crate::context::Context;
use crate::error::Error;
use crate::ledger::{LedgerItem, PairKey, RecordedConnection, Update, Withdrawal, Withdrawer, Withdrawn};
use crate::plan::SidePlan;
use crate::ports::{Ledger, NetworkReads};
use crate::request::{Moment, TeardownRequest};
use crate::route_tables::RouteTable;
use crate::routes::{stale_blackhole_targets, stale_routes};
use crate::shared::brake::{check_brake, withdraw, withdrawal_due, withdrawer};
use crate::shared::decision::Decision;
use crate::shared::elsewhere::seen_elsewhere;
use crate::shared::lease::{acquire, update_held};
use crate::shared::lookups::{check_regions, deleted_connections};
use crate::shared::pair::{Lookup, Pair};
use crate::shared::survey::read_tables;
use crate::shared::tag_requests::execution_has_consent;
use crate::stack::{Mode, Stack};
use crate::teardown::{TeardownOutput, TeardownPlan};
use futures_util::join;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// The task of the state.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlanTeardownTask {
    /// The input of the execution.
    pub request: Value,
    /// The ARN of the execution.
    pub execution: String,
    /// When the state was entered, as ISO 8601.
    pub time: String,
}

/// The answer: a plan or an output.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedTeardown {
    /// What the next states work on, as the variable `$teardown`.
    pub teardown: Option<TeardownPlan>,
    /// The output of a dry run or in report mode, or where there is nothing to remove.
    pub output: Option<TeardownOutput>,
    /// Whether that is published: in report mode.
    pub publish: bool,
    /// When to plan again: it may not begin yet.
    pub not_before: Option<Moment>,
    /// For events: the ARNs of both VPCs where tags requested the connection, else none.
    pub resources: Vec<String>,
}

/// Reads both sides. A pair that a tag requests is [`Error::StillTagged`], a connection that the ledger doesn't know is
/// [`Error::NotOurs`]. A connection of ours that is deleted already may have left routes, which are deleted too.
pub async fn plan_teardown(
    context: Context<'_, impl NetworkReads, impl Ledger>,
    task: PlanTeardownTask,
) -> Result<PlannedTeardown, Error> {
    let PlanTeardownTask { request, execution, time } = task;
    let request = TeardownRequest::parse(&request, context.stack)?;
    check_accounts([&request.end, &request.peer], context.stack)?;
    check_regions(context.network, &request.end, &request.peer).await?;
    if let Some(not_before) = request.not_before.filter(|moment| moment.0 > context.now && !request.dry_run) {
        if not_before.0 - context.now > LONGEST_WAIT {
            return Err(Error::invalid("NotBefore", "that is more than a day ahead: name an earlier time"));
        }
        return Ok(PlannedTeardown { not_before: Some(not_before), ..PlannedTeardown::default() });
    }
    let key = PairKey::of([&request.end, &request.peer]);
    if request.dry_run || context.stack.mode == Mode::Report {
        let item = context.ledger.item(&key).await?.unwrap_or_else(|| LedgerItem::empty(key));
        if item.is_held_by(&execution) {
            context.stack.check_mode()?;
        }
        return Ok(match plan(context, &request, &item).await? {
            Planned::Teardown(plan, _) => {
                let resources = plan.resources(&context.stack.partition);
                let publish = !request.dry_run;
                PlannedTeardown { output: Some(plan.planned()), publish, resources, ..PlannedTeardown::default() }
            }
            Planned::Nothing(output) => PlannedTeardown { output: Some(output), ..PlannedTeardown::default() },
        });
    }
    let item = acquire(context, &key, &execution, &time).await?;
    let planned = match plan(context, &request, &item).await? {
        Planned::Teardown(plan, by) => match check_withdrawal(context, &key, by, &execution).await? {
            Withdrawing::Now(withdrawal) => {
                let resources = plan.resources(&context.stack.partition);
                let teardown = Some(TeardownPlan { withdrawal, ..*plan });
                return Ok(PlannedTeardown { teardown, resources, ..PlannedTeardown::default() });
            }
            Withdrawing::Later(due) => PlannedTeardown { not_before: Some(due), ..PlannedTeardown::default() },
        },
        Planned::Nothing(output) => PlannedTeardown { output: Some(output), ..PlannedTeardown::default() },
    };
    update_held(context, &key, &execution, Update::release(&execution, &item)).await?;
    Ok(planned)
}

/// When a teardown may begin.
enum Withdrawing {
    /// Now; where tags take the pair away, with the mark of that.
    Now(Option<Withdrawal>),
    /// Not before this.
    Later(Moment),
}

/// `TeardownDelay` after tags took it away. [`Error::TeardownHeld`] if the brake holds it.
async fn check_withdrawal<N>(
    context: Context<'_, N, impl Ledger>,
    key: &PairKey,
    by: Option<Withdrawer>,
    execution: &str,
) -> Result<Withdrawing, Error> {
    let Some(by) = by else { return Ok(Withdrawing::Now(None)) };
    let Some(withdrawal) = withdraw(context, key, &by, Withdrawn::Pair).await? else {
        return Ok(Withdrawing::Now(None));
    };
    if let Some(due) = withdrawal_due(Some(withdrawal), context) {
        return Ok(Withdrawing::Later(due));
    }
    check_brake(context, &by, [(key.clone(), withdrawal)], execution).await?;
    Ok(Withdrawing::Now(Some(withdrawal)))
}

/// For so long an execution waits at most: its machine ends after a day and two hours.
const LONGEST_WAIT: i64 = 24 * 60 * 60;

/// What there is to remove, or the output where there is nothing.
enum Planned {
    /// This. Where tags no longer ask for a connection that is live: whose tags.
    Teardown(Box<TeardownPlan>, Option<Withdrawer>),
    Nothing(TeardownOutput),
}

/// What there is to remove, if there is anything.
async fn plan<L>(
    context: Context<'_, impl NetworkReads, L>,
    TeardownRequest { end, peer, requested_by, .. }: &TeardownRequest,
    item: &LedgerItem,
) -> Result<Planned, Error> {
    let Context { network, stack, .. } = context;
    let (requester, accepter) = stack.direction(end, peer);
    let (pair, connections, tables) = join!(
        Pair::read(context, [end, peer]),
        network.connections_between(requester, accepter),
        read_tables(context, [end, peer]),
    );
    let (connections, [tables, peer_tables], pair) = (connections?, tables?, pair?);
    let live = adopt(&connections, end, peer, stack);
    let recorded = match (live.filter(|live| item.is_by_maker(live)), &item.connection) {
        // An execution that died made it, and recorded no more.
        (Some(live), _) => RecordedConnection { id: live.id().clone(), made: true, pending: false },
        (None, Some(recorded)) => recorded.clone(),
        (None, None) => match live {
            Some(live) => return Err(Error::NotOurs { vpc_peering_connection_id: live.id().clone() }),
            None => {
                nothing_recorded(context, &pair, connections, item).await?;
                return Ok(Planned::Nothing(TeardownOutput::absent()));
            }
        },
    };
    // Ours is gone, and somebody has made another one. Tags take back what is left of ours alone.
    if let Some(live) = live.filter(|live| *live.id() != recorded.id && *requested_by != RequestedBy::Tags) {
        return Err(Error::NotOurs { vpc_peering_connection_id: live.id().clone() });
    }
    let live = live.filter(|live| *live.id() == recorded.id);
    let mut replaced = BTreeSet::new();
    for (end, tables) in [(end, &tables), (peer, &peer_tables)] {
        let others = stale_blackhole_targets(tables, &item.routes_at(end), Some(&recorded.id), &[]);
        replaced.extend(deleted_connections(network, end, &connections, others).await?);
    }
    let targets = replaced.iter().chain([&recorded.id]).cloned().collect();
    let routes_of = |end, tables: &[RouteTable]| {
        let routes = stale_routes(tables, &item.routes_at(end), &targets, &[]);
        SidePlan::new(end.clone(), routes)
    };
    let sides = [routes_of(end, &tables), routes_of(peer, &peer_tables)];
    pair.check_not_excluded()?;
    if *requested_by == RequestedBy::Tags && live.is_some() && is_kept(&pair, item, stack) {
        return Ok(Planned::Nothing(TeardownOutput::kept(&recorded.id)));
    }
    // Even where nothing is left to delete, the ledger and the status tags still know it.
    pair.check_untagged(stack)?;
    let identity = connections.iter().find(|connection| *connection.id() == recorded.id).map(identity_of);
    let identity = identity.unwrap_or_else(|| ConnectionIdentity {
        id: recorded.id.clone(),
        requester: requester.clone(),
        accepter: accepter.clone(),
    });
    let is_by_tags = *requested_by == RequestedBy::Tags && live.is_some();
    let withdrawn_by = is_by_tags.then(|| withdrawer(&pair, item, stack)).flatten();
    let plan = TeardownPlan::new(&identity, recorded.made, item, sides, replaced);
    Ok(Planned::Teardown(Box::new(plan), withdrawn_by))
}

/// Whether tags ask for the pair again, or an execution has asked for it meanwhile.
fn is_kept(pair: &Pair, item: &LedgerItem, stack: &Stack) -> bool {
    let execution = item.asked_by.as_ref().and_then(|asked| asked.execution.as_ref());
    let is_asked_by_execution = execution.is_some_and(|asked| execution_has_consent(pair, asked, stack));
    let decision = Decision::of(pair, Some(item), stack);
    let is_to_go = matches!(decision, Decision::TearDown | Decision::ClearStatus) && !is_asked_by_execution;
    !pair.is_one(Lookup::NotFound) && !is_to_go
}

/// Nothing is to be removed, unless the request means another Region or account. A pair that was torn down before may have
/// VPCs that are gone by now.
async fn nothing_recorded<L>(
    context: Context<'_, impl NetworkReads, L>,
    pair: &Pair,
    connections: Vec<Connection>,
    item: &LedgerItem,
) -> Result<(), Error> {
    if let Some(elsewhere) = seen_elsewhere(context, pair.ends(), connections).await? {
        return Err(Error::VpcNotFound(elsewhere));
    }
    let was_torn_down = item.outcome.as_ref().is_some_and(|outcome| outcome.error.is_none());
    match pair.sides().into_iter().find(|side| side.lookup == Lookup::NotFound) {
        Some(side) if !was_torn_down => Err(Error::missing(side.end())),
        _ => Ok(()),
    }
}

fn identity_of(connection: &Connection) -> ConnectionIdentity {
    connection.identity.clone()
}
