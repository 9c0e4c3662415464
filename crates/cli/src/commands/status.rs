//! `status`: which peerings are in place, and what to do about the others.

use crate::arguments::{State, StatusArguments};
use crate::commands::Session;
use crate::ends::{EndArgument, SpelledEnd};
use crate::exit;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::status_text::{differs, status_lines};
use isthmus_picture::topology::{End, Finding, Peering, Topology};
use serde_json::Value;

pub(super) async fn run(session: &Session<'_>, arguments: &StatusArguments) -> Result<Outcome, Failure> {
    let (topology, document) = session.stack.topology().await?;
    let [one, other] = [&arguments.one, &arguments.other].map(|end| resolve(end.as_ref(), &topology));
    let ends: Vec<SpelledEnd> = [one?, other?].into_iter().flatten().collect();
    let is_meant = |peering: &Peering| ends.iter().all(|end| has_end(peering, end));
    let is_listed = |peering: &Peering| match arguments.state.as_slice() {
        // Whoever names a VPC wants to see what it has.
        [] => arguments.all || !ends.is_empty() || peering.finding.needs_attention(),
        states => states.iter().any(|state| state.finding() == peering.finding),
    };
    let seen = Topology { peerings: topology.peerings.iter().filter(|p| is_meant(p)).cloned().collect(), ..topology };
    let listed =
        Topology { peerings: seen.peerings.iter().filter(|p| is_listed(p)).cloned().collect(), ..seen.clone() };
    let lines = status_lines(&seen, &listed, session.printer.width());
    let differs = seen.peerings.iter().any(differs);
    let document = with_peerings(document, &listed.peerings)?;
    Ok(Outcome::done(lines, &document)?.with_code(arguments.exit_code && differs, exit::DIFFERS))
}

fn resolve(end: Option<&EndArgument>, topology: &Topology) -> Result<Option<SpelledEnd>, Failure> {
    end.map(|end| end.find(topology)).transpose()
}

fn has_end(peering: &Peering, wanted: &SpelledEnd) -> bool {
    let SpelledEnd { vpc_id, region, owner_id } = wanted;
    [&peering.requester, &peering.accepter].into_iter().any(|end: &End| {
        end.vpc_id == vpc_id.as_str()
            && region.as_ref().is_none_or(|region| end.region == region.as_str())
            && owner_id.as_ref().is_none_or(|owner_id| end.owner_id == owner_id.as_str())
    })
}

/// The stack's answer with these peerings alone.
fn with_peerings(mut document: Value, peerings: &[Peering]) -> Result<Value, Failure> {
    if let Some(fields) = document.as_object_mut() {
        fields.insert("Peerings".into(), serde_json::to_value(peerings).map_err(Failure::other)?);
    }
    Ok(document)
}

impl State {
    fn finding(self) -> Finding {
        match self {
            Self::InPlace => Finding::InPlace,
            Self::Waiting => Finding::Waiting,
            Self::Missing => Finding::Missing,
            Self::Drift => Finding::Drift,
            Self::Failed => Finding::Failed,
            Self::Foreign => Finding::Foreign,
        }
    }
}
