//! The snapshot of one lane: what its pairs need, and no more.

use super::{AT_ONCE, Snapshot};
use crate::connection::Connection;
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcId;
use crate::ledger::PairKey;
use crate::ports::{CallResult, LedgerReads, Location, NetworkReads, RegionReads};
use futures_util::{StreamExt, join, stream};
use std::collections::{BTreeMap, BTreeSet};

impl Snapshot {
    /// Reads the VPCs of these pairs wherever they are, and the connections and tables of this Region alone. A VPC that can't be
    /// read elsewhere makes its pairs unread; if this Region can't be read, that is an error.
    pub(crate) async fn of_lane(
        context: Context<'_, impl NetworkReads, impl LedgerReads>,
        at: &Location,
        pairs: &BTreeSet<PairKey>,
    ) -> Result<Self, Error> {
        let Context { network, ledger, stack, .. } = context;
        let mut ids: BTreeMap<Location, BTreeSet<VpcId>> = BTreeMap::new();
        for end in pairs.iter().flat_map(PairKey::ends).filter(|end| stack.acts_in(&end.owner_id)) {
            ids.entry(end.into()).or_default().insert(end.vpc_id.clone());
        }
        let own = ids.get(at).cloned().unwrap_or_default();
        let mut snapshot =
            Self { without_tables: ids.keys().filter(|other| *other != at).cloned().collect(), ..Self::default() };
        let vpcs = stream::iter(ids).map(async |(at, ids)| {
            let vpcs = network.vpcs_by_id(&at, &ids).await;
            (at, vpcs)
        });
        let (vpcs, connections, tables, items) = join!(
            vpcs.buffer_unordered(AT_ONCE).collect::<Vec<_>>(),
            connections_by_pair(network, at),
            network.route_tables_of(at, &own),
            ledger.items(),
        );
        for (of, vpcs) in vpcs {
            match vpcs {
                Ok(vpcs) => snapshot.add(stack, &of, vpcs),
                Err(error) if of == *at => return Err(error.into()),
                Err(error) => drop(snapshot.failures.insert(of, error)),
            }
        }
        snapshot.connections = connections?;
        snapshot.tables = tables?.into_iter().map(|(id, tables)| (at.end(id), tables)).collect();
        let items = items?.into_iter().flatten().filter(|item| pairs.contains(&item.pair));
        snapshot.items = items.map(|item| (item.pair.clone(), item)).collect();
        Ok(snapshot)
    }
}

/// The connections that are visible there.
pub(crate) async fn connections_by_pair(
    network: &impl RegionReads,
    at: &Location,
) -> CallResult<BTreeMap<PairKey, Vec<Connection>>> {
    let mut by_pair: BTreeMap<PairKey, Vec<Connection>> = BTreeMap::new();
    for connection in network.connections_in(at).await? {
        let pair = PairKey::of([&connection.identity.requester, &connection.identity.accepter]);
        by_pair.entry(pair).or_default().push(connection);
    }
    Ok(by_pair)
}
