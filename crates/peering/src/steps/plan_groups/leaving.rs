//! What groups no longer ask for: it goes once `TeardownDelay` is over, unless the brake holds it.

use super::View;
use super::finding::Todo;
use super::looking::Call;
use super::next::{ForLanes, Next, most_at_an_end, to_remove};
use super::run::{Run, Settlement};
use crate::context::Context;
use crate::error::Error;
use crate::groups::{GroupName, Work};
use crate::ledger::{LedgerItem, PairKey, Withdrawal, Withdrawer};
use crate::ports::Ledger;
use crate::shared::brake::{check_brake, would_be_held};
use crate::shared::drift::Finding;
use crate::shared::held::{Found, Held};
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::AT_ONCE;
use crate::shared::withdrawals::{as_recorded, record_withdrawal};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What is taken away, and what isn't yet.
#[derive(Default)]
pub(super) struct Leaving {
    /// How many pairs of each group go, or would.
    pub(super) going: BTreeMap<GroupName, usize>,
    /// What that costs.
    pub(super) calls: Vec<Call>,
    /// The details of the events that the brake holds something.
    pub(super) held: Vec<Value>,
    /// Whose, those of earlier rounds included.
    pub(super) told: BTreeSet<Withdrawer>,
    /// What waits, in words.
    pub(super) warnings: Vec<String>,
}

/// Marks all of it, and adds what may go now to what is to be done. A run that doesn't act decides likewise, and marks nothing.
pub(super) async fn leave(
    context: Context<'_, impl crate::ports::Network, impl Ledger>,
    View { snapshot, .. }: View<'_>,
    run: &Run<'_>,
    todo: &mut Todo,
    told: BTreeSet<Withdrawer>,
) -> Result<Leaving, Error> {
    let mut leaving = Leaving { told, ..Leaving::default() };
    let mut pairs = Vec::new();
    // All of it, before the first is carried out: the brake counts it.
    let marking = stream::iter(std::mem::take(&mut todo.withdraw)).map(async |(mut known, finding)| {
        let of_pair = Ok(Some(finding.clone()));
        if !run.acts {
            known.item = as_recorded(context, &(&known, of_pair));
        } else if record_withdrawal(context, &(&known, of_pair)).await? {
            known.item = context.ledger.item(&known.key()).await?;
        }
        Ok::<_, Error>((known, finding))
    });
    pairs.extend(marking.buffered(AT_ONCE).try_collect::<Vec<_>>().await?);
    let found: Vec<Found<'_>> = pairs.iter().map(|(known, finding)| (known, Ok(Some(finding.clone())))).collect();
    let held = Held::among(context, &found, BTreeSet::new()).await;
    let delayed = |found: &Found<'_>| held.status(context, found).is_some() && !held.is_held(&found.0.key());
    let delayed: BTreeSet<PairKey> =
        found.iter().filter(|found| delayed(found)).map(|(known, _)| known.key()).collect();
    drop(found);
    if !delayed.is_empty() {
        leaving.warnings.push(format!("{} removals wait for TeardownDelay", delayed.len()));
    }
    pairs.retain(|(known, _)| !delayed.contains(&known.key()));
    let refused = refused_by_brake(context, run, &pairs, &mut leaving).await?;
    for (known, finding) in pairs.into_iter().filter(|(known, _)| !refused.contains(&known.key())) {
        if let Finding::Empty(_) = finding {
            let at = known.key().ends().map(Clone::clone).to_vec();
            todo.add(Next::Lanes(Box::new(ForLanes { known, work: Work::SetUp, at, why: None, calls: 1 })));
            continue;
        }
        if let Some(Withdrawer::Group(name)) = withdrawal(&known).map(|(by, _)| by) {
            *leaving.going.entry(name).or_default() += 1;
        }
        let (next, removing) = to_remove(context.stack, snapshot, &known);
        let calls = most_at_an_end(&removing);
        leaving.calls.extend(removing);
        todo.add(match next {
            Some((work, at)) => Next::Lanes(Box::new(ForLanes { known, work, at, why: None, calls })),
            None => {
                let withdrawal = withdrawal(&known).map(|(_, withdrawal)| withdrawal);
                Next::Settle(Box::new((known, Settlement::TornDown(withdrawal))))
            }
        });
    }
    Ok(leaving)
}

fn withdrawal(known: &PairSnapshot) -> Option<(Withdrawer, Withdrawal)> {
    let (by, withdrawal) = known.item.as_ref().and_then(LedgerItem::open_withdrawal)?;
    Some((by.clone(), withdrawal))
}

/// Asks the brake once for each account and group.
async fn refused_by_brake<N>(
    context: Context<'_, N, impl Ledger>,
    run: &Run<'_>,
    pairs: &[(PairSnapshot, Finding)],
    leaving: &mut Leaving,
) -> Result<BTreeSet<PairKey>, Error> {
    let mut by_whom: BTreeMap<Withdrawer, BTreeMap<PairKey, Withdrawal>> = BTreeMap::new();
    for (known, _) in pairs.iter().filter(|(known, _)| known.is_live()) {
        if let Some((by, withdrawal)) = withdrawal(known) {
            by_whom.entry(by).or_default().insert(known.key(), withdrawal);
        }
    }
    let mut refused = BTreeSet::new();
    for (by, own) in by_whom {
        let checked = match run.acts {
            true => check_brake(context, &by, own.clone(), run.execution).await,
            false => would_be_held(context, &by, own.clone(), run.execution).await,
        };
        match checked {
            Ok(()) => {}
            Err(error @ Error::TeardownHeld { .. }) => {
                leaving.warnings.push(error.to_string());
                let (_, detail) = error.name_and_cause();
                if run.acts && detail.contains_key("Pairs") && leaving.told.insert(by.clone()) {
                    leaving.held.push(event(detail));
                }
                let is_released =
                    |withdrawal: &Withdrawal| withdrawal.state == crate::ledger::WithdrawalState::Released;
                refused.extend(own.into_iter().filter(|(_, own)| !is_released(own)).map(|(key, _)| key));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

/// Without the message: that is for people who read a cause.
fn event(mut detail: serde_json::Map<String, Value>) -> Value {
    detail.remove("Message");
    json!(detail)
}
