//! A hub's VPC and many that ask to be peered with it.

use crate::owners::{HUB, end};
use crate::sweeping::{run_started, sweep_and_run, try_sweep};
use crate::three::start_as;
use crate::{Machines, Memory, stack, three};
use isthmus_peering::connection::End;
use isthmus_peering::ledger::{PairKey, Withdrawal};
use isthmus_peering::steps::Swept;
use serde_json::{Value, json};

/// The hub's VPC.
pub fn hub() -> End {
    end("vpc-0000000a", HUB)
}

/// The spoke of that number.
pub fn spoke(number: usize, owner: &str) -> End {
    end(&format!("vpc-{:08x}", 0x1000 + number), owner)
}

/// The key of its pair with the hub.
pub fn pair(spoke: &End) -> PairKey {
    PairKey::of([&hub(), spoke])
}

/// So many spokes of that account, each of which names the hub in its tag, peered and routed.
pub async fn peered(count: usize, owner: &str) -> (Memory, Vec<End>) {
    let memory = Memory::default();
    memory.add_vpc(&hub(), &["10.255.0.0/16"], 1);
    memory.tag_vpc(&hub(), "isthmus:accept", owner);
    let spokes: Vec<End> = (0..count).map(|number| spoke(number, owner)).collect();
    add(&memory, &spokes, 0);
    sweep_and_run(&memory).await;
    assert_eq!(live(&memory), count);
    (memory, spokes)
}

/// Adds these, which name the hub. `first` is the number of the first one's block.
pub fn add(memory: &Memory, spokes: &[End], first: usize) {
    for (number, spoke) in spokes.iter().enumerate() {
        memory.add_vpc(spoke, &[&format!("10.{}.0.0/16", first + number)], 1);
        ask(memory, spoke);
    }
}

/// Has the spoke name the hub.
pub fn ask(memory: &Memory, spoke: &End) {
    memory.tag_vpc(spoke, "isthmus:peer", &format!("{}@us-east-1@{HUB}", hub().vpc_id));
}

/// Has it name the hub no longer.
pub fn withdraw(memory: &Memory, spoke: &End) {
    memory.drop_tag(spoke, "isthmus:peer");
}

/// How many connections are live.
pub fn live(memory: &Memory) -> usize {
    memory.connections().iter().filter(|connection| connection.status.is_live()).count()
}

/// The task of an event of that VPC's tags.
pub fn event(end: &End) -> isthmus_peering::steps::StartTask {
    isthmus_peering::steps::StartTask { end: end.clone(), ..three::task("vpc-00000000", three::TAGS) }
}

const HOUR: i64 = 60 * 60;

/// Takes the tags of these off, each with its event, and runs what that starts.
pub async fn withdraw_each(memory: &Memory, spokes: &[End]) {
    for spoke in spokes {
        withdraw(memory, spoke);
        let machines = Machines::default();
        start_as(memory, &machines, &stack(), event(spoke)).await.expect("started");
        run_started(memory, &machines).await;
    }
}

/// Takes the tags of these off without an event, and sweeps.
pub async fn withdraw_all(memory: &Memory, spokes: &[End]) -> Swept {
    spokes.iter().for_each(|spoke| withdraw(memory, spoke));
    sweep_and_run(memory).await
}

/// Sweeps with that input, and runs what that starts.
pub async fn sweep_with(memory: &Memory, task: Value) -> Swept {
    let machines = Machines::default();
    let swept = try_sweep(memory, &machines, task).await.expect("swept");
    run_started(memory, &machines).await;
    swept
}

/// Whatever was withdrawn, or held, was so an hour earlier.
pub fn wait_an_hour(memory: &Memory) {
    memory.ledger.held_earlier(HOUR + 1);
    for item in memory.ledger.all() {
        if let Some(withdrawal) = item.withdrawal {
            let earlier = Withdrawal { at: withdrawal.at - HOUR - 1, ..withdrawal };
            memory.ledger.set(&item.pair, "Withdrawal", json!(earlier));
        }
    }
}
