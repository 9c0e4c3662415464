//! The states of both machines in their order, in memory: what passes from step to step is the JSON that the machine
//! would pass.

use crate::{HasLedger, MemoryLedger};
use isthmus_peering::context::Context;
use isthmus_peering::error::Error;
use isthmus_peering::groups::GroupAccounts;
use isthmus_peering::ids::Region;
use isthmus_peering::ports::Network;
use isthmus_peering::stack::{Mode, Quotas, Stack};
use isthmus_peering::steps::{
    accept_in_peer_region, create_request, delete_peering, delete_routes, plan_teardown, record_failure, roll_back,
    update_routes, wait_active,
};
use isthmus_peering::tags::Tags;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;

/// The installation of all tests.
pub const INSTALLATION: &str = "isthmus.us-east-1.123456789012";

/// How an execution ended.
pub type Ended = Result<Value, (String, Value)>;

/// When every state is entered.
const TIME: &str = "2026-11-25T12:00:00.000Z";

/// A stack for tests.
pub fn stack() -> Stack {
    Stack {
        installation: INSTALLATION.into(),
        account: "123456789012".parse().unwrap_or_else(|_| unreachable!("twelve digits")),
        region: region("us-east-1"),
        tag_prefix: "isthmus".into(),
        partition: "aws".into(),
        member_accounts: ["222222222222", "333333333333"].iter().filter_map(|account| account.parse().ok()).collect(),
        has_organization: false,
        external_accounts: ["555555555555"].iter().filter_map(|account| account.parse().ok()).collect(),
        trusted_accounts: BTreeSet::new(),
        group_accounts: GroupAccounts::default(),
        connection_tags: Tags::new(),
        routable_blocks: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::/0"]
            .iter()
            .filter_map(|block| block.parse().ok())
            .collect(),
        teardown_on_untag: true,
        teardown_delay: 0,
        mode: Mode::Apply,
        quotas: Quotas { routes_per_table: 500, peerings_per_vpc: 50, outstanding_requests: 25 },
    }
}

fn region(code: &str) -> Region {
    code.parse().unwrap_or_else(|_| unreachable!("a Region"))
}

/// When every invocation began, and every execution started.
const NOW: i64 = 1_800_000_000;

/// The context of a step.
pub fn context<'c, N: HasLedger>(network: &'c N, stack: &'c Stack) -> Context<'c, N, MemoryLedger> {
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
    let context = context(network, &stack);
    let mut peering = Value::Null;
    let (state, error) = match forward(context, execution, request, &mut peering, routes).await {
        Ok(output) => return Ok(output),
        Err(failed) => failed,
    };
    let failure = failure(state, &error);
    let rolled_back = match error {
        Error::OverlappingCidrs { .. } | Error::PairBusy { .. } => Value::Null,
        _ => {
            let task = json!({"Request": request, "Peering": peering, "Execution": execution, "Failure": failure,
                              "Time": TIME});
            let undone =
                again(task, &["RoutesRemaining", "ServiceFault", "Throttled", "PeeringNotVisible"], async |task| {
                    roll_back(context, read(task), time_for(routes)).await
                });
            write(undone.await.map_err(|error| public(&error))?)
        }
    };
    end(context, json!({"Request": request, "Execution": execution, "Failure": failure, "RolledBack": rolled_back}))
        .await
}

fn failure(state: &str, error: &Error) -> Value {
    let (name, cause) = error.name_and_cause();
    let cause = json!({"errorType": name, "errorMessage": Value::Object(cause).to_string()}).to_string();
    json!({"State": state, "Error": {"Error": name, "Cause": cause}})
}

async fn end<N: Network>(context: Context<'_, N, MemoryLedger>, mut task: Value) -> Ended {
    task["Time"] = json!(TIME);
    let recorded =
        again(task, &["ServiceFault", "Throttled"], async |task| record_failure(context, read(task)).await).await;
    let recorded = recorded.map_err(|error| public(&error))?;
    Err((recorded.error, Value::Object(recorded.cause)))
}

