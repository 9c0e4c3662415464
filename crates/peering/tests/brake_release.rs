//! What the brake holds: how it is told and released, and what it doesn't hold.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::ledger::WithdrawalState;
use isthmus_peering::request::TeardownInput;
use isthmus_peering::steps::{plan_teardown, sweep};
use isthmus_testing::owners::HUB;
use isthmus_testing::spokes::{
    ask, event, hub, live, pair, peered, sweep_with, wait_an_hour, withdraw, withdraw_all, withdraw_each,
};
use isthmus_testing::sweeping::{run_started, sweep_and_run, try_sweep};
use isthmus_testing::three::start_as;
use isthmus_testing::{Machines, Memory, context, scope, stack, tear_down};
use serde_json::json;

fn status(memory: &Memory, end: &End, peer: &End) -> String {
    memory.tags(end).get(&format!("isthmus:status:{}", peer.vpc_id)).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_person_releases_as_many_as_they_say_the_oldest_first() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..12]).await;
    let item = memory.ledger.get(&pair(&spokes[7])).expect("an item");
    memory.ledger.set(
        &item.pair,
        "Withdrawal",
        json!({"At": item.withdrawal.expect("one").at - 60, "State": "Waiting", "Of": "Pair"}),
    );
    let swept = sweep_with(&memory, json!({"Release": 2, "DryRun": true})).await;
    assert_eq!((swept.held, live(&memory)), (12, 14));
    let swept = sweep_with(&memory, json!({"Release": 1})).await;
    assert_eq!((swept.held, swept.started.len(), live(&memory)), (11, 1, 13));
    assert_eq!(
        memory.ledger.get(&pair(&spokes[7])).expect("an item").withdrawal.expect("one").state,
        WithdrawalState::Done
    );
    let swept = sweep_with(&memory, json!({"Release": 99})).await;
    assert_eq!((swept.held, live(&memory)), (0, 2));
}

/// What a sweep starts may fail before it begins.
#[tokio::test]
async fn what_was_released_earlier_is_started_while_the_others_are_held() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..12]).await;
    try_sweep(&memory, &Machines::default(), json!({"Release": 1})).await.expect("swept");
    assert_eq!(live(&memory), 14, "what that started has failed");
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.held, swept.started.len(), live(&memory)), (11, 1, 13));
}

/// A side without routes is as good as no peering.
#[tokio::test]
async fn a_selection_that_leaves_no_route_counts_too() {
    let (memory, spokes) = peered(14, HUB).await;
    memory.tag_vpc(&hub(), "isthmus:routes", "none");
    sweep_and_run(&memory).await;
    assert_eq!(routes(&memory), 14, "not one of them has lost its routes");
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.held, swept.started.len()), (14, 0));
    let told = status(&memory, &spokes[0], &hub());
    assert!(told.starts_with("waiting 14 removals that tags of account 123456789012 ask for are held"), "{told}");
    memory.drop_tag(&hub(), "isthmus:routes");
    assert_eq!(sweep_and_run(&memory).await.held, 0);
    assert!(status(&memory, &spokes[0], &hub()).starts_with("active pcx-"));
    memory.tag_vpc(&hub(), "isthmus:routes", "none");
    sweep_and_run(&memory).await;
    let swept = sweep_with(&memory, json!({"Release": 14})).await;
    assert_eq!((swept.held, routes(&memory)), (0, 0));
    assert_eq!(sweep_and_run(&memory).await.drift, []);
    memory.drop_tag(&hub(), "isthmus:routes");
    sweep_and_run(&memory).await;
    assert_eq!(routes(&memory), 14);
}

fn routes(memory: &Memory) -> usize {
    isthmus_testing::pair::routed(memory, &hub()).len()
}

/// Event by event: ten go, and count for an hour, whatever else is changed of them.
#[tokio::test]
async fn lost_routes_count_for_an_hour() {
    let (memory, spokes) = peered(14, HUB).await;
    let lose = async |spoke: &End| {
        memory.tag_vpc(&hub(), &format!("isthmus:routes:{}", spoke.vpc_id), "none");
        let machines = Machines::default();
        start_as(&memory, &machines, &stack(), event(spoke)).await.expect("started");
        run_started(&memory, &machines).await;
    };
    for spoke in &spokes[..10] {
        lose(spoke).await;
        lose(spoke).await;
    }
    assert_eq!(routes(&memory), 4);
    lose(&spokes[10]).await;
    assert_eq!(routes(&memory), 4);
    withdraw_each(&memory, &spokes[11..12]).await;
    assert_eq!(live(&memory), 14, "a pair counts as a pair without routes does");
    wait_an_hour(&memory);
    let swept = sweep_with(&memory, json!({"Release": 2})).await;
    assert_eq!((swept.held, routes(&memory), live(&memory)), (0, 2, 13));
}

