//! What the tags of one account take away is held once it is too much in an hour.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::ledger::WithdrawalState;
use isthmus_peering::request::TeardownInput;
use isthmus_peering::steps::{Swept, plan_teardown, sweep};
use isthmus_testing::owners::{HUB, MEMBER};
use isthmus_testing::spokes::{add, ask, event, hub, live, pair, peered, spoke, withdraw};
use isthmus_testing::sweeping::{run_started, sweep_and_run, try_sweep};
use isthmus_testing::three::start_as;
use isthmus_testing::{Machines, Memory, context, scope, stack, tear_down};
use serde_json::{Value, json};

const HOUR: i64 = 60 * 60;

/// Takes the tags of these off, each with its event, and runs what that starts.
async fn withdraw_each(memory: &Memory, spokes: &[End]) {
    for spoke in spokes {
        withdraw(memory, spoke);
        let machines = Machines::default();
        start_as(memory, &machines, &stack(), event(spoke)).await.expect("started");
        run_started(memory, &machines).await;
    }
}

/// Takes the tags of these off without an event, and sweeps.
async fn withdraw_all(memory: &Memory, spokes: &[End]) -> Swept {
    spokes.iter().for_each(|spoke| withdraw(memory, spoke));
    sweep_and_run(memory).await
}

async fn sweep_with(memory: &Memory, task: Value) -> Swept {
    let machines = Machines::default();
    let swept = try_sweep(memory, &machines, task).await.expect("swept");
    run_started(memory, &machines).await;
    swept
}

/// Whatever was withdrawn, or held, was so an hour earlier.
fn wait_an_hour(memory: &Memory) {
    memory.ledger.held_earlier(HOUR + 1);
    for item in memory.ledger.all() {
        if let Some(withdrawal) = item.withdrawal {
            let earlier = json!({"At": withdrawal.at - HOUR - 1, "State": withdrawal.state});
            memory.ledger.set(&item.pair, "Withdrawal", earlier);
        }
    }
}

fn status(memory: &Memory, end: &End, peer: &End) -> String {
    memory.tags(end).get(&format!("isthmus:status:{}", peer.vpc_id)).cloned().unwrap_or_default()
}

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
async fn a_person_releases_as_many_as_they_say_the_oldest_first() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_all(&memory, &spokes[..12]).await;
    let item = memory.ledger.get(&pair(&spokes[7])).expect("an item");
    memory.ledger.set(
        &item.pair,
        "Withdrawal",
        json!({"At": item.withdrawal.expect("one").at - 60, "State": "Waiting"}),
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
        &isthmus_peering::steps::Sweep { scope: scope(), starts: 99, id: "a sweep".into(), time: "now".into() },
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

/// Where a VPC is gone its connection is as well: there is nothing to protect.
#[tokio::test]
async fn what_is_left_of_vpcs_that_are_gone_is_not_held() {
    let (memory, spokes) = peered(12, HUB).await;
    for connection in memory.connections() {
        memory.delete(&connection);
    }
    for spoke in &spokes {
        memory.remove_vpc(spoke);
    }
    sweep_and_run(&memory).await;
    assert_eq!((sweep_and_run(&memory).await.held, routes(&memory)), (0, 0));
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
