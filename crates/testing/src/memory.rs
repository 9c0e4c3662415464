//! A network in memory that follows EC2's rules for peering, as far as the steps can tell.

mod connections;
mod reads;
mod region;
mod writes;

use crate::{HasLedger, MemoryLedger};
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, End, Status, Vpc};
use isthmus_peering::ids::{RouteTableId, VpcPeeringConnectionId};
use isthmus_peering::ports::{CallError, CallErrorKind, CallResult, Location};
use isthmus_peering::route_tables::{Route, RouteTable, Target};
use isthmus_peering::tags::Tags;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The network.
#[derive(Debug, Default)]
pub struct Memory {
    vpcs: RefCell<BTreeMap<End, Vpc>>,
    tables: RefCell<BTreeMap<End, Vec<RouteTable>>>,
    connections: RefCell<Vec<Connection>>,
    unreachable: RefCell<BTreeSet<Location>>,
    dns_hostnames: RefCell<bool>,
    calls: RefCell<Vec<&'static str>>,
    other_requester: RefCell<Option<End>>,
    /// Tags of the accepter's side, where that is another account or Region.
    accepter_tags: RefCell<BTreeMap<VpcPeeringConnectionId, Tags>>,
    /// How many calls a new connection stays invisible to its requester.
    invisible_for: RefCell<usize>,
    invisible: RefCell<BTreeMap<VpcPeeringConnectionId, usize>>,
    /// Whether the accepter's side of connections may not be tagged.
    denies_accepter_tags: Cell<bool>,
    /// The VPCs for which no connection may be accepted: their quota is used up.
    full: RefCell<BTreeSet<End>>,
    /// For how long a connection is provisioning, in virtual time.
    provisioning_for: Cell<Duration>,
    active_at: RefCell<BTreeMap<VpcPeeringConnectionId, Duration>>,
    latency: Cell<Duration>,
    /// What is ours.
    pub ledger: MemoryLedger,
}

impl HasLedger for Memory {
    type Ledger = MemoryLedger;

    fn ledger(&self) -> &MemoryLedger {
        &self.ledger
    }
}

impl Memory {
    /// Adds a VPC with these blocks and that many route tables, the first of them main.
    pub fn add_vpc(&self, end: &End, blocks: &[&str], tables: usize) {
        let cidr_blocks: Vec<IpNet> = blocks.iter().map(|block| parse(block)).collect();
        let local = |&destination: &IpNet| route(destination, Target::Other("local".into()));
        let routes: Vec<Route> = cidr_blocks.iter().map(local).collect();
        let suffix = &end.vpc_id.as_str()[end.vpc_id.as_str().len() - 4..];
        let tables = (0..tables).map(|number| RouteTable {
            id: parse(&format!("rtb-{number:04x}{suffix}")),
            main: number == 0,
            edge: false,
            subnets: BTreeSet::new(),
            tags: Tags::new(),
            routes: routes.clone(),
            prefix_lists: Vec::new(),
        });
        self.tables.borrow_mut().insert(end.clone(), tables.collect());
        self.vpcs.borrow_mut().insert(end.clone(), Vpc { cidr_blocks, tags: Tags::new() });
    }

    /// Removes a VPC, and its connections with it, as EC2 does.
    pub fn remove_vpc(&self, end: &End) {
        self.vpcs.borrow_mut().remove(end);
        self.tables.borrow_mut().remove(end);
        for connection in self.connections.borrow_mut().iter_mut() {
            if connection.identity.requester == *end || connection.identity.accepter == *end {
                connection.status = Status::Deleted;
            }
        }
    }

