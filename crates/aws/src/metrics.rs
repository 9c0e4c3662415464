//! Metrics, as lines of the log: CloudWatch extracts what is in its embedded metric format, without a call or a permission.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use crate::settings::setting;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use isthmus_peering::error::Error;
use isthmus_peering::groups::GroupReport;
use isthmus_peering::steps::{PlannedGroups, RecordedFailure, Routed, Swept};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::time::SystemTime;

/// What an alarm and the dashboard show of a sweep.
pub(crate) fn count_swept(swept: &Swept) {
    let counts = [
        ("Desired", swept.desired),
        ("InPlace", swept.in_place),
        ("Drift", swept.repairable_drift()),
        ("Refused", swept.all_refused()),
        ("Held", swept.held),
        ("Started", swept.started.len()),
        ("Left", swept.left),
        ("Unreachable", swept.unreachable.len()),
    ];
    emit(&counts, None, Map::new());
}

/// What the dashboard shows of a run of the groups machine, in its end. Of a run about some groups, of those. A pair of two groups
/// counts for each.
pub fn count_groups(planned: &PlannedGroups) {
    let Some(report) = planned.report.as_ref().filter(|_| planned.publish) else { return };
    let sum = |count: fn(&GroupReport) -> usize| report.groups.iter().map(count).sum();
    let counts = [
        ("GroupPairs", sum(|group| group.pairs)),
        ("GroupPairsInPlace", sum(|group| group.in_place + group.set_up)),
        ("GroupPairsRefused", sum(|group| group.refused_count)),
        ("GroupPairsLeft", report.left),
    ];
    emit(&counts, None, Map::new());
}

/// As often as the groups machine retries a fault of AWS: the next one is how its execution ends.
const RETRIES: u32 = 3;

/// A run of the groups machine that ends by a fault of AWS. Its machine has no step that records failures.
pub fn count_fault_of_groups(attempt: u32, error: &Error) {
    if let Error::ServiceFault { action, code } = error
        && attempt >= RETRIES
    {
        let details = [("Action".to_owned(), json!(action)), ("Code".to_owned(), json!(code))];
        emit(&[("Failures", 1)], Some("ServiceFault"), details.into_iter().collect());
    }
}

/// One failure, by its error, with what a person looks for first. Nobody is told of a dry run but who asked for it.
pub fn count_failure(recorded: &RecordedFailure) {
    let RecordedFailure { error, cause, request, .. } = recorded;
    if request.get("DryRun").and_then(Value::as_bool) == Some(true) {
        return;
    }
    let of_request = ["VpcId", "PeerVpcId", "RequestedBy"].map(|name| (name, request.get(name)));
    let of_cause = ["Message", "Action", "Code"].map(|name| (name, cause.get(name)));
    let details = of_request.into_iter().chain(of_cause);
    let details = details.filter_map(|(name, value)| Some((name.to_owned(), value?.clone()))).collect();
    emit(&[("Failures", 1)], Some(error), details);
}

/// How many routes an execution wrote.
pub fn count_routes(routed: &Routed) {
    emit(&[("RoutesWritten", routed.written)], None, Map::new());
}

/// A function that panics, by the name under which the machines see it.
pub(crate) fn count_panic() {
    emit(&[("Failures", 1)], Some("Runtime.ExitError"), Map::new());
}

/// Writes one line. Lambda drops a line whose level is below the stack's `LogLevel`, so this one has exactly that level; and
/// takes a line without a time for INFO.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
fn emit(counts: &[(&str, usize)], error: Option<&str>, details: Map<String, Value>) {
    let now = DateTime::from(SystemTime::now());
    let (Ok(time), Ok(milliseconds)) = (now.fmt(Format::DateTime), now.to_millis()) else { return };
    let installation: String = setting("INSTALLATION_ID").unwrap_or_default();
    let stack = installation.split('.').next().unwrap_or_default();
    let mut dimensions = vec![("Stack", stack)];
    dimensions.extend(error.map(|error| ("Error", error)));
    let mut line = details;
    line.extend(counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))));
    line.extend(dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    line.insert("level".into(), std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "INFO".into()).into());
    line.insert("timestamp".into(), time.into());
    let directive = json!({
        "Namespace": "Isthmus",
        "Dimensions": [dimensions.iter().map(|(name, _)| name).collect::<Vec<_>>()],
        "Metrics": counts.iter().map(|(name, _)| json!({"Name": name, "Unit": "Count"})).collect::<Vec<_>>(),
    });
    line.insert("_aws".into(), json!({"Timestamp": milliseconds, "CloudWatchMetrics": [directive]}));
    // In one call: a line of another thread's must not come between.
    let _best_effort = std::io::stdout().write_all(format!("{}\n", Value::Object(line)).as_bytes());
}
