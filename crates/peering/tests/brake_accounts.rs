//! Whose withdrawals the brake counts together: those of one account's tags.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::steps::{plan_teardown, sweep};
use isthmus_testing::owners::{HUB, MEMBER};
use isthmus_testing::spokes::{add, hub, live, pair, peered, spoke, withdraw, withdraw_all, withdraw_each};
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::{Machines, context, scope, stack};
use serde_json::json;

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
    assert_eq!(item.withdrawn_by.expect("an account").to_string(), HUB);
    memory.tag_vpc(&hub(), "isthmus:accept", MEMBER);
    assert_eq!(sweep_and_run(&memory).await.held, 0);
}

#[tokio::test]
async fn a_parameter_that_takes_every_tag_away_is_held() {
    let (memory, _) = peered(12, HUB).await;
    let mut of_stack = stack();
    of_stack.tag_prefix = "another".into();
    let how = isthmus_peering::steps::Sweep { scope: scope(), id: "a sweep".into(), time: "now".into() };
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

/// A hub that revokes consent isn't held by what the tenant withdraws; nor is the tenant by what the hub does.
#[tokio::test]
async fn consent_that_is_revoked_counts_for_its_owner_whatever_the_other_one_withdrew() {
    let (memory, spokes) = peered(12, MEMBER).await;
    withdraw_all(&memory, &spokes[..11]).await;
    assert_eq!(live(&memory), 12);
    memory.drop_tag(&hub(), "isthmus:accept");
    memory.tag_vpc(
        &hub(),
        "isthmus:accept",
        &spokes[3..].iter().map(|end| end.vpc_id.to_string()).collect::<Vec<_>>().join(" "),
    );
    sweep_and_run(&memory).await;
    assert_eq!(live(&memory), 9, "three lost their consent");
}

/// The tenant had left its sides without routes, and is held for it.
#[tokio::test]
async fn one_account_s_mark_doesn_t_shield_what_another_one_withdraws() {
    let (memory, spokes) = peered(12, MEMBER).await;
    for spoke in &spokes {
        withdraw(&memory, spoke);
        memory.tag_vpc(spoke, "isthmus:accept", HUB);
        memory.tag_vpc(spoke, "isthmus:routes", "none");
    }
    for (number, spoke) in spokes.iter().enumerate() {
        let name = format!("{}@us-east-1@{MEMBER}", spoke.vpc_id);
        memory.tag_vpc(&hub(), &format!("isthmus:peer:{number}"), &name);
    }
    assert_eq!(sweep_and_run(&memory).await.started.len(), 12);
    assert_eq!(sweep_and_run(&memory).await.held, 12);
    for number in 0..12 {
        memory.drop_tag(&hub(), &format!("isthmus:peer:{number}"));
    }
    sweep_and_run(&memory).await;
    let by = |end: &End| memory.ledger.get(&pair(end)).expect("an item").withdrawn_by.map(|by| by.to_string());
    assert_eq!((live(&memory), by(&spokes[0]).as_deref()), (12, Some(HUB)));
}

/// The tables and their tags are the tenant's, and what is routed to is the hub's to choose.
#[tokio::test]
async fn routes_that_go_as_a_hub_advertises_less_count_for_the_hub() {
    let (memory, spokes) = peered(12, MEMBER).await;
    memory.tag_vpc(&hub(), "isthmus:advertise", "10.255.255.0/28");
    sweep_and_run(&memory).await;
    assert_eq!(sweep_and_run(&memory).await.held, 12);
    withdraw_each(&memory, &spokes[..2]).await;
    assert_eq!(live(&memory), 10, "what the tenant withdraws is not held");
}

#[tokio::test]
async fn routes_that_a_tenant_s_selection_takes_away_count_for_the_tenant() {
    let (memory, of_tenant) = peered(12, MEMBER).await;
    let of_hub: Vec<End> = (100..104).map(|number| spoke(number, HUB)).collect();
    add(&memory, &of_hub, 100);
    sweep_and_run(&memory).await;
    of_tenant.iter().for_each(|spoke| memory.tag_vpc(spoke, "isthmus:routes", "none"));
    sweep_and_run(&memory).await;
    assert_eq!(sweep_and_run(&memory).await.held, 12);
    withdraw_each(&memory, &of_hub[..2]).await;
    assert_eq!(live(&memory), 14, "what the hub withdraws is not held");
}
