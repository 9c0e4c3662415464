//! The network as one sweep reads it.

use crate::connection::{Connection, End, Vpc};
use crate::context::Context;
use crate::error::Error;
use crate::ids::{VpcId, VpcPeeringConnectionId};
use crate::ledger::{LedgerItem, PairKey};
use crate::ports::{CallError, CallResult, LedgerError, LedgerReads, Location, NetworkReads, RegionReads};
use crate::route_tables::RouteTable;
use crate::shared::external;
use crate::shared::lookups::reject_unknown_regions;
use crate::shared::pair::{Lookup, VpcTags};
use crate::stack::{Scope, Stack};
use crate::tags::{ACCEPT, PEER, key, status_key_pattern};
use futures_util::{StreamExt, join, stream};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tokio::sync::OnceCell;

/// Regions of accounts read at once, and pairs looked up: 1,700 of them within a minute, at a quarter of a second a call.
pub(crate) const AT_ONCE: usize = 64;

/// Everything that the tags of any VPC concern.
#[derive(Default)]
pub(crate) struct Snapshot {
    tags: BTreeMap<End, Rc<VpcTags>>,
    vpcs: BTreeMap<End, Vpc>,
    tables: BTreeMap<End, Vec<RouteTable>>,
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
    /// Reads the tagged VPCs of the scope, then the VPCs that these concern, then all their tables.
    pub(crate) async fn read(
        context: Context<'_, impl NetworkReads + RegionReads, impl LedgerReads>,
        scope: &Scope,
    ) -> Result<Self, Error> {
        let peers = key(&context.stack.tag_prefix, PEER);
        let mut keys = vec![format!("{peers}:*"), peers, status_key_pattern(&context.stack.tag_prefix)];
        if !context.stack.external_accounts.is_empty() {
            // Consent alone makes a pair with a VPC whose owner asks in EC2.
            let accept = key(&context.stack.tag_prefix, ACCEPT);
            keys.extend([format!("{accept}:*"), accept]);
        }
        Self::read_with_tags(context, scope, &keys).await
    }

    /// The same of all VPCs of the scope, tagged or not.
    pub(crate) async fn read_all(
        context: Context<'_, impl NetworkReads + RegionReads, impl LedgerReads>,
        scope: &Scope,
    ) -> Result<Self, Error> {
        Self::read_with_tags(context, scope, &[]).await
    }

    async fn read_with_tags(
        context: Context<'_, impl NetworkReads + RegionReads, impl LedgerReads>,
        scope: &Scope,
        keys: &[String],
    ) -> Result<Self, Error> {
        let mut snapshot = Self::default();
        for item in context.ledger.items().await? {
            match item {
                Ok(item) => drop(snapshot.items.insert(item.pair.clone(), item)),
                Err((key, error)) => drop(snapshot.unusable_items.insert(key, error)),
            }
        }
        snapshot.read_tagged(context, scope, keys).await;
        snapshot.reject_unknown_regions(context).await;
        snapshot.read_others(context).await;
        snapshot.read_tables(context.network).await;
        snapshot.check_readable(context.stack, scope)?;
        Ok(snapshot)
    }

    /// Fails if the stack's own Region could not be read, or none: that is no sweep.
    fn check_readable(&self, stack: &Stack, scope: &Scope) -> Result<(), Error> {
        let home = Location { region: stack.region.clone(), owner_id: stack.account.clone() };
        let of_all =
            || self.failures.values().next().filter(|_| scope.locations().all(|at| self.failures.contains_key(&at)));
        self.failures.get(&home).or_else(of_all).map_or(Ok(()), |error| Err(error.clone().into()))
    }