async fn forward<N: Network>(
    context: Context<'_, N, MemoryLedger>,
    execution: &str,
    request: &Value,
    peering: &mut Value,
    routes: usize,
) -> Result<Value, (&'static str, Error)> {
    let task = json!({"Request": request, "Execution": execution, "Time": TIME, "Started": NOW * 1000, "Attempt": 0});
    let created = create_request(context, read(task)).await.map_err(|error| ("CreateRequest", error))?;
    let created = write(created);
    *peering = created["Peering"].clone();
    if peering.is_null() {
        return Ok(created["Output"].clone());
    }
    let task = json!({"Peering": peering, "Execution": execution, "Attempt": 0, "Time": TIME, "Started": NOW * 1000});
    if peering["Status"] != "active" {
        again(task.clone(), &["PeeringNotVisible"], async |task| accept_in_peer_region(context, read(task)).await)
            .await
            .map_err(|error| ("AcceptInPeerRegion", error))?;
        match wait_active(context, read(task.clone())).await {
            Ok(_) => {}
            Err(Error::PlanAgain {}) => {
                return Box::pin(forward(context, execution, request, peering, routes)).await;
            }
            Err(error) => return Err(("WaitActive", error)),
        }
    }
    let routed = again(task, &["RoutesRemaining"], async |task| {
        update_routes(context, read(task), time_for(routes)).await.map(write)
    })
    .await
    .map_err(|error| ("UpdateRoutes", error))?;
    Ok(routed["Output"].clone())
}

/// Runs an execution of the teardown machine to its end.
pub async fn tear_down(network: &(impl Network + HasLedger), execution: &str, request: &Value) -> Ended {
    let stack = stack();
    let context = context(network, &stack);
    let mut resources = json!([]);
    let ended = async {
        let task = json!({"Request": request, "Execution": execution, "Time": TIME});
        let planned = write(plan_teardown(context, read(task)).await.map_err(|error| ("PlanTeardown", error))?);
        resources = planned["Resources"].clone();
        if planned["Teardown"].is_null() {
            return Ok(planned["Output"].clone());
        }
        let task = json!({"Teardown": planned["Teardown"], "Execution": execution, "Time": TIME});
        delete_routes(context, read(task.clone()), || true).await.map_err(|error| ("DeleteRoutes", error))?;
        let deleted = delete_peering(context, read(task)).await.map_err(|error| ("DeletePeering", error))?;
        Ok(write(deleted)["Output"].clone())
    };
    match ended.await {
        Ok(output) => Ok(output),
        Err((state, error)) => {
            let failure = failure(state, &error);
            let task = json!({"Request": request, "Execution": execution, "Failure": failure, "Resources": resources});
            end(context, task).await
        }
    }
}

/// Runs an execution of the clean-up machine after one that ended without a roll-back.
pub async fn clean_up(network: &(impl Network + HasLedger), execution: &str, dead: &str, request: &Value) -> Ended {
    let stack = stack();
    let context = context(network, &stack);
    let failure = json!({"State": "CleanUp", "Error": {"Error": "ABORTED"}});
    let task = json!({"Request": request, "Execution": execution, "Dead": dead, "Failure": failure, "Time": TIME});
    let undone = again(task, &["RoutesRemaining", "ServiceFault", "Throttled", "PeeringNotVisible"], async |task| {
        roll_back(context, read(task), || true).await
    });
    let undone = write(undone.await.map_err(|error| public(&error))?);
    end(context, json!({"Request": request, "Execution": execution, "Failure": failure, "RolledBack": undone})).await
}

/// A clock that runs out after so many routes.
fn time_for(routes: usize) -> impl Fn() -> bool {
    let left = Cell::new(routes);
    move || {
        let now = left.get();
        left.set(now.saturating_sub(1));
        now > 0
    }
}

/// The machine's `Retry` on these errors, which counts the attempts and is bounded.
async fn again<T>(mut task: Value, errors: &[&str], step: impl AsyncFn(Value) -> Result<T, Error>) -> Result<T, Error> {
    let mut attempt = 0;
    loop {
        task["Attempt"] = json!(attempt);
        match step(task.clone()).await {
            Err(error) if attempt < 15 && errors.contains(&error.name_and_cause().0.as_str()) => attempt += 1,
            result => return result,
        }
    }
}

fn public(error: &Error) -> (String, Value) {
    let (name, cause) = error.name_and_cause();
    (name, Value::Object(cause))
}

fn read<T: serde::de::DeserializeOwned>(task: Value) -> T {
    serde_json::from_value(task)
        .unwrap_or_else(|error| panic!("the next step can't read what the last one wrote: {error}"))
}

fn write(answer: impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_else(|error| panic!("an answer is JSON: {error}"))
}
