//! The states of the groups machine in their order, in memory and in virtual time: what passes from step to step is the JSON that the
//! machine would pass.

use crate::state::{Machine, Retries, unless_killed};
use crate::{HasLedger, Memory, VirtualClock, context, in_virtual_time, scope};
use futures_util::future::join_all;
use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::groups::{GroupsReport, Round, Work};
use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::{Clock, Network};
use isthmus_peering::stack::{Scope, Stack};
use isthmus_peering::steps::{LaneTask, Pace, plan_groups, work_lane};
use serde_json::{Value, json};
use std::time::Duration;

/// How many lanes work at once.
pub const LANES_AT_ONCE: usize = 5;

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunOfGroups {
    /// Its output.
    pub report: GroupsReport,
    /// What the brake holds since.
    pub held: Vec<Value>,
    /// How often the lanes worked.
    pub rounds: usize,
    /// The transitions of the machine and of its children, as Step Functions bills them.
    pub transitions: usize,
    /// How long it took.
    pub time: Duration,
}

/// The ARN of a run of that name.
pub fn groups_arn(name: &str) -> String {
    format!("arn:aws:states:us-east-1:123456789012:execution:isthmus-groups:{name}")
}

/// Runs the machine to its end. The lanes of a round work at once, each for its five minutes at most.
pub fn run_groups(
    network: &(impl Network + HasLedger),
    stack: &Stack,
    name: &str,
    input: &Value,
) -> Result<RunOfGroups, Error> {
    in_virtual_time(run_in(network, stack, &scope(), (name, input), 80))
}

/// The same in another scope, where lanes use that share of a refill, in percent.
pub async fn run_in(
    network: &(impl Network + HasLedger),
    stack: &Stack,
    scope: &Scope,
    named: (&str, &Value),
    share: u32,
) -> Result<RunOfGroups, Error> {
    run_with(network, stack, scope, named, share, Retries::Signals).await
}

/// The same, with the machine's own retries or without.
pub async fn run_with(
    network: &(impl Network + HasLedger),
    stack: &Stack,
    scope: &Scope,
    (name, input): (&str, &Value),
    share: u32,
    retries: Retries,
) -> Result<RunOfGroups, Error> {
    let (execution, began) = (groups_arn(name), VirtualClock.now());
    let mut progress = Value::Null;
    // The start, FollowName, and the end.
    let (mut rounds, mut transitions) = (0, 3);
    loop {
        let time = "2026-11-25T12:00:00.000Z";
        let task = json!({
            "Input": input, "Execution": execution, "Before": progress, "LanesAtOnce": LANES_AT_ONCE, "Time": time,
        });
        let step = async |task| {
            plan_groups(context(network, stack), scope, serde_json::from_value(task).expect("a task"), || true).await
        };
        let planned = Machine::Groups.run("PlanGroups", retries, task, step).await?;
        let answer = serde_json::to_value(&planned).expect("JSON");
        assert!(answer.to_string().len() < 256 * 1024, "Step Functions passes no more");
        transitions += 2;
        if let Some(report) = planned.report {
            let time = VirtualClock.now().saturating_sub(began);
            // TellGroups.
            transitions += usize::from(planned.publish);
            return Ok(RunOfGroups { report, held: planned.held, rounds, transitions, time });
        }
        let is_first = rounds == 0;
        let lanes = answer["Lanes"].as_array().expect("lanes").clone();
        assert!(lanes.len() <= LANES_AT_ONCE, "{} lanes would wait for each other", lanes.len());
        // The map; and of each child its start, its state and its end.
        transitions += 1 + 3 * lanes.len();
        let work = lanes.into_iter().map(async |lane| {
            let task = json!({"Lane": lane, "Execution": execution, "IsFirst": is_first});
            let task: LaneTask = serde_json::from_value(task).expect("a task");
            let until = VirtualClock.now() + Duration::from_secs(278);
            let pace = Pace { clock: &VirtualClock, share };
            // A child catches its own failure.
            let _caught =
                unless_killed(work_lane(context(network, stack), pace, task, || VirtualClock.now() < until)).await;
        });
        join_all(work).await;
        rounds += 1;
        progress = answer["Progress"].clone();
        assert!(rounds < 500, "it ends: {progress}");
    }
}

/// Has the lanes of these ends do that for the run of that name, one after the other, and answers what they wrote.
pub fn work_at(memory: &Memory, run: &str, ends: &[End], pair: &PairKey, work: Work) -> Vec<&'static str> {
    memory.take_calls();
    let mut round = Round::of(LANES_AT_ONCE);
    assert!(round.add(pair, work, ends, 1));
    for lane in round.into_lanes() {
        let task = json!({"Lane": lane, "Execution": groups_arn(run), "IsFirst": true});
        let task: LaneTask = serde_json::from_value(task).expect("a task");
        let pace = Pace { clock: &VirtualClock, share: 80 };
        let stack = crate::stack();
        in_virtual_time(work_lane(context(memory, &stack), pace, task, || true)).expect("it ends");
    }
    Memory::writes(&memory.take_calls())
}
