//! The one port: what the steps ask of the network, in this project's words.
//!
//! The `aws` crate answers it with EC2; tests answer it from memory. Every call names the [`End`] in whose account and
//! Region it is made, because peering is two-sided and most calls work on one side only.

mod inventory;

use crate::connection::{Connection, End, Record, Vpc};
use crate::error::{Error, Quota};
use crate::ids::{AccountId, Region, RouteTableId, SubnetId, VpcPeeringConnectionId};
use crate::tables::RouteTable;
pub use inventory::{Inventory, Location};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// Tags, by key.
pub type Tags = BTreeMap<String, String>;

/// A network in which VPCs can be peered. Lists are whole: whoever answers follows every page.
// Only this project implements it, and a Lambda function handles one event at a time: no future has to be `Send`.
#[allow(async_fn_in_trait)]
pub trait Network {
    /// The VPC; [`Refusal::NoSuchVpc`] where that account and Region has none of that id.
    async fn vpc(&self, end: &End) -> Answer<Vpc>;

    /// Every connection, live or dead, between the two VPCs, in both directions, as the first end sees them.
    async fn connections_between(&self, end: &End, peer: &End) -> Answer<Vec<Connection>>;

    /// Every connection, live or dead, of the VPC that carries that tag on this VPC's side.
    async fn connections_of(&self, end: &End, tag: (&str, &str)) -> Answer<Vec<Connection>>;

    /// How many connections the VPC has that are active or about to be.
    async fn peerings_of(&self, end: &End) -> Answer<usize>;

    /// The connection as `end` sees it, or `None` where it sees none.
    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> Answer<Option<Connection>>;

    /// Whether the VPC has both DNS support and DNS hostnames, without which it can't be resolved into.
    async fn has_dns_names(&self, end: &End) -> Answer<bool>;

    /// Puts tags on the VPC; [`Refusal::TooManyTags`] where it has none left to give.
    async fn tag_vpc(&self, end: &End, tags: &Tags) -> Answer<()>;

    /// Takes tags off the VPC, whatever their values.
    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> Answer<()>;

    /// All route tables of the VPC.
    async fn route_tables(&self, end: &End) -> Answer<Vec<RouteTable>>;

    /// Those of `ids` that are route tables of the VPC.
    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> Answer<Vec<RouteTable>>;

    /// Those of `ids` that are subnets of the VPC.
    async fn subnets(&self, end: &End, ids: &BTreeSet<SubnetId>) -> Answer<BTreeSet<SubnetId>>;

    /// Every Region code that AWS has, enabled for this account or not.
    async fn regions(&self, end: &End) -> Answer<BTreeSet<Region>>;

    /// Asks for a connection, tagged in the same call. Asking again in the same direction answers the live one there is,
    /// with the tags that it has.
    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> Answer<Connection>;

    /// Accepts the connection, in the accepter's account and Region.
    async fn accept_connection(&self, record: &Record) -> Answer<Connection>;

    /// Deletes the connection.
    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> Answer<()>;

    /// Puts tags on the connection, visible on that end's side only.
    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> Answer<()>;

    /// Lets the VPC of `end` be resolved by private names from the other side.
    async fn allow_dns_resolution(&self, end: &End, record: &Record) -> Answer<()>;

    /// Adds a route to the connection; [`Refusal::RouteExists`] where the table has that destination already.
    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> Answer<()>;

    /// Removes the route to that destination.
    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> Answer<()>;
}

/// What the network answers.
pub type Answer<T> = Result<T, Refused>;

/// A call that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} for account {owner_id} in {region}: {code}")]
pub struct Refused {
    /// What that means to a step.
    pub refusal: Refusal,
    /// The action, such as `ec2:CreateRoute`.
    pub action: String,
    /// The account it was made in.
    pub owner_id: AccountId,
    /// The Region it was made in.
    pub region: Region,
    /// AWS's error code, such as `RouteAlreadyExists`.
    pub code: String,
}

/// What a refused call means to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The VPC does not exist there.
    NoSuchVpc,
    /// The connection does not exist there, or can't be seen there yet.
    NoSuchConnection,
    /// The route table does not exist there.
    NoSuchRouteTable,
    /// The table has no such route.
    NoSuchRoute,
    /// The table has a route to that destination.
    RouteExists,
    /// The connection's status forbids it.
    WrongState,
    /// Another connection between the two VPCs came first.
    ConnectionExists,
    /// A VPC lacks DNS hostnames or DNS support.
    DnsUnavailable,
    /// The resource has fifty tags already.
    TooManyTags,
    /// A quota is used up.
    Quota(Quota),
    /// The caller may not do it.
    Denied,
    /// AWS is throttling or failing; it already was tried several times.
    Unavailable,
    /// Anything else.
    Other,
}

impl Refused {
    /// The failure it makes of a step to which it means nothing in particular. Quotas need more words, so the steps
    /// that can meet one handle it before.
    pub fn into_error(self) -> Error {
        let Self { refusal, action, owner_id, region, code } = self;
        match refusal {
            Refusal::Denied => Error::AccessDenied { action, owner_id, region },
            _ => Error::ServiceFault { action, code },
        }
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        refused.into_error()
    }
}
