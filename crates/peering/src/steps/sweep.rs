//! `sweep`: compare desired and actual state, everywhere, and start what events missed.
//!
//! Events are best effort, and much drifts without one: a block is added, a route table is new, a route is deleted by
//! hand. Whole Regions are read page by page, so a sweep costs a few calls for each Region of each account, however many
//! VPCs it has; nothing is decided about a VPC that could not be read.

mod of_groups;
mod swept;
mod task;
mod withdrawals;

use crate::context::Context;
use crate::error::Error;
use crate::ports::{ExecutionState, Executions, Ledger, LedgerReads, Location, Network};
use crate::request::TeardownInput;
use crate::shared::brake::withdrawal_due;
use crate::shared::drift::{Finding, examine};
use crate::shared::held::Held;
use crate::shared::lease::SECONDS_AFTER_DEATH;
use crate::shared::pairs::{PairSnapshot, pairs};
use crate::shared::snapshot::{AT_ONCE, Snapshot};
use crate::shared::sweep_statuses::{Statuses, Told};
use crate::shared::tag_requests::{input, name_by_tags, narrowing_input};
use crate::stack::Mode;
use crate::status::PeeringStatus;
use futures_util::{StreamExt, stream};
use of_groups::OfGroups;
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
pub use swept::{Drift, RefusedPair, Swept};
pub use task::{Sweep, SweepTask};
use withdrawals::record_withdrawal;

/// So many executions are started at most for each Region of an account: what EC2's buckets for creations and acceptances, of
/// 50 tokens and five more a second, allow within a minute. The executions wait for tokens, and few enough of them wait.
/// <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
const STARTS_AT_A_PLACE: usize = 300;

/// Finds what differs and starts at most so many executions about it. Fails if the stack's own Region can't be read.
pub async fn sweep(
    context: Context<'_, impl Network, impl Ledger>,
    executions: &impl Executions,
    sweep: &Sweep,
    task: Value,
    has_time: impl Fn() -> bool,
) -> Result<Swept, Error> {
    let task = SweepTask::parse(&task)?;
    if task.release > 0 {
        context.stack.check_mode()?;
    }
    let snapshot = Snapshot::read(context, &sweep.scope).await?;
    let mut swept = Swept { unreachable: snapshot.unreachable(), ..Swept::default() };
    let (mut statuses, mut due) = (Statuses::default(), Vec::new());
    let (of_groups, mut pairs): (Vec<_>, Vec<_>) = pairs(&snapshot, context.stack)
        .into_iter()
        .partition(|known| !known.is_held() && known.is_left_to_groups(context.stack));
    // A different one first each time: otherwise the same would always be left, where time runs out, or more is due than may be
    // started.
    let first = rotation(&sweep.id, pairs.len());
    pairs.rotate_left(first);
    let (all, whole) = (pairs.as_slice(), &snapshot);
    let finding = stream::iter(all).map(async |known| match has_time() {
        true => (known, find(context, executions, whole, all, known, task).await),
        false => (known, Ok(None)),
    });
    let found: Vec<_> = finding.buffered(AT_ONCE).collect().await;
    let mut marked = BTreeSet::new();
    if !task.dry_run {
        // All of it, before the first is carried out: the brake counts it.
        for found in &found {
            match record_withdrawal(context, found).await {
                Ok(true) => drop(marked.insert(found.0.key())),
                Ok(false) => {}
                Err(error) => swept.fail(found.0, &error),
            }
        }
    }
    let mut held = Held::among(context, &found, marked).await;
    held.release_oldest(context, if task.dry_run { 0 } else { task.release }).await;
    swept.held = held.count();
    swept.unreachable.extend(held.failures.iter().cloned());
    for found in found {
        let waiting = held.status(context, &found);
        swept.waiting += usize::from(waiting.is_some());
        let (known, finding) = found;
        match &finding {
            Ok(Some(finding)) => swept.count(known, finding),
            Ok(None) => swept.left += 1,
            Err(error) => swept.fail(known, error),
        }
        let told = match (&finding, &waiting) {
            (_, Some(status)) => Told::Status(status.clone()),
            (Ok(Some(finding)), None) => told(known, finding),
            (Ok(None) | Err(_), None) => Told::AsWritten,
        };
        statuses.add(&known.pair, &told);
        if let (Ok(Some(finding)), None) = (finding, waiting)
            && finding.is_to_start()
            && !known.is_left_to_groups(context.stack)
        {
            due.push((known, finding));
        }
    }
    let mut groups = OfGroups { swept: &mut swept, statuses: &mut statuses, is_due: false };
    groups.look(context, &snapshot, &has_time).await;
    of_groups.iter().for_each(|known| groups.tell(known));
    let due_in_groups = groups.is_due;
    if !task.dry_run && context.stack.mode == Mode::Apply {
        statuses.write(context, &snapshot, &sweep.time).await;
    }
    let mut lanes: BTreeMap<Location, usize> = BTreeMap::new();
    for (known, finding) in due {
        let places = known.pair.ends().map(Location::from);
        let is_full = places.iter().any(|at| lanes.get(at).is_some_and(|started| *started >= STARTS_AT_A_PLACE));
        if task.dry_run || is_full || !has_time() {
            swept.left += 1;
            continue;
        }
        BTreeSet::from(places).into_iter().for_each(|at| *lanes.entry(at).or_default() += 1);
        match start(context, executions, sweep, known, &finding).await {
            Ok(name) => swept.started.push(name),
            Err(error) => {
                swept.fail(known, &error);
                swept.left += 1;
            }
        }
    }
    if due_in_groups && !task.dry_run {
        of_groups::start(executions, sweep, &mut swept).await;
    }
    Ok(swept)
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
            Holder::Unknown => {}
            Holder::Known => return Ok(None),
        }
    }
    match known.misplaced_end(pairs) {
        Some(end) => Ok(Some(known.refused(&Error::missing(end)))),
        None => examine(context, snapshot, known, task.retry).await.map(|examined| Some(examined.finding)),
    }
}

