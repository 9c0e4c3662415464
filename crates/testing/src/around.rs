//! A network of which every call goes through a hook: it may fail it, delay it, or count it. The same for its ledger, and for
//! the machines.

use crate::HasLedger;
use crate::around_services::{AroundLedger, ServiceHook};
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, ConnectionIdentity, End, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcId, VpcPeeringConnectionId};
use isthmus_peering::ports::{CallErrorKind, CallResult, Location, NetworkReads, NetworkWrites, RegionReads};
use isthmus_peering::route_tables::RouteTable;
use isthmus_peering::tags::Tags;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A call to EC2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Where it is made.
    pub at: Location,
    /// As EC2 calls it.
    pub action: &'static str,
    /// What EC2 would say if what it is about did not exist.
    pub not_found: CallErrorKind,
}

/// What happens around each call.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait Hook<N>: ServiceHook {
    /// Carries out the call, or doesn't.
    async fn around<T>(&self, inner: &N, call: Call, carry_out: impl AsyncFn(&N) -> CallResult<T>) -> CallResult<T>;
}

/// The decorator.
pub struct Around<'n, N: HasLedger, H> {
    pub(crate) inner: &'n N,
    pub(crate) hook: Rc<H>,
    ledger: AroundLedger<'n, N::Ledger, H>,
}

impl<'n, N: HasLedger, H> Around<'n, N, H> {
    /// The network behind that hook, and its ledger.
    pub fn of(inner: &'n N, hook: H) -> Self {
        let hook = Rc::new(hook);
        Self { inner, hook: hook.clone(), ledger: AroundLedger { inner: inner.ledger(), hook } }
    }
}

impl<N: HasLedger, H: Hook<N>> Around<'_, N, H> {
    async fn around<T>(
        &self,
        at: impl Into<Location>,
        (action, not_found): (&'static str, CallErrorKind),
        carry_out: impl AsyncFn(&N) -> CallResult<T>,
    ) -> CallResult<T> {
        self.hook.around(self.inner, Call { at: at.into(), action, not_found }, carry_out).await
    }
}

const DESCRIBE_VPCS: (&str, CallErrorKind) = ("DescribeVpcs", CallErrorKind::NoSuchVpc);
const DESCRIBE_CONNECTIONS: (&str, CallErrorKind) = ("DescribeVpcPeeringConnections", CallErrorKind::NoSuchConnection);
const DESCRIBE_TABLES: (&str, CallErrorKind) = ("DescribeRouteTables", CallErrorKind::NoSuchRouteTable);
const TAG_VPC: (&str, CallErrorKind) = ("CreateTags", CallErrorKind::NoSuchVpc);
const UNTAG_VPC: (&str, CallErrorKind) = ("DeleteTags", CallErrorKind::NoSuchVpc);

impl<N: NetworkReads + HasLedger, H: Hook<N>> NetworkReads for Around<'_, N, H> {
    async fn vpc(&self, end: &End) -> CallResult<Vpc> {
        self.around(end, DESCRIBE_VPCS, async |n| n.vpc(end).await).await
    }

    async fn connections_between(&self, end: &End, peer: &End) -> CallResult<Vec<Connection>> {
        self.around(end, DESCRIBE_CONNECTIONS, async |n| n.connections_between(end, peer).await).await
    }

    async fn connections_of(&self, end: &End) -> CallResult<Vec<Connection>> {
        self.around(end, DESCRIBE_CONNECTIONS, async |n| n.connections_of(end).await).await
    }

    async fn count_active_peerings(&self, end: &End) -> CallResult<usize> {
        self.around(end, DESCRIBE_CONNECTIONS, async |n| n.count_active_peerings(end).await).await
    }

    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<Option<Connection>> {
        self.around(end, DESCRIBE_CONNECTIONS, async |n| n.connection(end, id).await).await
    }

    async fn has_dns_hostnames(&self, end: &End) -> CallResult<bool> {
        self.around(end, ("DescribeVpcAttribute", CallErrorKind::NoSuchVpc), async |n| n.has_dns_hostnames(end).await)
            .await
    }

    async fn route_tables(&self, end: &End) -> CallResult<Vec<RouteTable>> {
        self.around(end, DESCRIBE_TABLES, async |n| n.route_tables(end).await).await
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> CallResult<Vec<RouteTable>> {
        self.around(end, DESCRIBE_TABLES, async |n| n.route_tables_by_id(end, ids).await).await
    }

    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> CallResult<BTreeSet<SubnetId>> {
        self.around(end, ("DescribeSubnets", CallErrorKind::Other), async |n| n.subnets(end, ids).await).await
    }

    async fn regions(&self, end: &End) -> CallResult<BTreeSet<Region>> {
        self.around(end, ("DescribeRegions", CallErrorKind::Other), async |n| n.regions(end).await).await
    }
}

