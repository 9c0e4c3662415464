//! The brake: what the tags of one account take away is held once it is too much in an hour, until the tags return or a
//! person releases it. What a person or a pipeline takes away by an execution is not concerned.

use crate::consent::TagRequest;
use crate::context::Context;
use crate::error::{Error, HeldPair};
use crate::ids::AccountId;
use crate::ledger::{LedgerItem, PairKey, Update, Withdrawal, WithdrawalState, Withdrawals, counted_since, limit};
use crate::ports::{Ledger, LedgerReads, LedgerWrites, Updated};
use crate::request::Moment;
use crate::shared::pair::{Lookup, Pair};
use crate::stack::{Mode, Stack};

/// An event of EventBridge holds 256 KB.
const PAIRS_LISTED: usize = 100;

/// The account whose tags no longer ask for the pair, or no longer consent to it. `None` where a VPC is gone: then the brake
/// would protect nothing.
pub(crate) fn withdrawing_account(pair: &Pair, item: &LedgerItem, stack: &Stack) -> Option<AccountId> {
    if pair.is_one(Lookup::NotFound) {
        return None;
    }
    match pair.tag_request(stack) {
        TagRequest::ConsentMissing(end) => Some(end.owner_id),
        _ => item.asked_by.as_ref()?.tags.first().cloned(),
    }
}

/// Records the withdrawal, unless one is recorded that has yet to be carried out. Answers the recorded one, and by whom. In
/// report mode there is none: the delay begins when it ends.
pub(crate) async fn withdraw<N>(
    context: Context<'_, N, impl LedgerWrites>,
    pair: &PairKey,
    by: &AccountId,
) -> Result<Option<(AccountId, Withdrawal)>, Error> {
    if context.stack.mode == Mode::Report {
        return Ok(None);
    }
    let item = match context.ledger.update(pair, &Update::withdraw(by, context.now)).await? {
        Updated::Done(item) | Updated::Refused(Some(item)) => item,
        Updated::Refused(None) => return Ok(None),
    };
    Ok(item.open_withdrawal().map(|(by, withdrawal)| (by.clone(), withdrawal)))
}

/// When a withdrawal is due, in seconds since 1970.
fn due(withdrawal: Withdrawal, stack: &Stack) -> i64 {
    match withdrawal.state {
        WithdrawalState::Released => withdrawal.at,
        WithdrawalState::Waiting | WithdrawalState::Done => withdrawal.at + stack.teardown_delay,
    }
}

/// When what tags take away is due, if that is later than now. What they take away of a pair of which one VPC is gone counts
/// from now.
pub(crate) fn withdrawal_due<N, L>(
    withdrawal: Option<Withdrawal>,
    Context { stack, now, .. }: Context<'_, N, L>,
) -> Option<Moment> {
    let due = withdrawal.map_or(now + stack.teardown_delay, |withdrawal| due(withdrawal, stack));
    (due > now).then_some(Moment(due))
}

/// Checks that this withdrawal may be carried out; else [`Error::TeardownHeld`].
pub(crate) async fn check_brake<N>(
    context: Context<'_, N, impl Ledger>,
    pair: &PairKey,
    (by, own): (&AccountId, Withdrawal),
) -> Result<(), Error> {
    if own.state == WithdrawalState::Released {
        return Ok(());
    }
    let mut all = context.ledger.withdrawals(by).await?;
    // The index may not show it yet.
    all.of.insert(pair.clone(), own);
    let are_held = all.are_held();
    if !are_held && all.are_few(context.now) {
        return Ok(());
    }
    let pairs = context.ledger.count_pairs(by, counted_since(context.now)).await?;
    if !are_held && all.counted(context.now) <= limit(pairs) {
        return Ok(());
    }
    let is_first = !are_held && context.ledger.hold(by, context.now, all.held_since).await?;
    Err(held(by, &all, limit(pairs), is_first))
}

fn held(by: &AccountId, all: &Withdrawals, limit: usize, is_first: bool) -> Error {
    let listed = if is_first { PAIRS_LISTED } else { 0 };
    let pairs = all.waiting().take(listed).map(|(pair, _)| HeldPair::of(pair)).collect();
    Error::TeardownHeld { account: by.clone(), held: all.waiting().count(), limit, pairs }
}

/// [`Error::TeardownHeld`] where the brake holds what the tags of that account take away.
pub(crate) async fn held_withdrawals<N>(
    context: Context<'_, N, impl LedgerReads>,
    by: &AccountId,
) -> Result<Option<Error>, Error> {
    let all = context.ledger.withdrawals(by).await?;
    if !all.are_held() {
        return Ok(None);
    }
    let pairs = context.ledger.count_pairs(by, counted_since(context.now)).await?;
    Ok(Some(held(by, &all, limit(pairs), false)))
}
