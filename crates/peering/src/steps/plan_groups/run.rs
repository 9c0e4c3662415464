//! One run of the groups machine: what it holds, and whose turn it is.

use super::next::ForLanes;
use crate::connection::End;
use crate::context::Context;
use crate::error::Error;
use crate::groups::Work;
use crate::ids::VpcPeeringConnectionId;
use crate::ledger::{
    AskedBy, LedgerItem, Outcome, PairKey, RecordedConnection, RecordedRoutes, Undone, Update, Withdrawal, Withdrawn,
};
use crate::ports::{ExecutionState, Ledger, LedgerReads};
use crate::routes::standing_routes;
use crate::shared::lease::{is_dead, try_acquire, update_held};
use crate::shared::snapshot::Snapshot;
use crate::shared::tag_requests::is_name_of_minute;
use std::collections::BTreeSet;

/// For so long the item of a pair that is gone can still be looked at.
const DAYS_KEPT: i64 = 90;

/// A run, and which others are dead.
pub(super) struct Run<'r> {
    pub(super) execution: &'r str,
    pub(super) time: &'r str,
    /// Whether it changes anything.
    pub(super) acts: bool,
    /// Executions that hold a pair, or all groups, and have ended: what they hold is taken over.
    dead: BTreeSet<String>,
}

/// What is recorded about a pair, which is then given back.
#[derive(Debug, Clone)]
pub(super) enum Settlement {
    /// It stands.
    Complete { connection: RecordedConnection, routes: [RecordedRoutes; 2], asked_by: AskedBy },
    /// It is torn down.
    TornDown(Option<Withdrawal>),
    /// It can't be had, and so much is undone.
    Failed(Outcome, Undone),
    /// It is no longer asked for, and nothing is left of it.
    Nothing,
    /// Nothing is known about it now.
    Unknown(String),
    /// It is somebody else's.
    Released,
}

impl<'r> Run<'r> {
    pub(super) fn new(execution: &'r str, time: &'r str, acts: bool) -> Self {
        Self { execution, time, acts, dead: BTreeSet::new() }
    }

    /// [`Error::PairBusy`] while another run has the lease on all groups. Of the runs that tags have started the last one waits; an
    /// earlier one is answered that one, which will read what both were started for.
    pub(super) async fn wait_for_its_turn<N>(
        &mut self,
        context: Context<'_, N, impl Ledger>,
    ) -> Result<Option<String>, Error> {
        let holder = context.ledger.groups_holder().await?;
        let Some(holder) = holder.filter(|holder| holder != self.execution) else { return Ok(None) };
        if is_dead(context.ledger, &holder).await? {
            self.dead.insert(holder);
            return Ok(None);
        }
        if self.is_started_by_tags()
            && let Some(later) = context.ledger.wait_for_groups(self.execution).await?
            && context.ledger.execution_state(&later).await? == ExecutionState::Running
        {
            return Ok(Some(later));
        }
        Err(Error::PairBusy { execution: holder })
    }

    /// By its name, which has the time until which it has waited for more changes.
    fn is_started_by_tags(&self) -> bool {
        self.execution.rsplit(':').next().is_some_and(is_name_of_minute)
    }

    /// Looks up, once each, which of the executions that hold a pair have ended.
    pub(super) async fn find_dead<N>(
        &mut self,
        context: Context<'_, N, impl LedgerReads>,
        snapshot: &Snapshot,
    ) -> Result<(), Error> {
        let holders: BTreeSet<&String> = snapshot.items().filter_map(|item| item.holder.as_ref()).collect();
        for holder in holders.into_iter().filter(|holder| **holder != self.execution) {
            if is_dead(context.ledger, holder).await? {
                self.dead.insert(holder.clone());
            }
        }
        Ok(())
    }

    /// Whether this run holds the pair.
    pub(super) fn holds(&self, item: Option<&LedgerItem>) -> bool {
        item.is_some_and(|item| item.is_held_by(self.execution))
    }

    /// Whether nobody else that lives holds it.
    pub(super) fn may_take(&self, item: Option<&LedgerItem>) -> bool {
        let holder = item.and_then(|item| item.holder.as_deref());
        holder.is_none_or(|holder| holder == self.execution || self.dead.contains(holder))
    }

