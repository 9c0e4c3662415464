//! What the brake counts, and for how long; whose mark it is; when what is marked is due.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::ledger::{Hold, Withdrawal, WithdrawalState, Withdrawals, Withdrawn};
use isthmus_peering::request::{Moment, TeardownInput};
use isthmus_peering::stack::{Mode, Stack};
use isthmus_peering::steps::plan_teardown;
use isthmus_testing::owners::HUB;
use isthmus_testing::pair::{peered as pair_peered, request};
use isthmus_testing::spokes::{ask, event, hub, live, pair, peered, withdraw, withdraw_each};
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::three::start_as;
use isthmus_testing::{Machines, Memory, context, execute, stack};
use serde_json::json;

const NOW: i64 = 1_800_000_000;

fn withdrawal(at: i64, state: WithdrawalState) -> Withdrawal {
    Withdrawal { at, state, of: Withdrawn::Pair }
}

/// One withdrawal, and since when the brake holds.
fn one(withdrawal: Withdrawal, held_since: i64) -> Withdrawals {
    let hold = Hold { held_since, held_by: "an execution".into(), limit: 10 };
    Withdrawals { of: [(pair(&isthmus_testing::spokes::spoke(0, HUB)), withdrawal)].into(), hold: Some(hold) }
}

#[test]
fn what_is_carried_out_counts_for_an_hour_from_then() {
    let done = withdrawal(NOW - 5000, WithdrawalState::Waiting).done(NOW);
    assert!(done.counts(NOW + 3599));
    assert!(!done.counts(NOW + 3600));
    for state in [WithdrawalState::Waiting, WithdrawalState::Released] {
        assert!(withdrawal(NOW - 5000, state).counts(NOW), "it has yet to be carried out");
    }
}

#[test]
fn a_hold_lasts_while_one_waits_that_waited_when_it_began() {
    assert!(one(withdrawal(NOW, WithdrawalState::Waiting), NOW).are_held(), "in the same second");
    assert!(!one(withdrawal(NOW + 1, WithdrawalState::Waiting), NOW).are_held(), "it came later");
    assert!(!one(withdrawal(NOW, WithdrawalState::Released), NOW).are_held());
    assert!(!one(withdrawal(NOW, WithdrawalState::Done), NOW).are_held());
}

/// What the plan of a teardown by tags says at that time.
async fn not_before(memory: &Memory, of_stack: &Stack, spoke: &End) -> Option<Moment> {
    let input = TeardownInput::by_tags(spoke, &hub(), None);
    let task = json!({"Request": input, "Execution": "a teardown", "Time": "now"});
    let task = serde_json::from_value(task).expect("a task");
    plan_teardown(context(memory, of_stack), task).await.expect("planned").not_before
}

#[tokio::test]
async fn what_a_person_releases_waits_for_no_delay() {
    let delayed = Stack { teardown_delay: 300, ..stack() };
    for (state, due) in [(WithdrawalState::Waiting, Some(Moment(NOW + 300))), (WithdrawalState::Released, None)] {
        let (memory, spokes) = peered(1, HUB).await;
        withdraw(&memory, &spokes[0]);
        memory.ledger.set(&pair(&spokes[0]), "WithdrawnBy", json!(HUB));
        memory.ledger.set(&pair(&spokes[0]), "Withdrawal", json!(withdrawal(NOW, state)));
        assert_eq!(not_before(&memory, &delayed, &spokes[0]).await, due);
    }
}

/// DynamoDB's index is eventually consistent.
#[tokio::test]
async fn an_execution_counts_what_it_withdraws_itself_though_the_index_does_not_show_it() {
    let (memory, spokes) = peered(14, HUB).await;
    withdraw_each(&memory, &spokes[..10]).await;
    assert_eq!(live(&memory), 4);
    memory.ledger.hide_from_index(&pair(&spokes[10]));
    withdraw_each(&memory, &spokes[10..11]).await;
    assert_eq!(live(&memory), 4, "the eleventh is held");
}

#[tokio::test]
async fn what_an_account_s_tags_asked_for_beside_a_group_counts_for_the_account() {
    let (memory, spokes) = peered(1, HUB).await;
    memory.ledger.set(&pair(&spokes[0]), "AskedBy", json!({"Tags": [HUB], "Groups": ["payments"]}));
    withdraw_each(&memory, &spokes).await;
    let item = memory.ledger.get(&pair(&spokes[0])).expect("an item");
    assert_eq!(item.withdrawn_by.expect("an account").to_string(), HUB);
}

#[tokio::test]
async fn what_an_execution_of_a_person_takes_away_is_no_withdrawal() {
    let memory = pair_peered().await;
    let mut narrowed = request();
    narrowed["Routes"] = json!({"Tables": "none"});
    execute(&memory, "narrowed", &narrowed).await.expect("narrowed");
    assert!(memory.ledger.all().iter().all(|item| item.withdrawal.is_none() && item.withdrawn_by.is_none()));
}

#[tokio::test]
async fn in_report_mode_marks_stay_as_they_are() {
    let (memory, spokes) = peered(1, HUB).await;
    let reporting = Stack { mode: Mode::Report, ..stack() };
    let mark = || memory.ledger.get(&pair(&spokes[0])).expect("an item").withdrawal;
    withdraw(&memory, &spokes[0]);
    start_as(&memory, &Machines::default(), &reporting, event(&spokes[0])).await.expect("started");
    assert_eq!(mark(), None, "the delay begins when the mode ends");
    start_as(&memory, &Machines::default(), &stack(), event(&spokes[0])).await.expect("started");
    assert!(mark().is_some());
    ask(&memory, &spokes[0]);
    start_as(&memory, &Machines::default(), &reporting, event(&spokes[0])).await.expect("started");
    assert!(mark().is_some(), "nothing is changed in report mode");
    sweep_and_run(&memory).await;
    assert_eq!(mark(), None);
}