fn told(known: &PairSnapshot, finding: &Finding) -> Told {
    match finding {
        Finding::InPlace(id, warnings) => Told::Status(PeeringStatus::active(id, warnings)),
        Finding::Refused { status, .. } | Finding::Waiting(status) => Told::Status(status.clone()),
        Finding::Kept(Some(id)) if known.pair.is_requested() => match known.pair.check_not_excluded() {
            Ok(()) => Told::Stands(id.clone()),
            Err(excluded) => Told::Status(PeeringStatus::active(id, &[excluded.to_string()])),
        },
        // Its connection is gone.
        Finding::Kept(None) if known.is_established() => Told::Nothing,
        Finding::NotRequested => Told::Nothing,
        Finding::SetUp(_) | Finding::Empty(_) | Finding::Narrow | Finding::TearDown(_) | Finding::Kept(_) => {
            Told::AsWritten
        }
    }
}

async fn start<N, L>(
    context: Context<'_, N, L>,
    executions: &impl Executions,
    sweep: &Sweep,
    known: &PairSnapshot,
    finding: &Finding,
) -> Result<String, Error> {
    let name = name_by_tags(&known.pair, &sweep.id);
    match finding {
        Finding::TearDown(_) => {
            let [end, peer] = known.pair.ends();
            let is_recorded = known.item.as_ref().is_some_and(|item| item.open_withdrawal().is_some());
            // What is recorded, and is started nevertheless, is due.
            let due = if is_recorded { None } else { withdrawal_due(None, context) };
            executions.start_teardown(&name, &TeardownInput::by_tags(end, peer, due)).await?;
        }
        Finding::Narrow => {
            if let Some(item) = &known.item {
                executions.start_peering(&name, &narrowing_input(item)).await?;
            }
        }
        _ => executions.start_peering(&name, &input(&known.pair)).await?,
    }
    Ok(name)
}

/// Whether Step Functions knows the execution that holds a pair.
enum Holder {
    Known,
    Unknown,
}

/// Starts the clean-up after an execution that holds a pair and is closed: the event of its end may have been lost.
async fn clean_up_after<N>(
    context: Context<'_, N, impl LedgerReads>,
    executions: &impl Executions,
    holder: &str,
    dry_run: bool,
) -> Result<Holder, Error> {
    match context.ledger.execution_state(holder).await? {
        ExecutionState::Unknown => return Ok(Holder::Unknown),
        ExecutionState::Closed { seconds } if seconds >= SECONDS_AFTER_DEATH && !dry_run => {
            executions.start_clean_up(holder).await?;
        }
        ExecutionState::Closed { .. } | ExecutionState::Running => {}
    }
    Ok(Holder::Known)
}

fn rotation(id: &str, count: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    usize::try_from(hasher.finish() % count.max(1) as u64).unwrap_or_default()
}
