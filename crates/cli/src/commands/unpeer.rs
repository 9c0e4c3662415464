//! `unpeer`: an execution of the teardown machine, after a look at what goes.

use crate::arguments::UnpeerArguments;
use crate::commands::Session;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::plan_text::{TeardownReport, read};
use crate::progress::Progress;
use crate::stack::Machine;
use crate::text::Line;
use serde_json::Value;

pub(super) async fn run(session: &Session<'_>, arguments: &UnpeerArguments) -> Result<Outcome, Failure> {
    let UnpeerArguments { pair, dry_run, yes, waiting } = arguments;
    let asks = !yes && !dry_run;
    if asks && !session.printer.may_ask() {
        return Err(Failure::usage("nobody can be asked here: give --yes to remove it, or --dry-run to see what goes"));
    }
    let input = session.ends(pair).await?.input();
    if !yes {
        let mut planned = input.clone();
        planned.insert("DryRun".into(), true.into());
        let output = session.execute(Machine::Teardown, planned, None, Progress::Hidden).await?;
        let report: TeardownReport = read(&output)?;
        // A stack that only reports never removes, so there is nothing to ask.
        if *dry_run || report.status != "planned" {
            return answer(report.diff(), &output, &report);
        }
        report.diff().iter().for_each(|line| session.printer.message(line));
        if !session.printer.confirm(&Line::of("Remove it?")).await {
            return Err(Failure::other("it was not confirmed: nothing was changed"));
        }
    }
    let progress = Progress::of(session.printer, Some(Machine::Teardown));
    let output = session.execute(Machine::Teardown, input, waiting.timeout, progress).await?;
    answer(Vec::new(), &output, &read(&output)?)
}

fn answer(mut lines: Vec<Line>, output: &Value, report: &TeardownReport) -> Result<Outcome, Failure> {
    lines.push(report.done());
    Outcome::done(lines, output)
}
