//! A scenario is carried out, by the machines as they are deployed.
//!
//! A dead execution's pair is cleaned up after what the sweep finds, and set up by the sweep after that one.

use crate::scenarios::{Act, Scenario};
use isthmus_peering::connection::{Connection, Status};
use isthmus_peering::error::Error;
use isthmus_peering::ports::NetworkWrites;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{Sweep, sweep};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{
    Execution, Machines, Memory, Retries, Scripted, context, in_virtual_time, run_with, scope, stack, unless_killed,
};
use serde_json::{Value, json};

/// How all that was started has ended: with its warnings, or by the name of the first error and its cause.
pub(crate) type Ended = Result<Vec<Value>, (String, Value)>;

/// Not an execution that failed: a function did, which has an alarm, or what is missing stands in an answer.
pub(crate) const REPORTED: &str = "reported";

type Network<'n> = Scripted<'n, Memory>;

impl Scenario {
    /// Does what it is about, to the end of everything that starts.
    pub(crate) fn run(&self, network: &Network<'_>, name: &str) -> Ended {
        in_virtual_time(self.act(network, name))
    }

    async fn act(&self, network: &Network<'_>, name: &str) -> Ended {
        let stack = &stack();
        match self.act {
            Act::Peer => execution(network, stack, name).peer(&self.request()).await.map(warnings),
            Act::TearDown => execution(network, stack, name).tear_down(&self.request()).await.map(warnings),
            Act::PeerExternal => {
                execution(network, stack, name).peer(&self.request()).await?;
                self.accept_as_its_owner().await;
                self.sweep(network, stack, name).await
            }
            Act::Groups => run_groups(network, stack, name).await,
            Act::Sweep => self.sweep(network, stack, name).await,
            Act::Event => {
                let machines = Machines::default();
                let event =
                    async || start_as(network, &network.machines(&machines), stack, task("vpc-0000000a", TAGS)).await;
                let started = invoke(event).await?;
                match started.executions.is_empty() {
                    true => Err((REPORTED.to_owned(), json!(started.invalid))),
                    false => self.run_started(network, stack, &machines).await,
                }
            }
        }
    }

    async fn accept_as_its_owner(&self) {
        let is_requested = |found: &&Connection| {
            found.status == Status::PendingAcceptance && found.identity.accepter == self.ends.other
        };
        for found in self.memory.connections().iter().filter(is_requested) {
            self.memory.accept_connection(&found.identity).await.expect("accepted");
        }
    }

    /// Sweeps, and runs what that starts; once more where it had to clean up after a dead execution.
    async fn sweep(&self, network: &Network<'_>, stack: &Stack, name: &str) -> Ended {
        let machines = Machines::default();
        loop {
            let swept = invoke(async || {
                let id = format!("{name} {}", self.memory.ledger.writes());
                let how = Sweep { scope: scope(), id, time: "2026-11-26T13:00:00Z".into() };
                sweep(context(network, stack), &network.machines(&machines), &how, json!({}), || true).await
            })
            .await?;
            let ended = self.run_started(network, stack, &machines).await?;
            if !swept.unreachable.is_empty() {
                return Err((REPORTED.to_owned(), serde_json::to_value(swept).expect("JSON")));
            }
            if !self.clean_up(network, stack, &machines).await {
                return Ok(ended);
            }
        }
    }

    /// All of them; the first failure is the answer.
    async fn run_started(&self, network: &Network<'_>, stack: &Stack, machines: &Machines) -> Ended {
        let mut ended = Ok(Vec::new());
        for (name, input) in machines.peerings.take() {
            let input = serde_json::to_value(&input).expect("JSON");
            self.started.borrow_mut().insert(name.clone(), input.clone());
            ended = both(ended, execution(network, stack, &name).peer(&input).await.map(warnings));
        }
        for (name, input) in machines.teardowns.take() {
            let input = serde_json::to_value(&input).expect("JSON");
            self.started.borrow_mut().insert(name.clone(), input.clone());
            ended = both(ended, execution(network, stack, &name).tear_down(&input).await.and_then(removed));
        }
        ended
    }

    /// Answers whether there was anything.
    async fn clean_up(&self, network: &Network<'_>, stack: &Stack, machines: &Machines) -> bool {
        let dead = machines.clean_ups.take();
        for (name, execution_of) in &dead {
            let request = self.started.borrow()[execution_of].clone();
            let _reported = execution(network, stack, name).clean_up(execution_of, &request).await;
        }
        !dead.is_empty()
    }
}

fn both(one: Ended, other: Ended) -> Ended {
    let (mut all, more) = (one?, other?);
    all.extend(more);
    Ok(all)
}

fn warnings(output: Value) -> Vec<Value> {
    output["Warnings"].as_array().cloned().unwrap_or_default()
}

/// What can't be read is not torn down.
fn removed(output: Value) -> Ended {
    match output["Status"].as_str() {
        Some("deleted" | "released") => Ok(Vec::new()),
        _ => Err((REPORTED.to_owned(), output)),
    }
}

fn execution<'c>(network: &'c Network<'_>, stack: &'c Stack, name: &'c str) -> Execution<'c, Network<'c>> {
    Execution { context: context(network, stack), execution: name, routes: usize::MAX, retries: Retries::AsDeployed }
}

async fn run_groups(network: &Network<'_>, stack: &Stack, name: &str) -> Ended {
    let group_accounts = "payments:mesh=123456789012,222222222222".parse().expect("words");
    let stack = Stack { group_accounts, ..stack.clone() };
    let run = run_with(network, &stack, &scope(), (name, &json!({})), 80, Retries::AsDeployed).await;
    let report = run.map_err(|error| public(&error))?.report;
    let is_done =
        report.left == 0 && report.groups.iter().all(|group| group.refused_count == 0) && report.warnings.is_empty();
    match is_done {
        true => Ok(Vec::new()),
        false => Err((REPORTED.to_owned(), serde_json::to_value(report).expect("JSON"))),
    }
}

/// Lambda invokes a function again that an event or a schedule has invoked: twice.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
async fn invoke<T>(function: impl AsyncFn() -> Result<T, Error>) -> Result<T, (String, Value)> {
    let mut last = Value::Null;
    for _attempt in 0..3 {
        match unless_killed(function()).await {
            Some(Ok(answer)) => return Ok(answer),
            Some(Err(error)) => last = json!(public(&error)),
            None => {}
        }
    }
    Err((REPORTED.to_owned(), last))
}

fn public(error: &Error) -> (String, Value) {
    let (name, cause) = error.name_and_cause();
    (name, Value::Object(cause))
}
