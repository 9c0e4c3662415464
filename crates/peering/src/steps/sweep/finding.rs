//! Looking at all pairs, and starting the clean-up after executions that died.

use crate::context::Context;
use crate::error::Error;
use crate::ports::{ExecutionState, Executions, LedgerReads, Network};
use crate::shared::drift::{Finding, examine};
use crate::shared::held::Found;
use crate::shared::lease::{is_groups_run, seconds_after_death};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::steps::sweep::SweepTask;
use futures_util::{StreamExt, stream};

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
    if let Some(holder) = known.item.as_ref().and_then(|item| item.holder.as_deref()) {
        match clean_up_after(context, executions, holder, task.dry_run).await? {
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

/// Whether anything is to be done before a pair can be worked on.
enum Holder {
    /// Its holder works on it, or is cleaned up after.
    IsCaredFor,
    /// The next execution takes it over.
    IsNobody,
}

/// Starts the clean-up after an execution that holds a pair and is closed: the event of its end may have been lost. What a run of
/// the groups machine holds the next run takes over.
async fn clean_up_after<N>(
    context: Context<'_, N, impl LedgerReads>,
    executions: &impl Executions,
    holder: &str,
    dry_run: bool,
) -> Result<Holder, Error> {
    match context.ledger.execution_state(holder).await? {
        ExecutionState::Unknown => Ok(Holder::IsNobody),
        ExecutionState::Closed { seconds } if seconds >= seconds_after_death(holder) => match is_groups_run(holder) {
            true => Ok(Holder::IsNobody),
            false => {
                if !dry_run {
                    executions.start_clean_up(holder).await?;
                }
                Ok(Holder::IsCaredFor)
            }
        },
        ExecutionState::Closed { .. } | ExecutionState::Running => Ok(Holder::IsCaredFor),
    }
}
