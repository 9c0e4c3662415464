//! `topology`: what there is, and what the sweep would find about it. It only reads.

mod described;
mod made;

use crate::connection::End;
use crate::context::Context;
use crate::error::Error;
use crate::ledger::{PairKey, end_key};
use crate::ports::{LedgerReads, NetworkReads};
use crate::shared::drift::{Examined, examine};
use crate::shared::grouped::Grouped;
use crate::shared::held::{Found, Held};
use crate::shared::pair::VpcTags;
use crate::shared::pairs::{PairSnapshot, pair, pairs};
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::stack::{Scope, Stack};
use crate::tags::{NAME, is_excluded};
use described::Description;
use futures_util::{StreamExt, stream};
use isthmus_topology::{Peering, Topology, Unreachable, VERSION, Vpc};
use made::{foreign, of_plan, of_refusal};
use std::collections::BTreeSet;

/// Reads everything in that scope. Fails if the stack's own Region can't be read. `time` is when the invocation began,
/// as ISO 8601.
pub async fn topology(
    context: Context<'_, impl NetworkReads, impl LedgerReads>,
    scope: &Scope,
    time: &str,
) -> Result<Topology, Error> {
    let snapshot = Snapshot::read_all(context, scope).await?;
    let grouped = Grouped::of(&snapshot, context.stack);
    let mut pairs = pairs(&snapshot, context.stack);
    add_missing(&mut pairs, &snapshot, context.stack, &grouped);
    let (all, whole) = (pairs.as_slice(), &snapshot);
    let examining = stream::iter(all).map(async |known| (known, find(context, whole, all, known).await));
    let examined: Vec<_> = examining.buffered(AT_ONCE).collect().await;
    let (found, routes): (Vec<Found<'_>>, Vec<_>) = examined
        .into_iter()
        .map(|(known, examined)| match examined {
            Ok(Some(Examined { finding, sides, .. })) => ((known, Ok(Some(finding))), sides.map(of_plan)),
            Ok(None) => ((known, Ok(None)), None),
            Err(error) => ((known, Err(error)), None),
        })
        .unzip();
    let held = Held::among(context, &found, BTreeSet::new()).await;
    let description = Description { context, snapshot: whole, held: &held };
    let mut peerings: Vec<_> =
        found.iter().zip(routes).filter_map(|(found, routes)| description.of(found, routes)).collect();
    let known: BTreeSet<String> = peerings.iter().filter_map(|each| each.vpc_peering_connection_id.clone()).collect();
    let others = snapshot.live_connections();
    peerings.extend(others.values().filter(|other| !known.contains(other.id().as_str())).map(|other| foreign(other)));
    peerings.extend(refused_by_groups(&grouped, &peerings));
    Ok(Topology {
        version: VERSION,
        stack: context.stack.name().to_owned(),
        tag_prefix: context.stack.tag_prefix.clone(),
        time: time.to_owned(),
        vpcs: snapshot.sides().map(|side| vpc(&snapshot, side)).collect(),
        peerings,
        unreachable: unreachable(&snapshot, &held),
    })
}

/// Adds the pairs that groups alone ask for.
fn add_missing(pairs: &mut Vec<PairSnapshot>, snapshot: &Snapshot, stack: &Stack, grouped: &Grouped) {
    let known: BTreeSet<PairKey> = pairs.iter().map(PairSnapshot::key).collect();
    let missing = grouped.pairs().filter(|key| !known.contains(key));
    pairs.extend(missing.filter_map(|key| pair(snapshot, stack, key)));
}

/// The first pairs that groups refuse, unless they are described already.
fn refused_by_groups(grouped: &Grouped, described: &[Peering]) -> Vec<Peering> {
    let known: BTreeSet<[&isthmus_topology::End; 2]> = described
        .iter()
        .flat_map(|each| [[&each.requester, &each.accepter], [&each.accepter, &each.requester]])
        .collect();
    let (_, refused) = grouped.refusals(REFUSED_LISTED);
    let described = refused.map(|(ends, refusal)| of_refusal(grouped, ends, refusal));
    described.filter(|each| !known.contains(&[&each.requester, &each.accepter])).collect()
}

/// An answer of Lambda holds 6 MB.
const REFUSED_LISTED: usize = 500;

/// What is found about a pair; `None` while an execution works on it.
async fn find<L>(
    context: Context<'_, impl NetworkReads, L>,
    snapshot: &Snapshot,
    pairs: &[PairSnapshot],
    known: &PairSnapshot,
) -> Result<Option<Examined>, Error> {
    if known.is_held() {
        return Ok(None);
    }
    match known.misplaced_end(pairs) {
        Some(end) => Ok(Some(known.refused(&Error::missing(end)).into())),
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
        groups: side.intent.groups.iter().map(|(name, role)| format!("{name}:{role}")).collect(),
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
