//! The brake: what the tags of one account, or of one group's members, take away is held once it is too much in an hour, until the tags return or a
//! person releases it. What a person or a pipeline takes away by an execution is not concerned.

use crate::consent::TagRequest;
use crate::context::Context;
use crate::error::{Error, HeldPair};
use crate::ledger::{
    Hold, LedgerItem, PairKey, Update, Withdrawal, WithdrawalState, Withdrawals, Withdrawer, Withdrawn, counted_since,
    limit,
};
use crate::ports::{Ledger, LedgerError, LedgerReads, LedgerWrites, Updated};
use crate::request::Moment;
use crate::shared::pair::{Lookup, Pair};
use crate::stack::{Mode, Stack};

/// An event of EventBridge holds 256 KB.
const PAIRS_LISTED: usize = 100;

/// Whose tags no longer ask for the pair: the group's, where groups alone asked for it, else those of an account, which may be the
/// one that doesn't consent to it. `None` where a VPC is gone: then the brake would protect nothing.
pub(crate) fn withdrawer(pair: &Pair, item: &LedgerItem, stack: &Stack) -> Option<Withdrawer> {
    if pair.is_one(Lookup::NotFound) {
        return None;
    }
    let asked_by = item.asked_by.as_ref()?;
    let asked = &asked_by.tags;
    if let (true, Some(group)) = (asked.is_empty(), asked_by.groups.first()) {
        return Some(Withdrawer::Group(group.clone()));
    }
    let refusing =
        pair.without_consent(stack).into_iter().map(|end| &end.owner_id).find(|owner| !asked.contains(*owner));
    let account = match pair.tag_request(stack) {
        TagRequest::ConsentMissing(end) => Some(end.owner_id),
        _ => refusing.or(asked.first()).cloned(),
    };
    account.map(Withdrawer::Account)
}

/// Records the withdrawal, unless it is recorded and has yet to be carried out. Answers what is recorded then. In report mode
/// that is nothing: the delay begins when the mode ends.
pub(crate) async fn withdraw<N>(
    context: Context<'_, N, impl LedgerWrites>,
    pair: &PairKey,
    by: &Withdrawer,
    of: Withdrawn,
) -> Result<Option<Withdrawal>, Error> {
    if context.stack.mode == Mode::Report {
        return Ok(None);
    }
    let item = match context.ledger.update(pair, &Update::withdraw(by, of, context.now)).await? {
        Updated::Done(item) | Updated::Refused(Some(item)) => item,
        Updated::Refused(None) => return Ok(None),
    };
    Ok(item.open_withdrawal().map(|(_, withdrawal)| withdrawal))
}

/// Removes the mark of what tags ask for again. Best effort: the next look at the pair finds it.
pub(crate) async fn forget_withdrawal<N>(context: Context<'_, N, impl LedgerWrites>, item: &LedgerItem) {
    if let Some(withdrawal) = item.withdrawal.filter(|_| context.stack.mode == Mode::Apply) {
        let _best_effort = context.ledger.update(&item.pair, &Update::forget_withdrawal(withdrawal)).await;
    }
}

/// When a withdrawal is due, in seconds since 1970. None was made later than now, whatever the ledger says.
fn due(withdrawal: Withdrawal, now: i64, stack: &Stack) -> i64 {
    let at = withdrawal.at.min(now);
    match withdrawal.state {
        WithdrawalState::Released => at,
        WithdrawalState::Waiting | WithdrawalState::Done => at.saturating_add(stack.teardown_delay),
    }
}

/// When what tags take away is due, if that is later than now. What they take away of a pair of which one VPC is gone counts
/// from now.
pub(crate) fn withdrawal_due<N, L>(
    withdrawal: Option<Withdrawal>,
    Context { stack, now, .. }: Context<'_, N, L>,
) -> Option<Moment> {
    let due = withdrawal.map_or(now + stack.teardown_delay, |withdrawal| due(withdrawal, now, stack));
    (due > now).then_some(Moment(due))
}

/// Checks that these withdrawals may be carried out by that execution; else [`Error::TeardownHeld`], and from then on the brake holds
/// them. A released one always may.
pub(crate) async fn check_brake<N>(
    context: Context<'_, N, impl Ledger>,
    by: &Withdrawer,
    own: impl IntoIterator<Item = (PairKey, Withdrawal)>,
    execution: &str,
) -> Result<(), Error> {
    let hold = async |hold: Hold, before: Option<Hold>| context.ledger.hold(by, hold, before.as_ref()).await;
    checked(context, by, own, execution, hold).await
}

/// The same, where nothing is carried out or recorded.
pub(crate) async fn would_be_held<N>(
    context: Context<'_, N, impl LedgerReads>,
    by: &Withdrawer,
    own: impl IntoIterator<Item = (PairKey, Withdrawal)>,
    execution: &str,
) -> Result<(), Error> {
    checked(context, by, own, execution, async |hold: Hold, _| Ok(hold)).await
}

async fn checked<N>(
    context: Context<'_, N, impl LedgerReads>,
    by: &Withdrawer,
    own: impl IntoIterator<Item = (PairKey, Withdrawal)>,
    execution: &str,
    begin: impl AsyncFnOnce(Hold, Option<Hold>) -> Result<Hold, LedgerError>,
) -> Result<(), Error> {
    let mut own = own.into_iter().filter(|(_, own)| own.state != WithdrawalState::Released).peekable();
    if own.peek().is_none() {
        return Ok(());
    }
    let now = context.now;
    let mut all = context.ledger.withdrawals(by).await?;
    // The index may not show them yet.
    all.of.extend(own);
    if !all.are_held() {
        if all.are_few(now) {
            return Ok(());
        }
        let limit = limit(context.ledger.count_pairs(by, counted_since(now)).await?);
        if all.counted(now) <= limit {
            return Ok(());
        }
        let hold = Hold { held_since: now, held_by: execution.to_owned(), limit };
        all.hold = Some(begin(hold, all.hold.take()).await?);
    }
    let is_first = all.hold.as_ref().is_some_and(|hold| hold.held_by == execution);
    Err(held(by, &all, is_first))
}

fn held(by: &Withdrawer, all: &Withdrawals, is_first: bool) -> Error {
    let listed = if is_first { PAIRS_LISTED } else { 0 };
    Error::TeardownHeld {
        by: by.clone(),
        held: all.waiting().count(),
        limit: all.hold.as_ref().map_or(0, |hold| hold.limit),
        pairs: all.waiting().take(listed).map(|(pair, _)| HeldPair::of(pair)).collect(),
    }
}

/// [`Error::TeardownHeld`] where the brake holds what that one takes away.
pub(crate) async fn held_withdrawals<N>(
    context: Context<'_, N, impl LedgerReads>,
    by: &Withdrawer,
) -> Result<Option<Error>, Error> {
    let all = context.ledger.withdrawals(by).await?;
    Ok(all.are_held().then(|| held(by, &all, false)))
}
