//! What the tags of one account take away is held once it is too much in an hour.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::context::Context;
use isthmus_peering::ledger::Update;
use isthmus_peering::ports::LedgerWrites;
use isthmus_peering::request::{Moment, TeardownInput};
use isthmus_peering::route_tables::Target;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::plan_teardown;
use isthmus_testing::owners::HUB;
use isthmus_testing::spokes::{
    ask, event, hub, live, pair, peered, sweep_with, wait_an_hour, withdraw, withdraw_all, withdraw_each,
};
use isthmus_testing::sweeping::{run_started, sweep_and_run};
use isthmus_testing::three::start_as;
use isthmus_testing::{Machines, Memory, context, stack};
use serde_json::json;

#[tokio::test]
async fn up_to_ten_are_torn_down() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..10]).await;
    assert_eq!(live(&memory), 4);
    assert_eq!(sweep_and_run(&memory).await.held, 0);
}

#[tokio::test]
async fn eleven_at_once_are_all_held() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..11]).await;
    assert_eq!(live(&memory), 14, "not one of them is torn down");
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.held, swept.started.len(), swept.drift.len(), live(&memory)), (11, 0, 11, 14));
    wait_an_hour(&memory);
    assert_eq!((sweep_and_run(&memory).await.held, live(&memory)), (11, 14), "time alone releases nothing");
}

/// Nothing is left to be protected.
#[tokio::test]
async fn what_goes_with_its_vpc_is_not_held() {
    let (memory, spokes) = peered(14, HUB).await;
    spokes[..11].iter().for_each(|spoke| memory.remove_vpc(spoke));
    // EC2 shows them for a while.
    memory.show_all_as_active();
    sweep_and_run(&memory).await;
    let swept = sweep_and_run(&memory).await;
    let table = memory.tables(&hub()).remove(0);
    let routed = table.routes.iter().filter(|route| matches!(route.target, Target::Peering(_)));
    assert_eq!((swept.held, routed.count(), live(&memory)), (0, 3, 3), "{swept:?}");
    assert!(memory.ledger.all().iter().all(|item| item.withdrawal.is_none()));
}

/// An event of the hub's tags finds them all: the marks of what is gone would hold the rest.
#[tokio::test]
async fn a_vpc_that_is_gone_does_not_count_for_the_brake() {
    let (memory, spokes) = peered(12, HUB).await;
    have_the_hub_ask(&memory, &spokes).await;
    spokes[1..].iter().for_each(|spoke| memory.remove_vpc(spoke));
    memory.drop_tag(&hub(), "isthmus:peer:0");
    let machines = Machines::default();
    start_as(&memory, &machines, &stack(), event(&hub())).await.expect("started");
    assert_eq!((machines.teardowns.borrow().len(), live(&memory)), (12, 1));
    run_started(&memory, &machines).await;
    assert_eq!(live(&memory), 0);
}

/// Has a tag of the hub's name each of the spokes, whose own tags name it no longer.
async fn have_the_hub_ask(memory: &Memory, spokes: &[End]) {
    for (number, spoke) in spokes.iter().enumerate() {
        memory.tag_vpc(&hub(), &format!("isthmus:peer:{number}"), spoke.vpc_id.as_str());
        withdraw(memory, spoke);
    }
    sweep_and_run(memory).await;
}

#[tokio::test]
async fn one_tag_of_a_hub_is_as_much_as_all_of_its_spokes() {
    let (memory, spokes) = peered(14, HUB).await;
    have_the_hub_ask(&memory, &spokes).await;
    for number in 0..14 {
        memory.drop_tag(&hub(), &format!("isthmus:peer:{number}"));
    }
    let machines = Machines::default();
    start_as(&memory, &machines, &stack(), event(&hub())).await.expect("started");
    assert_eq!(machines.teardowns.borrow().len(), 14);
    run_started(&memory, &machines).await;
    assert_eq!(live(&memory), 14);
}

#[tokio::test]
async fn in_pieces_they_count_for_an_hour() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_each(&memory, &spokes[..11]).await;
    assert_eq!(live(&memory), 4, "ten are torn down");
    assert_eq!(sweep_and_run(&memory).await.held, 1);
    let swept = sweep_with(&memory, json!({"Release": 1})).await;
    assert_eq!((swept.held, live(&memory)), (0, 3));
    wait_an_hour(&memory);
    withdraw_each(&memory, &spokes[11..]).await;
    assert_eq!(live(&memory), 0);
}

#[tokio::test]
async fn of_many_pairs_three_in_ten_are_torn_down() {
    for (count, withdrawn, is_held) in [(36, 10, false), (36, 11, true), (50, 15, false), (50, 16, true)] {
        let (memory, spokes) = peered(count, HUB).await;
        withdraw_all(&memory, &spokes[..withdrawn]).await;
        let left = if is_held { count } else { count - withdrawn };
        assert_eq!(live(&memory), left, "{withdrawn} of {count}");
    }
}

