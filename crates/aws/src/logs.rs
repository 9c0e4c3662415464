//! Logs as Lambda reads them: one JSON object a line, as detailed as the stack's `LogLevel` says.
//!
//! `lambda_runtime` has a subscriber of its own, with filter directives that nobody here uses. They need an engine for
//! regular expressions, a twentieth of the binary.

use crate::metrics::{count_panic, count_swept};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use isthmus_peering::steps::{Requested, Started, Swept};
use std::fmt;
use std::time::SystemTime;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Everything logged from here on goes to standard output.
pub(crate) fn init() {
    // <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .json()
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .with_target(false)
        .with_timer(Rfc3339)
        .init();
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A line of its own: what the runtime prints about a panic isn't JSON, so no filter and no alarm sees it.
        tracing::error!(%panic, "the function panicked");
        count_panic();
        report(panic);
    }));
}

/// Lambda takes a line without a time in this form for one of level INFO, whatever its level, and filters it accordingly.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
struct Rfc3339;

impl FormatTime for Rfc3339 {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = DateTime::from(SystemTime::now()).fmt(Format::DateTime).map_err(|_| fmt::Error)?;
        writer.write_str(&now)
    }
}

/// Nobody receives the answer of an asynchronous invocation, so what was started is logged.
pub fn log_started(started: &Started) {
    for invalid in &started.invalid {
        tracing::warn!(invalid, "nothing is started for this");
    }
    tracing::info!(executions = ?started.executions, teardowns = ?started.teardowns, groups = ?started.groups, "started");
}

/// Likewise for a request.
pub fn log_requested(requested: &Requested) {
    match &requested.invalid {
        Some(invalid) => tracing::warn!(invalid, "a requested peering is not started"),
        None => tracing::info!(execution = requested.execution, "started"),
    }
}

/// Likewise for a sweep; and its metrics.
pub fn log_swept(swept: &Swept) {
    count_swept(swept);
    let Swept { desired, in_place, drift, started, refused, held, left, unreachable, .. } = swept;
    tracing::info!(desired, in_place, started = started.len(), refused = refused.len(), held, left, "swept");
    for drift in drift {
        tracing::info!(vpc_id = drift.vpc_id, peer_vpc_id = drift.peer_vpc_id, differs = drift.differs, "drifted");
    }
    for unreachable in unreachable {
        tracing::warn!(unreachable, "could not be read");
    }
}
