//! Looking at all pairs, and starting the clean-up after executions that died.

use crate::context::Context;
use crate::error::Error;
use crate::ledger::LedgerItem;
use crate::ports::{ExecutionState, Executions, LedgerReads, Network};
use crate::shared::drift::{Finding, examine};
use crate::shared::held::Found;
use crate::shared::lease::{is_groups_run, seconds_after_death};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::steps::sweep::SweepTask;
use futures_util::{StreamExt, stream};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// What is found about each pair.
pub(super) async fn find_all<'s>(
    context: Context<'_, impl Network, impl LedgerReads>,
    executions: &impl Executions,
    snapshot: &Snapshot,
    pairs: &'s [PairSnapshot],
    task: SweepTask,
    has_time: &impl Fn() -> bool,
) -> Vec<Found<'s>> {
    let finding = stream::iter(pairs).map(async |known| match has_time() {
        true => (known, find(context, executions, snapshot, pairs, known, task).await),
        false => (known, Ok(None)),
    });
    finding.buffered(AT_ONCE).collect().await
}

/// What is found about a pair; `None` while an execution works on it.
async fn find(
    context: Context<'_, impl Network, impl LedgerReads>,
    executions: &impl Executions,
    snapshot: &Snapshot,
    pairs: &[PairSnapshot],
    known: &PairSnapshot,
    task: SweepTask,
) -> Result<Option<Finding>, Error> {
    if let Some(item) = &known.item {
        match clean_up_after(context, executions, item, task.dry_run).await? {
            // Whatever is started for the pair takes it over from the dead.
            Holder::IsNobody => {}
            Holder::IsCaredFor => return Ok(None),
        }
    }
    match known.misplaced_end(pairs) {
        Some(end) => Ok(Some(known.refused(&Error::missing(end)))),
        None => examine(context, snapshot, known, task.retry).await.map(|examined| Some(examined.finding)),
    }
}

/// For so long no second clean-up after one holder is started.
const SECONDS_OF_A_CLEAN_UP: u64 = 60 * 60;

/// Whether anything is to be done before a pair can be worked on.
enum Holder {
    /// Its holder works on it, or is cleaned up after.
    IsCaredFor,
    /// There is none, or the next execution takes the pair over.
    IsNobody,
}

/// Starts the clean-up after an execution that holds a pair and is closed: the event of its end may have been lost. What a run of
/// the groups machine holds the next run takes over.
async fn clean_up_after<N>(
    context: Context<'_, N, impl LedgerReads>,
    executions: &impl Executions,
    item: &LedgerItem,
    dry_run: bool,
) -> Result<Holder, Error> {
    let Some(holder) = item.holder.as_deref() else { return Ok(Holder::IsNobody) };
    match context.ledger.execution_state(holder).await? {
        ExecutionState::Unknown => Ok(Holder::IsNobody),
        ExecutionState::Closed { seconds } if seconds >= seconds_after_death(holder) => match is_groups_run(holder) {
            true => Ok(Holder::IsNobody),
            false => {
                if !dry_run {
                    executions.start_clean_up(&clean_up_name(item, holder, seconds), holder).await?;
                }
                Ok(Holder::IsCaredFor)
            }
        },
        ExecutionState::Closed { .. } | ExecutionState::Running => Ok(Holder::IsCaredFor),
    }
}

/// The name of the clean-up after a holder that has been closed for so long: a new one in each hour, because one that could not
/// take the pair over did nothing. Within an hour it is the same, so that two sweeps start one. The hash tells holders apart whose
/// names differ only after what is kept, for a name has at most 80 characters; and what a redriven holder took from what it had
/// before.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
fn clean_up_name(item: &LedgerItem, holder: &str, seconds: u64) -> String {
    let mut hasher = DefaultHasher::new();
    (holder, &item.since).hash(&mut hasher);
    let name: String = holder.rsplit(':').next().unwrap_or_default().chars().take(48).collect();
    format!("after-{name}-{:08x}-{}", hasher.finish() >> 32, seconds / SECONDS_OF_A_CLEAN_UP)
}
