//! Logs as Lambda reads them: one JSON object a line, as detailed as the stack's `LogLevel` says.
//!
//! `lambda_runtime` has a subscriber of its own, whose filter directives nobody here uses. They bring an engine for
//! regular expressions, a twentieth of the binary.

use tracing_subscriber::filter::LevelFilter;

/// Everything logged from here on goes to standard output.
pub(crate) fn init() {
    // <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html>
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .json()
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .with_target(false)
        .without_time() // CloudWatch stamps each line
        .init();
}
