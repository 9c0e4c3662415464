//! `groups`: a run of the groups machine, and its report.

use crate::arguments::GroupsArguments;
use crate::commands::Session;
use crate::failure::Failure;
use crate::groups_text::lines;
use crate::outcome::Outcome;
use crate::plan_text::read;
use crate::progress::Progress;
use crate::stack::Machine;
use crate::text::Line;
use isthmus_peering::groups::GroupsReport;
use serde_json::{Map, json};

pub(super) async fn run(session: &Session<'_>, arguments: &GroupsArguments) -> Result<Outcome, Failure> {
    let GroupsArguments { names, dry_run } = arguments;
    let mut input = Map::new();
    if !names.is_empty() {
        input.insert("Groups".into(), json!(names));
    }
    if *dry_run {
        input.insert("DryRun".into(), true.into());
    }
    let progress = if *dry_run { Progress::Hidden } else { Progress::of(session.printer, Some(Machine::Groups)) };
    let output = session.execute(Machine::Groups, input, None, progress).await?;
    let report: GroupsReport = read(&output)?;
    let dry = dry_run.then(|| Line::of("A dry run: nothing was changed, and this is what a run would do."));
    Outcome::done(dry.into_iter().chain(lines(&report)).collect(), &output)
}