#[tokio::test]
async fn tags_that_return_end_it() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..12]).await;
    spokes[..9].iter().for_each(|spoke| ask(&memory, spoke));
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.held, live(&memory)), (3, 14), "three still wait, and are held");
    withdraw_each(&memory, &spokes[12..13]).await;
    assert_eq!(live(&memory), 14, "so is what is withdrawn meanwhile");
    spokes.iter().for_each(|spoke| ask(&memory, spoke));
    assert_eq!(sweep_and_run(&memory).await.held, 0);
    wait_an_hour(&memory);
    assert!(memory.ledger.all().iter().all(|item| item.withdrawal.is_none() && item.withdrawn_by.is_none()));
    withdraw_each(&memory, &spokes[..1]).await;
    assert_eq!(live(&memory), 13);
}

/// A selection that leaves a single new route, or a part of a block: none of the standing routes stays.
#[tokio::test]
async fn a_selection_that_replaces_every_route_counts_too() {
    let changes: [fn(&Memory); 2] = [
        |memory| memory.tag_vpc(&hub(), "isthmus:advertise", "10.255.255.0/28"),
        |memory| {
            memory.add_table(&hub());
            memory.tag_table(&hub(), 1, "tier", "unused");
            memory.tag_vpc(&hub(), "isthmus:routes", "tag:tier=unused");
        },
    ];
    for change in changes {
        let (memory, _) = peered(12, HUB).await;
        let before = isthmus_testing::pair::routed(&memory, &hub());
        change(&memory);
        sweep_and_run(&memory).await;
        assert_eq!(sweep_and_run(&memory).await.held, 12);
        assert_eq!(isthmus_testing::pair::routed(&memory, &hub()), before);
    }
}

/// A block that is replaced is nobody's tag.
#[tokio::test]
async fn new_blocks_are_routed_however_many_pairs_they_concern() {
    let (memory, _) = peered(12, HUB).await;
    memory.add_block(&hub(), "10.254.0.0/16");
    memory.drop_block(&hub(), "10.255.0.0/16");
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.started.len(), sweep_and_run(&memory).await.in_place), (12, 12));
}

/// A set-up that fails doesn't keep the mark: a tag that goes later has its whole delay again, and its count.
#[tokio::test]
async fn tags_that_return_to_a_peering_that_can_t_be_repaired_begin_anew() {
    let (memory, spokes) = peered(2, HUB).await;
    let machines = Machines::default();
    let delayed = Stack { teardown_delay: 300, ..stack() };
    withdraw(&memory, &spokes[0]);
    start_as(&memory, &machines, &delayed, event(&spokes[0])).await.expect("started");
    let mark = |memory: &Memory| memory.ledger.get(&pair(&spokes[0])).expect("an item").withdrawal;
    assert!(mark(&memory).is_some());
    ask(&memory, &spokes[0]);
    memory.tag_vpc(&hub(), "isthmus:exclude", "true");
    start_as(&memory, &machines, &delayed, event(&spokes[0])).await.expect("started");
    assert_eq!(mark(&memory), None);
}

/// The mark says when the delay began; a teardown that wakes too early waits on.
#[tokio::test]
async fn the_delay_begins_when_the_tag_went_last() {
    let (memory, spokes) = peered(2, HUB).await;
    let delayed = Stack { teardown_delay: 300, ..stack() };
    withdraw(&memory, &spokes[0]);
    let plan = async |now: i64| {
        let input = TeardownInput::by_tags(&spokes[0], &hub(), None);
        let task = json!({"Request": input, "Execution": format!("at {now}"), "Time": "now"});
        let context = Context { now, ..context(&memory, &delayed) };
        plan_teardown(context, serde_json::from_value(task).expect("a task")).await.expect("planned").not_before
    };
    let start = 1_800_000_000;
    assert_eq!(plan(start).await, Some(Moment(start + 300)));
    assert_eq!(plan(start + 200).await, Some(Moment(start + 300)));
    assert_eq!(memory.ledger.get(&pair(&spokes[0])).expect("an item").holder, None);
    assert_eq!(plan(start + 300).await, None);
}

/// With the delay, all that goes within it is held, though it goes one by one.
#[tokio::test]
async fn within_the_delay_all_of_it_is_held() {
    let (memory, spokes) = peered(14, HUB).await;
    let delayed = Stack { teardown_delay: 300, ..stack() };
    let machines = Machines::default();
    for spoke in &spokes[..11] {
        withdraw(&memory, spoke);
        start_as(&memory, &machines, &delayed, event(spoke)).await.expect("started");
    }
    for (name, input) in machines.teardowns.take() {
        assert_eq!(input.not_before, Some(Moment(1_800_000_300)));
        let input = TeardownInput { not_before: None, ..input };
        let task = json!({"Request": input, "Execution": name, "Time": "now"});
        let context = Context { now: 1_800_000_300, ..context(&memory, &delayed) };
        let error = plan_teardown(context, serde_json::from_value(task).expect("a task")).await.expect_err("held");
        assert_eq!(error.name_and_cause().0, "TeardownHeld");
        let item = memory
            .ledger
            .get(&isthmus_peering::ledger::PairKey::of([&hub(), &item_end(&spokes, &name)]))
            .expect("an item");
        memory.ledger.update(&item.pair, &Update::release(&name, &item)).await.expect("given back");
    }
    assert_eq!(live(&memory), 14);
}

fn item_end(spokes: &[End], name: &str) -> End {
    spokes.iter().find(|spoke| name.contains(spoke.vpc_id.as_str())).expect("a spoke").clone()
}
