//! `start-peering`: a tag changed on a VPC, so start one execution for each peer that its tags now wish.
//!
//! The event is only a hint that may be late, repeated or forged: what is wished is read from EC2.

use crate::connection::End;
use crate::error::Error;
use crate::intent::{Intent, Wish};
use crate::network::{Network, Refusal, Refused};
use crate::request::Input;
use crate::stack::Stack;
use futures_util::future::try_join_all;
use serde::Serialize;
use std::collections::BTreeMap;

/// A hint that the tags of a VPC changed.
#[derive(Debug, Clone)]
pub struct StartTask {
    /// The VPC.
    pub end: End,
    /// What identifies the delivery, so that a repeated one starts nothing new.
    pub event_id: String,
}

/// What was started.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Started {
    /// The names of the executions.
    pub executions: Vec<String>,
    /// What in the tags could not be understood.
    pub refused: Vec<String>,
}

/// The state machine, as far as it can be started.
#[allow(async_fn_in_trait)] // as for `Network`
pub trait Executions {
    /// Starts an execution; a second start by the same name changes nothing.
    async fn start(&self, name: &str, input: &Input) -> Result<(), Error>;
}

/// Starts one execution for each peer that the VPC's tags wish.
pub async fn start_peering(
    network: &impl Network,
    executions: &impl Executions,
    stack: &Stack,
    task: StartTask,
) -> Result<Started, Error> {
    let StartTask { end, event_id } = task;
    let vpc = match network.vpc(&end).await {
        Err(refused) if refused.refusal == Refusal::NoSuchVpc => return Ok(Started::default()),
        vpc => vpc?,
    };
    let intent = Intent::read(&vpc.tags, &stack.tag_prefix, &end);
    let mut started = Started::default();
    started.refuse(&end, &intent);
    // A selection that can't be understood must not turn into the widest there is.
    if intent.routes == Wish::Malformed {
        return Ok(started);
    }
    let peers = try_join_all(intent.peers.iter().map(|peer| read_peer(network, stack, peer))).await?;
    for (peer, peer_intent) in peers {
        started.refuse(peer, &peer_intent);
        if peer_intent.routes == Wish::Malformed {
            continue;
        }
        let input = input(&end, &intent, peer, &peer_intent);
        let name = execution_name(&input, &event_id);
        executions.start(&name, &input).await?;
        started.executions.push(name);
    }
    Ok(started)
}

impl Started {
    fn refuse(&mut self, end: &End, intent: &Intent) {
        let told = intent.refused.iter().map(|(key, malformed)| format!("{}: {key}: {malformed}", end.vpc_id));
        self.refused.extend(told);
    }
}

/// The peer's own tags select the peer's tables. Where there is no such VPC, or we may not look, the machine will say so
/// by name.
async fn read_peer<'p>(network: &impl Network, stack: &Stack, peer: &'p End) -> Result<(&'p End, Intent), Error> {
    match network.vpc(peer).await {
        Ok(vpc) => Ok((peer, Intent::read(&vpc.tags, &stack.tag_prefix, peer))),
        Err(Refused { refusal: Refusal::NoSuchVpc | Refusal::Denied, .. }) => Ok((peer, Intent::default())),
        Err(refused) => Err(refused.into()),
    }
}

fn input(end: &End, intent: &Intent, peer: &End, peer_intent: &Intent) -> Input {
    let wishes = [intent.dns_resolution, peer_intent.dns_resolution];
    Input {
        vpc_id: end.vpc_id.clone(),
        region: Some(end.region.clone()),
        owner_id: Some(end.owner_id.clone()),
        peer_vpc_id: peer.vpc_id.clone(),
        peer_region: Some(peer.region.clone()),
        peer_owner_id: Some(peer.owner_id.clone()),
        name: None,
        tags: BTreeMap::new(),
        routes: intent.selection(),
        peer_routes: peer_intent.selection(),
        dns_resolution: wishes.contains(&Some(true)) && !wishes.contains(&Some(false)),
        dry_run: false,
    }
}

/// At most 80 characters, of which each id takes 21 and the event's UUID 36.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
fn execution_name(input: &Input, event_id: &str) -> String {
    let delivery: String = event_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(36).collect();
    format!("{}-{}-{delivery}", input.vpc_id, input.peer_vpc_id)
}
