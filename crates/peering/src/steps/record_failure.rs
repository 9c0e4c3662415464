//! `RecordFailure`: name the failure, record it in the ledger, give the pair back, and write the status of both VPCs.
//!
//! A status is written only about what tags asked for: who started an execution by hand or from a pipeline reads its cause.
//! A failed teardown changes no status, nor does an execution that doesn't hold the pair.

mod status;

use crate::connection::End;
use crate::consent::check_accounts;
use crate::context::Context;
use crate::error::Error;
use crate::failure::{Failure, RolledBack};
use crate::ledger::{LedgerItem, Outcome, PairKey, Undone, Update, end_key};
use crate::ports::{Ledger, Network};
use crate::request::{PeeringRequest, TeardownRequest};
use crate::shared::lease::update_held;
use crate::shared::lookups::check_regions;
use crate::shared::pair::Pair;
use crate::shared::retry::seconds_until_retry;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use status::write_failed_status;

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
    /// The detail of an event of its own: what the brake holds, where this is the first that it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Value>,
}

/// Names the failure, gives the pair back, and writes the status where it is due.
pub async fn record_failure(
    context: Context<'_, impl Network, impl Ledger>,
    task: RecordFailureTask,
) -> Result<RecordedFailure, Error> {
    let (error, mut cause) = task.failure.public();
    let held = cause.remove("Pairs").map(|pairs| {
        let known = ["Account", "Group", "Held", "Limit"].into_iter();
        let mut held: Map<_, _> = known.filter_map(|name| Some((name.to_owned(), cause.get(name)?.clone()))).collect();
        held.insert("Pairs".into(), pairs);
        Value::Object(held)
    });
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
    Ok(RecordedFailure { error, cause, resources, request, held })
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
    if dry_run {
        return Ok(task.resources.clone().unwrap_or_default());
    }
    let item = context.ledger.item(&PairKey::of([end, peer])).await?;
    let is_held = item.as_ref().is_some_and(|item| item.is_held_by(&task.execution));
    let failed = FailedPair { ends: [end, peer], error, cause, is_by_tags: is_by_tags(request) };
    let pair = match read_pair(context, task, [end, peer]).await {
        // The next call may read it: the status is written while the pair is held.
        Err(failed @ (Error::ServiceFault { .. } | Error::Throttled { .. })) if task.attempt < RETRIES => {
            return Err(failed);
        }
        read => read.ok().flatten(),
    };
    // While the pair is held: a later execution may write another status. Nobody can hold a pair with an account that is
    // none of the stack's.
    let is_refused = check_accounts([end, peer], context.stack).is_err();
    if let (true, Some(pair)) = (is_held || is_refused, &pair) {
        write_failed_status(context, task, item.as_ref(), &failed, pair).await;
    }
    match item {
        Some(item) if is_held => give_back(context, task, &item, &failed).await?,
        _ if error == "PairBusy" && failed.is_by_tags => {
            // Whoever ends next starts another one. That is best effort: the sweep finds it as well.
            let _best_effort = context.ledger.update(&PairKey::of([end, peer]), &Update::again()).await;
        }
        _ => {}
    }
    let resources = pair.map(|pair| pair.resources(context.stack)).unwrap_or_default();
    Ok(task.resources.clone().unwrap_or(resources))
}

/// `None` in the teardown machine, which writes no status and knows the ARNs.
async fn read_pair<L>(
    context: Context<'_, impl Network, L>,
    task: &RecordFailureTask,
    [end, peer]: [&End; 2],
) -> Result<Option<Pair>, Error> {
    if task.resources.is_some() {
        return Ok(None);
    }
    check_regions(context.network, end, peer).await?;
    Pair::read(context, [end, peer]).await.map(Some)
}

/// What failed, and for which pair.
struct FailedPair<'f> {
    ends: [&'f End; 2],
    error: &'f str,
    cause: &'f Map<String, Value>,
    is_by_tags: bool,
}

impl FailedPair<'_> {
    fn message(&self) -> &str {
        self.cause.get("Message").and_then(Value::as_str).unwrap_or_default()
    }
}

fn ends_of<N, L>(context: Context<'_, N, L>, request: &Value) -> Option<([End; 2], bool)> {
    let peering =
        PeeringRequest::parse(request, context.stack).map(|request| ([request.end, request.peer], request.dry_run));
    let teardown =
        || TeardownRequest::parse(request, context.stack).map(|request| ([request.end, request.peer], request.dry_run));
    peering.or_else(|_| teardown()).ok()
}

/// Records the failure, and gives the pair back.
async fn give_back<N>(
    context: Context<'_, N, impl Ledger>,
    task: &RecordFailureTask,
    item: &LedgerItem,
    failed: &FailedPair<'_>,
) -> Result<(), Error> {
    let (error, message) = (Some(failed.error.to_owned()), Some(failed.message().to_owned()));
    let before = item.outcome.as_ref().filter(|before| before.error == error);
    let count = before.map_or(0, |before| before.count).saturating_add(1);
    let retry_at = match failed.is_by_tags {
        true => {
            let planned = task.failure.is_in("CreateRequest");
            seconds_until_retry(failed.error, failed.cause, planned, count).map(|seconds| context.now + seconds)
        }
        false => None,
    };
    let outcome = Outcome { by: task.execution.clone(), error, message, count, retry_at };
    let undone = undone(task, item);
    let owes = (failed.error == "PeerNotTrusted").then(|| owing_end(failed.ends, failed.cause)).flatten();
    let update = Update::fail(&task.execution, &outcome, owes.as_deref(), undone);
    // An item that knows no connection is of use for as long as Step Functions keeps the execution.
    let is_empty = undone != Undone::InPart && (undone == Undone::WithConnection || item.connection.is_none());
    let update = if is_empty { update.expires(context.now + DAYS_KEPT * 24 * 60 * 60) } else { update };
    update_held(context, &item.pair, &task.execution, update).await.map(drop)
}

/// How much is undone of what this execution, or a dead one before it, made.
fn undone(task: &RecordFailureTask, item: &LedgerItem) -> Undone {
    let is_alone = item.makers.iter().all(|maker| *maker == task.execution);
    match &task.rolled_back {
        Some(undone) if !undone.left_behind.is_empty() => Undone::InPart,
        // A new connection is rolled back whole; an existing one loses only what was added.
        Some(_) if item.asked_by.is_none() => Undone::WithConnection,
        // The roll-back failed, or there was none: overlapping blocks, or a teardown.
        None if task.failure.after.is_some() || !is_alone || item.has_pending_routes() => Undone::InPart,
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
