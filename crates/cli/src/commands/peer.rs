//! `peer`: an execution of the peering machine.

use crate::arguments::PeerArguments;
use crate::commands::Session;
use crate::exit;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::plan_text::{PENDING_ACCEPTANCE, PeeringReport, read};
use crate::progress::Progress;
use crate::stack::Machine;
use crate::text::Line;
use serde_json::json;

pub(super) async fn run(session: &Session<'_>, arguments: &PeerArguments) -> Result<Outcome, Failure> {
    let PeerArguments { pair, asked, no_wait, waiting } = arguments;
    let ends = session.ends(pair).await?;
    let input = asked.add_to(ends.input());
    if *no_wait {
        let execution = session.start(Machine::Peering, &input.into()).await?;
        return Outcome::done(vec![Line::of(&execution)], &json!({"Execution": execution}));
    }
    let progress = Progress::of(session.printer, Some(Machine::Peering));
    let output = session.execute(Machine::Peering, input, waiting.timeout, progress).await?;
    let report: PeeringReport = read(&output)?;
    let is_pending = report.status == PENDING_ACCEPTANCE;
    Ok(Outcome::done(report.done(ends.one.vpc_id.as_str(), &ends.names), &output)?
        .with_code(is_pending, exit::PENDING_ACCEPTANCE))
}
