//! A network whose n-th call fails: before it is carried out, or after.

use ipnet::IpNet;
use isthmus_peering::connection::{Connection, End, Record, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcId, VpcPeeringConnectionId};
use isthmus_peering::network::{Answer, Inventory, Location, Network, Refusal, Refused, Tags};
use isthmus_peering::tables::RouteTable;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Whether the failing call is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It isn't.
    Before,
    /// It is, and its answer is lost.
    After,
}

/// The decorator. Counts down its calls; something happens at the one that finds zero.
pub struct Faulty<'n, N> {
    inner: &'n N,
    calls_left: Cell<usize>,
    event: Event<'n, N>,
}

enum Event<'n, N> {
    /// It is refused, and with `forever` so is every later one.
    Refuse { when: When, refusal: Refusal, forever: bool },
    /// The world changes just before it.
    Change(&'n dyn Fn(&N)),
}

impl<'n, N: Network> Faulty<'n, N> {
    /// Lets `calls` through, then refuses for ever: the process was killed.
    pub fn new(inner: &'n N, calls: usize, when: When, refusal: Refusal) -> Self {
        Self { inner, calls_left: Cell::new(calls), event: Event::Refuse { when, refusal, forever: true } }
    }

    /// Lets `calls` through, refuses one, and works again.
    pub fn once(inner: &'n N, calls: usize, when: When, refusal: Refusal) -> Self {
        Self { inner, calls_left: Cell::new(calls), event: Event::Refuse { when, refusal, forever: false } }
    }

    /// Lets `calls` through, then changes the world once.
    pub fn interrupted(inner: &'n N, calls: usize, change: &'n dyn Fn(&N)) -> Self {
        Self { inner, calls_left: Cell::new(calls), event: Event::Change(change) }
    }

    async fn call<T>(&self, at: impl Into<Location>, call: impl AsyncFnOnce(&N) -> Answer<T>) -> Answer<T> {
        const OVER: usize = usize::MAX;
        let calls_left = self.calls_left.get();
        let is_now = calls_left == 0;
        let is_last = !matches!(self.event, Event::Refuse { forever: true, .. });
        match (is_now, is_last) {
            (true, true) => self.calls_left.set(OVER),
            (true, false) => {}
            (false, _) => self.calls_left.set(calls_left - 1),
        }
        match self.event {
            _ if !is_now => call(self.inner).await,
            Event::Refuse { when: When::Before, refusal, .. } => Err(refused(at, refusal)),
            Event::Refuse { when: When::After, refusal, .. } => {
                call(self.inner).await.and_then(|_| Err(refused(at, refusal)))
            }
            Event::Change(change) => {
                change(self.inner);
                call(self.inner).await
            }
        }
    }
}

fn refused(at: impl Into<Location>, refusal: Refusal) -> Refused {
    let Location { owner_id, region } = at.into();
    Refused { refusal, action: "faulty:Call".into(), owner_id, region, code: "Faulty".into() }
}

impl<N: Network> Network for Faulty<'_, N> {
    async fn vpc(&self, end: &End) -> Answer<Vpc> {
        self.call(end, async |n| n.vpc(end).await).await
    }

    async fn connections_between(&self, end: &End, peer: &End) -> Answer<Vec<Connection>> {
        self.call(end, async |n| n.connections_between(end, peer).await).await
    }

    async fn connections_of(&self, end: &End, tag: (&str, &str)) -> Answer<Vec<Connection>> {
        self.call(end, async |n| n.connections_of(end, tag).await).await
    }

    async fn peerings_of(&self, end: &End) -> Answer<usize> {
        self.call(end, async |n| n.peerings_of(end).await).await
    }

    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> Answer<Option<Connection>> {
        self.call(end, async |n| n.connection(end, id).await).await
    }

    async fn has_dns_names(&self, end: &End) -> Answer<bool> {
        self.call(end, async |n| n.has_dns_names(end).await).await
    }

    async fn tag_vpc(&self, end: &End, tags: &Tags) -> Answer<()> {
        self.call(end, async |n| n.tag_vpc(end, tags).await).await
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> Answer<()> {
        self.call(end, async |n| n.untag_vpc(end, keys).await).await
    }

    async fn route_tables(&self, end: &End) -> Answer<Vec<RouteTable>> {
        self.call(end, async |n| n.route_tables(end).await).await
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> Answer<Vec<RouteTable>> {
        self.call(end, async |n| n.route_tables_by_id(end, ids).await).await
    }

    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> Answer<BTreeSet<SubnetId>> {
        self.call(end, async |n| n.subnets(end, ids).await).await
    }

    async fn regions(&self, end: &End) -> Answer<BTreeSet<Region>> {
        self.call(end, async |n| n.regions(end).await).await
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> Answer<Connection> {
        self.call(requester, async |n| n.create_connection(requester, accepter, tags).await).await
    }

    async fn accept_connection(&self, record: &Record) -> Answer<Connection> {
        self.call(&record.accepter, async |n| n.accept_connection(record).await).await
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> Answer<()> {
        self.call(end, async |n| n.delete_connection(end, id).await).await
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> Answer<()> {
        self.call(end, async |n| n.tag_connection(end, id, tags).await).await
    }

    async fn allow_dns_resolution(&self, end: &End, record: &Record) -> Answer<()> {
        self.call(end, async |n| n.allow_dns_resolution(end, record).await).await
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> Answer<()> {
        self.call(end, async |n| n.create_route(end, table, destination, to).await).await
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> Answer<()> {
        self.call(end, async |n| n.delete_route(end, table, destination).await).await
    }
}

impl<N: Network + Inventory> Inventory for Faulty<'_, N> {
    async fn vpcs_tagged(&self, at: &Location, keys: &[String]) -> Answer<BTreeMap<VpcId, Vpc>> {
        self.call(at, async |n| n.vpcs_tagged(at, keys).await).await
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> Answer<BTreeMap<VpcId, Vpc>> {
        self.call(at, async |n| n.vpcs_by_id(at, ids).await).await
    }

    async fn connections_at(&self, at: &Location) -> Answer<Vec<Connection>> {
        self.call(at, async |n| n.connections_at(at).await).await
    }

    async fn tables_of(&self, at: &Location, vpcs: &BTreeSet<VpcId>) -> Answer<BTreeMap<VpcId, Vec<RouteTable>>> {
        self.call(at, async |n| n.tables_of(at, vpcs).await).await
    }
}