/// They are called by a person, whose word it is.
#[tokio::test]
async fn a_person_s_teardown_is_not_held() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..12]).await;
    for spoke in &spokes[..12] {
        let input = json!({"VpcId": spoke.vpc_id, "PeerVpcId": hub().vpc_id});
        tear_down(&memory, "a person's", &input).await.expect("torn down");
    }
    assert_eq!(live(&memory), 2);
}

#[tokio::test]
async fn only_the_first_that_is_held_lists_the_others() {
    let (memory, spokes) = peered(12, HUB).await;
    let of_stack = stack();
    spokes.iter().for_each(|spoke| withdraw(&memory, spoke));
    sweep(
        context(&memory, &of_stack),
        &Machines::default(),
        &isthmus_peering::steps::Sweep { scope: scope(), id: "a sweep".into(), time: "now".into() },
        json!({}),
        || true,
    )
    .await
    .expect("swept");
    let mut listed = Vec::new();
    for spoke in &spokes {
        let input = TeardownInput::by_tags(spoke, &hub(), None);
        let task = json!({"Request": input, "Execution": spoke.vpc_id, "Time": "now"});
        let task = serde_json::from_value(task).expect("a task");
        let error = plan_teardown(context(&memory, &of_stack), task).await.expect_err("held");
        let (name, cause) = error.name_and_cause();
        assert_eq!((name.as_str(), &cause["Held"], &cause["Limit"]), ("TeardownHeld", &json!(12), &json!(10)));
        listed.push(cause.get("Pairs").map_or(0, |pairs| pairs.as_array().expect("a list").len()));
    }
    assert_eq!(listed, [[12].as_slice(), &[0; 11]].concat());
}

/// There is nothing to protect, though the tags went first and the brake held that.
#[tokio::test]
async fn what_is_left_of_connections_that_are_gone_is_not_held() {
    for vpcs_go_too in [false, true] {
        for held_before in [false, true] {
            let (memory, spokes) = peered(12, HUB).await;
            if held_before {
                withdraw_all(&memory, &spokes).await;
                assert_eq!(sweep_and_run(&memory).await.held, 12);
            }
            for connection in memory.connections() {
                memory.delete(&connection);
            }
            for spoke in &spokes {
                withdraw(&memory, spoke);
                if vpcs_go_too {
                    memory.remove_vpc(spoke);
                }
            }
            sweep_and_run(&memory).await;
            assert_eq!((sweep_and_run(&memory).await.held, routes(&memory)), (0, 0), "{vpcs_go_too} {held_before}");
        }
    }
}

/// Nor does it count for what tags take away later.
#[tokio::test]
async fn what_a_person_tears_down_does_not_count() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..12]).await;
    for spoke in &spokes[..12] {
        let input = json!({"VpcId": spoke.vpc_id, "PeerVpcId": hub().vpc_id});
        tear_down(&memory, "a person's", &input).await.expect("torn down");
    }
    wait_an_hour(&memory);
    withdraw_each(&memory, &spokes[12..]).await;
    assert_eq!(live(&memory), 0);
}

/// What is marked, and isn't to be taken away any more, for whatever reason, holds nothing else.
#[tokio::test]
async fn marks_of_what_stays_go_at_the_next_sweep() {
    let changes: [fn(&Memory, &[End]); 3] = [
        |memory, spokes| spokes.iter().for_each(|spoke| memory.tag_vpc(spoke, "isthmus:exclude", "true")),
        |memory, spokes| spokes.iter().for_each(|spoke| memory.tag_vpc(spoke, "isthmus:peer", "vpc-oops")),
        |memory, spokes| {
            spokes.iter().for_each(|spoke| ask(memory, spoke));
            memory.tag_vpc(&hub(), "isthmus:exclude", "yes");
        },
    ];
    for change in changes {
        let (memory, spokes) = peered(14, HUB).await;
        withdraw_all(&memory, &spokes[..12]).await;
        change(&memory, &spokes[..12]);
        assert_eq!(sweep_and_run(&memory).await.held, 0);
        assert!(memory.ledger.all().iter().all(|item| item.withdrawal.is_none()));
        memory.drop_tag(&hub(), "isthmus:exclude");
        wait_an_hour(&memory);
        withdraw_each(&memory, &spokes[12..]).await;
        assert_eq!(live(&memory), 12);
    }
}

#[tokio::test]
async fn a_task_that_makes_no_sense_is_refused() {
    let (memory, _) = peered(1, HUB).await;
    for release in [json!(-1), json!("all"), json!(1.5), json!(null)] {
        let machines = Machines::default();
        let refused = try_sweep(&memory, &machines, json!({"Release": release})).await;
        assert_eq!(refused.expect_err("refused").name_and_cause().0, "InvalidRequest", "{release}");
    }
}
