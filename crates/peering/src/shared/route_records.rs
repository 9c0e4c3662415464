//! What the ledger records while routes are written: what is about to be written before it is, what is deleted afterwards.

use crate::context::Context;
use crate::error::Error;
use crate::ledger::{LedgerItem, RecordedRoutes, Update};
use crate::peering::{Peering, PeeringSide};
use crate::ports::Ledger;
use crate::routes::Action;
use crate::shared::lease::{check_time, update_held};

/// Records the connection and the routes that are about to be written, before the first is, unless they are recorded. The
/// item as it is then; `None` where an earlier call recorded the end of this execution, and its answer was lost.
pub(crate) async fn intend<N>(
    context: Context<'_, N, impl Ledger>,
    peering: &Peering,
    execution: &str,
    started: i64,
) -> Result<Option<LedgerItem>, Error> {
    let key = peering.key();
    let item = match context.ledger.item(&key).await? {
        Some(item) if item.is_held_by(execution) => item,
        Some(item) if item.records_success_of(execution) => return Ok(None),
        item => return Err(Error::PairBusy { execution: item.and_then(|item| item.holder).unwrap_or_default() }),
    };
    context.stack.check_mode()?;
    check_time(context, "UpdateRoutes", started)?;
    let connection = peering.recorded_connection();
    let additions = peering.additions();
    let [first, second] = key.ends();
    let is_recorded = additions[0].is_subset(&item.routes_at(first)) && additions[1].is_subset(&item.routes_at(second));
    if item.connection.as_ref() == Some(&connection) && is_recorded {
        return Ok(Some(item));
    }
    // What a dead execution was about to write stays pending: some of it may be written.
    let pending = [item.pending_at(first).union(&additions[0]), item.pending_at(second).union(&additions[1])];
    let intent = Update::intend(execution, &connection, &pending);
    let intent = match item.records(&connection.id) {
        true => intent,
        false => intent.replacing(&left_of_another(peering)),
    };
    update_held(context, &key, execution, intent).await.map(Some)
}

/// In the canonical order: the planned routes of which the places are held by blackholes to another connection.
fn left_of_another(peering: &Peering) -> [RecordedRoutes; 2] {
    let of_side = |side: &PeeringSide| {
        side.plan.routes().filter(|route| matches!(route.action, Action::Deleted | Action::Repaired)).collect()
    };
    peering.key().in_order(peering.ends(), peering.sides().map(of_side))
}

/// Between the new routes of an established peering and the deletion of stale ones: once that has begun, a roll-back of the
/// new ones would leave a destination without any.
pub(crate) async fn settle_additions<N>(
    context: Context<'_, N, impl Ledger>,
    peering: &Peering,
    item: &LedgerItem,
    execution: &str,
) -> Result<(), Error> {
    let is_stale = peering.sides().into_iter().any(|side| side.plan.removals().next().is_some());
    if !(peering.established && item.has_pending_routes() && is_stale) {
        return Ok(());
    }
    let key = peering.key();
    let routes = key.ends().map(|end| item.routes_at(end));
    update_held(context, &key, execution, Update::settle_additions(execution, &routes)).await.map(drop)
}

/// What is ours once this is done, in the canonical order of the pair: what stood when it was planned, without what is
/// deleted, and what the plan added.
pub(crate) fn recorded_routes(peering: &Peering, keeps_stale: bool) -> [RecordedRoutes; 2] {
    let of_side = |side: &PeeringSide| {
        let stale: RecordedRoutes = side.plan.removals().collect();
        let added: RecordedRoutes = side.plan.additions().collect();
        match keeps_stale {
            true => side.standing.union(&stale).union(&added),
            false => side.standing.without(&stale).union(&added),
        }
    };
    peering.key().in_order(peering.ends(), peering.sides().map(of_side))
}
