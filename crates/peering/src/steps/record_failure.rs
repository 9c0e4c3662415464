//! `RecordFailure`: name the failure, and write its status to both VPCs.
//!
//! A status is written only where tags concern the pair: who started an execution by hand or from a pipeline reads its
//! cause. A failed teardown changes no status.

use crate::context::Context;
use crate::error::Error;
use crate::failure::{Failure, RolledBack};
use crate::ports::{Network, NetworkReads};
use crate::request::PeeringRequest;
use crate::shared::lookups::check_regions;
use crate::shared::pair::Pair;
use crate::shared::status_tags::write_status;
use crate::status::{PeeringStatus, written_active};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The task of the state, in either machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordFailureTask {
    /// The input of the execution.
    pub request: Value,
    /// What failed.
    pub failure: Failure,
    /// What the peering machine undid, if anything.
    #[serde(default)]
    pub rolled_back: Option<RolledBack>,
    /// In the teardown machine: the ARNs for its event.
    #[serde(default)]
    pub resources: Option<Vec<String>>,
    /// How often the machine has called this step before.
    pub attempt: u32,
    /// When the state was entered, as ISO 8601.
    pub time: String,
}

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
}

/// Names the failure and writes its status where it is due.
pub async fn record_failure(
    context: Context<'_, impl Network>,
    task: RecordFailureTask,
) -> Result<RecordedFailure, Error> {
    let RecordFailureTask { request, failure, rolled_back, resources, attempt, time } = task;
    let (error, mut cause) = failure.public();
    if let Some(rolled_back) = rolled_back {
        cause.insert("RolledBack".into(), serde_json::to_value(&rolled_back).unwrap_or_default());
    }
    let resources = match resources {
        Some(of_teardown) => of_teardown,
        None => match write_failed_status(context, &request, &error, &cause, &time).await {
            Ok(resources) => resources,
            Err(error) if attempt < RETRIES => return Err(error),
            Err(_) => Vec::new(),
        },
    };
    Ok(RecordedFailure { error, cause, resources })
}

/// Answers the ARNs for the event.
async fn write_failed_status(
    context: Context<'_, impl Network>,
    request: &Value,
    error: &str,
    cause: &Map<String, Value>,
    time: &str,
) -> Result<Vec<String>, Error> {
    let Some(pair) = pair_of(context, request).await? else { return Ok(Vec::new()) };
    let resources = pair.resources(context.stack);
    if !resources.is_empty() && !is_outdated(&pair, &context.stack.tag_prefix, cause) {
        let message = cause.get("Message").and_then(Value::as_str).unwrap_or_default().to_owned();
        let status = PeeringStatus::Failed { error: error.to_owned(), message };
        write_status(context, &pair, &status, time).await;
    }
    Ok(resources)
}

/// Nothing for an input that is invalid, or of a dry run.
async fn pair_of(context: Context<'_, impl NetworkReads>, request: &Value) -> Result<Option<Pair>, Error> {
    let Ok(PeeringRequest { end, peer, dry_run, .. }) = PeeringRequest::parse(request, context.stack) else {
        return Ok(None);
    };
    if dry_run || check_regions(context.network, &end, &peer).await.is_err() {
        return Ok(None);
    }
    Pair::read(context, [&end, &peer]).await.map(Some)
}

/// Whether it is about a connection in whose place another one is active by now.
fn is_outdated(Pair { sides: [side, peer] }: &Pair, prefix: &str, cause: &Map<String, Value>) -> bool {
    let Some(ended) = cause.get("VpcPeeringConnectionId").and_then(Value::as_str) else { return false };
    let active =
        [(side, peer), (peer, side)].map(|(side, other)| written_active(&side.tags, prefix, &other.end().vpc_id));
    active.into_iter().flatten().any(|active| active != ended)
}
