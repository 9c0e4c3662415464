//! What is not torn down yet although it is found: what the brake holds, and what waits for `TeardownDelay`.

use crate::context::Context;
use crate::error::Error;
use crate::ledger::{PairKey, Update, Withdrawal, WithdrawalState, Withdrawer, Withdrawn};
use crate::ports::{LedgerReads, LedgerWrites, Updated};
use crate::shared::brake::{held_withdrawals, withdrawal_due};
use crate::shared::drift::Finding;
use crate::shared::pair::Lookup;
use crate::shared::pairs::PairSnapshot;
use crate::status::PeeringStatus;
use std::collections::{BTreeMap, BTreeSet};

/// A pair, and what is found about it; `None` while an execution works on it.
pub(crate) type Found<'s> = (&'s PairSnapshot, Result<Option<Finding>, Error>);

/// The pairs that nothing is started for.
#[derive(Default)]
pub(crate) struct Held {
    /// Those that the brake holds, and what their status says.
    reasons: BTreeMap<PairKey, String>,
    /// Those that a person released in this sweep.
    released: BTreeSet<PairKey>,
    /// Those that were marked in this sweep: the execution that is started for each asks the brake.
    marked: BTreeSet<PairKey>,
    /// Those that the brake holds, and since when each waits.
    waiting: Vec<(i64, PairKey, Withdrawal)>,
    /// What the ledger didn't answer.
    pub(crate) failures: Vec<String>,
}

impl Held {
    /// What the brake holds of these, and what waits.
    pub(crate) async fn among<N>(
        context: Context<'_, N, impl LedgerReads>,
        found: &[Found<'_>],
        marked: BTreeSet<PairKey>,
    ) -> Self {
        let mut waiting: BTreeMap<Withdrawer, Vec<(i64, PairKey, Withdrawal)>> = BTreeMap::new();
        for (known, withdrawal) in
            found.iter().filter_map(open_removal).filter(|(known, _)| !marked.contains(&known.key()))
        {
            let by = known.item.as_ref().and_then(|item| item.withdrawn_by.clone());
            if let Some(by) = by.filter(|_| withdrawal.state == WithdrawalState::Waiting) {
                waiting.entry(by).or_default().push((withdrawal.at, known.key(), withdrawal));
            }
        }
        let mut held = Self { marked, ..Self::default() };
        for (by, pairs) in waiting {
            let reason = match held_withdrawals(context, &by).await {
                Ok(None) => continue,
                Ok(Some(error)) => error.to_string(),
                Err(error) => {
                    held.failures.push(format!("what {} withdraws: {error}", by.described()));
                    error.to_string()
                }
            };
            held.reasons.extend(pairs.iter().map(|(_, pair, _)| (pair.clone(), reason.clone())));
            held.waiting.extend(pairs);
        }
        held
    }

    /// Releases so many of what the brake holds, the oldest first.
    pub(crate) async fn release_oldest<N>(&mut self, context: Context<'_, N, impl LedgerWrites>, count: usize) {
        let mut oldest = std::mem::take(&mut self.waiting);
        oldest.sort_by(|(at, pair, _), (other_at, other, _)| (at, pair).cmp(&(other_at, other)));
        oldest.truncate(count);
        for (_, pair, withdrawal) in oldest {
            self.release(context, pair, withdrawal).await;
        }
    }

    async fn release<N>(&mut self, context: Context<'_, N, impl LedgerWrites>, pair: PairKey, withdrawal: Withdrawal) {
        match context.ledger.update(&pair, &Update::release_withdrawal(withdrawal, context.now)).await {
            Ok(Updated::Done(_)) => {
                self.reasons.remove(&pair);
                self.released.insert(pair);
            }
            // It was changed meanwhile: the next sweep looks again.
            Ok(Updated::Refused(_)) => {}
            Err(error) => self.failures.push(format!("{pair}: {error}")),
        }
    }

    /// Whether the brake holds that pair.
    pub(crate) fn is_held(&self, pair: &PairKey) -> bool {
        self.reasons.contains_key(pair)
    }

    /// How many the brake holds.
    pub(crate) fn count(&self) -> usize {
        self.reasons.len()
    }

    /// What the status of the pair says, if nothing is started for it.
    pub(crate) fn status<N, L>(&self, context: Context<'_, N, L>, found: &Found<'_>) -> Option<PeeringStatus> {
        let (known, withdrawal) = open_removal(found)?;
        if let Some(reason) = self.reasons.get(&known.key()) {
            return Some(PeeringStatus::Waiting { reason: reason.clone() });
        }
        if self.marked.contains(&known.key()) {
            return None;
        }
        let is_delayed = withdrawal.of == Withdrawn::Pair && !self.released.contains(&known.key());
        let due = withdrawal_due(Some(withdrawal), context).filter(|_| is_delayed)?;
        let reason = format!("no tag asks for it any more: it is torn down at {}", String::from(due));
        Some(PeeringStatus::Waiting { reason })
    }
}

/// A pair that tags take away, or leave without routes on one side, and whose recorded withdrawal has yet to be carried out.
/// Where the connection is gone, there is nothing for the brake to protect.
fn open_removal<'s>((known, finding): &Found<'s>) -> Option<(&'s PairSnapshot, Withdrawal)> {
    let Ok(Some(Finding::TearDown(_) | Finding::Empty(_))) = finding else { return None };
    let (_, withdrawal) = known.item.as_ref()?.open_withdrawal()?;
    (known.is_live() && !known.pair.is_one(Lookup::NotFound)).then_some((*known, withdrawal))
}
