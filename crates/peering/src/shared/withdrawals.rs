//! The marks of what tags take away: written where no event told, and removed where they aren't true any more.

use crate::context::Context;
use crate::error::Error;
use crate::ledger::{LedgerItem, Withdrawer, Withdrawn};
use crate::ports::LedgerWrites;
use crate::shared::brake::{forget_withdrawal, withdraw, withdrawer};
use crate::shared::drift::Finding;
use crate::shared::held::Found;

/// Records what tags take away and no event told; removes a mark of what they don't take away any more. Answers whether the pair
/// has another mark than was read.
pub(crate) async fn record_withdrawal<N>(
    context: Context<'_, N, impl LedgerWrites>,
    (known, finding): &Found<'_>,
) -> Result<bool, Error> {
    let live = known.item.as_ref().filter(|_| known.is_live());
    let (by, of) = match finding {
        Ok(Some(Finding::Empty(by))) => (Some(Withdrawer::Account(by.clone())), Withdrawn::Routes),
        Ok(Some(Finding::TearDown(_))) => {
            let by = live.and_then(|item| withdrawer(&known.pair, item, context.stack));
            (by, Withdrawn::Pair)
        }
        Ok(Some(_)) => {
            if let Some(item) = known.item.as_ref().filter(|item| item.open_withdrawal().is_some()) {
                forget_withdrawal(context, item).await;
            }
            return Ok(false);
        }
        Ok(None) | Err(_) => return Ok(false),
    };
    let Some(by) = by else { return Ok(false) };
    let before = known.item.as_ref().and_then(LedgerItem::open_withdrawal);
    if before.is_some_and(|(marked_by, open)| *marked_by == by && open.of == of) {
        return Ok(false);
    }
    let recorded = withdraw(context, &known.key(), &by, of).await?;
    Ok(before != recorded.map(|withdrawal| (&by, withdrawal)))
}
