//! The ledger: what is ours, and which execution works on a pair. It never says what *is*; that is read from EC2.
//!
//! One item a pair. Invariant: what is recorded includes what was written. Additions are recorded before they are written,
//! removals after. Each change is an [`Update`] with a condition, which the store evaluates in the same call; how the
//! updates follow each other is in [`crate::shared::lease`].

mod asked;
mod outcome;
mod pair_key;
mod routes;
mod update;
mod withdrawal;
mod withdrawer;

use crate::connection::{Connection, End};
use crate::ids::VpcPeeringConnectionId;
use crate::tags::EXECUTION;
pub use asked::{AskedBy, AskedSelections};
pub use outcome::Outcome;
pub use pair_key::{PairKey, end_key};
pub use routes::RecordedRoutes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
pub use update::{Condition, Undone, Update};
pub use withdrawal::{Hold, Withdrawal, WithdrawalState, Withdrawals, Withdrawn, counted_since, limit};
pub use withdrawer::Withdrawer;

/// The version of the items that this code writes. It doesn't touch newer ones.
pub const VERSION: u32 = 1;

/// What the ledger knows about a pair. `…A` and `…B` are the ends in the canonical order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LedgerItem {
    /// The pair.
    pub pair: PairKey,
    /// The version of the item's form.
    #[serde(default)]
    pub v: u32,
    /// The execution that works on the pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Whether an execution of tags gave up waiting for the holder: whoever ends next starts another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<bool>,
    /// Executions whose tag on a connection means that the connection is ours, until that is recorded.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub makers: BTreeSet<String>,
    /// The connection that we use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<RecordedConnection>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<AskedBy>,
    /// The routes that we wrote in the tables of the first end.
    #[serde(default, skip_serializing_if = "RecordedRoutes::is_empty")]
    pub routes_a: RecordedRoutes,
    /// Those in the tables of the second end.
    #[serde(default, skip_serializing_if = "RecordedRoutes::is_empty")]
    pub routes_b: RecordedRoutes,
    /// The routes that the holder is about to write in the tables of the first end.
    #[serde(default, skip_serializing_if = "RecordedRoutes::is_empty")]
    pub pending_a: RecordedRoutes,
    /// Those in the tables of the second end.
    #[serde(default, skip_serializing_if = "RecordedRoutes::is_empty")]
    pub pending_b: RecordedRoutes,
    /// How the last execution ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The end whose consent is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owes: Option<String>,
    /// Whose tags no longer ask for the pair, or for any route of one side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<Withdrawer>,
    /// Since when, and how far that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<Withdrawal>,
    /// When the peering was torn down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// When DynamoDB deletes the item, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
}

/// A connection, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordedConnection {
    /// `pcx-…`
    pub id: VpcPeeringConnectionId,
    /// Whether it is ours: this stack made it or took it over. Else it was adopted.
    pub made: bool,
    /// Whether the owner of an external account has yet to accept it. Until then nothing is routed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub pending: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl LedgerItem {
    /// An item that knows nothing.
    pub fn empty(pair: PairKey) -> Self {
        Self {
            pair,
            v: VERSION,
            holder: None,
            since: None,
            again: None,
            makers: BTreeSet::new(),
            connection: None,
            asked_by: None,
            routes_a: RecordedRoutes::default(),
            routes_b: RecordedRoutes::default(),
            pending_a: RecordedRoutes::default(),
            pending_b: RecordedRoutes::default(),
            outcome: None,
            owes: None,
            withdrawn_by: None,
            withdrawal: None,
            removed: None,
            expires: None,
        }
    }

    /// Whether that execution holds the pair.
    pub fn is_held_by(&self, execution: &str) -> bool {
        self.holder.as_deref() == Some(execution)
    }

    /// Whether the end of that execution is recorded.
    pub fn records_end_of(&self, execution: &str) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.by == execution)
    }

    /// Whether that execution failed with the pair, and nothing has been recorded since.
    pub fn records_failure_of(&self, execution: &str) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.by == execution && outcome.error.is_some())
    }

    /// Whether that execution succeeded, and nothing has been recorded since.
    pub fn records_success_of(&self, execution: &str) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.by == execution && outcome.error.is_none())
    }

    /// Whether the peering was completed.
    pub fn is_established(&self) -> bool {
        self.asked_by.is_some() && self.connection.as_ref().is_some_and(|connection| !connection.pending)
    }

    /// Whether that connection is the recorded one, to which the recorded routes lead.
    pub fn records(&self, id: &VpcPeeringConnectionId) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.id == *id)
    }

    /// Whether the peering was completed, with that connection.
    pub fn is_established_with(&self, id: &VpcPeeringConnectionId) -> bool {
        self.is_established() && self.records(id)
    }

    /// The connection, if it is ours to delete.
    pub fn own_connection(&self) -> Option<&VpcPeeringConnectionId> {
        self.connection.as_ref().filter(|connection| connection.made).map(|connection| &connection.id)
    }

    /// Whether that connection is ours: by its id, or, before that is recorded, by the execution that made it. The connection as
    /// its requester sees it.
    pub fn owns(&self, connection: &Connection) -> bool {
        self.is_by_maker(connection) || self.own_connection() == Some(connection.id())
    }

    /// Whether one of the executions made it whose tag counts until that is recorded.
    pub fn is_by_maker(&self, connection: &Connection) -> bool {
        connection.tags.get(EXECUTION).is_some_and(|maker| self.makers.contains(maker))
    }

    /// What tags take away and is not carried out yet.
    pub fn open_withdrawal(&self) -> Option<(&Withdrawer, Withdrawal)> {
        self.withdrawn_by.as_ref().zip(self.withdrawal.filter(|withdrawal| withdrawal.is_open()))
    }

    /// Everything that we may have written in the tables of that end.
    pub fn routes_at(&self, end: &End) -> RecordedRoutes {
        let (routes, pending) = match *end == *self.pair.ends()[0] {
            true => (&self.routes_a, &self.pending_a),
            false => (&self.routes_b, &self.pending_b),
        };
        routes.union(pending)
    }

    /// Whether routes were about to be written that are neither recorded as written nor undone.
    pub fn has_pending_routes(&self) -> bool {
        !(self.pending_a.is_empty() && self.pending_b.is_empty())
    }

    /// What the holder was about to write in the tables of that end.
    pub fn pending_at(&self, end: &End) -> &RecordedRoutes {
        if *end == *self.pair.ends()[0] { &self.pending_a } else { &self.pending_b }
    }
}
