//! `RecordFailure`, and `RecordOverlap` on the branch of its own: tell on both VPCs why their peering could not be had.
//!
//! Only where tags have to do with it: whoever started an execution by hand or from a pipeline reads its cause.

use super::pair::Pair;
use super::planning::check_regions;
use super::tell::tell_both;
use crate::error::Error;
use crate::network::Network;
use crate::request::Request;
use crate::stack::Stack;
use crate::status_tag::{News, told_active};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the state selects for this step.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordTask {
    /// The input of the execution, as it came.
    pub request: Value,
    /// The error's public name.
    pub error: String,
    /// Its cause: a JSON object, as text.
    pub cause: String,
    /// When the state was entered, as ISO 8601 spells it.
    pub time: String,
}

/// For the event that is sent next.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Recorded {
    /// The ARNs of both VPCs where their tags have to do with this peering, else none.
    pub resources: Vec<String>,
}

/// Tells it where it is due. A request that can't be read, or a dry run, concerns nobody's tags.
pub async fn record_failure(network: &impl Network, stack: &Stack, task: RecordTask) -> Result<Recorded, Error> {
    let RecordTask { request, error, cause, time } = task;
    let Some(Request { end, peer, .. }) = Request::parse(&request, stack).ok().filter(|request| !request.dry_run)
    else {
        return Ok(Recorded::default());
    };
    if check_regions(network, &end, &peer).await.is_err() {
        return Ok(Recorded::default());
    }
    let pair = Pair::read(network, stack, &end, &peer).await?;
    let resources = pair.resources(stack);
    if resources.is_empty() {
        return Ok(Recorded::default());
    }
    let cause: Value = serde_json::from_str(&cause).unwrap_or_default();
    if is_outdated(&pair, &stack.tag_prefix, &cause) {
        return Ok(Recorded { resources });
    }
    let message = cause.get("Message").and_then(Value::as_str).unwrap_or_default().to_owned();
    tell_both(network, &stack.tag_prefix, &pair, &News::Failed { error, message }, &time).await;
    Ok(Recorded { resources })
}

/// Whether it tells of a connection in whose place another one is active by now.
fn is_outdated(Pair { sides: [side, peer] }: &Pair, prefix: &str, cause: &Value) -> bool {
    let Some(ended) = cause.get("VpcPeeringConnectionId").and_then(Value::as_str) else { return false };
    let active = [(side, peer), (peer, side)].map(|(side, other)| told_active(&side.tags, prefix, &other.end.vpc_id));
    active.into_iter().flatten().any(|active| active != ended)
}
