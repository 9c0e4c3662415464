//! The marks of what tags take away: written where no event told, and removed where they aren't true any more.

use crate::context::Context;
use crate::error::Error;
use crate::ledger::{LedgerItem, Withdrawal, WithdrawalState, Withdrawer, Withdrawn};
use crate::ports::LedgerWrites;
use crate::shared::brake::{forget_withdrawal, withdraw, withdrawer};
use crate::shared::drift::Finding;
use crate::shared::held::Found;
use crate::stack::Stack;

/// Records what tags take away and no event told; removes a mark of what they don't take away any more. Answers whether the pair
/// has another mark than was read.
pub(crate) async fn record_withdrawal<N>(
    context: Context<'_, N, impl LedgerWrites>,
    found: &Found<'_>,
) -> Result<bool, Error> {
    let (known, finding) = found;
    let is_taken_away = matches!(finding, Ok(Some(Finding::Empty(_) | Finding::TearDown(_))));
    if let (Ok(Some(_)), false) = (finding, is_taken_away) {
        if let Some(item) = known.item.as_ref().filter(|item| item.open_withdrawal().is_some()) {
            forget_withdrawal(context, item).await;
        }
        return Ok(false);
    }
    let Some((by, of)) = unmarked(context.stack, found) else { return Ok(false) };
    let before = known.item.as_ref().and_then(LedgerItem::open_withdrawal);
    let recorded = withdraw(context, &known.key(), &by, of).await?;
    Ok(before != recorded.map(|withdrawal| (&by, withdrawal)))
}

/// The item of the pair as it would be once that is recorded.
pub(crate) fn as_recorded<N, L>(
    Context { stack, now, .. }: Context<'_, N, L>,
    found: &Found<'_>,
) -> Option<LedgerItem> {
    let item = found.0.item.clone()?;
    Some(match unmarked(stack, found) {
        Some((by, of)) => {
            let withdrawal = Withdrawal { at: now, state: WithdrawalState::Waiting, of };
            LedgerItem { withdrawn_by: Some(by), withdrawal: Some(withdrawal), ..item }
        }
        None => item,
    })
}

/// What tags take away, and whose, unless it is recorded.
fn unmarked(stack: &Stack, (known, finding): &Found<'_>) -> Option<(Withdrawer, Withdrawn)> {
    let live = known.item.as_ref().filter(|_| known.is_live());
    let (by, of) = match finding {
        Ok(Some(Finding::Empty(by))) => (Withdrawer::Account(by.clone()), Withdrawn::Routes),
        Ok(Some(Finding::TearDown(_))) => (withdrawer(&known.pair, live?, stack)?, Withdrawn::Pair),
        Ok(_) | Err(_) => return None,
    };
    let before = known.item.as_ref().and_then(LedgerItem::open_withdrawal);
    let is_marked = before.is_some_and(|(marked_by, open)| *marked_by == by && open.of == of);
    (!is_marked).then_some((by, of))
}
