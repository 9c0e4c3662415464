//! The network in which VPCs are peered. Every call names the [`End`] in whose account and Region it is made, because
//! peering is two-sided and most calls work on one side only.

use crate::connection::{Connection, ConnectionIdentity, End, Vpc};
use crate::ids::{Region, RouteTableId, SubnetId, VpcId, VpcPeeringConnectionId};
use crate::ports::{CallResult, Location, RegionReads};
use crate::route_tables::RouteTable;
use crate::tags::Tags;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// What can be read of a VPC, beside what a Region has. Lists are whole: the implementation follows every page.
// Only this project implements it, and a Lambda function handles one event at a time: no future has to be `Send`.
#[allow(async_fn_in_trait)]
pub trait NetworkReads: RegionReads {
    /// The VPC; `NoSuchVpc` where that account and Region has none of that id.
    async fn vpc(&self, end: &End) -> CallResult<Vpc>;

    /// Every connection, live or dead, between VPCs with these two ids, in both directions, as the first end sees them. One
    /// may join them in another Region or account than these ends say.
    async fn connections_between(&self, end: &End, peer: &End) -> CallResult<Vec<Connection>>;

    /// Every connection, live or dead, of the VPC.
    async fn connections_of(&self, end: &End) -> CallResult<Vec<Connection>>;

    /// How many connections the VPC has that are active or provisioning.
    async fn count_active_peerings(&self, end: &End) -> CallResult<usize>;

    /// The connection as `end` sees it, or `None` where it sees none.
    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<Option<Connection>>;

    /// Whether the VPC has both DNS support and DNS hostnames, which DNS resolution needs.
    async fn has_dns_hostnames(&self, end: &End) -> CallResult<bool>;

    /// All route tables of the VPC.
    async fn route_tables(&self, end: &End) -> CallResult<Vec<RouteTable>>;

    /// Those of `ids` that are route tables of the VPC.
    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> CallResult<Vec<RouteTable>>;

    /// Those of `ids` that are subnets of the VPC.
    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> CallResult<BTreeSet<SubnetId>>;

    /// Every Region code that AWS has, enabled for this account or not.
    async fn regions(&self, end: &End) -> CallResult<BTreeSet<Region>>;
}

/// What can be written.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait NetworkWrites {
    /// Puts tags on the VPC; `TooManyTags` where it has fifty already.
    async fn tag_vpc(&self, end: &End, tags: &Tags) -> CallResult<()>;

    /// The same on many VPCs of one place, in one call for each thousand.
    async fn tag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, tags: &Tags) -> CallResult<()>;

    /// Takes tags off the VPC, whatever their values.
    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> CallResult<()>;

    /// The same of many VPCs of one place, in one call for each thousand.
    async fn untag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, keys: &BTreeSet<String>) -> CallResult<()>;

    /// Requests a connection, tagged in the same call. A second request in the same direction answers the live one
    /// there is, with the tags that it has.
    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> CallResult<Connection>;

    /// Accepts the connection, in the accepter's account and Region.
    async fn accept_connection(&self, connection: &ConnectionIdentity) -> CallResult<Connection>;

    /// Deletes the connection.
    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<()>;

    /// Puts tags on the connection, visible on that end's side only.
    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> CallResult<()>;

    /// Lets public DNS hostnames of the VPC of `end` resolve to private addresses from the other side.
    async fn allow_dns_resolution(&self, end: &End, connection: &ConnectionIdentity) -> CallResult<()>;

    /// Adds a route to the connection; `RouteExists` where the table has that destination already.
    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> CallResult<()>;

    /// Removes the route to that destination.
    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> CallResult<()>;
}

/// Both.
pub trait Network: NetworkReads + NetworkWrites {}

impl<N: NetworkReads + NetworkWrites> Network for N {}
