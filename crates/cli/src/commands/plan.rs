//! `plan`: a dry run of the peering machine.

use crate::arguments::PlanArguments;
use crate::commands::Session;
use crate::exit;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::plan_text::{PeeringReport, TO_DO, read};
use crate::progress::Progress;
use crate::stack::Machine;
use crate::text::{Line, quoted};

pub(super) async fn run(session: &Session<'_>, arguments: &PlanArguments) -> Result<Outcome, Failure> {
    let PlanArguments { pair, asked, exit_code } = arguments;
    let ends = session.ends(pair).await?;
    let mut input = asked.add_to(ends.input());
    input.insert("DryRun".into(), true.into());
    let output = session.execute(Machine::Peering, input, None, Progress::Hidden).await?;
    let report: PeeringReport = read(&output)?;
    let mut lines = report.diff(ends.one.vpc_id.as_str(), &ends.names);
    let changes = report.changes_something();
    if changes {
        let [one, other] = [&pair.one, &pair.other].map(|end| quoted(&end.to_string()));
        lines.push(Line::of(format!("Plan: {}. Nothing was changed.", report.summary(TO_DO))));
        lines.push(Line::of(format!("To apply it: isthmus peer {one} {other}{}", asked.words())));
    } else {
        lines.push(Line::of("Plan: everything is in place."));
    }
    Ok(Outcome::done(lines, &output)?.with_code(*exit_code && changes, exit::DIFFERS))
}
