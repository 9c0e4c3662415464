//! What the machine would plan for a pair, compared with what there is.

use super::{Examined, Finding};
use crate::connection::{End, Status, adopt};
use crate::consent::RequestedBy;
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::ledger::AskedBy;
use crate::ports::NetworkReads;
use crate::routes::{stale_blackhole_targets, stale_routes};
use crate::shared::dns_resolution::{DnsFinding, find_dns_resolution};
use crate::shared::external;
use crate::shared::pairs::PairSnapshot;
use crate::shared::route_plans::RoutePlans;
use crate::shared::snapshot::Snapshot;
use crate::shared::survey::{Survey, check_pair};
use crate::shared::tag_requests::{Asked, request};
use crate::status::PeeringStatus;
use std::borrow::Cow;

/// What the machine would plan for a pair that tags request.
pub(crate) struct Planned<'s> {
    pub(crate) asked: Asked,
    survey: Survey<'s>,
    pub(crate) routes: RoutePlans,
}

/// Plans a pair as the machine would; of a Region whose tables weren't read, nothing is planned.
pub(crate) async fn plan<'s, L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &'s Snapshot,
    known: &PairSnapshot,
) -> Result<Planned<'s>, Error> {
    let stack = context.stack;
    let request = request(&known.pair);
    let vpc = |end: &End, other: &End| match stack.is_external(&end.owner_id) {
        true => Ok(Cow::Owned(external::vpc(stack, end, other, &known.connections))),
        false => snapshot.vpc(end).map(Cow::Borrowed).ok_or_else(|| Error::missing(end)),
    };
    let vpcs = [vpc(&request.end, &request.peer)?, vpc(&request.peer, &request.end)?];
    let pair = known.pair.in_order([&request.end, &request.peer]);
    check_pair(&pair, &vpcs, stack, RequestedBy::Tags)?;
    let tables = [&request.end, &request.peer].map(|end| snapshot.tables_if_read(end).map(Cow::Borrowed));
    let survey = Survey { connections: known.connections.clone(), pair, vpcs, tables };
    let item = known.item.as_ref();
    let asked = Asked::of(&survey.pair, request, item, stack)?;
    let found = adopt(&survey.connections, &asked.request.end, &asked.request.peer, stack);
    let routes = survey.plan(context, &asked, found, item).await?;
    Ok(Planned { asked, survey, routes })
}

pub(super) async fn compare<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
) -> Result<Examined, Error> {
    let Planned { asked, survey, routes: plan } = plan(context, snapshot, known).await?;
    let finding = compare_with_plan(context, snapshot, known, (&asked, &survey, &plan)).await?;
    Ok(Examined { finding, sides: Some(plan.sides), dns_resolution: asked.dns_resolution() })
}

async fn compare_with_plan<L>(
    Context { network, stack, .. }: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    known: &PairSnapshot,
    (asked, survey, plan): (&Asked, &Survey<'_>, &RoutePlans),
) -> Result<Finding, Error> {
    let item = known.item.as_ref();
    let found = adopt(&survey.connections, &asked.request.end, &asked.request.peer, stack);
    let Some(connection) = found else {
        // Their owner said no, or nothing: tags don't ask again by themselves.
        let refusal = item.and_then(|item| external::refused(&survey.pair, &survey.connections, item));
        return refusal.map_or_else(|| Ok(Finding::SetUp("Missing".into())), Err);
    };
    let is_changed = plan.sides.iter().any(|side| side.additions().chain(side.removals()).next().is_some());
    let is_recorded = item.is_some_and(|item| {
        let is_this = item.connection.as_ref().is_some_and(|recorded| recorded.id == *connection.id());
        let is_asked =
            |recorded: &AskedBy| (&recorded.tags, &recorded.groups) == (&asked.asked_by.tags, &asked.asked_by.groups);
        // A later roll-back would take away what an execution left pending.
        let is_settled = item.makers.is_empty() && !item.has_pending_routes();
        is_this && is_settled && item.asked_by.as_ref().is_some_and(is_asked)
    });
    if let (Status::Active, Some(by)) = (connection.status, &plan.emptied_by) {
        return Ok(Finding::Empty(by.clone()));
    }
    let differs = match connection.status {
        Status::Active if is_changed => "Routes",
        Status::Active if !is_recorded => "Unrecorded",
        Status::Active => {
            match find_dns_resolution(connection, asked, stack, async |end| {
                snapshot.has_dns_hostnames(network, end).await
            })
            .await?
            {
                DnsFinding::Missing => "DnsResolution",
                DnsFinding::InPlace => return Ok(Finding::InPlace(connection.id().clone(), plan.warnings.clone())),
                DnsFinding::Unavailable(warnings) => {
                    let warnings = plan.warnings.iter().cloned().chain(warnings).collect();
                    return Ok(Finding::InPlace(connection.id().clone(), warnings));
                }
            }
        }
        _ => match external::waits_for(connection, stack).filter(|_| is_recorded) {
            Some(reason) => return Ok(Finding::Waiting(PeeringStatus::Waiting { reason })),
            None => "NotActive",
        },
    };
    Ok(Finding::SetUp(differs.into()))
}

/// Whether a connection that is deleted left routes behind that we wrote.
pub(super) fn leaves_blackholes(snapshot: &Snapshot, known: &PairSnapshot) -> bool {
    let Some(item) = &known.item else { return false };
    let Some(recorded) = &item.connection else { return false };
    let is_live =
        |id: &VpcPeeringConnectionId| known.connections.iter().any(|found| found.id() == id && found.status.is_live());
    let are_left = |end: &End| {
        let (tables, routes) = (snapshot.tables(end), item.routes_at(end));
        let others = stale_blackhole_targets(tables, &routes, Some(&recorded.id), &[]);
        let own = [recorded.id.clone()].into();
        (!is_live(&recorded.id) && !stale_routes(tables, &routes, &own, &[]).is_empty())
            || others.iter().any(|id| !is_live(id))
    };
    known.pair.check_not_excluded().is_ok() && item.pair.ends().into_iter().any(are_left)
}
