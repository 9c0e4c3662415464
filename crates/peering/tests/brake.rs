//! What the tags of one account take away is held once it is too much in an hour.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::steps::{plan_teardown, sweep};
use isthmus_testing::owners::{HUB, MEMBER};
use isthmus_testing::spokes::{
    add, ask, event, hub, live, pair, peered, spoke, sweep_with, wait_an_hour, withdraw, withdraw_all, withdraw_each,
};
use isthmus_testing::sweeping::{run_started, sweep_and_run};
use isthmus_testing::three::start_as;
use isthmus_testing::{Machines, context, scope, stack};
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

#[tokio::test]
async fn one_tag_of_a_hub_is_as_much_as_all_of_its_spokes() {
    let (memory, spokes) = peered(14, HUB).await;
    for (number, spoke) in spokes.iter().enumerate() {
        memory.tag_vpc(&hub(), &format!("isthmus:peer:{number}"), spoke.vpc_id.as_str());
        withdraw(&memory, spoke);
    }
    sweep_and_run(&memory).await;
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

#[tokio::test]
async fn one_account_s_mass_removal_holds_no_other_account_s() {
    let (memory, of_tenant) = peered(12, MEMBER).await;
    let of_hub: Vec<End> = (100..104).map(|number| spoke(number, HUB)).collect();
    add(&memory, &of_hub, 100);
    sweep_and_run(&memory).await;
    withdraw_all(&memory, &of_tenant).await;
    assert_eq!(live(&memory), 16, "the tenant's are held");
    withdraw_each(&memory, &of_hub[..2]).await;
    assert_eq!(live(&memory), 14, "the hub's are not");
    let owner =
        |end: &End| memory.ledger.get(&pair(end)).expect("an item").withdrawn_by.expect("an account").to_string();
    assert_eq!((owner(&of_tenant[0]).as_str(), owner(&of_hub[0]).as_str()), (MEMBER, HUB));
}

#[tokio::test]
async fn consent_that_is_withdrawn_counts_for_who_withdraws_it() {
    let (memory, spokes) = peered(12, MEMBER).await;
    memory.drop_tag(&hub(), "isthmus:accept");
    sweep_and_run(&memory).await;
    assert_eq!(live(&memory), 12);
    let item = memory.ledger.get(&pair(&spokes[0])).expect("an item");
    assert_eq!(item.withdrawn_by.expect("an account").as_str(), HUB);
    memory.tag_vpc(&hub(), "isthmus:accept", MEMBER);
    assert_eq!(sweep_and_run(&memory).await.held, 0);
}

#[tokio::test]
async fn a_parameter_that_takes_every_tag_away_is_held() {
    let (memory, _) = peered(12, HUB).await;
    let mut of_stack = stack();
    of_stack.tag_prefix = "another".into();
    let how = isthmus_peering::steps::Sweep { scope: scope(), starts: 99, id: "a sweep".into(), time: "now".into() };
    let machines = Machines::default();
    sweep(context(&memory, &of_stack), &machines, &how, json!({}), || true).await.expect("swept");
    for (name, input) in machines.teardowns.take() {
        let task = json!({"Request": input, "Execution": name, "Time": "now"});
        let task = serde_json::from_value(task).expect("a task");
        let error = plan_teardown(context(&memory, &of_stack), task).await.expect_err("held");
        assert_eq!(error.name_and_cause().0, "TeardownHeld");
    }
    assert_eq!(live(&memory), 12);
}
