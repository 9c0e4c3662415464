//! The network as one sweep reads it.

mod of_lane;
mod reading;

use crate::connection::{Connection, End, Vpc};
use crate::ids::{VpcId, VpcPeeringConnectionId};
use crate::ledger::{LedgerItem, PairKey};
use crate::ports::{CallError, CallResult, LedgerError, Location, NetworkReads};
use crate::route_tables::RouteTable;
use crate::shared::external;
use crate::shared::pair::{Lookup, VpcTags};
use crate::stack::Stack;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tokio::sync::OnceCell;

pub(crate) use of_lane::connections_by_pair;

/// Regions of accounts read at once, and pairs looked up: 1,700 of them within a minute, at a quarter of a second a call.
pub(crate) const AT_ONCE: usize = 64;

/// Everything that the tags of any VPC concern.
#[derive(Default)]
pub(crate) struct Snapshot {
    tags: BTreeMap<End, Rc<VpcTags>>,
    vpcs: BTreeMap<End, Vpc>,
    tables: BTreeMap<End, Vec<RouteTable>>,
    /// Where the tables weren't read, because another lane writes there.
    without_tables: BTreeSet<Location>,
    /// Where the connections were read.
    read: BTreeSet<Location>,
    /// The connections of each pair, as the end sees them from which we request it.
    connections: BTreeMap<PairKey, Vec<Connection>>,
    /// The same as the other side sees them, where that is another account or Region.
    seen_by_others: BTreeMap<VpcPeeringConnectionId, Connection>,
    /// The VPCs' own settings, once each is asked for.
    dns_hostnames: RefCell<BTreeMap<End, Rc<OnceCell<bool>>>>,
    failures: BTreeMap<Location, CallError>,
    tagged: BTreeSet<End>,
    items: BTreeMap<PairKey, LedgerItem>,
    unusable_items: BTreeMap<String, LedgerError>,
}

impl Snapshot {
    /// Every VPC whose tags were read.
    pub(crate) fn sides(&self) -> impl Iterator<Item = &VpcTags> {
        self.tags.values().map(Rc::as_ref)
    }

    /// Whether everything was read where that VPC is.
    pub(crate) fn is_read(&self, end: &End) -> bool {
        !self.failures.contains_key(&Location::from(end))
    }

    /// The VPCs with tags about peering.
    pub(crate) fn tagged(&self) -> impl Iterator<Item = &VpcTags> {
        self.tagged.iter().filter_map(|end| self.tags.get(end).map(Rc::as_ref))
    }

    /// The VPC's tags, or that it does not exist; `None` where its Region could not be read.
    pub(crate) fn tags_of(&self, stack: &Stack, end: &End) -> Option<Rc<VpcTags>> {
        if let Some(unread) = VpcTags::out_of_reach(stack, end) {
            return Some(Rc::new(unread));
        }
        if self.failures.contains_key(&Location::from(end)) {
            return None;
        }
        let missing = || Rc::new(VpcTags::unread(stack, end, Lookup::NotFound));
        Some(self.tags.get(end).cloned().unwrap_or_else(missing))
    }

    /// The VPC's blocks and tags.
    pub(crate) fn vpc(&self, end: &End) -> Option<&Vpc> {
        self.vpcs.get(end)
    }

    /// The VPC's tables; `None` where those of its Region weren't read.
    pub(crate) fn tables_if_read(&self, end: &End) -> Option<&[RouteTable]> {
        (!self.without_tables.contains(&Location::from(end))).then(|| self.tables(end))
    }

    /// The VPC's tables.
    pub(crate) fn tables(&self, end: &End) -> &[RouteTable] {
        self.tables.get(end).map_or(&[], Vec::as_slice)
    }

    /// The connections of a pair, as the end sees them from which we request it; each side's DNS resolution as that side's owner
    /// does.
    pub(crate) fn connections(&self, pair: &PairKey, stack: &Stack) -> Vec<Connection> {
        let [first, second] = pair.ends();
        let (_, other) = stack.direction(first, second);
        let with_dns_of_both = |connection: &Connection| {
            let mut connection = connection.clone();
            if let Some(theirs) = self.seen_by_others.get(connection.id()).map(|theirs| theirs.dns_resolution) {
                match connection.identity.requester == *other {
                    true => connection.dns_resolution.requester = theirs.requester,
                    false => connection.dns_resolution.accepter = theirs.accepter,
                }
            }
            connection
        };
        self.connections.get(pair).into_iter().flatten().map(with_dns_of_both).collect()
    }

    /// Whether the VPC has both DNS support and DNS hostnames; asked once, however many peers it has.
    pub(crate) async fn has_dns_hostnames(&self, network: &impl NetworkReads, end: &End) -> CallResult<bool> {
        let cell = Rc::clone(self.dns_hostnames.borrow_mut().entry(end.clone()).or_default());
        cell.get_or_try_init(async || network.has_dns_hostnames(end).await).await.copied()
    }

    /// The ends in external accounts that request a connection, and to which the accepter's owner consents; by accepter.
    pub(crate) fn external_requests(&self, stack: &Stack) -> BTreeMap<&End, Vec<&End>> {
        let mut requests: BTreeMap<&End, Vec<&End>> = BTreeMap::new();
        for connection in self.connections.values().flatten() {
            let accepter = &connection.identity.accepter;
            let requester =
                self.tags.get(accepter).and_then(|side| external::consented_request(stack, &side.intent, connection));
            if let Some(requester) = requester {
                requests.entry(accepter).or_default().push(requester);
            }
        }
        requests
    }

    /// Everything that the ledger knows.
    pub(crate) fn items(&self) -> impl Iterator<Item = &LedgerItem> {
        self.items.values()
    }

    /// What the ledger knows about a pair.
    pub(crate) fn item(&self, pair: &PairKey) -> Option<&LedgerItem> {
        self.items.get(pair)
    }

    /// Whether the pair has an item that this version can't use.
    pub(crate) fn has_unusable_item(&self, pair: &PairKey) -> bool {
        self.unusable_items.contains_key(&pair.to_string())
    }

    /// Where `id` is, if that is known.
    pub(crate) fn locate(&self, id: &VpcId) -> Option<&End> {
        self.tags.keys().find(|end| end.vpc_id == *id)
    }

    /// Whether every Region could be read.
    pub(crate) fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    /// The Regions and items that could not be read, and why.
    pub(crate) fn unreachable(&self) -> Vec<String> {
        let regions = self.unreachable_regions().map(|(at, why)| format!("{at}: {why}"));
        regions.chain(self.unusable_items()).collect()
    }

    /// The Regions that could not be read, and why.
    pub(crate) fn unreachable_regions(&self) -> impl Iterator<Item = (&Location, String)> {
        self.failures.iter().map(|(at, error)| (at, format!("{} to {}", error.code, error.action)))
    }

    /// The items that can't be used, and why.
    pub(crate) fn unusable_items(&self) -> impl Iterator<Item = String> {
        self.unusable_items.iter().map(|(key, error)| format!("{key}: {} to {}", error.code, error.action))
    }

    /// The live connections that are seen anywhere.
    pub(crate) fn live_connections(&self) -> BTreeMap<&VpcPeeringConnectionId, &Connection> {
        let seen = self.connections.values().flatten().chain(self.seen_by_others.values());
        seen.filter(|seen| seen.status.is_live()).map(|seen| (seen.id(), seen)).collect()
    }
}
