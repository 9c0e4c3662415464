//! Reading both sides, and turning what was read into the plan.

use crate::cidr::overlaps;
use crate::connection::{Connection, End, Vpc};
use crate::error::{Claim, Error};
use crate::ids::VpcPeeringConnectionId;
use crate::intent::{Intent, parse_routes};
use crate::network::{Network, Refusal};
use crate::plan::SidePlan;
use crate::request::Request;
use crate::routes::{PlannedRoute, RoutePlan, Wish, moved_away};
use crate::selection::{RouteSelection, TableSelection};
use crate::stack::{ROUTED, Stack, is_excluded, is_made_by};
use crate::standing::{Origin, is_wished, untrusting};
use crate::steps::pair::Pair;
use crate::steps::planning::{check_regions, plan_routes};
use crate::tables::RouteTable;
use futures_util::join;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// A Fail state's cause holds 32 KiB; nobody resolves more than these before looking again.
const CONFLICTS_NAMED: usize = 100;

/// Both sides as they are.
pub(in crate::steps) struct Survey {
    pub(in crate::steps) connections: Vec<Connection>,
    pub(in crate::steps) pair: Pair,
    pub(in crate::steps) vpcs: [Vpc; 2],
    pub(in crate::steps) tables: [Vec<RouteTable>; 2],
}

impl Survey {
    /// Reads everything at once; five calls, plus pages.
    pub(super) async fn of(
        network: &impl Network,
        stack: &Stack,
        request: &Request,
        origin: Origin,
    ) -> Result<Self, Error> {
        let Request { end, peer, .. } = request;
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
        let pair = Pair::with(stack, [(end, &vpcs[0]), (peer, &vpcs[1])]);
        refuse(&pair, &vpcs, stack, origin)?;
        Ok(Self { connections: connections?, pair, vpcs, tables: [tables?, peer_tables?] })
    }

    /// Decides about every route of both sides, or refuses the request.
    pub(in crate::steps) async fn plan(
        &self,
        network: &impl Network,
        stack: &Stack,
        request: &Request,
        connection: Option<&Connection>,
    ) -> Result<([SidePlan; 2], Vec<String>), Error> {
        let Request { end, peer, routes, peer_routes, .. } = request;
        let [vpc, peer_vpc] = &self.vpcs;
        let [tables, peer_tables] = &self.tables;
        let side = Side { end, field: "Routes", selection: routes, tables, other: peer, other_vpc: peer_vpc };
        let peer_side = Side {
            end: peer,
            field: "PeerRoutes",
            selection: peer_routes,
            tables: peer_tables,
            other: end,
            other_vpc: vpc,
        };
        let id = connection.map(Connection::id);
        let limit = stack.limits.routes_per_table;
        let mut ours = side.plan(network, &self.connections, id, limit).await?;
        let mut theirs = peer_side.plan(network, &self.connections, id, limit).await?;
        if let Some(own) = connection.filter(|connection| is_made_by(&connection.tags, stack)) {
            let [seen, peer_seen] = &self.pair.sides;
            if is_wished(seen.voice(), peer_seen.voice()) {
                ours.routes.extend(side.moved_away(&seen.intent, own, &ours.routes));
                theirs.routes.extend(peer_side.moved_away(&peer_seen.intent, own, &theirs.routes));
            }
        }

        let mut conflicts = [ours.conflicts, theirs.conflicts].concat();
        conflicts.truncate(CONFLICTS_NAMED);
        let full = ours.full.first().or(theirs.full.first());
        if let Some(refusal) = RoutePlan::refusal(conflicts, full, limit) {
            return Err(refusal);
        }
        let sides = [SidePlan::new(end.clone(), ours.routes), SidePlan::new(peer.clone(), theirs.routes)];
        Ok((sides, [ours.warnings, theirs.warnings].concat()))
    }
}

/// One end, and what is wished in its tables.
struct Side<'s> {
    end: &'s End,
    field: &'static str,
    selection: &'s RouteSelection,
    tables: &'s [RouteTable],
    other: &'s End,
    other_vpc: &'s Vpc,
}

impl Side<'_> {
    async fn plan(
        &self,
        network: &impl Network,
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
            .map_err(|unmet| Error::invalid(format!("{}.{}", self.field, unmet.key), unmet.message))?;
        let wish = Wish {
            tables: &selected.tables,
            destinations: &destinations,
            connection,
            gone: &BTreeSet::new(),
            routes_per_table,
        };
        let mut plan = plan_routes(network, self.end, connections, wish).await?;
        plan.warnings.splice(0..0, selected.warnings);
        Ok(plan)
    }

    /// Routes to the connection that an earlier selection wrote and that this one no longer asks for. Only where the
    /// request says what the VPC's own tags say: a narrower one, of a pipeline, is no order to remove the rest.
    fn moved_away(&self, intent: &Intent, own: &Connection, planned: &[PlannedRoute]) -> Vec<PlannedRoute> {
        if *self.selection != intent.selection() {
            return Vec::new();
        }
        let before = own.tags.get(&format!("{ROUTED}{}", self.end.vpc_id)).and_then(|text| parse_routes(text).ok());
        let mut tables = self.selection.tables.still_picks(self.tables);
        tables.extend(before.iter().flat_map(|before| before.still_picks(self.tables)));
        moved_away(&tables, &self.other_vpc.cidr_blocks, own.id(), planned)
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
    async fn check_subnets(&self, network: &impl Network) -> Result<(), Error> {
        let TableSelection::Subnets(subnets) = &self.selection.tables else { return Ok(()) };
        let associated: BTreeSet<_> = self.tables.iter().flat_map(|table| &table.subnets).collect();
        let unassociated: BTreeSet<_> = subnets.iter().filter(|subnet| !associated.contains(subnet)).cloned().collect();
        if unassociated.is_empty() {
            return Ok(());
        }
        let known = network.subnets(self.end, &unassociated).await?;
        match unassociated.difference(&known).next() {
            None => Ok(()),
            Some(stranger) => {
                let message = format!("{stranger} is not a subnet of {}: name one of its own", self.end.vpc_id);
                Err(Error::invalid(format!("{}.Subnets", self.field), message))
            }
        }
    }
}

/// What is refused before any route is looked at. A stranger learns nothing of the other VPC's blocks.
pub(in crate::steps) fn refuse(pair: &Pair, vpcs: &[Vpc; 2], stack: &Stack, origin: Origin) -> Result<(), Error> {
    let [side, peer] = &pair.sides;
    if let Some(silent) = untrusting(side.voice(), peer.voice(), origin, stack) {
        let other = if *silent == side.end { &peer.end } else { &side.end };
        return Err(Error::PeerNotTrusted(Claim::of(silent, other, &stack.tag_prefix)));
    }
    // The policies say so as well, of each side in its turn; better before anything is made.
    if let Some(seen) = pair.sides.iter().find(|seen| is_excluded(&seen.tags)) {
        return Err(Error::denied("ec2:CreateVpcPeeringConnection", &seen.end));
    }
    match overlaps(&vpcs[0].cidr_blocks, &vpcs[1].cidr_blocks) {
        overlaps if overlaps.is_empty() => Ok(()),
        overlaps => Err(Error::OverlappingCidrs { overlaps, vpc_peering_connection_id: None }),
    }
}

async fn read_vpc(network: &impl Network, end: &End) -> Result<Vpc, Error> {
    network.vpc(end).await.map_err(|refused| match refused.refusal {
        Refusal::NoSuchVpc => Error::VpcNotFound(end.clone()),
        _ => refused.into_error(),
    })
}
