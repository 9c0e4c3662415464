//! `start-peering`: something changed about a VPC, so start what its peerings need now.
//!
//! The event is only a hint that may be late, repeated or forged: what is wished is read from EC2, on both ends of each
//! pair that this VPC may have to do with.

mod candidates;

use super::executions::{Executions, Verdict, misspelt, name_by_tags, request};
use super::pair::{Pair, Seen};
use super::planning::refuse_unheard_regions;
use super::tell::{hush, tell_invalid, tell_one};
use crate::connection::{Connection, End, adopt};
use crate::error::Error;
use crate::network::{Inventory, Network};
use crate::stack::{Fleet, STACK_TAG, Stack, is_wished_by_tags};
use crate::status_tag::News;
use crate::teardown;
use candidates::candidates;
use futures_util::{StreamExt, stream};
use serde::Serialize;

/// Peers read at once.
const AT_ONCE: usize = 8;

/// A hint that something changed about a VPC.
#[derive(Debug, Clone)]
pub struct StartTask {
    /// The VPC.
    pub end: End,
    /// What changed.
    pub change: Change,
    /// What identifies the delivery, so that a repeated one starts nothing new.
    pub event_id: String,
    /// When it happened, as ISO 8601 spells it.
    pub time: String,
}

/// What changed about a VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Its tags; and if `consent`, whom it accepts.
    Tags {
        /// Whether `accept` is among them.
        consent: bool,
    },
    /// Its peering with this end was set up. Nobody may wish it any more.
    Active(End),
    /// Its peering with this end was taken apart, at least in part. Somebody may wish it again.
    Removed(End),
}

/// What was started.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Started {
    /// The names of the executions that peer.
    pub executions: Vec<String>,
    /// The names of those that take apart.
    pub teardowns: Vec<String>,
    /// What in the tags could not be understood.
    pub refused: Vec<String>,
}

/// Starts one execution for each pair that needs one.
pub async fn start_peering(
    network: &(impl Network + Inventory),
    executions: &impl Executions,
    stack: &Stack,
    fleet: &Fleet,
    task: StartTask,
) -> Result<Started, Error> {
    let mut side = Seen::read(network, stack, &task.end).await?;
    if side.is_gone || side.is_shut {
        // Nor will it be there, or open to us, when EventBridge asks again.
        let refused = vec![format!("{}: there is no such VPC, or its owner lets nobody in", task.end)];
        return Ok(Started { refused, ..Started::default() });
    }
    refuse_unheard_regions(network, stack, &mut [&mut side]).await?;
    let own = network.connections_of(&task.end, (STACK_TAG, &stack.name)).await?;
    let peers = match &task.change {
        Change::Tags { consent } => {
            tell_invalid(network, stack, &side, &task.time).await;
            candidates(network, stack, fleet, &side, &own, *consent).await
        }
        Change::Active(peer) | Change::Removed(peer) => [peer.clone()].into(),
    };
    let mut started = Started { refused: refusals(&side), ..Started::default() };
    let seen = stream::iter(&peers).map(async |peer| Seen::read(network, stack, peer).await).buffered(AT_ONCE);
    // Whatever is wrong with one peer, the others are served; then EventBridge is to ask again.
    let mut first_failure = None;
    for peer in seen.collect::<Vec<_>>().await {
        let served = match peer {
            Ok(peer) => {
                started.serve(network, executions, stack, &task, &Pair { sides: [side.clone(), peer] }, &own).await
            }
            Err(error) => Err(error),
        };
        first_failure = first_failure.or(served.err());
    }
    first_failure.map_or(Ok(started), Err)
}

impl Started {
    async fn serve(
        &mut self,
        network: &impl Network,
        executions: &impl Executions,
        stack: &Stack,
        task: &StartTask,
        pair: &Pair,
        own: &[Connection],
    ) -> Result<(), Error> {
        let [side, peer] = &pair.sides;
        self.refused.extend(refusals(peer));
        let connection = adopt(own, &side.end, &peer.end).filter(|own| is_wished_by_tags(&own.tags));
        let name = name_by_tags(pair, &task.event_id);
        match (Verdict::of(pair, connection, stack), &task.change) {
            (Verdict::SetUp, Change::Active(_)) | (Verdict::TakeApart, Change::Removed(_)) | (Verdict::Keep, _) => {}
            (Verdict::SetUp, _) => match misspelt(pair) {
                Some(culprit) => tell_misspelt(network, stack, pair, culprit, &task.time).await,
                None => {
                    executions.set_up(&name, &request(pair).into()).await?;
                    self.executions.push(name);
                }
            },
            (Verdict::TakeApart, _) => {
                executions.take_apart(&name, &teardown::Input::of(&side.end, &peer.end)).await?;
                self.teardowns.push(name);
            }
            (Verdict::Forget, _) => hush(network, &stack.tag_prefix, pair).await,
        }
        Ok(())
    }
}

/// The culprit has its own status for that; the other end hears of it under this peering.
async fn tell_misspelt(network: &impl Network, stack: &Stack, pair: &Pair, culprit: &Seen, time: &str) {
    let [side, peer] = &pair.sides;
    let other = if culprit.end == side.end { peer } else { side };
    let message = format!(
        "{}:routes of {} can't be understood: its owner has to write it anew",
        stack.tag_prefix, culprit.end.vpc_id
    );
    let news = News::Failed { error: "InvalidRequest".into(), message };
    tell_one(network, &stack.tag_prefix, other, &culprit.end.vpc_id, &news, time).await;
}

fn refusals(side: &Seen) -> Vec<String> {
    side.intent.refused.iter().map(|(key, malformed)| format!("{}: {key}: {malformed}", side.end.vpc_id)).collect()
}
