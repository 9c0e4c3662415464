//! `topology`: what there is, and what the sweep would find about it. It only reads.

mod described;

use crate::connection::End;
use crate::context::Context;
use crate::error::Error;
use crate::ledger::end_key;
use crate::ports::{LedgerReads, NetworkReads};
use crate::shared::drift::{Finding, examine};
use crate::shared::held::{Found, Held};
use crate::shared::pair::VpcTags;
use crate::shared::pairs::{PairSnapshot, pairs};
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::stack::Scope;
use crate::tags::{NAME, is_excluded};
use described::{Description, foreign};
use futures_util::{StreamExt, stream};
use isthmus_topology::{Topology, Unreachable, VERSION, Vpc};
use std::collections::BTreeSet;

/// Reads everything in that scope. Fails if the stack's own Region can't be read. `name` is the stack's, `time` when the
/// invocation began, as ISO 8601.
pub async fn topology(
    context: Context<'_, impl NetworkReads, impl LedgerReads>,
    scope: &Scope,
    name: &str,
    time: &str,
) -> Result<Topology, Error> {
    let snapshot = Snapshot::read_all(context, scope).await?;
    let pairs = pairs(&snapshot, context.stack);
    let (all, whole) = (pairs.as_slice(), &snapshot);
    let finding = stream::iter(all).map(async |known| (known, find(context, whole, all, known).await));
    let found: Vec<Found<'_>> = finding.buffered(AT_ONCE).collect().await;
    let held = Held::among(context, &found, BTreeSet::new()).await;
    let description = Description { context, snapshot: whole, held: &held };
    let described = stream::iter(&found).map(async |found| description.of(found).await);
    let mut peerings: Vec<_> = described.buffered(AT_ONCE).filter_map(async |described| described).collect().await;
    let known: BTreeSet<String> = peerings.iter().filter_map(|each| each.vpc_peering_connection_id.clone()).collect();
    let others = snapshot.live_connections();
    peerings.extend(others.values().filter(|other| !known.contains(other.id().as_str())).map(|other| foreign(other)));
    Ok(Topology {
        version: VERSION,
        stack: name.to_owned(),
        tag_prefix: context.stack.tag_prefix.clone(),
        time: time.to_owned(),
        vpcs: snapshot.sides().map(|side| vpc(&snapshot, side)).collect(),
        peerings,
        unreachable: unreachable(&snapshot, &held),
    })
}

/// What is found about a pair; `None` while an execution works on it.
async fn find<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    pairs: &[PairSnapshot],
    known: &PairSnapshot,
) -> Result<Option<Finding>, Error> {
    if known.item.as_ref().is_some_and(|item| item.holder.is_some()) {
        return Ok(None);
    }
    match known.misplaced_end(pairs) {
        Some(end) => Ok(Some(known.refused(&Error::missing(end)))),
        None => examine(context, snapshot, known, false).await.map(Some),
    }
}

fn vpc(snapshot: &Snapshot, side: &VpcTags) -> Vpc {
    let end = side.end();
    let accepts = &side.intent.accept;
    let accounts = accepts.accounts.iter().map(ToString::to_string);
    Vpc {
        end: place(end),
        name: side.tags.get(NAME).cloned().unwrap_or_default(),
        cidr_blocks: snapshot.vpc(end).into_iter().flat_map(|vpc| &vpc.cidr_blocks).map(ToString::to_string).collect(),
        route_tables: snapshot.tables(end).iter().map(|table| table.id.to_string()).collect(),
        excluded: is_excluded(&side.tags),
        groups: Vec::new(),
        peers: side.intent.peers.iter().map(end_key).collect(),
        accepts: accounts.chain(accepts.vpcs.iter().map(ToString::to_string)).collect(),
    }
}

fn place(end: &End) -> isthmus_topology::End {
    isthmus_topology::End {
        region: end.region.to_string(),
        owner_id: end.owner_id.to_string(),
        vpc_id: end.vpc_id.to_string(),
    }
}

fn unreachable(snapshot: &Snapshot, held: &Held) -> Vec<Unreachable> {
    let regions = snapshot.unreachable_regions().map(|(at, message)| Unreachable {
        region: Some(at.region.to_string()),
        owner_id: Some(at.owner_id.to_string()),
        message,
    });
    let others = snapshot.unusable_items().chain(held.failures.iter().cloned());
    regions.chain(others.map(|message| Unreachable { region: None, owner_id: None, message })).collect()
}
