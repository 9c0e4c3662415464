//! `RecordFailure`: name the failure, record it in the ledger, give the pair back, and write the status of both VPCs.
//!
//! A status is written only where tags concern the pair: who started an execution by hand or from a pipeline reads its
//! cause. A failed teardown changes no status, and so does an execution that doesn't hold the pair.

use crate::connection::End;
use crate::context::Context;
use crate::error::Error;
use crate::failure::{Failure, RolledBack};
use crate::ledger::{LedgerItem, Outcome, PairKey, Undone, Update, end_key};
use crate::ports::{Ledger, Network};
use crate::request::{PeeringRequest, TeardownRequest};
use crate::shared::lease::update_held;
use crate::shared::lookups::check_regions;
use crate::shared::pair::Pair;
use crate::shared::status_tags::write_status;
use crate::status::{PeeringStatus, written_active};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The task of the state, in each machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordFailureTask {
    /// The input of the execution; as the event of an execution's end has it, a JSON text.
    pub request: Value,
    /// The ARN of the execution.
    pub execution: String,
    /// What failed.
    pub failure: Failure,
    /// What the machine undid, if anything.
    #[serde(default)]
    pub rolled_back: Option<RolledBack>,
    /// In the teardown machine: the ARNs for its event.
    #[serde(default)]
    pub resources: Option<Vec<String>>,
    /// In the clean-up machine: the execution that ended without a roll-back.
    #[serde(default)]
    pub dead: Option<String>,
    /// How often the machine has called this step before.
    pub attempt: u32,
    /// When the state was entered, as ISO 8601.
    pub time: String,
}

/// For so long an item without a connection is kept.
const DAYS_KEPT: i64 = 90;

/// As often as the machine retries a `ServiceFault`. Then the status is given up: the execution ends by its own error.
const RETRIES: u32 = 3;

/// How the execution ends, and its event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordedFailure {
    /// The error's name, always one of the public ones.
    pub error: String,
    /// `Message`, the error's fields, and `RolledBack` where something was undone.
    pub cause: Map<String, Value>,
    /// For the event: the ARNs of both VPCs where tags concern the pair, else none.
    pub resources: Vec<String>,
    /// The input of the execution.
    pub request: Value,
}

/// Names the failure, gives the pair back, and writes the status where it is due.
pub async fn record_failure(
    context: Context<'_, impl Network, impl Ledger>,
    task: RecordFailureTask,
) -> Result<RecordedFailure, Error> {
    let (error, mut cause) = task.failure.public();
    if let Some(rolled_back) = &task.rolled_back {
        cause.insert("RolledBack".into(), serde_json::to_value(rolled_back).unwrap_or_default());
    }
    let request = match task.request.as_str() {
        Some(text) => serde_json::from_str(text).unwrap_or_default(),
        None => task.request.clone(),
    };
    let recorded = record(context, &task, &request, &error, &cause).await;
    let resources = match recorded {
        Ok(resources) => resources,
        Err(failed) if task.attempt < RETRIES => return Err(failed),
        Err(_) => Vec::new(),
    };
    Ok(RecordedFailure { error, cause, resources, request })
}

/// Answers the ARNs for the event.
async fn record(
    context: Context<'_, impl Network, impl Ledger>,
    task: &RecordFailureTask,
    request: &Value,
    error: &str,
    cause: &Map<String, Value>,
) -> Result<Vec<String>, Error> {
    let Some((ends, dry_run)) = ends_of(context, request) else {
        return Ok(task.resources.clone().unwrap_or_default());
    };
    let [end, peer] = &ends;
    let message = cause.get("Message").and_then(Value::as_str).unwrap_or_default();
    let held = match dry_run {
        true => false,
        false => give_back(context, task, [end, peer], error, message, cause).await?,
    };
    if let Some(of_teardown) = &task.resources {
        return Ok(of_teardown.clone());
    }
    if dry_run || check_regions(context.network, end, peer).await.is_err() {
        return Ok(Vec::new());
    }
    let pair = Pair::read(context, [end, peer]).await?;
    let resources = pair.resources(context.stack);
    // A failed teardown changes no status, nor does the clean-up after one.
    let is_teardown = task.dead.as_deref().is_some_and(|dead| dead.contains("-teardown:"));
    if held && !is_teardown && !resources.is_empty() && !is_outdated(&pair, &context.stack.tag_prefix, cause) {
        let status = PeeringStatus::Failed { error: error.to_owned(), message: message.to_owned() };
        write_status(context, &pair, &status, &task.time).await;
    }
    Ok(resources)
}

