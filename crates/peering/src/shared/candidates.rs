//! The other ends that a change of one VPC's tags may concern.

use crate::connection::{Connection, End};
use crate::context::Context;
use crate::error::Error;
use crate::ids::VpcId;
use crate::ledger::PairKey;
use crate::ports::LedgerReads;
use crate::shared::external::consented_request;
use crate::shared::pair::{Lookup, VpcTags};
use crate::stack::Stack;
use crate::tags::{PEER, ROUTES, STACK, key};
use std::collections::BTreeSet;

/// Those that the VPC names, those that the ledger says it is peered with, those in external accounts that request it, and, if
/// its consent changed, those whose requests lacked it. `connections` are the VPC's.
pub(crate) async fn candidates(
    context: Context<'_, impl Sized, impl LedgerReads>,
    side: &VpcTags,
    connections: &[Connection],
    consent_changed: bool,
) -> Result<BTreeSet<End>, Error> {
    let mut ends = side.intent.peers.clone();
    for connection in connections.iter().filter(|c| c.status.is_live()) {
        let other = connection.identity.other(side.end());
        let is_requested = consented_request(context.stack, &side.intent, connection).is_some();
        if ends.contains(other) || is_requested || is_recorded(context, side.end(), connection).await? {
            ends.insert(other.clone());
        }
    }
    if consent_changed {
        let owed = context.ledger.pairs_owed_by(side.end()).await?;
        ends.extend(owed.iter().flat_map(|pair| pair.ends()).filter(|end| *end != side.end()).cloned());
    }
    Ok(ends)
}

/// Whether we made or adopted the connection; one that carries our tag may be so new that it isn't recorded.
async fn is_recorded<N>(
    Context { ledger, stack, .. }: Context<'_, N, impl LedgerReads>,
    end: &End,
    connection: &Connection,
) -> Result<bool, Error> {
    if connection.tags.get(STACK) == Some(&stack.installation) {
        return Ok(true);
    }
    let item = ledger.item(&PairKey::of([end, connection.identity.other(end)])).await?;
    Ok(item.and_then(|item| item.connection).is_some_and(|recorded| recorded.id == *connection.id()))
}

/// Why a peer is not found, or not reached, that the VPC's tags name, where another one of `peers` has its id and exists.
pub(crate) fn misplaced(prefix: &str, side: &VpcTags, peer: &VpcTags, peers: &[&VpcTags]) -> Option<String> {
    let there = namesake(peer, peers.iter().copied()).filter(|_| side.intent.names(peer.end()))?.end();
    Some(format!("{}: {} does not exist there, it is {there}", key(prefix, PEER), peer.end()))
}

/// The `routes` tags of single peers that are none, and that no tag of the VPC's lets become one.
pub(crate) fn routes_to_strangers(stack: &Stack, side: &VpcTags, is_peer: impl Fn(&VpcId) -> bool) -> Vec<String> {
    let may_be_asked = stack.trusted_accounts.contains(&side.end().owner_id) || side.intent.unclear.peers;
    let is_stranger = |id: &&VpcId| !may_be_asked && !side.intent.may_mention(id) && !is_peer(id);
    let reason =
        |id: &VpcId| format!("{}: {id} is no peer of this VPC", key(&stack.tag_prefix, &format!("{ROUTES}:{id}")));
    side.intent.routes_to.keys().filter(is_stranger).map(reason).collect()
}

/// The VPC that has the id of that one, which was not found where it is said to be: an id is of one VPC in all accounts and Regions.
pub(crate) fn namesake<'p>(missing: &VpcTags, mut others: impl Iterator<Item = &'p VpcTags>) -> Option<&'p VpcTags> {
    let is_it = |other: &&VpcTags| other.lookup == Lookup::Found && other.end().vpc_id == missing.end().vpc_id;
    if missing.lookup == Lookup::Found { None } else { others.find(is_it) }
}
