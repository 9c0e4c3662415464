//! The status of a failure, on the VPCs that it concerns.

use crate::connection::Status;
use crate::context::Context;
use crate::ids::VpcPeeringConnectionId;
use crate::ledger::LedgerItem;
use crate::ports::{Network, NetworkReads};
use crate::shared::pair::{Lookup, Pair, VpcTags};
use crate::shared::status_tags::{write_status, written_status};
use crate::stack::Stack;
use crate::status::PeeringStatus;
use crate::steps::record_failure::{FailedPair, RecordFailureTask};

/// Only what tags asked for: a mistake of a pipeline is reported to the pipeline, and says nothing about the peering. A
/// failed teardown changes no status, nor does the clean-up after one.
pub(super) async fn write_failed_status<L>(
    context: Context<'_, impl Network, L>,
    task: &RecordFailureTask,
    item: Option<&LedgerItem>,
    failed: &FailedPair<'_>,
    pair: &Pair,
) {
    let is_teardown = task.dead.as_deref().is_some_and(|dead| dead.contains("-teardown:"));
    if is_teardown || !failed.is_by_tags || !pair.is_requested() || is_about_another_end(context.stack, item, pair) {
        return;
    }
    let standing = match item.filter(|item| item.is_established() && failed.error == "Excluded") {
        Some(item) => live_connection(context.network, item, pair).await,
        None => None,
    };
    let status = match standing {
        // It stays as it is, and works.
        Some(id) => PeeringStatus::active(&id, &[failed.message().to_owned()]),
        None if failed.error == "TeardownHeld" => PeeringStatus::Waiting { reason: failed.message().to_owned() },
        None => PeeringStatus::Failed { error: failed.error.to_owned(), message: failed.message().to_owned() },
    };
    write_status(context, pair, &status, &task.time).await;
}

/// The recorded connection, if it is active.
async fn live_connection(
    network: &impl NetworkReads,
    item: &LedgerItem,
    pair: &Pair,
) -> Option<VpcPeeringConnectionId> {
    let id = &item.connection.as_ref()?.id;
    let [end, _] = pair.ends();
    let found = network.connection(end, id).await.ok()??;
    (found.status == Status::Active).then(|| id.clone())
}

/// Whether the VPC was not found where a tag says, and the status is of a peering with the same VPC id elsewhere.
fn is_about_another_end(stack: &Stack, item: Option<&LedgerItem>, pair: &Pair) -> bool {
    let [side, peer] = pair.sides();
    let is_active = |(side, peer): (&VpcTags, &VpcTags)| {
        written_status(stack, side, peer.end()).is_some_and(|written| written.starts_with("active "))
    };
    !pair.sides().iter().all(|side| side.lookup == Lookup::Found)
        && item.is_none_or(|item| item.connection.is_none())
        && [(side, peer), (peer, side)].into_iter().any(is_active)
}
