//! The world as one sweep reads it.

use crate::connection::{Connection, End, Vpc};
use crate::ids::VpcId;
use crate::intent::{PEER, key};
use crate::network::{Inventory, Location, Network, Refused};
use crate::stack::{Fleet, Stack, is_made_by};
use crate::steps::pair::Seen;
use crate::steps::planning::refuse_unheard_regions;
use crate::tables::RouteTable;
use futures_util::{StreamExt, join, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Regions read at once: enough to hide their distance, few enough for 256 MB.
const AT_ONCE: usize = 8;

/// Everything that the tags of any VPC have to do with.
pub(super) struct World {
    vpcs: BTreeMap<End, Seen>,
    blocks: BTreeMap<End, Vpc>,
    tables: BTreeMap<End, Vec<RouteTable>>,
    connections: BTreeMap<Location, Vec<Connection>>,
    failures: BTreeMap<Location, Refused>,
    tagged: BTreeSet<End>,
}

impl World {
    /// Reads the tagged VPCs of the fleet, then the VPCs that these have to do with, then all their tables.
    pub(super) async fn read(network: &(impl Network + Inventory), stack: &Stack, fleet: &Fleet) -> Self {
        let mut world = Self {
            vpcs: BTreeMap::new(),
            blocks: BTreeMap::new(),
            tables: BTreeMap::new(),
            connections: BTreeMap::new(),
            failures: BTreeMap::new(),
            tagged: BTreeSet::new(),
        };
        world.read_tagged(network, stack, fleet).await;
        world.refuse_unheard_regions(network, stack).await;
        world.read_others(network, stack).await;
        world.read_tables(network).await;
        world
    }

    /// Those VPCs whose tags speak of peering.
    pub(super) fn tagged(&self) -> impl Iterator<Item = Seen> + '_ {
        self.tagged.iter().filter_map(|end| self.vpcs.get(end).cloned())
    }

    /// The VPC, or that it is gone; `None` where its Region could not be read.
    pub(super) fn seen(&self, stack: &Stack, end: &End) -> Option<Seen> {
        if self.failures.contains_key(&Location::from(end)) {
            return None;
        }
        let gone = || Seen { is_gone: true, ..Seen::with(stack, end, BTreeMap::new()) };
        Some(self.vpcs.get(end).cloned().unwrap_or_else(gone))
    }

    /// The VPC's blocks and tags.
    pub(super) fn vpc(&self, end: &End) -> Option<&Vpc> {
        self.blocks.get(end)
    }

    /// The VPC's tables.
    pub(super) fn tables(&self, end: &End) -> &[RouteTable] {
        self.tables.get(end).map_or(&[], Vec::as_slice)
    }

    /// The connections of a pair, as the requester in its canonical direction sees them.
    pub(super) fn connections(&self, requester: &End, accepter: &End) -> Vec<Connection> {
        let seen = self.connections.get(&Location::from(requester)).into_iter().flatten();
        seen.filter(|connection| connection.record.joins(requester, accepter)).cloned().collect()
    }

    /// Every connection that this stack made, as either side sees it.
    pub(super) fn own_connections<'w>(&'w self, stack: &'w Stack) -> impl Iterator<Item = &'w Connection> {
        self.connections.values().flatten().filter(|own| is_made_by(&own.tags, stack))
    }

    /// Where `id` is, if that is known.
    pub(super) fn locate(&self, id: &VpcId) -> Option<&End> {
        self.vpcs.keys().find(|end| end.vpc_id == *id)
    }

    /// Whether every Region could be read.
    pub(super) fn is_whole(&self) -> bool {
        self.failures.is_empty()
    }

    /// The Regions that could not be read, and why.
    pub(super) fn unreachable(&self) -> Vec<String> {
        self.failures.iter().map(|(at, refused)| format!("{at}: {} to {}", refused.code, refused.action)).collect()
    }

    async fn read_tagged(&mut self, network: &impl Inventory, stack: &Stack, fleet: &Fleet) {
        let keys = [key(&stack.tag_prefix, PEER), key(&stack.tag_prefix, "status:*")];
        let read = stream::iter(fleet.locations().collect::<Vec<_>>()).map(async |at| {
            let (vpcs, connections) = join!(network.vpcs_tagged(&at, &keys), network.connections_at(&at));
            (at, vpcs, connections)
        });
        for (at, vpcs, connections) in read.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            match (vpcs, connections) {
                (Ok(vpcs), Ok(connections)) => {
                    self.tagged.extend(vpcs.keys().map(|id| at.end(id.clone())));
                    self.add(stack, &at, vpcs);
                    self.connections.insert(at, connections);
                }
                (Err(refused), _) | (_, Err(refused)) => drop(self.failures.insert(at, refused)),
            }
        }
    }

    /// Without an answer they are looked for all the same, and found unreachable.
    async fn refuse_unheard_regions(&mut self, network: &impl Network, stack: &Stack) {
        let mut sides: Vec<&mut Seen> = self.vpcs.values_mut().collect();
        let _unknown = refuse_unheard_regions(network, stack, &mut sides).await;
    }

    /// The other ends, wherever they are, and the connections seen from there.
    async fn read_others(&mut self, network: &impl Inventory, stack: &Stack) {
        let named = self.vpcs.values().flat_map(|side| side.intent.peers.iter());
        let joined = self.own_connections(stack).flat_map(|own| [&own.record.requester, &own.record.accepter]);
        let mut missing: BTreeMap<Location, BTreeSet<_>> = BTreeMap::new();
        for end in named.chain(joined).filter(|end| !self.vpcs.contains_key(end)) {
            missing.entry(Location::from(end)).or_default().insert(end.vpc_id.clone());
        }
        missing.retain(|at, _| !self.failures.contains_key(at));
        let known = &self.connections;
        let read = stream::iter(missing).map(async |(at, ids)| {
            let connections = async {
                match known.contains_key(&at) {
                    true => Ok(None),
                    false => network.connections_at(&at).await.map(Some),
                }
            };
            let (vpcs, connections) = join!(network.vpcs_by_id(&at, &ids), connections);
            (at, vpcs, connections)
        });
        for (at, vpcs, connections) in read.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            match (vpcs, connections) {
                (Ok(vpcs), Ok(connections)) => {
                    self.add(stack, &at, vpcs);
                    self.connections.extend(connections.map(|connections| (at, connections)));
                }
                (Err(refused), _) | (_, Err(refused)) => drop(self.failures.insert(at, refused)),
            }
        }
    }

    async fn read_tables(&mut self, network: &impl Inventory) {
        let mut wanted: BTreeMap<Location, BTreeSet<_>> = BTreeMap::new();
        for end in self.vpcs.keys() {
            wanted.entry(Location::from(end)).or_default().insert(end.vpc_id.clone());
        }
        let read = stream::iter(wanted).map(async |(at, ids)| {
            let tables = network.tables_of(&at, &ids).await;
            (at, tables)
        });
        for (at, tables) in read.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
            match tables {
                Ok(tables) => self.tables.extend(tables.into_iter().map(|(id, tables)| (at.end(id), tables))),
                Err(refused) => drop(self.failures.insert(at, refused)),
            }
        }
    }

    fn add(&mut self, stack: &Stack, at: &Location, vpcs: BTreeMap<VpcId, Vpc>) {
        for (id, vpc) in vpcs {
            let end = at.end(id);
            self.vpcs.insert(end.clone(), Seen::with(stack, &end, vpc.tags.clone()));
            self.blocks.insert(end, vpc);
        }
    }
}
