//! A network of which every call goes through a hook: it may fail it, delay it, or count it.

use crate::{HasLedger, MemoryLedger};
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, ConnectionIdentity, End, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcId, VpcPeeringConnectionId};
use isthmus_peering::ports::{CallResult, Location, NetworkReads, NetworkWrites, RegionReads};
use isthmus_peering::route_tables::RouteTable;
use isthmus_peering::tags::Tags;
use std::collections::{BTreeMap, BTreeSet};

/// What happens around each call.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait Hook<N> {
    /// Carries out the call, or doesn't. `action`: as EC2 calls it.
    async fn around<T>(
        &self,
        inner: &N,
        at: Location,
        action: &'static str,
        call: impl AsyncFn(&N) -> CallResult<T>,
    ) -> CallResult<T>;
}

/// The decorator.
pub struct Around<'n, N, H> {
    pub(crate) inner: &'n N,
    pub(crate) hook: H,
}

impl<N, H: Hook<N>> Around<'_, N, H> {
    async fn around<T>(
        &self,
        at: impl Into<Location>,
        action: &'static str,
        call: impl AsyncFn(&N) -> CallResult<T>,
    ) -> CallResult<T> {
        self.hook.around(self.inner, at.into(), action, call).await
    }
}

impl<N: NetworkReads, H: Hook<N>> NetworkReads for Around<'_, N, H> {
    async fn vpc(&self, end: &End) -> CallResult<Vpc> {
        self.around(end, "DescribeVpcs", async |n| n.vpc(end).await).await
    }

    async fn connections_between(&self, end: &End, peer: &End) -> CallResult<Vec<Connection>> {
        self.around(end, "DescribeVpcPeeringConnections", async |n| n.connections_between(end, peer).await).await
    }

    async fn connections_of(&self, end: &End) -> CallResult<Vec<Connection>> {
        self.around(end, "DescribeVpcPeeringConnections", async |n| n.connections_of(end).await).await
    }

    async fn count_active_peerings(&self, end: &End) -> CallResult<usize> {
        self.around(end, "DescribeVpcPeeringConnections", async |n| n.count_active_peerings(end).await).await
    }

    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<Option<Connection>> {
        self.around(end, "DescribeVpcPeeringConnections", async |n| n.connection(end, id).await).await
    }

    async fn has_dns_hostnames(&self, end: &End) -> CallResult<bool> {
        self.around(end, "DescribeVpcAttribute", async |n| n.has_dns_hostnames(end).await).await
    }

    async fn route_tables(&self, end: &End) -> CallResult<Vec<RouteTable>> {
        self.around(end, "DescribeRouteTables", async |n| n.route_tables(end).await).await
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> CallResult<Vec<RouteTable>> {
        self.around(end, "DescribeRouteTables", async |n| n.route_tables_by_id(end, ids).await).await
    }

    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> CallResult<BTreeSet<SubnetId>> {
        self.around(end, "DescribeSubnets", async |n| n.subnets(end, ids).await).await
    }

    async fn regions(&self, end: &End) -> CallResult<BTreeSet<Region>> {
        self.around(end, "DescribeRegions", async |n| n.regions(end).await).await
    }
}

impl<N: NetworkWrites, H: Hook<N>> NetworkWrites for Around<'_, N, H> {
    async fn tag_vpc(&self, end: &End, tags: &Tags) -> CallResult<()> {
        self.around(end, "CreateTags", async |n| n.tag_vpc(end, tags).await).await
    }

    async fn tag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, tags: &Tags) -> CallResult<()> {
        self.around(at, "CreateTags", async |n| n.tag_vpcs(at, ids, tags).await).await
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> CallResult<()> {
        self.around(end, "DeleteTags", async |n| n.untag_vpc(end, keys).await).await
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> CallResult<Connection> {
        self.around(requester, "CreateVpcPeeringConnection", async |n| {
            n.create_connection(requester, accepter, tags).await
        })
        .await
    }

    async fn accept_connection(&self, record: &ConnectionIdentity) -> CallResult<Connection> {
        self.around(&record.accepter, "AcceptVpcPeeringConnection", async |n| n.accept_connection(record).await).await
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<()> {
        self.around(end, "DeleteVpcPeeringConnection", async |n| n.delete_connection(end, id).await).await
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> CallResult<()> {
        self.around(end, "CreateTags", async |n| n.tag_connection(end, id, tags).await).await
    }

    async fn allow_dns_resolution(&self, end: &End, record: &ConnectionIdentity) -> CallResult<()> {
        self.around(end, "ModifyVpcPeeringConnectionOptions", async |n| n.allow_dns_resolution(end, record).await).await
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> CallResult<()> {
        self.around(end, "CreateRoute", async |n| n.create_route(end, table, destination, to).await).await
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> CallResult<()> {
        self.around(end, "DeleteRoute", async |n| n.delete_route(end, table, destination).await).await
    }
}

impl<N: RegionReads, H: Hook<N>> RegionReads for Around<'_, N, H> {
    async fn vpcs_with_tags(&self, at: &Location, keys: &[String]) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.around(at, "DescribeVpcs", async |n| n.vpcs_with_tags(at, keys).await).await
    }

    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> CallResult<BTreeMap<VpcId, Vpc>> {
        self.around(at, "DescribeVpcs", async |n| n.vpcs_by_id(at, ids).await).await
    }

    async fn connections_in(&self, at: &Location) -> CallResult<Vec<Connection>> {
        self.around(at, "DescribeVpcPeeringConnections", async |n| n.connections_in(at).await).await
    }

    async fn route_tables_of(
        &self,
        at: &Location,
        vpcs: &BTreeSet<VpcId>,
    ) -> CallResult<BTreeMap<VpcId, Vec<RouteTable>>> {
        self.around(at, "DescribeRouteTables", async |n| n.route_tables_of(at, vpcs).await).await
    }
}

impl<N: HasLedger, H> HasLedger for Around<'_, N, H> {
    fn ledger(&self) -> &MemoryLedger {
        self.inner.ledger()
    }
}
