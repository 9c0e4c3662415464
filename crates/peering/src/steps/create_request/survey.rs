//! Reading both sides, and turning what was read into the plan.

use crate::cidr::overlaps;
use crate::connection::{Connection, End, Vpc};
use crate::error::Error;
use crate::ids::VpcPeeringConnectionId;
use crate::network::{Network, Refusal};
use crate::plan::SidePlan;
use crate::request::Request;
use crate::routes::{RoutePlan, Wish};
use crate::selection::{RouteSelection, TableSelection};
use crate::stack::Stack;
use crate::steps::planning::{check_regions, plan_routes};
use crate::tables::RouteTable;
use futures_util::join;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// A Fail state's cause holds 32 KiB; nobody resolves more than these before looking again.
const CONFLICTS_NAMED: usize = 100;

/// Both sides as they are.
pub(super) struct Survey {
    pub(super) connections: Vec<Connection>,
    vpcs: [Vpc; 2],
    tables: [Vec<RouteTable>; 2],
}

impl Survey {
    /// Reads everything at once; five calls, plus pages.
    pub(super) async fn of(network: &impl Network, request: &Request) -> Result<Self, Error> {
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
        let overlaps = overlaps(&vpcs[0].cidr_blocks, &vpcs[1].cidr_blocks);
        if !overlaps.is_empty() {
            return Err(Error::OverlappingCidrs { overlaps, vpc_peering_connection_id: None });
        }
        Ok(Self { connections: connections?, vpcs, tables: [tables?, peer_tables?] })
    }

    /// Decides about every route of both sides, or refuses the request.
    pub(super) async fn plan(
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
        let ours = side.plan(network, &self.connections, id, limit).await?;
        let theirs = peer_side.plan(network, &self.connections, id, limit).await?;

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

async fn read_vpc(network: &impl Network, end: &End) -> Result<Vpc, Error> {
    network.vpc(end).await.map_err(|refused| match refused.refusal {
        Refusal::NoSuchVpc => Error::VpcNotFound(end.clone()),
        _ => refused.into_error(),
    })
}
