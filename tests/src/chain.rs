//! The straight line of `statemachine/peering.asl.json`, walked in memory: what passes from step to step is the JSON
//! that the machine would pass.

use isthmus_peering::error::Error;
use isthmus_peering::ids::Region;
use isthmus_peering::network::Network;
use isthmus_peering::stack::{Limits, Stack};
use isthmus_peering::steps::{
    accept_in_peer_region, create_request, delete_peering, delete_routes, plan_teardown, roll_back, update_routes,
    wait_active,
};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;

/// How an execution ended.
pub type Ended = Result<Value, (String, Value)>;

/// A stack for tests.
pub fn stack() -> Stack {
    Stack {
        name: "isthmus".into(),
        account: "123456789012".parse().unwrap_or_else(|_| unreachable!("twelve digits")),
        region: region("us-east-1"),
        tag_prefix: "isthmus".into(),
        partition: "aws".into(),
        trusted_accounts: BTreeSet::new(),
        teardown_on_untag: true,
        limits: Limits { routes_per_table: 500, peerings_per_vpc: 50, outstanding_requests: 25 },
    }
}

fn region(code: &str) -> Region {
    code.parse().unwrap_or_else(|_| unreachable!("a Region"))
}

/// Runs an execution to its end, roll-back included.
pub async fn execute(network: &impl Network, execution: &str, request: &Value) -> Ended {
    execute_in_haste(network, execution, request, usize::MAX).await
}

/// The same, where each invocation of a function has time for so many routes and no more.
pub async fn execute_in_haste(network: &impl Network, execution: &str, request: &Value, routes: usize) -> Ended {
    let mut peering = Value::Null;
    match forward(network, execution, request, &mut peering, routes).await {
        Ok(output) => Ok(output),
        Err((_, error @ Error::OverlappingCidrs { .. })) => Err(told(&error)),
        Err((state, error)) => {
            let (name, cause) = error.name_and_cause();
            let cause = json!({"errorType": name, "errorMessage": Value::Object(cause).to_string()}).to_string();
            let failure = json!({"State": state, "Error": name, "Cause": cause});
            let execution = json!({"Id": execution});
            let task = json!({"Request": request, "Execution": execution, "Failure": failure, "Peering": peering});
            let ended = again(task, &["RoutesRemaining", "ServiceFault"], async |task| {
                roll_back(network, &stack(), read(task), time_for(routes)).await
            });
            let ended = ended.await.map_err(|error| told(&error))?;
            Err((ended.error, serde_json::from_str(&ended.cause).unwrap_or_default()))
        }
    }
}

async fn forward(
    network: &impl Network,
    execution: &str,
    request: &Value,
    peering: &mut Value,
    routes: usize,
) -> Result<Value, (&'static str, Error)> {
    let stack = stack();
    let task = json!({"Request": request, "Execution": {"Id": execution}});
    *peering = write(create_request(network, &stack, read(task)).await.map_err(|error| ("CreateRequest", error))?);
    match peering["Status"].as_str() {
        Some("planned") => return Ok(peering.clone()),
        Some("active") => {}
        _ => {
            let task = select(peering, &["VpcPeeringConnectionId", "Requester", "Accepter", "Ends", "Tags"]);
            again(task, &["PeeringNotVisible"], async |task| {
                accept_in_peer_region(network, &stack, read(task)).await.map(drop)
            })
            .await
            .map_err(|error| ("AcceptInPeerRegion", error))?;
            let task = select(peering, &["VpcPeeringConnectionId", "Requester", "Accepter", "Ends"]);
            wait_active(network, read(task)).await.map_err(|error| ("WaitActive", error))?;
        }
    }
    let mut task = select(
        peering,
        &[
            "VpcPeeringConnectionId",
            "Requester",
            "Accepter",
            "Ends",
            "RoutePlan",
            "DnsToAllow",
            "DnsResolution",
            "Warnings",
            "Marks",
            "ToTell",
        ],
    );
    task["Time"] = json!("2026-11-25T12:00:00.000Z");
    let routed = again(task, &["RoutesRemaining"], async |task| {
        update_routes(network, &stack, read(task), time_for(routes)).await.map(write)
    })
    .await
    .map_err(|error| ("UpdateRoutes", error))?;
    let mut output = select(peering, &["VpcPeeringConnectionId", "Created", "Requester", "Accepter"]);
    for key in ["Routes", "DnsResolution", "Warnings"] {
        output[key] = routed[key].clone();
    }
    Ok(output)
}

/// Runs an execution of the teardown machine to its end; answers how many routes and whether a connection went.
pub async fn take_apart(network: &impl Network, request: &Value) -> Ended {
    let stack = stack();
    let outcome = async {
        let found = write(plan_teardown(network, &stack, read(json!({"Request": request}))).await?);
        if found["Status"] == "found" {
            let task = select(&found, &["VpcPeeringConnectionId", "RoutePlan"]);
            delete_routes(network, &stack, read(task), || true).await?;
            let task = select(&found, &["VpcPeeringConnectionId", "Requester", "Ends"]);
            delete_peering(network, &stack, read(task)).await?;
        }
        Ok(found)
    };
    outcome.await.map_err(|error: Error| told(&error))
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

/// The machine's `Retry` on these signals, which counts the attempts and gives up some day.
async fn again<T>(
    mut task: Value,
    signals: &[&str],
    step: impl AsyncFn(Value) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut attempt = 0;
    loop {
        task["Attempt"] = json!(attempt);
        match step(task.clone()).await {
            Err(error) if attempt < 15 && signals.contains(&error.name_and_cause().0.as_str()) => attempt += 1,
            answer => return answer,
        }
    }
}

fn told(error: &Error) -> (String, Value) {
    let (name, cause) = error.name_and_cause();
    (name, Value::Object(cause))
}

fn select(from: &Value, keys: &[&str]) -> Value {
    Value::Object(keys.iter().map(|key| ((*key).to_owned(), from[*key].clone())).collect::<Map<_, _>>())
}

fn read<T: serde::de::DeserializeOwned>(task: Value) -> T {
    serde_json::from_value(task)
        .unwrap_or_else(|error| panic!("the next step can't read what the last one wrote: {error}"))
}

fn write(answer: impl serde::Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_else(|error| panic!("an answer is JSON: {error}"))
}
