//! `DeletePeering`: delete the connection, whose routes are deleted, if it is ours; then the ledger forgets the pair.

use crate::context::Context;
use crate::error::Error;
use crate::ledger::Update;
use crate::ports::{Ledger, Network};
use crate::shared::lease::update_held;
use crate::shared::pair::Pair;
use crate::shared::removal::delete_own_connection;
use crate::shared::status_tags::clear_status;
use crate::steps::TeardownTask;
use crate::teardown::TeardownOutput;
use futures_util::join;
use serde::Serialize;

/// For so long the item of a removed peering can still be looked at: as long as Step Functions keeps its executions.
const DAYS_KEPT: i64 = 90;

/// The peering is torn down.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deleted {
    /// The output of the execution.
    pub output: TeardownOutput,
}

/// Deletes the connection, unless that has happened already or it was adopted, and removes its status from both VPCs. Looks
/// once more whether a tag requests it by now.
pub async fn delete_peering(
    context: Context<'_, impl Network, impl Ledger>,
    task: TeardownTask,
) -> Result<Deleted, Error> {
    let TeardownTask { teardown, execution, time } = task;
    let key = teardown.key();
    let (pair, item) = join!(Pair::read(context, teardown.ends()), context.ledger.item(&key));
    let (pair, item) = (pair?, item?);
    if item.as_ref().is_some_and(|item| item.records_success_of(&execution)) {
        // An earlier call recorded the end of this execution, and its answer was lost.
        return Ok(Deleted { output: teardown.done() });
    }
    match item {
        Some(item) if item.is_held_by(&execution) => {}
        item => return Err(Error::PairBusy { execution: item.and_then(|item| item.holder).unwrap_or_default() }),
    }
    context.stack.check_mode()?;
    pair.check_untagged(context.stack)?;
    if teardown.made {
        let (requester, id) = (&teardown.requester.end, &teardown.vpc_peering_connection_id);
        delete_own_connection(context, &key, requester, id).await?;
    }
    let withdrawal = teardown.withdrawal.map(|withdrawal| withdrawal.done(context.now));
    let expires = context.now + DAYS_KEPT * 24 * 60 * 60;
    update_held(context, &key, &execution, Update::tear_down(&execution, &time, expires, withdrawal)).await?;
    clear_status(context, &pair).await;
    Ok(Deleted { output: teardown.done() })
}
