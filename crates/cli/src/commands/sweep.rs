//! `sweep`: invokes the stack's function.

use crate::arguments::SweepArguments;
use crate::commands::Session;
use crate::exit;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::plan_text::read;
use crate::text::{CHANGED, Line};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The sweep's answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Swept {
    desired: usize,
    in_place: usize,
    drift: Vec<Differing>,
    started: Vec<String>,
    refused: Vec<Refused>,
    #[serde(default)]
    held: usize,
    left: usize,
    unreachable: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Differing {
    vpc_id: String,
    peer_vpc_id: String,
    differs: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Refused {
    vpc_id: String,
    peer_vpc_id: String,
    error: String,
}

pub(super) async fn run(session: &Session<'_>, arguments: &SweepArguments) -> Result<Outcome, Failure> {
    let SweepArguments { dry_run, release, exit_code } = arguments;
    let mut input = Map::new();
    if *dry_run {
        input.insert("DryRun".into(), true.into());
    }
    if let Some(release) = release {
        input.insert("Release".into(), (*release).into());
    }
    let answer = session.stack.invoke("sweep", &input).await?;
    let document: Value = serde_json::from_slice(&answer).map_err(Failure::other)?;
    let swept: Swept = read(&document)?;
    let outcome = Outcome::done(swept.lines(), &document)?;
    Ok(outcome.with_code(*exit_code && !swept.drift.is_empty(), exit::DIFFERS))
}

impl Swept {
    fn lines(&self) -> Vec<Line> {
        let Self { desired, in_place, drift, started, refused, held, left, unreachable } = self;
        let counts = format!(
            "{in_place} of {desired} in place · {} differ · {} refused · {held} held · {} started · {left} left",
            drift.len(),
            refused.len(),
            started.len()
        );
        let pair = |one: &str, other: &str, what: &str| Line::of(format!("  {one} ⇄ {other}  {what}"));
        let drift = drift.iter().map(|each| pair(&each.vpc_id, &each.peer_vpc_id, &each.differs));
        let refused = refused.iter().map(|each| pair(&each.vpc_id, &each.peer_vpc_id, &each.error));
        let unreachable = unreachable.iter().map(|each| Line::of("  ").styled(CHANGED, "!").and(format!(" {each}")));
        [Line::of(counts)].into_iter().chain(drift).chain(refused).chain(unreachable).collect()
    }
}
