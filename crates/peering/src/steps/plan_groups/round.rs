//! One round: pairs are taken, given to lanes, and given back once they are as they should be.

use super::View;
use super::finding::{Found, Todo};
use super::next::{ForLanes, undo};
use super::reporting::Done;
use super::run::{Run, Settlement};
use super::task::Progress;
use crate::context::Context;
use crate::error::Error;
use crate::groups::{Lane, Round, Work};
use crate::ledger::{LedgerItem, Outcome, Undone};
use crate::ports::Ledger;
use crate::shared::brake::forget_withdrawal;
use crate::shared::pairs::PairSnapshot;
use crate::shared::snapshot::AT_ONCE;
use futures_util::{StreamExt, TryStreamExt, stream};

/// Records what is done, and answers what the lanes do next.
pub(super) async fn carry_out<N>(
    context: Context<'_, N, impl Ledger>,
    view: View<'_>,
    run: &Run<'_>,
    (found, progress, done): (&mut Found, &Progress, &mut Done),
    lanes_at_once: usize,
) -> Result<Vec<Lane>, Error> {
    let todo = give_up(context, view, progress, std::mem::take(&mut found.todo));
    if !todo.is_empty() {
        run.take_groups(context).await?;
        done.has_lease = true;
    }
    for item in &todo.returned {
        forget_withdrawal(context, item).await;
    }
    settle(context, run, todo.settle, done).await?;
    let mut pairs = todo.lanes;
    if progress.idle_rounds > 0 {
        // What the last round could do nothing about leaves its lanes to what has had none.
        pairs.sort_by_key(|pair| pair.known.is_held_by(run.execution));
    }
    let lanes = take_for_lanes(context, view, run, pairs, lanes_at_once).await?;
    if lanes.is_empty() {
        let unknown: Vec<&LedgerItem> = view
            .snapshot
            .items()
            .filter(|item| run.holds(Some(item)) && !done.settled.contains_key(&item.pair))
            .collect();
        for item in unknown {
            let reason = Settlement::Unknown("the groups machine could not read it in its last round".into());
            run.settle(context, &item.pair, Some(item), &reason).await?;
        }
    }
    Ok(lanes)
}

/// What makes no progress is given up: first what isn't set up, which is then undone; later what isn't undone either.
fn give_up<N, L>(context: Context<'_, N, L>, view: View<'_>, progress: &Progress, mut todo: Todo) -> Todo {
    if !progress.gives_up() {
        return todo;
    }
    for for_lanes in std::mem::take(&mut todo.lanes) {
        let error = Error::ServiceFault { action: "WorkLane".into(), code: "NoProgress".into() };
        let (name, _) = error.name_and_cause();
        let outcome = Outcome { error: Some(name), message: Some(error.to_string()), ..Outcome::success("") };
        match for_lanes.work {
            _ if progress.ends() => todo.settle.push((for_lanes.known, Settlement::Failed(outcome, Undone::InPart))),
            // What nobody has begun is the next run's.
            Work::SetUp if !for_lanes.known.is_held() => {}
            Work::SetUp => todo.add(undo(context.stack, view.snapshot, Some(outcome), for_lanes.known)),
            Work::DeleteRoutes | Work::DeleteConnection => todo.lanes.push(for_lanes),
        }
    }
    todo
}

async fn settle<N>(
    context: Context<'_, N, impl Ledger>,
    run: &Run<'_>,
    settle: Vec<(PairSnapshot, Settlement)>,
    done: &mut Done,
) -> Result<(), Error> {
    let settled = stream::iter(settle).map(async |(known, settlement)| {
        let (key, item) = (known.key(), known.item.as_ref());
        let is_taken = run.take(context, &key, item).await?;
        if is_taken {
            run.settle(context, &key, item, &settlement).await?;
        }
        Ok::<_, Error>((known, settlement, is_taken))
    });
    let settled: Vec<_> = settled.buffered(AT_ONCE).try_collect().await?;
    for (known, settlement, _) in settled.iter().filter(|(_, _, is_taken)| *is_taken) {
        done.add(known, settlement);
    }
    Ok(())
}

/// Takes as many pairs as the lanes have room for.
async fn take_for_lanes<N>(
    context: Context<'_, N, impl Ledger>,
    view: View<'_>,
    run: &Run<'_>,
    pairs: Vec<ForLanes>,
    lanes_at_once: usize,
) -> Result<Vec<Lane>, Error> {
    let mut round = Round::of(lanes_at_once);
    let has_room = |pair: &ForLanes| round.add(&pair.known.key(), pair.work, &pair.at, pair.calls);
    let chosen: Vec<ForLanes> = pairs.into_iter().filter(has_room).collect();
    let taken = stream::iter(chosen).map(async |pair| {
        let (key, item) = (pair.known.key(), pair.known.item.as_ref());
        let is_taken = run.take(context, &key, item).await?;
        if is_taken {
            run.prepare(context, view.snapshot, &pair).await?;
        }
        Ok::<_, Error>((pair, is_taken))
    });
    let taken: Vec<_> = taken.buffered(AT_ONCE).try_collect().await?;
    let mut round = Round::of(lanes_at_once);
    for (pair, _) in taken.iter().filter(|(_, is_taken)| *is_taken) {
        round.add(&pair.known.key(), pair.work, &pair.at, pair.calls);
    }
    Ok(round.into_lanes())
}