    /// Puts a tag on a VPC.
    pub fn tag_vpc(&self, end: &End, key: &str, value: &str) {
        if let Some(vpc) = self.vpcs.borrow_mut().get_mut(end) {
            vpc.tags.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Puts a tag on the numbered table of a VPC.
    pub fn tag_table(&self, end: &End, table: usize, key: &str, value: &str) {
        if let Some(tables) = self.tables.borrow_mut().get_mut(end) {
            tables[table].tags.insert(key.to_owned(), value.to_owned());
        }
    }

    /// Takes a tag off a VPC.
    pub fn drop_tag(&self, end: &End, key: &str) {
        if let Some(vpc) = self.vpcs.borrow_mut().get_mut(end) {
            vpc.tags.remove(key);
        }
    }

    /// The VPCs.
    pub fn ends(&self) -> Vec<End> {
        self.vpcs.borrow().keys().cloned().collect()
    }

    /// The tags of a VPC.
    pub fn tags(&self, end: &End) -> Tags {
        self.vpcs.borrow().get(end).map(|vpc| vpc.tags.clone()).unwrap_or_default()
    }

    /// Makes a Region of an account one that can't be read.
    pub fn deny(&self, at: &Location) {
        self.unreachable.borrow_mut().insert(at.clone());
    }

    /// Makes it one that can be read again.
    pub fn allow(&self, at: &Location) {
        self.unreachable.borrow_mut().remove(at);
    }

    /// Gives all VPCs DNS support and DNS hostnames.
    pub fn turn_on_dns_hostnames(&self) {
        self.dns_hostnames.replace(true);
    }

    /// Adds a block to a VPC.
    pub fn add_block(&self, end: &End, block: &str) {
        if let Some(vpc) = self.vpcs.borrow_mut().get_mut(end) {
            vpc.cidr_blocks.push(parse(block));
        }
    }

    /// Takes a block off a VPC.
    pub fn drop_block(&self, end: &End, block: &str) {
        if let Some(vpc) = self.vpcs.borrow_mut().get_mut(end) {
            vpc.cidr_blocks.retain(|known| *known != parse::<IpNet>(block));
        }
    }

    /// One more route table, with a route to the VPC itself alone.
    pub fn add_table(&self, end: &End) {
        if let Some(tables) = self.tables.borrow_mut().get_mut(end) {
            let mut table = tables[0].clone();
            table.id = parse(&format!("rtb-{:08x}", 0xf000_0000_u32 + u32::try_from(tables.len()).unwrap_or_default()));
            table.main = false;
            table.routes.retain(|route| route.target == Target::Other("local".into()));
            tables.push(table);
        }
    }

    /// Removes the routes to that destination from all tables of a VPC.
    pub fn drop_routes(&self, end: &End, destination: &str) {
        for table in self.tables.borrow_mut().get_mut(end).into_iter().flatten() {
            table.routes.retain(|route| route.destination != parse::<IpNet>(destination));
        }
    }

    /// Adds a route to the numbered table of a VPC.
    pub fn add_route(&self, end: &End, table: usize, route: Route) {
        if let Some(tables) = self.tables.borrow_mut().get_mut(end) {
            tables[table].routes.push(route);
        }
    }

    /// The tables of a VPC.
    pub fn tables(&self, end: &End) -> Vec<RouteTable> {
        self.tables.borrow().get(end).cloned().unwrap_or_default()
    }

    /// Answers the calls so far, and clears that list.
    pub fn take_calls(&self) -> Vec<&'static str> {
        self.calls.take()
    }

    /// Of these calls, those that change something.
    pub fn writes<'c>(calls: &[&'c str]) -> Vec<&'c str> {
        let is_write = |call: &&&str| {
            ["create", "accept", "delete", "tag", "untag", "allow"].iter().any(|verb| call.starts_with(verb))
        };
        calls.iter().filter(is_write).copied().collect()
    }

    /// How long each call takes from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.latency.set(latency);
    }

    async fn called(&self, call: &'static str) {
        crate::pause().await;
        if !self.latency.get().is_zero() {
            tokio::time::sleep(self.latency.get()).await;
        }
        self.calls.borrow_mut().push(call);
        self.activate();
    }

    fn with_table<T>(
        &self,
        end: &End,
        id: &RouteTableId,
        change: impl FnOnce(&mut RouteTable) -> Result<T, CallErrorKind>,
    ) -> CallResult<T> {
        let mut tables = self.tables.borrow_mut();
        let table = tables.get_mut(end).and_then(|tables| tables.iter_mut().find(|table| table.id == *id));
        match table {
            Some(table) => change(table).map_err(|kind| call_error(end, kind)),
            None => Err(call_error(end, CallErrorKind::NoSuchRouteTable)),
        }
    }
}

fn route(destination: IpNet, target: Target) -> Route {
    Route { destination, target, blackhole: false, propagated: false }
}

fn call_error(end: &End, kind: CallErrorKind) -> CallError {
    CallError {
        kind,
        action: "memory:Call".into(),
        owner_id: end.owner_id.clone(),
        region: end.region.clone(),
        code: format!("{kind:?}"),
        message: "a message".into(),
    }
}

fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}
