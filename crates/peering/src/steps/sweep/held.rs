//! What a sweep does not start: what the brake holds, and what waits for `TeardownDelay`.

use super::SweepTask;
use crate::context::Context;
use crate::error::Error;
use crate::ids::AccountId;
use crate::ledger::{PairKey, Update, WithdrawalState};
use crate::ports::{Ledger, LedgerWrites};
use crate::shared::brake::{held_withdrawals, withdraw, withdrawal_due, withdrawing_account};
use crate::shared::drift::Finding;
use crate::shared::pairs::PairSnapshot;
use crate::status::PeeringStatus;
use std::collections::{BTreeMap, BTreeSet};

/// The pairs that nothing is started for.
#[derive(Default)]
pub(super) struct Held {
    /// Those that the brake holds, and what their status says.
    reasons: BTreeMap<PairKey, String>,
    /// Those that a person released in this sweep.
    released: BTreeSet<PairKey>,
}

impl Held {
    /// What the brake holds of these, without as many as the task releases, the oldest first.
    pub(super) async fn among<N>(
        context: Context<'_, N, impl Ledger>,
        found: &[(&PairSnapshot, Result<Option<Finding>, Error>)],
        task: SweepTask,
    ) -> Result<Self, Error> {
        let mut waiting: BTreeMap<AccountId, Vec<(i64, PairKey)>> = BTreeMap::new();
        for (known, _) in
            found.iter().filter(|(_, finding)| matches!(finding, Ok(Some(finding)) if is_removal(finding)))
        {
            let open = known.item.as_ref().and_then(|item| item.open_withdrawal());
            if let Some((by, withdrawal)) = open.filter(|(_, open)| open.state == WithdrawalState::Waiting) {
                waiting.entry(by.clone()).or_default().push((withdrawal.at, known.key()));
            }
        }
        let (mut held, mut oldest) = (Self::default(), Vec::new());
        for (by, pairs) in waiting {
            if let Some(error) = held_withdrawals(context, &by).await? {
                held.reasons.extend(pairs.iter().map(|(_, pair)| (pair.clone(), error.to_string())));
                oldest.extend(pairs);
            }
        }
        oldest.sort();
        oldest.truncate(if task.dry_run { 0 } else { task.release });
        for (_, pair) in oldest {
            held.release(context, pair).await?;
        }
        Ok(held)
    }

    async fn release<N>(&mut self, context: Context<'_, N, impl LedgerWrites>, pair: PairKey) -> Result<(), Error> {
        context.ledger.update(&pair, &Update::release_withdrawal(context.now)).await?;
        self.reasons.remove(&pair);
        self.released.insert(pair);
        Ok(())
    }

    /// How many the brake holds.
    pub(super) fn count(&self) -> usize {
        self.reasons.len()
    }

    /// What the status of the pair says, if nothing is started for it.
    pub(super) fn status<N, L>(
        &self,
        context: Context<'_, N, L>,
        known: &PairSnapshot,
        finding: &Finding,
    ) -> Option<PeeringStatus> {
        if let Some(reason) = self.reasons.get(&known.key()).filter(|_| is_removal(finding)) {
            return Some(PeeringStatus::Waiting { reason: reason.clone() });
        }
        let open = known.item.as_ref().and_then(|item| item.open_withdrawal());
        let (_, withdrawal) = open.filter(|_| matches!(finding, Finding::TearDown(_)))?;
        let due = withdrawal_due(Some(withdrawal), context).filter(|_| !self.released.contains(&known.key()))?;
        let reason = format!("no tag asks for it any more: it is torn down at {}", String::from(due));
        Some(PeeringStatus::Waiting { reason })
    }
}

/// Whether the brake may hold it.
fn is_removal(finding: &Finding) -> bool {
    matches!(finding, Finding::TearDown(_) | Finding::Empty(_))
}

/// Records what tags take away and no event told.
pub(super) async fn withdraw_unrecorded<N>(
    context: Context<'_, N, impl LedgerWrites>,
    known: &PairSnapshot,
    finding: &Finding,
) -> Result<(), Error> {
    let live = known.item.as_ref().filter(|_| known.is_live());
    let by = match finding {
        Finding::Empty(by) => Some(by.clone()),
        Finding::TearDown(_) => live.and_then(|item| withdrawing_account(&known.pair, item, context.stack)),
        _ => None,
    };
    if let Some(by) = by {
        withdraw(context, &known.key(), &by).await?;
    }
    Ok(())
}
