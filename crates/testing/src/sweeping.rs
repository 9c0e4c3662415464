//! The sweep in memory, and what it starts.

use crate::{Machines, Memory, context, execute, scope, stack, tear_down};
use isthmus_peering::error::Error;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{Sweep, Swept, sweep};
use serde_json::{Value, json};

/// Runs the sweep with that event.
pub async fn try_sweep(memory: &Memory, machines: &Machines, event: Value) -> Result<Swept, Error> {
    try_sweep_as(memory, machines, &stack(), event).await
}

/// The same, of that stack.
pub async fn try_sweep_as(memory: &Memory, machines: &Machines, stack: &Stack, event: Value) -> Result<Swept, Error> {
    // Names of executions are never used again.
    let id = format!("a sweep after {} writes", memory.ledger.writes());
    let how = Sweep { scope: scope(), id, time: "2026-11-26T13:00:00Z".into() };
    sweep(context(memory, stack), machines, &how, event, || true).await
}

/// Sweeps, and runs what that starts to its end, whichever that is.
pub async fn sweep_and_run(memory: &Memory) -> Swept {
    let machines = Machines::default();
    let swept = try_sweep(memory, &machines, json!({})).await.expect("swept");
    run_started(memory, &machines).await;
    swept
}

/// Runs what was started to its end.
pub async fn run_started(memory: &Memory, machines: &Machines) {
    for (name, input) in machines.peerings.take() {
        let _ended = execute(memory, &name, &serde_json::to_value(&input).expect("JSON")).await;
    }
    for (name, input) in machines.teardowns.take() {
        let _ended = tear_down(memory, &name, &serde_json::to_value(&input).expect("JSON")).await;
    }
}
