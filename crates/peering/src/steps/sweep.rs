//! `sweep`: compare desired and actual state, everywhere, and start what events missed.
//!
//! Events are best effort, and much drifts without one: a block is added, a route table is new, a route is deleted by
//! hand. Whole Regions are read page by page, so a sweep costs a few calls for each Region of each account, however many
//! VPCs it has; nothing is decided about a VPC that could not be read.

use crate::context::Context;
use crate::error::Error;
use crate::ports::{ExecutionState, Executions, LedgerReads, Network, RegionReads};
use crate::request::TeardownInput;
use crate::shared::drift::{Finding, examine};
use crate::shared::lease::SECONDS_AFTER_DEATH;
use crate::shared::pairs::{PairSnapshot, pairs};
use crate::shared::snapshot::Snapshot;
use crate::shared::status_tags::{clear_status, write_invalid_status, write_status};
use crate::shared::tag_requests::{input, name_by_tags, narrowing_input};
use crate::stack::Scope;
use crate::status::PeeringStatus;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// What the schedule, or a person, sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct SweepTask {
    /// Whether to report the drift and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// One sweep.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Where to look.
    pub scope: Scope,
    /// How many executions to start at most.
    pub starts: usize,
    /// Identifies this sweep, so that a repeated invocation starts nothing new.
    pub id: String,
    /// When it began, as ISO 8601.
    pub time: String,
}

/// What was found, and what was done about it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Swept {
    /// How many pairs tags request.
    pub desired: usize,
    /// How many of these are as they should be.
    pub in_place: usize,
    /// The pairs that are not, or that no tag requests any more, and in what they differ.
    pub drift: Vec<Drift>,
    /// The names of the executions started.
    pub started: Vec<String>,
    /// The requested pairs that can't be set up as they are; their VPCs' status says so already.
    pub refused: Vec<RefusedPair>,
    /// How many executions were left for the next sweep.
    pub left: usize,
    /// The Regions and pairs that could not be read, and why. Nothing is decided about the VPCs there.
    pub unreachable: Vec<String>,
}

/// A pair that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Drift {
    /// One end.
    pub vpc_id: String,
    /// The other.
    pub peer_vpc_id: String,
    /// In what it differs: `Missing`, `NotActive`, `Routes`, `DnsResolution`, `Unrecorded`, `NotRequested`, `Blackhole`, or
    /// an error's name.
    pub differs: String,
}

/// A requested pair that can't be set up as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RefusedPair {
    /// One end.
    pub vpc_id: String,
    /// The other.
    pub peer_vpc_id: String,
    /// The error's name.
    pub error: String,
}

/// Finds what differs and starts at most so many executions about it.
pub async fn sweep(
    context: Context<'_, impl Network + RegionReads, impl LedgerReads>,
    executions: &impl Executions,
    sweep: &Sweep,
    task: SweepTask,
    has_time: impl Fn() -> bool,
) -> Result<Swept, Error> {
    let snapshot = Snapshot::read(context, &sweep.scope).await?;
    let mut swept = Swept { unreachable: snapshot.unreachable(), ..Swept::default() };
    if !task.dry_run {
        join_all(snapshot.tagged().map(async |side| write_invalid_status(context, &side, &sweep.time).await)).await;
    }
    let mut due = Vec::new();
    for known in pairs(&snapshot, context.stack) {
        if !has_time() {
            swept.left += 1;
            continue;
        }
        if let Some(holder) = known.item.as_ref().and_then(|item| item.holder.as_deref()) {
            match clean_up_after(context, executions, holder, task.dry_run).await {
                // Whatever is started for the pair takes it over from the dead.
                Ok(Holder::Unknown) => {}
                Ok(Holder::Known) => {
                    swept.left += 1;
                    continue;
                }
                Err(error) => {
                    swept.fail(&known, &error);
                    continue;
                }
            }
        }
        let finding = match examine(context, &snapshot, &known, &sweep.time).await {
            Ok(finding) => finding,
            Err(error) => {
                swept.fail(&known, &error);
                continue;
            }
        };
        swept.count(&known, &finding);
        match &finding {
            Finding::SetUp(_) | Finding::Narrow | Finding::TearDown(_) => due.push((known, finding)),
            _ if task.dry_run => {}
            Finding::InPlace(connection) => {
                let status = PeeringStatus::Active(connection.clone());
                write_status(context, &known.pair, &status, &sweep.time).await;
            }
            Finding::NotRequested => clear_status(context, &known.pair).await,
            Finding::Refused(_) | Finding::Kept => {}
        }
    }
    // A different one first each time: otherwise, where more is due than may be started, the same would always be left.
    let first = rotation(&sweep.id, due.len());
    due.rotate_left(first);
    for (known, finding) in due {
        if task.dry_run || swept.started.len() >= sweep.starts || !has_time() {
            swept.left += 1;
            continue;
        }
        match start(executions, sweep, &known, &finding).await {
            Ok(name) => swept.started.push(name),
            Err(error) => {
                swept.fail(&known, &error);
                swept.left += 1;
            }
        }
    }
    Ok(swept)
}

impl Swept {
    fn fail(&mut self, known: &PairSnapshot, error: &Error) {
        let [end, peer] = known.pair.ends();
        self.unreachable.push(format!("{end} and {peer}: {error}"));
    }

    fn count(&mut self, known: &PairSnapshot, finding: &Finding) {
        let [vpc_id, peer_vpc_id] = known.pair.ends().map(|end| end.vpc_id.to_string());
        let is_desired = matches!(finding, Finding::InPlace(_) | Finding::SetUp(_) | Finding::Refused(_));
        self.desired += usize::from(is_desired);
        match finding {
            Finding::InPlace(_) => self.in_place += 1,
            Finding::SetUp(differs) | Finding::TearDown(differs) => {
                self.drift.push(Drift { vpc_id, peer_vpc_id, differs: differs.clone() });
            }
            Finding::Narrow => self.drift.push(Drift { vpc_id, peer_vpc_id, differs: "Routes".into() }),
            Finding::Refused(error) => self.refused.push(RefusedPair { vpc_id, peer_vpc_id, error: error.clone() }),
            Finding::NotRequested | Finding::Kept => {}
        }
    }
}

async fn start(
    executions: &impl Executions,
    sweep: &Sweep,
    known: &PairSnapshot,
    finding: &Finding,
) -> Result<String, Error> {
    let name = name_by_tags(&known.pair, &sweep.id);
    match finding {
        Finding::TearDown(_) => {
            let [end, peer] = known.pair.ends();
            executions.start_teardown(&name, &TeardownInput::of(end, peer)).await?;
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
