//! `sweep`: compare desired and actual state, everywhere, and start what events missed.
//!
//! Events are best effort, and much drifts without one: a block is added, a route table is new, a route is deleted by
//! hand. Whole Regions are read page by page, so a sweep costs a few calls for each Region of each account, however many
//! VPCs it has; nothing is decided about a VPC that could not be read.

mod finding;
mod of_groups;
mod swept;
mod task;

use crate::context::Context;
use crate::error::Error;
use crate::ledger::PairKey;
use crate::ports::{Executions, Ledger, Location, Network};
use crate::request::TeardownInput;
use crate::shared::brake::withdrawal_due;
use crate::shared::drift::Finding;
use crate::shared::held::{Found, Held};
use crate::shared::pairs::{PairSnapshot, pairs};
use crate::shared::snapshot::Snapshot;
use crate::shared::sweep_statuses::{Statuses, Told};
use crate::shared::tag_requests::{input, name_by_tags, narrowing_input};
use crate::shared::withdrawals::record_withdrawal;
use crate::stack::Mode;
use crate::status::PeeringStatus;
use finding::find_all;
use of_groups::OfGroups;
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
pub use swept::{Drift, RefusedPair, Swept};
pub use task::{Sweep, SweepTask};

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
    let mut pairs = pairs(&snapshot, context.stack);
    // A different one first each time: otherwise the same would always be left, where time runs out, or more is due than may be
    // started.
    let first = rotation(&sweep.id, pairs.len());
    pairs.rotate_left(first);
    let found = find_all(context, executions, &snapshot, &pairs, task, &has_time).await;
    let held = hold(context, &found, task, &mut swept).await;
    let (mut statuses, mut due) = (Statuses::default(), Vec::new());
    let mut groups = OfGroups::new(context, &mut swept).await;
    for found in found {
        let waiting = held.status(context, &found);
        let (known, finding) = found;
        let is_of_groups = known.is_left_to_groups(context.stack);
        groups.swept.waiting += usize::from(waiting.is_some());
        match &finding {
            Ok(Some(finding)) => groups.swept.count(known, finding),
            Ok(None) => groups.swept.left += 1,
            Err(error) => groups.swept.fail(known, error),
        }
        match (&finding, &waiting) {
            (found, _) if is_of_groups => {
                groups.tell(known, found.as_ref().ok().and_then(Option::as_ref), &mut statuses);
            }
            (_, Some(status)) => statuses.add(&known.pair, &Told::Status(status.clone())),
            (Ok(Some(finding)), None) => statuses.add(&known.pair, &told(known, finding)),
            (Ok(None) | Err(_), None) => statuses.add(&known.pair, &Told::AsWritten),
        }
        match finding {
            Ok(Some(finding)) if finding.is_to_start() && waiting.is_none() => match is_of_groups {
                true => groups.leave_to_run(),
                false => due.push((known, finding)),
            },
            Ok(Some(_)) if is_of_groups && known.is_held() => groups.leave_held_to_run(),
            _ => {}
        }
    }
    let known: BTreeSet<PairKey> = pairs.iter().map(PairSnapshot::key).collect();
    groups.look(context, &snapshot, (&known, &mut statuses), &has_time).await;
    let starts_run = groups.is_to_start();
    if !task.dry_run && context.stack.mode == Mode::Apply {
        statuses.write(context, &snapshot, &sweep.time).await;
    }
    start_all(context, executions, sweep, (due, task.dry_run), &mut swept, &has_time).await;
    if starts_run && !task.dry_run {
        of_groups::start(executions, sweep, &mut swept).await;
    }
    Ok(swept)
}

/// Marks what tags take away, and finds out what of it the brake holds.
async fn hold<N>(
    context: Context<'_, N, impl Ledger>,
    found: &[Found<'_>],
    task: SweepTask,
    swept: &mut Swept,
) -> Held {
    let mut marked = BTreeSet::new();
    if !task.dry_run {
        // All of it, before the first is carried out: the brake counts it.
        for found in found {
            match record_withdrawal(context, found).await {
                Ok(true) => drop(marked.insert(found.0.key())),
                Ok(false) => {}
                Err(error) => swept.fail(found.0, &error),
            }
        }
    }
    let mut held = Held::among(context, found, marked).await;
    held.release_oldest(context, if task.dry_run { 0 } else { task.release }).await;
    swept.held = held.count();
    swept.unreachable.extend(held.failures.iter().cloned());
    held
}

async fn start_all<N, L>(
    context: Context<'_, N, L>,
    executions: &impl Executions,
    sweep: &Sweep,
    (due, is_dry): (Vec<(&PairSnapshot, Finding)>, bool),
    swept: &mut Swept,
    has_time: &impl Fn() -> bool,
) {
    let mut started_at: BTreeMap<Location, usize> = BTreeMap::new();
    for (known, finding) in due {
        let places = known.pair.ends().map(Location::from);
        let is_full = places.iter().any(|at| started_at.get(at).is_some_and(|started| *started >= STARTS_AT_A_PLACE));
        if is_dry || is_full || !has_time() {
            swept.left += 1;
            continue;
        }
        BTreeSet::from(places).into_iter().for_each(|at| *started_at.entry(at).or_default() += 1);
        match start(context, executions, sweep, known, &finding).await {
            Ok(name) => swept.started.push(name),
            Err(error) => {
                swept.fail(known, &error);
                swept.left += 1;
            }
        }
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

fn rotation(id: &str, count: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    usize::try_from(hasher.finish() % count.max(1) as u64).unwrap_or_default()
}
