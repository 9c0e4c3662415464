//! What a whole Region of an account has, a page at a time rather than a VPC at a time.

use crate::connection::{Connection, End, Vpc};
use crate::ids::{AccountId, Region, VpcId};
use crate::ports::CallResult;
use crate::route_tables::RouteTable;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One Region of one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The account.
    pub owner_id: AccountId,
    /// The Region.
    pub region: Region,
}

impl Location {
    /// That VPC there.
    pub fn end(&self, vpc_id: VpcId) -> End {
        End { vpc_id, region: self.region.clone(), owner_id: self.owner_id.clone() }
    }
}

impl From<&End> for Location {
    fn from(end: &End) -> Self {
        Self { owner_id: end.owner_id.clone(), region: end.region.clone() }
    }
}

impl From<&Self> for Location {
    fn from(location: &Self) -> Self {
        location.clone()
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.region, self.owner_id)
    }
}

/// Lists of what a Region of an account has. They are whole: the implementation follows every page.
#[allow(async_fn_in_trait)] // as for `NetworkReads`
pub trait RegionReads {
    /// The VPCs that carry a tag of any of these keys, `*` in which matches anything; without keys, all VPCs.
    async fn vpcs_with_tags(&self, at: &Location, keys: &[String]) -> CallResult<BTreeMap<VpcId, Vpc>>;

    /// Those of `ids` that are there.
    async fn vpcs_by_id(&self, at: &Location, ids: &BTreeSet<VpcId>) -> CallResult<BTreeMap<VpcId, Vpc>>;

    /// Every connection, live or dead, that is visible there.
    async fn connections_in(&self, at: &Location) -> CallResult<Vec<Connection>>;

    /// The route tables of these VPCs.
    async fn route_tables_of(
        &self,
        at: &Location,
        vpcs: &BTreeSet<VpcId>,
    ) -> CallResult<BTreeMap<VpcId, Vec<RouteTable>>>;
}
