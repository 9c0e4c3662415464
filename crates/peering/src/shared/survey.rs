//! Reading both sides, and the plan that follows from it. Nothing here can write.

use crate::cidr::overlaps;
use crate::connection::{Connection, End, Vpc};
use crate::consent::{RequestedBy, missing_consent};
use crate::context::Context;
use crate::error::{Error, TaggedEnd};
use crate::ids::VpcPeeringConnectionId;
use crate::ledger::LedgerItem;
use crate::plan::SidePlan;
use crate::ports::{CallErrorKind, NetworkReads};
use crate::request::PeeringRequest;
use crate::route_tables::RouteTable;
use crate::routes::{DesiredRoutes, PlannedRoute, RoutePlan, stale_routes};
use crate::selection::{RouteSelection, TableSelection};
use crate::shared::lookups::{check_regions, plan_routes_at};
use crate::shared::pair::Pair;
use crate::shared::tag_requests::Asked;
use crate::stack::Stack;
use crate::tags::is_excluded;
use futures_util::join;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// A Fail state's cause holds 32 KiB.
const CONFLICTS_LISTED: usize = 100;

/// Both sides as they are.
pub(crate) struct Survey {
    pub(crate) connections: Vec<Connection>,
    pub(crate) pair: Pair,
    pub(crate) vpcs: [Vpc; 2],
    pub(crate) tables: [Vec<RouteTable>; 2],
}

impl Survey {
    /// Reads everything at once; five calls, plus pages. Fails where the pair can't be peered at all.
    pub(crate) async fn read<L>(
        context: Context<'_, impl NetworkReads, L>,
        request: &PeeringRequest,
    ) -> Result<Self, Error> {
        let Context { network, stack, .. } = context;
        let PeeringRequest { end, peer, .. } = request;
        check_regions(network, end, peer).await?;
        let (requester, accepter) = request.canonical();
        let (vpc, peer_vpc, connections, tables, peer_tables) = join!(
            read_vpc(network, end),
            read_vpc(network, peer),
            network.connections_between(requester, accepter),
            network.route_tables(end),
            network.route_tables(peer),
        );
        let vpcs = [vpc?, peer_vpc?];
        let pair = Pair::found(stack, [(end, &vpcs[0]), (peer, &vpcs[1])]);
        check_pair(&pair, &vpcs, stack, request.requested_by)?;
        Ok(Self { connections: connections?, pair, vpcs, tables: [tables?, peer_tables?] })
    }

    /// Decides about every route of both sides, or says why the request can't be carried out. The sides are in the order
    /// of the request. What `asked` doesn't ask for any more, and the ledger knows as ours, goes.
    pub(crate) async fn plan<L>(
        &self,
        context: Context<'_, impl NetworkReads, L>,
        asked: &Asked,
        connection: Option<&Connection>,
        item: Option<&LedgerItem>,
    ) -> Result<([SidePlan; 2], Vec<String>), Error> {
        let Context { network, stack, .. } = context;
        let [side, peer_side] = self.sides(asked);
        let id = connection.map(Connection::id);
        let limit = stack.quotas.routes_per_table;
        let mut plan = side.plan(network, &self.connections, id, limit).await?;
        let mut peer_plan = peer_side.plan(network, &self.connections, id, limit).await?;
        if let (Some(item), Some(id)) = (item, id)
            && item.connection.as_ref().is_some_and(|recorded| recorded.id == *id)
            && !asked.keeps_recorded_routes
        {
            plan.routes.extend(side.stale_routes(item, id, &plan.routes));
            peer_plan.routes.extend(peer_side.stale_routes(item, id, &peer_plan.routes));
        }

        let mut conflicts = [plan.conflicts, peer_plan.conflicts].concat();
        conflicts.truncate(CONFLICTS_LISTED);
        let full = plan.full.first().or(peer_plan.full.first());
        if let Some(error) = RoutePlan::error(conflicts, full, limit) {
            return Err(error);
        }
        let sides = [(side.end, plan.routes), (peer_side.end, peer_plan.routes)];
        let warnings = [plan.warnings, peer_plan.warnings].concat();
        Ok((sides.map(|(end, routes)| SidePlan::new(end.clone(), routes)), warnings))
    }

    fn sides<'s>(&'s self, asked: &'s Asked) -> [Side<'s>; 2] {
        let PeeringRequest { end, peer, routes, peer_routes, .. } = &asked.request;
        let [vpc, peer_vpc] = &self.vpcs;
        let [tables, peer_tables] = &self.tables;
        let (beside, peer_beside) = match &asked.beside {
            Some(beside) => (Some(&beside.routes), Some(&beside.peer_routes)),
            None => (None, None),
        };
        [
            Side { end, field: "Routes", selection: routes, beside, tables, other: peer, other_vpc: peer_vpc },
            Side {
                end: peer,
                field: "PeerRoutes",
                selection: peer_routes,
                beside: peer_beside,
                tables: peer_tables,
                other: end,
                other_vpc: vpc,
            },
        ]
    }
}

/// One end, and what is selected of its tables.
struct Side<'s> {
    end: &'s End,
    field: &'static str,
    selection: &'s RouteSelection,
    /// What was asked for besides.
    beside: Option<&'s RouteSelection>,
    tables: &'s [RouteTable],
    other: &'s End,
    other_vpc: &'s Vpc,
}

