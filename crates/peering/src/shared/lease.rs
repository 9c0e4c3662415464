//! One execution at a time works on a pair: the lease, which is part of the pair's item in the ledger.
//!
//! No lease expires by a clock. It is taken over only from an execution that Step Functions knows as closed, and some time
//! after it closed, because a function that it invoked may still be writing.

use crate::context::Context;
use crate::error::Error;
use crate::ledger::{LedgerItem, PairKey, Update, VERSION};
use crate::ports::{ExecutionState, Ledger, LedgerError, LedgerReads, LedgerWrites, Updated};

/// For so long after an execution has closed, a function that it invoked may still write, and a little longer: for its 60 seconds;
/// one that works on a lane for 300.
pub(crate) fn seconds_after_death(execution: &str) -> u64 {
    if is_groups_run(execution) { 315 } else { 75 }
}

/// Whether that ARN is of an execution of the groups machine.
pub(crate) fn is_groups_run(execution: &str) -> bool {
    execution.split(':').nth(6).is_some_and(|machine| machine.ends_with("-groups"))
}

/// Forward steps stop after this long; the rest of the machine's two hours is for undoing.
const SECONDS_FORWARD: i64 = 90 * 60;

/// Takes the pair for this execution. [`Error::PairBusy`] while another one holds it.
pub(crate) async fn acquire<N>(
    context: Context<'_, N, impl Ledger>,
    pair: &PairKey,
    execution: &str,
    time: &str,
) -> Result<LedgerItem, Error> {
    let holder = match try_acquire(context, pair, execution, time, None).await? {
        Ok(item) => return Ok(item),
        Err(holder) => holder,
    };
    match is_dead(context.ledger, &holder).await? {
        true => match try_acquire(context, pair, execution, time, Some(&holder)).await? {
            Ok(item) => Ok(item),
            Err(execution) => Err(Error::PairBusy { execution }),
        },
        false => Err(Error::PairBusy { execution: holder }),
    }
}

/// The item, for a roll-back: if this execution holds the pair, or, in the clean-up machine, if the dead one does, from
/// which it is then taken over. `None` if neither does: somebody else works on the pair, and cleans up as well.
pub(crate) async fn take_over<N>(
    context: Context<'_, N, impl Ledger>,
    pair: &PairKey,
    execution: &str,
    dead: Option<&str>,
    time: &str,
) -> Result<Option<LedgerItem>, Error> {
    match (context.ledger.item(pair).await?, dead) {
        (Some(item), _) if item.is_held_by(execution) => Ok(Some(item)),
        (Some(item), Some(dead)) if item.is_held_by(dead) && is_dead(context.ledger, dead).await? => {
            Ok(try_acquire(context, pair, execution, time, Some(dead)).await?.ok())
        }
        _ => Ok(None),
    }
}

/// The item, or who holds the pair.
pub(crate) async fn try_acquire<N>(
    context: Context<'_, N, impl LedgerWrites>,
    pair: &PairKey,
    execution: &str,
    time: &str,
    dead: Option<&str>,
) -> Result<Result<LedgerItem, String>, Error> {
    match context.ledger.update(pair, &Update::acquire(execution, time, dead)).await? {
        Updated::Done(item) => Ok(Ok(*item)),
        Updated::Refused(Some(item)) if item.v > VERSION => {
            Err(LedgerError { action: "dynamodb:UpdateItem".into(), code: "NewerItem".into() }.into())
        }
        Updated::Refused(item) => Ok(Err(item.and_then(|item| item.holder).unwrap_or_default())),
    }
}

/// Whether nothing of that execution can write any more.
pub(crate) async fn is_dead(ledger: &impl LedgerReads, execution: &str) -> Result<bool, Error> {
    Ok(match ledger.execution_state(execution).await? {
        ExecutionState::Running => false,
        ExecutionState::Closed { seconds } => seconds >= seconds_after_death(execution),
        ExecutionState::Unknown => true,
    })
}

/// The item, if this execution holds the pair. [`Error::PairBusy`] otherwise: a redriven execution resumes without a lease,
/// and must not touch anything.
pub(crate) async fn held<N>(
    context: Context<'_, N, impl LedgerReads>,
    pair: &PairKey,
    execution: &str,
) -> Result<LedgerItem, Error> {
    match context.ledger.item(pair).await? {
        Some(item) if item.is_held_by(execution) => Ok(item),
        item => Err(Error::PairBusy { execution: item.and_then(|item| item.holder).unwrap_or_default() }),
    }
}

/// Changes the item while this execution holds the pair. A change that ends the lease and was made already, by a call whose
/// answer was lost, is done.
pub(crate) async fn update_held<N>(
    context: Context<'_, N, impl LedgerWrites>,
    pair: &PairKey,
    execution: &str,
    update: Update,
) -> Result<LedgerItem, Error> {
    match context.ledger.update(pair, &update).await? {
        Updated::Done(item) => Ok(*item),
        Updated::Refused(Some(item)) if item.records_end_of(execution) => Ok(*item),
        Updated::Refused(item) => {
            Err(Error::PairBusy { execution: item.and_then(|item| item.holder).unwrap_or_default() })
        }
    }
}

/// Checks that a forward step may still begin. `started` is when the execution did, in milliseconds since 1970.
pub(crate) fn check_time<N, L>(context: Context<'_, N, L>, state: &str, started: i64) -> Result<(), Error> {
    match context.now - started / 1000 < SECONDS_FORWARD {
        true => Ok(()),
        false => Err(Error::ServiceFault { action: state.into(), code: "States.Timeout".into() }),
    }
}
