//! The plan for the routes of both sides: what is selected there, compared with the tables as they are, and with what the
//! ledger knows as ours. Nothing here can write.

use crate::cidr::covers;
use crate::connection::{Connection, End};
use crate::consent::RequestedBy;
use crate::context::Context;
use crate::error::Error;
use crate::ids::{AccountId, VpcPeeringConnectionId};
use crate::intent::TagValue;
use crate::ledger::{LedgerItem, RecordedRoutes};
use crate::plan::{SidePlan, shorten};
use crate::ports::NetworkReads;
use crate::request::PeeringRequest;
use crate::route_tables::RouteTable;
use crate::routes::{
    Action, DesiredRoutes, PlannedRoute, RoutePlan, stale_blackhole_targets, stale_routes, standing_routes,
};
use crate::selection::{RouteSelection, TableSelection};
use crate::shared::advertised::{Advertised, Strictness};
use crate::shared::lookups::{deleted_connections, plan_routes_at};
use crate::shared::survey::Survey;
use crate::shared::tag_requests::Asked;
use crate::stack::Stack;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// A Fail state's cause holds 32 KiB.
pub(crate) const CONFLICTS_LISTED: usize = 100;

/// The plan for the routes of both sides, in the order of the request.
pub(crate) struct RoutePlans {
    pub(crate) sides: [SidePlan; 2],
    /// Of the routes that the ledger knows as ours, those that lead to the connection.
    pub(crate) standing: [RecordedRoutes; 2],
    /// The deleted connections to which stale routes lead.
    pub(crate) replaced: BTreeSet<VpcPeeringConnectionId>,
    /// The account whose tags leave one side without any of the routes that stand.
    pub(crate) emptied_by: Option<AccountId>,
    /// Whether the peering was completed before: then it is repaired as far as possible.
    pub(crate) established: bool,
    pub(crate) warnings: Vec<String>,
}

impl Survey<'_> {
    /// Decides about every route of both sides, or says why the request can't be carried out. What `asked` doesn't ask for
    /// any more, and the ledger knows as ours, goes.
    pub(crate) async fn plan<L>(
        &self,
        context: Context<'_, impl NetworkReads, L>,
        asked: &Asked,
        connection: Option<&Connection>,
        item: Option<&LedgerItem>,
    ) -> Result<RoutePlans, Error> {
        let limit = context.stack.quotas.routes_per_table;
        let id = connection.map(Connection::id);
        let known = Known {
            connections: &self.connections,
            id,
            item,
            established: item.zip(id).is_some_and(|(item, id)| item.is_established_with(id)),
            is_repeated: item.is_some_and(|item| {
                item.asked_by.as_ref().is_some_and(|before| before.execution == asked.asked_by.execution)
            }),
            routes_per_table: limit,
        };
        let [side, peer_side] = self.sides(asked, &known, context.stack);
        let (plan, peer_plan) =
            (side.plan(context.network, &known).await?, peer_side.plan(context.network, &known).await?);
        let standing = [&side, &peer_side].map(|side| match (item, id) {
            (Some(item), Some(id)) if item.records(id) => standing_routes(side.tables, &side.recorded, id),
            // What is recorded was written to another connection.
            _ => RecordedRoutes::default(),
        });
        let mut conflicts = [plan.routes.conflicts, peer_plan.routes.conflicts].concat();
        conflicts.truncate(CONFLICTS_LISTED);
        let full = plan.routes.full.first().or(peer_plan.routes.full.first());
        if let Some(error) = RoutePlan::error(conflicts, full, limit) {
            return Err(error);
        }
        let sides = [(side.end, plan.routes.routes), (peer_side.end, peer_plan.routes.routes)];
        let mut warnings = [plan.routes.warnings, peer_plan.routes.warnings].concat();
        shorten(&mut warnings);
        Ok(RoutePlans {
            sides: sides.map(|(end, routes)| SidePlan::new(end.clone(), routes)),
            standing,
            emptied_by: plan.emptied_by.or(peer_plan.emptied_by),
            replaced: plan.replaced.into_iter().chain(peer_plan.replaced).collect(),
            established: known.established,
            warnings,
        })
    }

    fn sides<'s>(&'s self, asked: &'s Asked, known: &Known<'_>, stack: &'s Stack) -> [Side<'s>; 2] {
        let PeeringRequest { end, peer, routes, peer_routes, .. } = &asked.request;
        let [vpc, peer_vpc] = &self.vpcs;
        let [tables, peer_tables] = &self.tables;
        let beside = asked.beside.as_ref();
        let (beside, peer_beside) = (beside.map(|beside| &beside.routes), beside.map(|beside| &beside.peer_routes));
        let [intent, peer_intent] = self.pair.intents();
        let recorded = |end| known.item.map(|item| item.routes_at(end)).unwrap_or_default();
        let is_lenient = known.is_repeated || asked.request.requested_by == RequestedBy::Tags;
        [
            Side {
                end,
                field: "Routes",
                selection: routes,
                beside,
                tables: tables.as_deref().unwrap_or_default(),
                is_planned: tables.is_some(),
                owner_selects: intent.routes_to(peer),
                keeps_tables: intent.unclear.routes,
                recorded: recorded(end),
                is_lenient,
                other: Advertised { intent: peer_intent, vpc: peer_vpc, stack },
            },
            Side {
                end: peer,
                field: "PeerRoutes",
                selection: peer_routes,
                beside: peer_beside,
                tables: peer_tables.as_deref().unwrap_or_default(),
                is_planned: peer_tables.is_some(),
                owner_selects: peer_intent.routes_to(end),
                keeps_tables: peer_intent.unclear.routes,
                recorded: recorded(peer),
                is_lenient,
                other: Advertised { intent, vpc, stack },
            },
        ]
    }
}

