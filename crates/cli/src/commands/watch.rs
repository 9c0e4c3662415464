//! `watch`: an execution that somebody else started, or that was left running.

use crate::arguments::WatchArguments;
use crate::commands::Session;
use crate::exit;
use crate::failure::Failure;
use crate::groups_text;
use crate::outcome::Outcome;
use crate::plan_text::{Names, PENDING_ACCEPTANCE, PeeringReport, TeardownReport, read};
use crate::progress::Progress;
use crate::stack::Machine;
use crate::text::{Line, quoted};
use isthmus_peering::groups::GroupsReport;
use serde_json::Value;

pub(super) async fn run(session: &Session<'_>, arguments: &WatchArguments) -> Result<Outcome, Failure> {
    let WatchArguments { execution, waiting } = arguments;
    let (arn, machine, input) = find(session, execution).await?;
    let progress = Progress::of(session.printer, machine);
    let output = session.follow(&arn, &input, waiting.timeout, progress).await?;
    let first = input.get("VpcId").and_then(Value::as_str).unwrap_or_default();
    // Each machine has an output of its own.
    if output.get("Requester").is_some() {
        let report: PeeringReport = read(&output)?;
        let is_pending = report.status == PENDING_ACCEPTANCE;
        let outcome = Outcome::done(report.done(first, &Names::new()), &output)?;
        return Ok(outcome.with_code(is_pending, exit::PENDING_ACCEPTANCE));
    }
    if output.get("Groups").is_some() {
        return Outcome::done(groups_text::lines(&read::<GroupsReport>(&output)?), &output);
    }
    let lines = match read::<TeardownReport>(&output) {
        Ok(report) => report.done(),
        Err(_) => Line::of("It has ended."),
    };
    Outcome::done(vec![lines], &output)
}

/// A name may be one of any machine's executions.
async fn find(session: &Session<'_>, execution: &str) -> Result<(String, Option<Machine>, Value), Failure> {
    let stack = &session.stack;
    if execution.starts_with("arn:") {
        let suffix = execution.split(':').nth(6).unwrap_or_default();
        let machine = Machine::ALL.into_iter().find(|machine| suffix.ends_with(&format!("-{}", machine.suffix())));
        if let Some(input) = stack.input_of(execution).await? {
            return Ok((execution.to_owned(), machine, input));
        }
    } else {
        for machine in Machine::ALL {
            let arn = stack.execution_arn(machine, execution).await?;
            if let Some(input) = stack.input_of(&arn).await? {
                return Ok((arn, Some(machine), input));
            }
        }
    }
    Err(Failure::usage(format!("the stack {} has no execution {}", stack.name(), quoted(execution))))
}
