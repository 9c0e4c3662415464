//! `sweep`: hold wish and world against each other, everywhere, and start what events missed.
//!
//! Events are best effort, and much drifts without one: a block is added, a route table is new, a route is deleted by
//! hand. Whole Regions are read page by page, so a sweep costs a few calls for each Region of each account, however many
//! VPCs it has; nothing is decided about a VPC that could not be read.

mod drift;
mod pairs;
mod world;

use super::executions::{Executions, name_by_tags, request};
use super::tell::{hush, tell_both, tell_invalid};
use crate::connection::End;
use crate::error::Error;
use crate::network::{Inventory, Network};
use crate::stack::{Fleet, Stack};
use crate::status_tag::News;
use crate::teardown;
use drift::{Finding, examine};
use futures_util::future::join_all;
use pairs::{Known, pairs};
use serde::{Deserialize, Serialize};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use world::World;

/// What the schedule, or a person, sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct SweepTask {
    /// Whether to report the drift and change nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// How a sweep is carried out.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Where to look.
    pub fleet: Fleet,
    /// How many executions to start at most.
    pub starts: usize,
    /// What identifies this sweep, so that a repeated invocation starts nothing new.
    pub id: String,
    /// When it began, as ISO 8601 spells it.
    pub time: String,
}

/// What was found, and what was done about it.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Swept {
    /// How many pairs tags wish.
    pub wished: usize,
    /// How many of these are as they should be.
    pub in_place: usize,
    /// The pairs that are not, or that nobody wishes any more, and in what.
    pub drift: Vec<Drift>,
    /// The names of the executions started.
    pub started: Vec<String>,
    /// The wishes that can't be met as they are; their VPCs' status says so already.
    pub refused: Vec<Refused>,
    /// How many executions were left for the next sweep.
    pub left: usize,
    /// The Regions and pairs that could not be read, and why. Nothing is decided about the VPCs there.
    pub unreachable: Vec<String>,
}

/// A pair that isn't as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Drift {
    /// One end.
    pub vpc_id: String,
    /// The other.
    pub peer_vpc_id: String,
    /// In what it differs: `Missing`, `NotActive`, `Routes`, `DnsResolution`, `Unmarked`, `Unwished`, `Blackhole`, or an
    /// error's name.
    pub differs: String,
}

/// A wish that can't be met as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Refused {
    /// One end.
    pub vpc_id: String,
    /// The other.
    pub peer_vpc_id: String,
    /// The error's name.
    pub error: String,
}

/// Finds what differs and starts at most so many executions about it.
pub async fn sweep(
    network: &(impl Network + Inventory),
    executions: &impl Executions,
    stack: &Stack,
    sweep: &Sweep,
    task: SweepTask,
    has_time: impl Fn() -> bool,
) -> Result<Swept, Error> {
    let world = World::read(network, stack, &sweep.fleet).await;
    let mut swept = Swept { unreachable: world.unreachable(), ..Swept::default() };
    if !task.dry_run {
        join_all(world.tagged().map(async |side| tell_invalid(network, stack, &side, &sweep.time).await)).await;
    }
    let mut due = Vec::new();
    for known in pairs(&world, stack) {
        if !has_time() {
            swept.left += 1;
            continue;
        }
        let finding = match examine(network, stack, sweep, &world, &known).await {
            Ok(finding) => finding,
            Err(error) => {
                swept.fail(&known, &error);
                continue;
            }
        };
        swept.count(&known, &finding);
        match &finding {
            Finding::SetUp(_) | Finding::TakeApart(_) => due.push((known, finding)),
            _ if task.dry_run => {}
            Finding::InPlace(connection) => {
                let news = News::Active(connection.clone());
                tell_both(network, &stack.tag_prefix, &known.pair, &news, &sweep.time).await;
            }
            Finding::Forgotten => hush(network, &stack.tag_prefix, &known.pair).await,
            Finding::Refused(_) | Finding::Kept => {}
        }
    }
    // Another one first each time: where more is due than may be started, the same would be left for ever.
    let first = first_in_turn(&sweep.id, due.len());
    due.rotate_left(first);
    for (known, finding) in due {
        if task.dry_run || swept.started.len() >= sweep.starts || !has_time() {
            swept.left += 1;
            continue;
        }
        match start(executions, sweep, &known, &finding).await {
            Ok(name) => swept.started.push(name),
            Err(error) => {
                swept.fail(&known, &error);
                swept.left += 1;
            }
        }
    }
    Ok(swept)
}

impl Swept {
    fn fail(&mut self, known: &Known, error: &Error) {
        let [end, peer] = known.ends();
        self.unreachable.push(format!("{end} and {peer}: {error}"));
    }

    fn count(&mut self, known: &Known, finding: &Finding) {
        let [vpc_id, peer_vpc_id] = known.pair.sides.each_ref().map(|side| side.end.vpc_id.to_string());
        let is_wish = !matches!(finding, Finding::TakeApart(_) | Finding::Forgotten | Finding::Kept);
        self.wished += usize::from(is_wish);
        match finding {
            Finding::InPlace(_) => self.in_place += 1,
            Finding::SetUp(differs) | Finding::TakeApart(differs) => {
                self.drift.push(Drift { vpc_id, peer_vpc_id, differs: differs.clone() });
            }
            Finding::Refused(error) => self.refused.push(Refused { vpc_id, peer_vpc_id, error: error.clone() }),
            Finding::Forgotten | Finding::Kept => {}
        }
    }
}

async fn start(executions: &impl Executions, sweep: &Sweep, known: &Known, finding: &Finding) -> Result<String, Error> {
    let name = name_by_tags(&known.pair, &sweep.id);
    match finding {
        Finding::TakeApart(_) => {
            let [end, peer] = known.ends();
            executions.take_apart(&name, &teardown::Input::of(end, peer)).await?;
        }
        _ => executions.set_up(&name, &request(&known.pair).into()).await?,
    }
    Ok(name)
}

fn first_in_turn(id: &str, count: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    usize::try_from(hasher.finish() % count.max(1) as u64).unwrap_or_default()
}

impl Known {
    fn ends(&self) -> [&End; 2] {
        self.pair.sides.each_ref().map(|side| &side.end)
    }
}