/// What is known of the pair besides its sides.
struct Known<'k> {
    connections: &'k [Connection],
    id: Option<&'k VpcPeeringConnectionId>,
    item: Option<&'k LedgerItem>,
    established: bool,
    /// Whether the same was asked for before, and could be had then.
    is_repeated: bool,
    routes_per_table: u32,
}

/// One end, and what is selected of its tables.
pub(crate) struct Side<'s> {
    pub(super) end: &'s End,
    pub(super) field: &'static str,
    pub(super) selection: &'s RouteSelection,
    /// What was asked for besides.
    beside: Option<&'s RouteSelection>,
    pub(super) tables: &'s [RouteTable],
    is_planned: bool,
    /// What its owner's tag selects: a request may narrow that, never widen it.
    pub(super) owner_selects: &'s TagValue<TableSelection>,
    /// While its owner's selection can't be understood, no route is deleted there.
    keeps_tables: bool,
    /// Everything that we may have written there.
    pub(super) recorded: RecordedRoutes,
    /// Whether a table that was never routed may be named: by tags, or by a request that was carried out before.
    pub(super) is_lenient: bool,
    other: Advertised<'s>,
}

/// The plan for one side.
#[derive(Default)]
struct PlanOfSide {
    routes: RoutePlan,
    replaced: BTreeSet<VpcPeeringConnectionId>,
    emptied_by: Option<AccountId>,
}

impl Side<'_> {
    async fn plan(&self, network: &impl NetworkReads, known: &Known<'_>) -> Result<PlanOfSide, Error> {
        if !self.is_planned {
            return Ok(PlanOfSide::default());
        }
        let strictness = match (known.established, known.is_repeated) {
            (true, true) => Strictness::Repeated,
            (true, false) => Strictness::Established,
            (false, _) => Strictness::New,
        };
        let (destinations, mut warnings) = self.other.destinations(self.selection, self.field, strictness)?;
        let selected = self.select(network, known.established).await?;
        warnings.extend(selected.warnings);
        let mut tables: Vec<_> = selected.tables.into_iter().map(|table| (table, destinations.clone())).collect();
        if let Some(beside) = self.beside {
            let selected = self.existing(network, &beside.tables).await?;
            warnings.extend(
                selected.warnings.into_iter().filter(|warning| !warnings.contains(warning)).collect::<Vec<_>>(),
            );
            add_tables(&mut tables, selected.tables, &self.other.existing_destinations(beside));
        }
        warnings.extend(self.keep_to_owner_s_selection(network, &mut tables).await?);
        let desired = DesiredRoutes {
            tables: &tables,
            connection: known.id,
            deleted: &BTreeSet::new(),
            routes_per_table: known.routes_per_table,
            established: known.established,
        };
        let mut routes = plan_routes_at(network, self.end, known.connections, desired).await?;
        routes.warnings.splice(0..0, warnings);
        let (mut stale, replaced) = self.stale_routes(network, known, &routes.routes).await?;
        if self.other.is_unclear() {
            stale.retain(|route| !tables.iter().any(|(table, _)| table.id == route.table));
        }
        let emptied_by = self.emptied_by(&tables, &stale, &routes.routes);
        routes.routes.extend(stale);
        Ok(PlanOfSide { routes, replaced, emptied_by })
    }

    /// The account whose tags leave none of the standing routes, to blocks that the other VPC still has. The owner chooses the
    /// tables, the other one what is routed to.
    fn emptied_by(
        &self,
        tables: &[(&RouteTable, BTreeSet<IpNet>)],
        stale: &[PlannedRoute],
        planned: &[PlannedRoute],
    ) -> Option<AccountId> {
        let stands = |route: &PlannedRoute| matches!(route.action, Action::Unchanged | Action::Repaired);
        let lost = stale.iter().find(|route| covers(&self.other.vpc.cidr_blocks, &route.destination))?;
        let is_selected = tables.iter().any(|(table, _)| table.id == lost.table);
        let end = if is_selected { self.other.stack.own_end([&self.other.intent.end, self.end]) } else { self.end };
        (!planned.iter().any(stands)).then(|| end.owner_id.clone())
    }

    /// Routes of ours that are no longer desired, and the deleted connections to which some of them lead.
    async fn stale_routes(
        &self,
        network: &impl NetworkReads,
        known: &Known<'_>,
        planned: &[PlannedRoute],
    ) -> Result<(Vec<PlannedRoute>, BTreeSet<VpcPeeringConnectionId>), Error> {
        if self.keeps_tables || self.other.are_unknown() || !self.unknown_tables().is_empty() {
            return Ok((Vec::new(), BTreeSet::new()));
        }
        let recorded = &self.recorded;
        let others = stale_blackhole_targets(self.tables, recorded, known.id, planned);
        let replaced = deleted_connections(network, self.end, known.connections, others).await?;
        let own = known.id.filter(|id| known.item.is_some_and(|item| item.records(id)));
        let targets = replaced.iter().chain(own).cloned().collect();
        Ok((stale_routes(self.tables, recorded, &targets, planned), replaced))
    }
}

fn add_tables<'t>(
    desired: &mut Vec<(&'t RouteTable, BTreeSet<IpNet>)>,
    tables: Vec<&'t RouteTable>,
    destinations: &BTreeSet<IpNet>,
) {
    for table in tables {
        match desired.iter_mut().find(|(known, _)| known.id == table.id) {
            Some((_, known)) => known.extend(destinations),
            None => desired.push((table, destinations.clone())),
        }
    }
}