impl<N: NetworkWrites + HasLedger, H: Hook<N>> NetworkWrites for Around<'_, N, H> {
    async fn tag_vpc(&self, end: &End, tags: &Tags) -> CallResult<()> {
        self.around(end, TAG_VPC, async |n| n.tag_vpc(end, tags).await).await
    }

    async fn tag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, tags: &Tags) -> CallResult<()> {
        self.around(at, TAG_VPC, async |n| n.tag_vpcs(at, ids, tags).await).await
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> CallResult<()> {
        self.around(end, UNTAG_VPC, async |n| n.untag_vpc(end, keys).await).await
    }

    async fn untag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, keys: &BTreeSet<String>) -> CallResult<()> {
        self.around(at, UNTAG_VPC, async |n| n.untag_vpcs(at, ids, keys).await).await
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> CallResult<Connection> {
        self.around(requester, ("CreateVpcPeeringConnection", CallErrorKind::NoSuchVpc), async |n| {
            n.create_connection(requester, accepter, tags).await
        })
        .await
    }

    async fn accept_connection(&self, record: &ConnectionIdentity) -> CallResult<Connection> {
        self.around(&record.accepter, ("AcceptVpcPeeringConnection", CallErrorKind::NoSuchConnection), async |n| {
            n.accept_connection(record).await
        })
        .await
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<()> {
        self.around(end, ("DeleteVpcPeeringConnection", CallErrorKind::NoSuchConnection), async |n| {
            n.delete_connection(end, id).await
        })
        .await
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> CallResult<()> {
        self.around(end, ("CreateTags", CallErrorKind::NoSuchConnection), async |n| {
            n.tag_connection(end, id, tags).await
        })
        .await
    }

    async fn allow_dns_resolution(&self, end: &End, record: &ConnectionIdentity) -> CallResult<()> {
        self.around(end, ("ModifyVpcPeeringConnectionOptions", CallErrorKind::NoSuchConnection), async |n| {
            n.allow_dns_resolution(end, record).await
        })
        .await
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> CallResult<()> {
        self.around(end, ("CreateRoute", CallErrorKind::NoSuchRouteTable), async |n| {
            n.create_route(end, table, destination, to).await
        })
        .await
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> CallResult<()> {
        self.around(end, ("DeleteRoute", CallErrorKind::NoSuchRoute), async |n| {
            n.delete_route(end, table, destination).await
        })
        .await
    }
}

impl<N: RegionReads + HasLedger, H: Hook<N>> RegionReads for Around<'_, N, H> {
    async fn vpcs_with_tags(&self, at: &Location, keys: &[String]) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.around(at, DESCRIBE_VPCS, async |n| n.vpcs_with_tags(at, keys).await).await
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.around(at, DESCRIBE_VPCS, async |n| n.vpcs_by_id(at, ids).await).await
    }

    async fn connections_in(&self, at: &Location) -> CallResult<Vec<Connection>> {
        self.around(at, DESCRIBE_CONNECTIONS, async |n| n.connections_in(at).await).await
    }

    async fn route_tables_of(
        &self,
        at: &Location,
        vpcs: &BTreeSet<VpcId>,
    ) -> CallResult<BTreeMap<VpcId, Vec<RouteTable>>> {
        self.around(at, DESCRIBE_TABLES, async |n| n.route_tables_of(at, vpcs).await).await
    }
}

impl<'n, N: HasLedger, H: ServiceHook> HasLedger for Around<'n, N, H> {
    type Ledger = AroundLedger<'n, N::Ledger, H>;

    fn ledger(&self) -> &Self::Ledger {
        &self.ledger
    }
}
