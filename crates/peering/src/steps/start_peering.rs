//! `start-peering`: a tag changed on a VPC, so start one execution for each peer that its tags now wish.
//!
//! The event is only a hint that may be late, repeated or forged: what is wished is read from EC2.

use crate::connection::End;
use crate::error::Error;
use crate::intent::Intent;
use crate::network::{Network, Refusal};
use crate::request::Input;
use crate::stack::Stack;
use futures_util::future::join_all;
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
    let mut started = Started {
        executions: Vec::new(),
        refused: intent.refused.iter().map(|(key, malformed)| format!("{key}: {malformed}")).collect(),
    };
    let inputs = join_all(intent.peers.iter().map(|peer| input(network, stack, &end, &intent, peer))).await;
    for input in inputs {
        let name = execution_name(&input, &event_id);
        executions.start(&name, &input).await?;
        started.executions.push(name);
    }
    Ok(started)
}

/// The peer's own tags select the peer's tables. Where they can't be read the machine will say why, by name.
async fn input(network: &impl Network, stack: &Stack, end: &End, intent: &Intent, peer: &End) -> Input {
    let peer_intent = match network.vpc(peer).await {
        Ok(vpc) => Intent::read(&vpc.tags, &stack.tag_prefix, peer),
        Err(_) => Intent::default(),
    };
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