impl Side<'_> {
    async fn plan(
        &self,
        network: &impl NetworkReads,
        connections: &[Connection],
        connection: Option<&VpcPeeringConnectionId>,
        routes_per_table: u32,
    ) -> Result<RoutePlan, Error> {
        let destinations = self.destinations()?;
        self.check_subnets(network).await?;
        let selected = self
            .selection
            .tables
            .pick(self.tables)
            .map_err(|error| Error::invalid(format!("{}.{}", self.field, error.key), error.message))?;
        let desired = DesiredRoutes {
            tables: &self.with_beside(selected.tables.into_iter().map(|table| (table, destinations.clone())).collect()),
            connection,
            deleted: &BTreeSet::new(),
            routes_per_table,
        };
        let mut plan = plan_routes_at(network, self.end, connections, desired).await?;
        plan.warnings.splice(0..0, selected.warnings);
        Ok(plan)
    }

    /// The tables and destinations that were asked for besides, as far as they exist, added to these.
    fn with_beside<'t>(
        &'t self,
        mut desired: Vec<(&'t RouteTable, BTreeSet<IpNet>)>,
    ) -> Vec<(&'t RouteTable, BTreeSet<IpNet>)> {
        let Some(beside) = self.beside else { return desired };
        let is_inside =
            |destination: &&IpNet| self.other_vpc.cidr_blocks.iter().any(|block| block.contains(*destination));
        let destinations: BTreeSet<IpNet> = match &beside.destinations {
            Some(destinations) => destinations.iter().filter(is_inside).copied().collect(),
            None => self.other_vpc.cidr_blocks.iter().copied().collect(),
        };
        for table in beside.tables.pick_existing(self.tables) {
            match desired.iter_mut().find(|(known, _)| known.id == table.id) {
                Some((_, known)) => known.extend(&destinations),
                None => desired.push((table, destinations.clone())),
            }
        }
        desired
    }

    /// Routes of ours that are no longer desired.
    fn stale_routes(
        &self,
        item: &LedgerItem,
        connection: &VpcPeeringConnectionId,
        planned: &[PlannedRoute],
    ) -> Vec<PlannedRoute> {
        stale_routes(self.tables, &item.routes_at(self.end), connection, planned)
    }

    fn destinations(&self) -> Result<BTreeSet<IpNet>, Error> {
        let blocks = &self.other_vpc.cidr_blocks;
        let Some(destinations) = &self.selection.destinations else {
            return Ok(blocks.iter().copied().collect());
        };
        match destinations.iter().find(|destination| !blocks.iter().any(|block| block.contains(*destination))) {
            None => Ok(destinations.clone()),
            Some(outside) => {
                let list: Vec<String> = blocks.iter().map(IpNet::to_string).collect();
                let vpc = &self.other.vpc_id;
                let message = format!("{outside} is not inside {vpc}: its blocks are {}", list.join(", "));
                Err(Error::invalid(format!("{}.Destinations", self.field), message))
            }
        }
    }

    /// A subnet without an association of its own uses the main table, if it is a subnet of this VPC at all.
    async fn check_subnets(&self, network: &impl NetworkReads) -> Result<(), Error> {
        let TableSelection::Subnets(subnets) = &self.selection.tables else { return Ok(()) };
        let associated: BTreeSet<_> = self.tables.iter().flat_map(|table| &table.subnets).collect();
        let unassociated: BTreeSet<_> = subnets.iter().filter(|subnet| !associated.contains(subnet)).cloned().collect();
        if unassociated.is_empty() {
            return Ok(());
        }
        let known = network.subnets(self.end, &unassociated).await?;
        match unassociated.difference(&known).next() {
            None => Ok(()),
            Some(foreign) => {
                let message = format!("{foreign} is not a subnet of {}: name one of its own", self.end.vpc_id);
                Err(Error::invalid(format!("{}.Subnets", self.field), message))
            }
        }
    }
}

/// Consent, exclusion and overlaps, in that order: without consent nothing is disclosed of the other VPC's blocks.
pub(crate) fn check_pair(pair: &Pair, vpcs: &[Vpc; 2], stack: &Stack, requested_by: RequestedBy) -> Result<(), Error> {
    let [intent, peer_intent] = pair.intents();
    if let Some(end) = missing_consent(intent, peer_intent, requested_by, stack) {
        let other = if *end == intent.end { &peer_intent.end } else { &intent.end };
        return Err(Error::PeerNotTrusted(TaggedEnd::of(end, other, &stack.tag_prefix)));
    }
    // The policies deny it as well, on each side by itself; better before anything is made.
    if let Some(side) = pair.sides.iter().find(|side| is_excluded(&side.tags)) {
        return Err(Error::denied("ec2:CreateVpcPeeringConnection", side.end()));
    }
    match overlaps(&vpcs[0].cidr_blocks, &vpcs[1].cidr_blocks) {
        overlaps if overlaps.is_empty() => Ok(()),
        overlaps => Err(Error::OverlappingCidrs { overlaps, vpc_peering_connection_id: None }),
    }
}

async fn read_vpc(network: &impl NetworkReads, end: &End) -> Result<Vpc, Error> {
    network.vpc(end).await.map_err(|error| match error.kind {
        CallErrorKind::NoSuchVpc => Error::VpcNotFound(end.clone()),
        _ => error.into_error(),
    })
}
