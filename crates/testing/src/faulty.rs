//! A network whose n-th call fails: before it is carried out, or after.

use crate::{HasLedger, MemoryLedger};
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, ConnectionIdentity, End, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcId, VpcPeeringConnectionId};
use isthmus_peering::ports::{
    CallError, CallErrorKind, CallResult, Location, NetworkReads, NetworkWrites, RegionReads,
};
use isthmus_peering::route_tables::RouteTable;
use isthmus_peering::tags::Tags;
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
    /// It fails, and with `forever` so does every later one.
    Fail { when: When, kind: CallErrorKind, forever: bool },
    /// The network changes just before it.
    Change(&'n dyn Fn(&N)),
}

impl<'n, N> Faulty<'n, N> {
    /// Lets `calls` through, then fails for ever: the process was killed.
    pub fn new(inner: &'n N, calls: usize, when: When, kind: CallErrorKind) -> Self {
        Self { inner, calls_left: Cell::new(calls), event: Event::Fail { when, kind, forever: true } }
    }

    /// Lets `calls` through, fails one, and works again.
    pub fn once(inner: &'n N, calls: usize, when: When, kind: CallErrorKind) -> Self {
        Self { inner, calls_left: Cell::new(calls), event: Event::Fail { when, kind, forever: false } }
    }

    /// Lets `calls` through, then changes the network once.
    pub fn interrupted(inner: &'n N, calls: usize, change: &'n dyn Fn(&N)) -> Self {
        Self { inner, calls_left: Cell::new(calls), event: Event::Change(change) }
    }

    async fn call<T>(&self, at: impl Into<Location>, call: impl AsyncFnOnce(&N) -> CallResult<T>) -> CallResult<T> {
        const OVER: usize = usize::MAX;
        let calls_left = self.calls_left.get();
        let is_now = calls_left == 0;
        let is_last = !matches!(self.event, Event::Fail { forever: true, .. });
        match (is_now, is_last) {
            (true, true) => self.calls_left.set(OVER),
            (true, false) => {}
            (false, _) => self.calls_left.set(calls_left - 1),
        }
        match self.event {
            _ if !is_now => call(self.inner).await,
            Event::Fail { when: When::Before, kind, .. } => Err(call_error(at, kind)),
            Event::Fail { when: When::After, kind, .. } => {
                call(self.inner).await.and_then(|_| Err(call_error(at, kind)))
            }
            Event::Change(change) => {
                change(self.inner);
                call(self.inner).await
            }
        }
    }
}

fn call_error(at: impl Into<Location>, kind: CallErrorKind) -> CallError {
    let Location { owner_id, region } = at.into();
    CallError {
        kind,
        action: "faulty:Call".into(),
        owner_id,
        region,
        code: "Faulty".into(),
        message: "a message".into(),
    }
}

impl<N: NetworkReads> NetworkReads for Faulty<'_, N> {
    async fn vpc(&self, end: &End) -> CallResult<Vpc> {
        self.call(end, async |n| n.vpc(end).await).await
    }

    async fn connections_between(&self, end: &End, peer: &End) -> CallResult<Vec<Connection>> {
        self.call(end, async |n| n.connections_between(end, peer).await).await
    }

    async fn connections_of(&self, end: &End) -> CallResult<Vec<Connection>> {
        self.call(end, async |n| n.connections_of(end).await).await
    }

    async fn count_active_peerings(&self, end: &End) -> CallResult<usize> {
        self.call(end, async |n| n.count_active_peerings(end).await).await
    }

    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<Option<Connection>> {
        self.call(end, async |n| n.connection(end, id).await).await
    }

    async fn has_dns_hostnames(&self, end: &End) -> CallResult<bool> {
        self.call(end, async |n| n.has_dns_hostnames(end).await).await
    }

    async fn route_tables(&self, end: &End) -> CallResult<Vec<RouteTable>> {
        self.call(end, async |n| n.route_tables(end).await).await
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> CallResult<Vec<RouteTable>> {
        self.call(end, async |n| n.route_tables_by_id(end, ids).await).await
    }

    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> CallResult<BTreeSet<SubnetId>> {
        self.call(end, async |n| n.subnets(end, ids).await).await
    }

    async fn regions(&self, end: &End) -> CallResult<BTreeSet<Region>> {
        self.call(end, async |n| n.regions(end).await).await
    }
}

impl<N: NetworkWrites> NetworkWrites for Faulty<'_, N> {
    async fn tag_vpc(&self, end: &End, tags: &Tags) -> CallResult<()> {
        self.call(end, async |n| n.tag_vpc(end, tags).await).await
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> CallResult<()> {
        self.call(end, async |n| n.untag_vpc(end, keys).await).await
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> CallResult<Connection> {
        self.call(requester, async |n| n.create_connection(requester, accepter, tags).await).await
    }

    async fn accept_connection(&self, record: &ConnectionIdentity) -> CallResult<Connection> {
        self.call(&record.accepter, async |n| n.accept_connection(record).await).await
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<()> {
        self.call(end, async |n| n.delete_connection(end, id).await).await
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> CallResult<()> {
        self.call(end, async |n| n.tag_connection(end, id, tags).await).await
    }

    async fn allow_dns_resolution(&self, end: &End, record: &ConnectionIdentity) -> CallResult<()> {
        self.call(end, async |n| n.allow_dns_resolution(end, record).await).await
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> CallResult<()> {
        self.call(end, async |n| n.create_route(end, table, destination, to).await).await
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> CallResult<()> {
        self.call(end, async |n| n.delete_route(end, table, destination).await).await
    }
}

impl<N: RegionReads> RegionReads for Faulty<'_, N> {
    async fn vpcs_with_tags(&self, at: &Location, keys: &[String]) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.call(at, async |n| n.vpcs_with_tags(at, keys).await).await
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.call(at, async |n| n.vpcs_by_id(at, ids).await).await
    }

    async fn connections_in(&self, at: &Location) -> CallResult<Vec<Connection>> {
        self.call(at, async |n| n.connections_in(at).await).await
    }

    async fn route_tables_of(
        &self,
        at: &Location,
        vpcs: &BTreeSet<VpcId>,
    ) -> CallResult<BTreeMap<VpcId, Vec<RouteTable>>> {
        self.call(at, async |n| n.route_tables_of(at, vpcs).await).await
    }
}

impl<N: HasLedger> HasLedger for Faulty<'_, N> {
    fn ledger(&self) -> &MemoryLedger {
        self.inner.ledger()
    }
}