fn ends_of<N, L>(context: Context<'_, N, L>, request: &Value) -> Option<([End; 2], bool)> {
    let peering =
        PeeringRequest::parse(request, context.stack).map(|request| ([request.end, request.peer], request.dry_run));
    let teardown =
        || TeardownRequest::parse(request, context.stack).map(|request| ([request.end, request.peer], request.dry_run));
    peering.or_else(|_| teardown()).ok()
}

/// Whether this execution held the pair, which is now free.
async fn give_back<N>(
    context: Context<'_, N, impl Ledger>,
    task: &RecordFailureTask,
    ends: [&End; 2],
    error: &str,
    message: &str,
    cause: &Map<String, Value>,
) -> Result<bool, Error> {
    let key = PairKey::of(ends);
    let item = match context.ledger.item(&key).await? {
        Some(item) if item.is_held_by(&task.execution) => item,
        item => {
            if error == "PairBusy" && is_by_tags(&task.request) {
                // Whoever ends next starts another one. That is best effort: the sweep finds it as well.
                let _best_effort = context.ledger.update(&key, &Update::again()).await;
            }
            return Ok(item.is_some_and(|item| item.records_end_of(&task.execution)));
        }
    };
    let (error, message) = (Some(error.to_owned()), Some(message.to_owned()));
    let outcome = Outcome { by: task.execution.clone(), error, message };
    let undone = undone(task, &item);
    let owes = outcome.error.as_deref().filter(|error| *error == "PeerNotTrusted").and_then(|_| owing_end(ends, cause));
    let update = Update::fail(&task.execution, &outcome, owes.as_deref(), undone);
    // An item that knows no connection is of use for as long as Step Functions keeps the execution.
    let is_empty = undone != Undone::InPart && (undone == Undone::WithConnection || item.connection.is_none());
    let update = if is_empty { update.expires(context.now + DAYS_KEPT * 24 * 60 * 60) } else { update };
    update_held(context, &key, &task.execution, update).await?;
    Ok(true)
}

/// How much is undone of what this execution, or a dead one before it, made.
fn undone(task: &RecordFailureTask, item: &LedgerItem) -> Undone {
    let is_alone = item.makers.iter().all(|maker| *maker == task.execution);
    let is_pending = !item.pending_a.is_empty() || !item.pending_b.is_empty();
    match &task.rolled_back {
        Some(undone) if !undone.left_behind.is_empty() => Undone::InPart,
        // A new connection is rolled back whole; an existing one loses only what was added.
        Some(_) if item.asked_by.is_none() => Undone::WithConnection,
        // The roll-back failed, or there was none: overlapping blocks, or a teardown.
        None if task.failure.after.is_some() || !is_alone || is_pending => Undone::InPart,
        _ => Undone::Whole,
    }
}

fn is_by_tags(request: &Value) -> bool {
    request.get("RequestedBy").and_then(Value::as_str) == Some("tags")
}

/// The end whose consent is missing, as the error names it.
fn owing_end(ends: [&End; 2], cause: &Map<String, Value>) -> Option<String> {
    let of = |name: &str| cause.get(name).and_then(Value::as_str);
    let (vpc_id, owner_id) = (of("VpcId")?, of("OwnerId")?);
    let owing = ends.into_iter().find(|end| end.vpc_id.as_str() == vpc_id && end.owner_id.as_str() == owner_id);
    owing.map(end_key)
}

/// Whether it is about a connection in whose place another one is active by now.
fn is_outdated(Pair { sides: [side, peer] }: &Pair, prefix: &str, cause: &Map<String, Value>) -> bool {
    let Some(ended) = cause.get("VpcPeeringConnectionId").and_then(Value::as_str) else { return false };
    let active =
        [(side, peer), (peer, side)].map(|(side, other)| written_active(&side.tags, prefix, &other.end().vpc_id));
    active.into_iter().flatten().any(|active| active != ended)
}
