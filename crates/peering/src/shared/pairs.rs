//! The pairs that a sweep examines: those that a tag names, those that a status tag is about, and those that the ledger
//! knows.

use crate::connection::{Connection, End, adopt};
use crate::ledger::{LedgerItem, PairKey};
use crate::ports::Location;
use crate::shared::decision::is_of_groups;
use crate::shared::lease::is_groups_run;
use crate::shared::pair::Pair;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::tags::peers_with_status;
use std::collections::BTreeSet;

/// A pair, the connections between its ends, and what the ledger knows about it.
#[derive(Clone)]
pub(crate) struct PairSnapshot {
    pub(crate) pair: Pair,
    pub(crate) connections: Vec<Connection>,
    pub(crate) item: Option<LedgerItem>,
}

impl PairSnapshot {
    /// Whether an execution works on it, or has died while it did.
    pub(crate) fn is_held(&self) -> bool {
        self.item.as_ref().is_some_and(|item| item.holder.is_some())
    }

    /// Whether it is the groups machine's, or held by a run of it: then neither of the others is started.
    pub(crate) fn is_left_to_groups(&self, stack: &Stack) -> bool {
        let holder = self.item.as_ref().and_then(|item| item.holder.as_deref());
        holder.is_some_and(is_groups_run) || is_of_groups(&self.pair, self.item.as_ref(), stack)
    }

    /// The live connection that is used.
    pub(crate) fn live(&self, stack: &Stack) -> Option<&Connection> {
        let [end, peer] = self.pair.ends();
        adopt(&self.connections, end, peer, stack)
    }

    /// Whether that execution works on it.
    pub(crate) fn is_held_by(&self, execution: &str) -> bool {
        self.item.as_ref().is_some_and(|item| item.is_held_by(execution))
    }

    /// The key of its item.
    pub(crate) fn key(&self) -> PairKey {
        PairKey::of(self.pair.ends())
    }
}

/// Each pair once. Those with an end that could not be read are left out, for an unread tag is not an absent one; so are
/// those whose item can't be used.
pub(crate) fn pairs(snapshot: &Snapshot, stack: &Stack) -> Vec<PairSnapshot> {
    let requested = snapshot.external_requests(stack);
    let mut found: BTreeSet<PairKey> = BTreeSet::new();
    let mut add = |one: &End, other: &End| {
        found.insert(PairKey::of([one, other]));
    };
    for side in snapshot.tagged() {
        side.intent.peers.iter().filter(|peer| *peer != side.end()).for_each(|peer| add(side.end(), peer));
        if let Some(requesters) = requested.get(side.end()) {
            requesters.iter().for_each(|requester| add(side.end(), requester));
        }
        for id in peers_with_status(&side.tags, &stack.tag_prefix).filter(|id| *id != side.end().vpc_id) {
            let named = side.intent.peers.iter().find(|peer| peer.vpc_id == id);
            if let Some(peer) = named.or_else(|| snapshot.locate(&id)) {
                add(side.end(), peer);
            } else if snapshot.is_complete() {
                // It does not exist, so any location will do.
                add(side.end(), &Location::from(side.end()).end(id));
            }
        }
    }
    found.extend(
        snapshot
            .items()
            .filter(|item| item.connection.is_some() || item.holder.is_some())
            .map(|item| item.pair.clone()),
    );
    found.into_iter().filter_map(|key| pair(snapshot, stack, key)).collect()
}

/// One pair; `None` where an end could not be read, or its item can't be used.
pub(crate) fn pair(snapshot: &Snapshot, stack: &Stack, key: PairKey) -> Option<PairSnapshot> {
    if snapshot.has_unusable_item(&key) {
        return None;
    }
    let [requester, accepter] = key.ends();
    let sides = [snapshot.tags_of(stack, requester)?, snapshot.tags_of(stack, accepter)?];
    let connections = snapshot.connections(&key, stack);
    let pair = Pair { sides }.with_requests(stack, &connections);
    Some(PairSnapshot { connections, pair, item: snapshot.item(&key).cloned() })
}
