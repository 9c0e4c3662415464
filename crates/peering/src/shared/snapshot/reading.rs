//! Reading the snapshot: the tagged VPCs, those that these concern, then their tables.

use super::{AT_ONCE, Snapshot};
use crate::connection::{Connection, End, Vpc};
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcId;
use crate::ledger::PairKey;
use crate::ports::{LedgerReads, Location, NetworkReads, RegionReads};
use crate::shared::lookups::reject_unknown_regions;
use crate::shared::pair::VpcTags;
use crate::stack::{Scope, Stack};
use crate::tags::{ACCEPT, GROUP, PEER, key, status_key_pattern};
use futures_util::{StreamExt, join, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

impl Snapshot {
    /// Reads the tagged VPCs of the scope, then the VPCs that these concern, then all their tables.
    pub(crate) async fn read(
        context: Context<'_, impl NetworkReads, impl LedgerReads>,
        scope: &Scope,
    ) -> Result<Self, Error> {
        let peers = key(&context.stack.tag_prefix, PEER);
        let group = key(&context.stack.tag_prefix, GROUP);
        let mut keys = vec![
            format!("{peers}:*"),
            peers,
            format!("{group}:*"),
            group,
            status_key_pattern(&context.stack.tag_prefix),
        ];
        if !context.stack.external_accounts.is_empty() {
            // Consent alone makes a pair with a VPC whose owner asks in EC2.
            let accept = key(&context.stack.tag_prefix, ACCEPT);
            keys.extend([format!("{accept}:*"), accept]);
        }
        Self::read_with_tags(context, scope, &keys).await
    }

    /// The same of all VPCs of the scope, tagged or not.
    pub(crate) async fn read_all(
        context: Context<'_, impl NetworkReads, impl LedgerReads>,
        scope: &Scope,
    ) -> Result<Self, Error> {
        Self::read_with_tags(context, scope, &[]).await
    }

    async fn read_with_tags(
        context: Context<'_, impl NetworkReads, impl LedgerReads>,
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

    pub(super) fn add(&mut self, stack: &Stack, at: &Location, vpcs: BTreeMap<VpcId, Vpc>) {
        for (id, vpc) in vpcs {
            let end = at.end(id);
            self.tags.insert(end.clone(), Rc::new(VpcTags::found(stack, &end, vpc.tags.clone())));
            self.vpcs.insert(end, vpc);
        }
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
}
