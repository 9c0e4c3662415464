//! The states of the machines in their order, in memory: what passes from step to step is the JSON that the machine would pass.

use crate::stack;
use crate::state::{Machine, Retries};
use crate::{HasLedger, Memory};
use isthmus_peering::context::Context;
use isthmus_peering::error::Error;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::Network;
use isthmus_peering::request::PeeringRequest;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{
    RecordedFailure, accept_in_peer_region, create_request, delete_peering, delete_routes, plan_teardown,
    record_failure, roll_back, update_routes, wait_active,
};
use serde_json::{Value, json};
use std::cell::Cell;

/// How an execution ended.
pub type Ended = Result<Value, (String, Value)>;

/// When every state is entered.
const TIME: &str = "2026-11-25T12:00:00.000Z";

/// When every invocation began, and every execution started.
const NOW: i64 = 1_800_000_000;

/// The context of a step.
pub fn context<'c, N: HasLedger>(network: &'c N, stack: &'c Stack) -> Context<'c, N, N::Ledger> {
    Context { network, ledger: network.ledger(), stack, now: NOW }
}

/// Runs an execution of the peering machine to its end, roll-back included.
pub async fn execute(network: &(impl Network + HasLedger), execution: &str, request: &Value) -> Ended {
    execute_with_time_for(usize::MAX, network, execution, request).await
}

/// The same, where each invocation of a function has time for so many routes and no more.
pub async fn execute_with_time_for(
    routes: usize,
    network: &(impl Network + HasLedger),
    execution: &str,
    request: &Value,
) -> Ended {
    let stack = stack();
    Execution { context: context(network, &stack), execution, routes, retries: Retries::Signals }.peer(request).await
}

/// The same, with all retries of the deployed machine.
pub async fn execute_as_deployed(network: &(impl Network + HasLedger), execution: &str, request: &Value) -> Ended {
    let stack = stack();
    let context = context(network, &stack);
    Execution { context, execution, routes: usize::MAX, retries: Retries::AsDeployed }.peer(request).await
}

/// Runs an execution of the teardown machine to its end.
pub async fn tear_down(network: &(impl Network + HasLedger), execution: &str, request: &Value) -> Ended {
    let stack = stack();
    let context = context(network, &stack);
    Execution { context, execution, routes: usize::MAX, retries: Retries::Signals }.tear_down(request).await
}

/// Runs an execution of the clean-up machine after one that ended without a roll-back.
pub async fn clean_up(network: &(impl Network + HasLedger), execution: &str, dead: &str, request: &Value) -> Ended {
    let stack = stack();
    let context = context(network, &stack);
    Execution { context, execution, routes: usize::MAX, retries: Retries::Signals }.clean_up(dead, request).await
}

/// Records that failure of an execution that holds the pair: the state, called once.
pub async fn record(memory: &Memory, request: &Value, error: &str, cause: Value) -> RecordedFailure {
    let stack = stack();
    let of_pair = PeeringRequest::parse(request, &stack).expect("a request");
    memory.ledger.set(&PairKey::of([&of_pair.end, &of_pair.peer]), "Holder", json!("an ARN"));
    let task = json!({"Request": request, "Execution": "an ARN", "Failure": failure("CreateRequest", error, cause),
                      "Attempt": 0, "Time": TIME});
    record_failure(context(memory, &stack), read(task)).await.expect("recorded")
}

/// An execution of one of the machines.
pub struct Execution<'c, N: HasLedger> {
    /// Of every step.
    pub context: Context<'c, N, N::Ledger>,
    /// Its ARN.
    pub execution: &'c str,
    /// How many routes each invocation of a function has time for.
    pub routes: usize,
    /// What the machine retries.
    pub retries: Retries,
}

