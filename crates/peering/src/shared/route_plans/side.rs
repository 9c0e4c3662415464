//! The plan for the routes of one side.

use crate::cidr::covers;
use crate::connection::{Connection, End};
use crate::error::Error;
use crate::ids::{AccountId, VpcPeeringConnectionId};
use crate::intent::TagValue;
use crate::ledger::{LedgerItem, RecordedRoutes};
use crate::ports::NetworkReads;
use crate::route_tables::RouteTable;
use crate::routes::{Action, DesiredRoutes, PlannedRoute, RoutePlan, stale_blackhole_targets, stale_routes};
use crate::selection::{RouteSelection, TableSelection};
use crate::shared::advertised::{Advertised, Strictness};
use crate::shared::lookups::{deleted_connections, plan_routes_at};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// What is known of the pair besides its sides.
pub(super) struct Known<'k> {
    pub(super) connections: &'k [Connection],
    pub(super) id: Option<&'k VpcPeeringConnectionId>,
    pub(super) item: Option<&'k LedgerItem>,
    pub(super) established: bool,
    /// Whether the same was asked for before, and could be had then.
    pub(super) is_repeated: bool,
    pub(super) routes_per_table: u32,
}

/// One end, and what is selected of its tables.
pub(crate) struct Side<'s> {
    pub(crate) end: &'s End,
    pub(crate) field: &'static str,
    pub(crate) selection: &'s RouteSelection,
    /// What was asked for besides.
    pub(super) beside: Option<&'s RouteSelection>,
    pub(crate) tables: &'s [RouteTable],
    pub(super) is_planned: bool,
    /// What its owner's tag selects: a request may narrow that, never widen it.
    pub(crate) owner_selects: &'s TagValue<TableSelection>,
    /// While its owner's selection can't be understood, no route is deleted there.
    pub(super) keeps_tables: bool,
    /// Everything that we may have written there.
    pub(crate) recorded: RecordedRoutes,
    /// Whether a table that was never routed may be named: by tags, or by a request that was carried out before.
    pub(crate) is_lenient: bool,
    pub(super) other: Advertised<'s>,
}

/// The plan for one side.
#[derive(Default)]
pub(super) struct PlanOfSide {
    pub(super) routes: RoutePlan,
    pub(super) replaced: BTreeSet<VpcPeeringConnectionId>,
    pub(super) emptied_by: Option<AccountId>,
}

impl Side<'_> {
    pub(super) async fn plan(&self, network: &impl NetworkReads, known: &Known<'_>) -> Result<PlanOfSide, Error> {
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
        let mut names_unknown = selected.names_unknown;
        warnings.extend(selected.warnings);
        let mut tables: Vec<_> = selected.tables.into_iter().map(|table| (table, destinations.clone())).collect();
        if let Some(beside) = self.beside {
            let selected = self.existing(network, &beside.tables).await?;
            warnings.extend(
                selected.warnings.into_iter().filter(|warning| !warnings.contains(warning)).collect::<Vec<_>>(),
            );
            add_tables(&mut tables, selected.tables, &self.other.existing_destinations(beside));
        }
        names_unknown |= self.keep_to_owner_s_selection(network, &mut tables, &mut warnings).await?;
        let desired = DesiredRoutes {
            tables: &tables,
            connection: known.id,
            deleted: &BTreeSet::new(),
            routes_per_table: known.routes_per_table,
            established: known.established,
        };
        let mut routes = plan_routes_at(network, self.end, known.connections, desired).await?;
        routes.warnings.splice(0..0, warnings);
        let (mut stale, replaced) = match self.keeps_tables || names_unknown {
            true => (Vec::new(), BTreeSet::new()),
            false => self.stale_routes(network, known, &routes.routes).await?,
        };
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
        if self.other.are_unknown() {
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
