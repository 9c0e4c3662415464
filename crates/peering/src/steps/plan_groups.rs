//! `PlanGroups`: which pairs the groups make, how they stand, and what the lanes do about them in this round. What they did in the
//! round before is recorded here.
//!
//! It changes no peering in EC2. Where nothing is to be done and every status is true, it writes nothing.

mod finding;
mod leaving;
mod looking;
mod next;
mod reporting;
mod round;
mod run;
mod statuses;
mod task;

use crate::context::Context;
use crate::error::Error;
use crate::groups::{Cost, GroupsReport, Lane};
use crate::ports::{Ledger, Network};
use crate::shared::grouped::Grouped;
use crate::shared::snapshot::Snapshot;
use crate::stack::{Mode, Scope};
use finding::find;
use leaving::leave;
use reporting::{Done, report};
use round::carry_out;
use run::Run;
use serde::Serialize;
use serde_json::Value;
use statuses::write_statuses;
use task::GroupsInput;
pub use task::{GroupsTask, Progress};

/// The answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlannedGroups {
    /// What the lanes do now, before this step is taken again; none in the end.
    pub lanes: Vec<Lane>,
    /// How far the run is then.
    pub progress: Progress,
    /// The output of the execution, in the end.
    pub report: Option<GroupsReport>,
    /// Whether it is published on the bus: a dry run isn't.
    pub publish: bool,
    /// What the brake holds since this step, each the detail of an event.
    pub held: Vec<Value>,
}

impl PlannedGroups {
    /// A run that ends without a look at anything.
    fn left_to(later: &str) -> Self {
        let warning =
            format!("another run works, and {later} waits for it: that one reads what this one was started for");
        let report = GroupsReport { warnings: vec![warning], ..GroupsReport::default() };
        Self {
            lanes: Vec::new(),
            progress: Progress::default(),
            report: Some(report),
            publish: false,
            held: Vec::new(),
        }
    }
}

/// What was read, and what it is read for.
#[derive(Clone, Copy)]
struct View<'v> {
    snapshot: &'v Snapshot,
    grouped: &'v Grouped,
    input: &'v GroupsInput,
}

/// Reads everything in that scope, and plans the groups that the task names, or all. Fails if the stack's own Region can't be read,
/// and with [`Error::PairBusy`] while another run works.
pub async fn plan_groups(
    context: Context<'_, impl Network, impl Ledger>,
    scope: &Scope,
    task: GroupsTask,
    has_time: impl Fn() -> bool,
) -> Result<PlannedGroups, Error> {
    let GroupsTask { input, execution, before, lanes_at_once, time, .. } = task;
    let input = GroupsInput::parse(&input)?;
    let acts = !input.dry_run && context.stack.mode == Mode::Apply;
    let mut run = Run::new(&execution, &time, acts);
    if acts && let Some(later) = run.wait_for_its_turn(context).await? {
        return Ok(PlannedGroups::left_to(&later));
    }
    let snapshot = Snapshot::read(context, scope).await?;
    run.find_dead(context, &snapshot).await?;
    let grouped = Grouped::of(&snapshot, context.stack);
    let view = View { snapshot: &snapshot, grouped: &grouped, input: &input };
    let mut found = find(context, view, &run, &has_time).await;
    let told = before.as_ref().map(|before| before.told.clone()).unwrap_or_default();
    let leaving = leave(context, view, &run, &mut found.todo, told).await?;
    let is_first = before.is_none();
    let cost = Cost::from(found.effort(&leaving.calls));
    let progress = Progress { told: leaving.told, ..Progress::of(before, found.left(&leaving.calls), cost) };
    let mut done = Done { torn_down: leaving.going, ..Done::default() };
    let mut lanes = Vec::new();
    if acts {
        lanes = carry_out(context, view, &run, (&mut found, &progress, &mut done), lanes_at_once).await?;
    }
    let mut answer = PlannedGroups { lanes, progress, report: None, publish: !input.dry_run, held: leaving.held };
    if answer.lanes.is_empty() {
        if acts {
            write_statuses(context, view, &run, &found).await;
            if !is_first || done.has_lease {
                context.ledger.leave_groups(&execution).await?;
            }
        }
        let report = report(context.stack, view, &run, (&found, &done), &answer.progress.cost);
        answer.report = Some(GroupsReport { warnings: [leaving.warnings, report.warnings].concat(), ..report });
    }
    Ok(answer)
}