    /// Every VPC whose tags were read.
    pub(crate) fn sides(&self) -> impl Iterator<Item = &VpcTags> {
        self.tags.values().map(Rc::as_ref)
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

    fn add_connections(&mut self, stack: &Stack, at: &Location, connections: Vec<Connection>) {
        for connection in connections {
            let pair = PairKey::of([&connection.identity.requester, &connection.identity.accepter]);
            let (reader, other) = stack.direction(&connection.identity.requester, &connection.identity.accepter);
            let [first, second] = [reader, other].map(|end| Location::from(end) == *at);
            if first {
                self.connections.entry(pair).or_default().push(connection);
            } else if second {
                self.seen_by_others.insert(connection.id().clone(), connection);
            }
        }
        self.read.insert(at.clone());
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

    async fn read_tagged<L>(
        &mut self,
        Context { network, stack, .. }: Context<'_, impl RegionReads, L>,
        scope: &Scope,
        keys: &[String],
    ) {
        let read = stream::iter(scope.locations().collect::<Vec<_>>()).map(async |at| {
            let (vpcs, connections) = join!(network.vpcs_with_tags(&at, keys), network.connections_in(&at));
            (at, vpcs, connections)
        });
        for (at, vpcs, connections) in read.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            match (vpcs, connections) {
                (Ok(vpcs), Ok(connections)) => {
                    self.tagged.extend(vpcs.keys().map(|id| at.end(id.clone())));
                    self.add(stack, &at, vpcs);
                    self.add_connections(stack, &at, connections);
                }
                (Err(error), _) | (_, Err(error)) => drop(self.failures.insert(at, error)),
            }
        }
    }

    /// If that fails, those Regions are read all the same, and are then unreachable.
    async fn reject_unknown_regions<L>(&mut self, context: Context<'_, impl NetworkReads, L>) {
        let mut sides: Vec<&mut VpcTags> = self.tags.values_mut().map(Rc::make_mut).collect();
        let _unknown = reject_unknown_regions(context.network, context.stack, &mut sides).await;
    }

    /// The other ends, wherever they are, and the connections visible there.
    async fn read_others<L>(&mut self, context: Context<'_, impl RegionReads, L>) {
        let Context { network, stack, .. } = context;
        let named = self.tags.values().flat_map(|side| side.intent.peers.iter());
        let joined = self.items.values().filter(|item| item.connection.is_some()).flat_map(|item| item.pair.ends());
        let mut missing: BTreeMap<Location, BTreeSet<_>> = BTreeMap::new();
        let is_unread = |end: &&End| !self.tags.contains_key(end) && stack.acts_in(&end.owner_id);
        for end in named.chain(joined).filter(is_unread) {
            missing.entry(Location::from(end)).or_default().insert(end.vpc_id.clone());
        }
        missing.retain(|at, _| !self.failures.contains_key(at));
        let known = &self.read;
        let read = stream::iter(missing).map(async |(at, ids)| {
            let connections = async {
                match known.contains(&at) {
                    true => Ok(None),
                    false => network.connections_in(&at).await.map(Some),
                }
            };
            let (vpcs, connections) = join!(network.vpcs_by_id(&at, &ids), connections);
            (at, vpcs, connections)
        });
        for (at, vpcs, connections) in read.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            match (vpcs, connections) {
                (Ok(vpcs), Ok(connections)) => {
                    self.add(stack, &at, vpcs);
                    if let Some(connections) = connections {
                        self.add_connections(stack, &at, connections);
                    }
                }
                (Err(error), _) | (_, Err(error)) => drop(self.failures.insert(at, error)),
            }
        }
    }

    async fn read_tables(&mut self, network: &impl RegionReads) {
        let mut wanted: BTreeMap<Location, BTreeSet<_>> = BTreeMap::new();
        for end in self.tags.keys() {
            wanted.entry(Location::from(end)).or_default().insert(end.vpc_id.clone());
        }
        let read = stream::iter(wanted).map(async |(at, ids)| {
            let tables = network.route_tables_of(&at, &ids).await;
            (at, tables)
        });
        for (at, tables) in read.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            match tables {
                Ok(tables) => self.tables.extend(tables.into_iter().map(|(id, tables)| (at.end(id), tables))),
                Err(error) => drop(self.failures.insert(at, error)),
            }
        }
    }

    fn add(&mut self, stack: &Stack, at: &Location, vpcs: BTreeMap<VpcId, Vpc>) {
        for (id, vpc) in vpcs {
            let end = at.end(id);
            self.tags.insert(end.clone(), Rc::new(VpcTags::found(stack, &end, vpc.tags.clone())));
            self.vpcs.insert(end, vpc);
        }
    }
}