impl<N: HasLedger + Network> Execution<'_, N> {
    /// Of the peering machine.
    pub async fn peer(&self, request: &Value) -> Ended {
        let mut peering = Value::Null;
        let (state, error) = match self.forward(request, &mut peering).await {
            Ok(output) => return Ok(output),
            Err(failed) => failed,
        };
        let mut task = json!({"Request": request, "Failure": caught(state, &error)});
        if !matches!(error, Error::OverlappingCidrs { .. } | Error::PairBusy { .. }) {
            task["Peering"] = peering;
            self.undo(Machine::Peering, &mut task).await;
        }
        self.record(Machine::Peering, task).await
    }

    async fn forward(&self, request: &Value, peering: &mut Value) -> Result<Value, (&'static str, Error)> {
        let (context, machine) = (self.context, Machine::Peering);
        *peering = Value::Null;
        let step = async |task| create_request(context, read(task)).await.map(write);
        let created = self.run(machine, "CreateRequest", json!({"Request": request}), step).await?;
        *peering = created["Peering"].clone();
        if peering.is_null() {
            return Ok(created["Output"].clone());
        }
        let task = json!({"Peering": peering});
        if peering["Status"] != "active" {
            let step = async |task| accept_in_peer_region(context, read(task)).await.map(drop);
            self.run(machine, "AcceptInPeerRegion", task.clone(), step).await?;
            let step = async |task| wait_active(context, read(task)).await.map(drop);
            match self.run(machine, "WaitActive", task.clone(), step).await {
                Ok(()) => {}
                Err((_, Error::PlanAgain {})) => return Box::pin(self.forward(request, peering)).await,
                Err(failed) => return Err(failed),
            }
        }
        let step = async |task| update_routes(context, read(task), self.time()).await.map(write);
        let routed = self.run(machine, "UpdateRoutes", task, step).await?;
        Ok(routed["Output"].clone())
    }

    /// Of the teardown machine.
    pub async fn tear_down(&self, request: &Value) -> Ended {
        let mut resources = json!([]);
        let (state, error) = match self.remove(request, &mut resources).await {
            Ok(output) => return Ok(output),
            Err(failed) => failed,
        };
        let task = json!({"Request": request, "Failure": caught(state, &error), "Resources": resources});
        self.record(Machine::Teardown, task).await
    }

    async fn remove(&self, request: &Value, resources: &mut Value) -> Result<Value, (&'static str, Error)> {
        let (context, machine) = (self.context, Machine::Teardown);
        let step = async |task| plan_teardown(context, read(task)).await.map(write);
        let planned = self.run(machine, "PlanTeardown", json!({"Request": request}), step).await?;
        *resources = planned["Resources"].clone();
        if planned["Teardown"].is_null() {
            return Ok(planned["Output"].clone());
        }
        let task = json!({"Teardown": planned["Teardown"]});
        let step = async |task| delete_routes(context, read(task), self.time()).await.map(drop);
        self.run(machine, "DeleteRoutes", task.clone(), step).await?;
        let step = async |task| delete_peering(context, read(task)).await.map(write);
        let deleted = self.run(machine, "DeletePeering", task, step).await?;
        Ok(deleted["Output"].clone())
    }

    /// Of the clean-up machine, after that one.
    pub async fn clean_up(&self, dead: &str, request: &Value) -> Ended {
        let failure = json!({"State": "CleanUp", "Error": {"Error": "ABORTED"}});
        let mut task = json!({"Request": request, "Dead": dead, "Failure": failure});
        self.undo(Machine::CleanUp, &mut task).await;
        self.record(Machine::CleanUp, task).await
    }

    /// Rolls back. Where that fails, its failure is what is recorded, after the first.
    async fn undo(&self, machine: Machine, task: &mut Value) {
        let step = async |task| roll_back(self.context, read(task), self.time()).await.map(write);
        match self.run(machine, "RollBack", task.clone(), step).await {
            Ok(undone) => task["RolledBack"] = undone,
            Err((state, error)) => {
                let first = task["Failure"].take();
                task["Failure"] = caught(state, &error);
                task["Failure"]["After"] = first;
            }
        }
    }

    async fn record(&self, machine: Machine, task: Value) -> Ended {
        let first = task["Failure"].clone();
        let step = async |task| record_failure(self.context, read(task)).await;
        match self.run(machine, "RecordFailure", task, step).await {
            Ok(recorded) => Err((recorded.error, Value::Object(recorded.cause))),
            Err((_, error)) => {
                let cause =
                    json!({"Message": "it could not be recorded", "Code": error.name_and_cause().0, "Failure": first});
                Err(("ServiceFault".to_owned(), cause))
            }
        }
    }

    async fn run<T>(
        &self,
        machine: Machine,
        state: &'static str,
        mut task: Value,
        step: impl AsyncFn(Value) -> Result<T, Error>,
    ) -> Result<T, (&'static str, Error)> {
        task["Execution"] = json!(self.execution);
        task["Time"] = json!(TIME);
        task["Started"] = json!(NOW * 1000);
        machine.run(state, self.retries, task, step).await.map_err(|error| (state, error))
    }

    /// A clock that runs out after so many routes.
    fn time(&self) -> impl Fn() -> bool {
        let left = Cell::new(self.routes);
        move || {
            let now = left.get();
            left.set(now.saturating_sub(1));
            now > 0
        }
    }
}

/// What a `Catch` assigns.
fn caught(state: &str, error: &Error) -> Value {
    let (name, cause) = error.name_and_cause();
    failure(state, &name, Value::Object(cause))
}

fn failure(state: &str, name: &str, cause: Value) -> Value {
    let cause = json!({"errorType": name, "errorMessage": cause.to_string()}).to_string();
    json!({"State": state, "Error": {"Error": name, "Cause": cause}})
}

fn read<T: serde::de::DeserializeOwned>(task: Value) -> T {
    serde_json::from_value(task)
        .unwrap_or_else(|error| panic!("the next step can't read what the last one wrote: {error}"))
}

fn write(answer: impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_else(|error| panic!("an answer is JSON: {error}"))
}