    /// Takes the lease on all groups. [`Error::PairBusy`] where another run was faster.
    pub(super) async fn take_groups<N>(&self, context: Context<'_, N, impl Ledger>) -> Result<(), Error> {
        // At most one of them has it.
        for dead in self.dead.iter().map(Some).chain([None]) {
            match context.ledger.take_groups(self.execution, dead.map(String::as_str)).await? {
                Ok(()) => return Ok(()),
                Err(holder) if !self.dead.contains(&holder) => return Err(Error::PairBusy { execution: holder }),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Takes the pair, unless another execution works on it, or has changed it since `known` was read. Answers whether it did.
    pub(super) async fn take<N>(
        &self,
        context: Context<'_, N, impl Ledger>,
        pair: &PairKey,
        known: Option<&LedgerItem>,
    ) -> Result<bool, Error> {
        if self.holds(known) {
            return Ok(true);
        }
        let dead = known.and_then(|item| item.holder.as_deref()).filter(|holder| self.dead.contains(*holder));
        let Ok(item) = try_acquire(context, pair, self.execution, self.time, dead).await? else { return Ok(false) };
        let as_known = |item: &LedgerItem| {
            let LedgerItem { connection, asked_by, routes_a, routes_b, outcome, .. } = item.clone();
            (connection, asked_by, routes_a, routes_b, outcome)
        };
        let empty = LedgerItem::empty(pair.clone());
        if as_known(&item) == as_known(known.unwrap_or(&empty)) {
            return Ok(true);
        }
        update_held(context, pair, self.execution, Update::release(self.execution, &item)).await?;
        Ok(false)
    }

    /// Before lanes work on it: notes why it is undone, and forgets routes of a connection that is replaced, unless they are still there.
    pub(super) async fn prepare<N>(
        &self,
        context: Context<'_, N, impl Ledger>,
        snapshot: &Snapshot,
        ForLanes { known, work, why, .. }: &ForLanes,
    ) -> Result<(), Error> {
        let key = known.key();
        if let Some(why) = why.as_ref().filter(|why| why.by != self.execution) {
            let outcome = Outcome { by: self.execution.to_owned(), ..why.clone() };
            update_held(context, &key, self.execution, Update::note_failure(self.execution, &outcome)).await?;
        }
        let Some(item) = known.item.as_ref().filter(|_| *work == Work::SetUp) else { return Ok(()) };
        let Some(recorded) = &item.connection else { return Ok(()) };
        let is_live = known.connections.iter().any(|found| *found.id() == recorded.id && found.status.is_live());
        if is_live || (item.routes_a.is_empty() && item.routes_b.is_empty()) {
            return Ok(());
        }
        let left = key.ends().map(|end| standing_routes(snapshot.tables(end), &item.routes_at(end), &recorded.id));
        update_held(context, &key, self.execution, Update::keep_routes(self.execution, &left)).await.map(drop)
    }

    /// Records how it ended, and gives the pair back.
    pub(super) async fn settle<N>(
        &self,
        context: Context<'_, N, impl Ledger>,
        pair: &PairKey,
        item: Option<&LedgerItem>,
        settlement: &Settlement,
    ) -> Result<(), Error> {
        let (execution, now) = (self.execution, context.now);
        // A pair that nothing is recorded to ask for is found again by its holder alone, from which the next run takes it over.
        let is_unasked = item.is_some_and(|item| item.asked_by.is_none());
        let expires = now + DAYS_KEPT * 24 * 60 * 60;
        let update = match settlement {
            Settlement::Complete { connection, routes, asked_by } => {
                let open = item.and_then(LedgerItem::open_withdrawal).map(|(_, withdrawal)| withdrawal);
                let carried_out = open.filter(|open| open.of == Withdrawn::Routes).map(|open| open.done(now));
                let outcome = Outcome::success(execution);
                Update::complete(execution, connection, routes, asked_by, &outcome, carried_out)
            }
            Settlement::TornDown(withdrawal) => {
                Update::tear_down(execution, self.time, expires, withdrawal.map(|withdrawal| withdrawal.done(now)))
            }
            Settlement::Failed(outcome, Undone::WithConnection) => {
                Update::fail(execution, outcome, None, Undone::WithConnection).expires(expires)
            }
            Settlement::Failed(outcome, Undone::InPart) if is_unasked => Update::note_failure(execution, outcome),
            Settlement::Unknown(_) if is_unasked => return Ok(()),
            Settlement::Failed(outcome, undone) => Update::fail(execution, outcome, None, *undone),
            Settlement::Nothing => {
                let outcome = Outcome::success(execution);
                Update::fail(execution, &outcome, None, Undone::WithConnection).expires(expires)
            }
            Settlement::Unknown(reason) => {
                let (error, message) = (Some("ServiceFault".to_owned()), Some(reason.clone()));
                let outcome = Outcome { error, message, ..Outcome::success(execution) };
                Update::fail(execution, &outcome, None, Undone::InPart)
            }
            Settlement::Released => match item {
                // It stands while its VPC is excluded, and is half made.
                Some(item) if is_unasked && item.own_connection().is_some() => return Ok(()),
                Some(item) => Update::release(execution, item),
                None => return Ok(()),
            },
        };
        update_held(context, pair, execution, update).await.map(drop)
    }
}

impl Settlement {
    /// That the pair stands with that connection.
    pub(super) fn complete(
        snapshot: &Snapshot,
        pair: &PairKey,
        (item, id, made): (Option<&LedgerItem>, &VpcPeeringConnectionId, bool),
        asked_by: AskedBy,
    ) -> Self {
        // Of another connection's routes, somebody may have led some to this one by hand.
        let is_recorded = item.is_some_and(|item| item.records(id));
        let standing = |end: &End| {
            let ours = |item: &LedgerItem| if is_recorded { item.routes_at(end) } else { item.pending_at(end).clone() };
            standing_routes(snapshot.tables(end), &item.map(ours).unwrap_or_default(), id)
        };
        let connection = RecordedConnection { id: id.clone(), made, pending: false };
        Self::Complete { connection, routes: pair.ends().map(standing), asked_by }
    }
}
