//! The ledger makes a change, and its answer is lost: the SDK sends the change again. It is refused then, for the pair was given
//! back by the first one.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use isthmus_peering::connection::Status;
use isthmus_peering::ledger::LedgerItem;
use isthmus_peering::ports::CallErrorKind;
use isthmus_testing::grouped::{leave, peered, two_lanes};
use isthmus_testing::owners::{EXTERNAL, two};
use isthmus_testing::pair::{CALLS, assert_peered, network, request, routes_to_peerings};
use isthmus_testing::{Faulty, Memory, Resent, When, execute, run_groups, stack, tear_down};
use serde_json::json;

/// The only item, which nobody holds.
fn item(memory: &Memory) -> LedgerItem {
    let item = memory.ledger.all().pop().expect("an item");
    assert_eq!((item.holder.as_deref(), item.makers.len()), (None, 0));
    item
}

#[tokio::test]
async fn an_execution_whose_end_is_recorded_already_has_ended() {
    let memory = network();
    execute(&Resent::new(&memory), "a set-up", &request()).await.expect("peered");
    assert_peered(&memory);
    assert!(item(&memory).records_success_of("a set-up"));
    tear_down(&Resent::new(&memory), "a teardown", &request()).await.expect("torn down");
    assert_eq!(routes_to_peerings(&memory), 0);
    assert!(item(&memory).records_success_of("a teardown"));
}

#[tokio::test]
async fn a_failure_that_is_recorded_already_is_told_as_it_is() {
    let memory = network();
    let denied = Faulty::once(&memory, CALLS - 1, When::Before, CallErrorKind::Denied);
    let (error, cause) = execute(&Resent::new(&denied), "a set-up", &request()).await.expect_err("denied");
    assert_eq!(error, "AccessDenied", "{cause}");
    assert!(item(&memory).records_failure_of("a set-up"));
}

#[tokio::test]
async fn a_request_to_an_external_account_that_is_recorded_already_waits() {
    let (memory, own, vendor) = two(EXTERNAL);
    let request = isthmus_testing::owners::request(&own, &vendor, "execution");
    let output = execute(&Resent::new(&memory), "a set-up", &request).await.expect("requested");
    assert_eq!(output["Status"], json!("pending-acceptance"));
    assert!(item(&memory).connection.is_some_and(|connection| connection.pending));
}

#[test]
fn a_run_of_groups_whose_pairs_are_recorded_already_goes_on() {
    let (memory, ends) = two_lanes();
    run_groups(&Resent::new(&memory), &stack(), "a set-up", &json!({})).expect("it ends");
    assert_eq!(peered(&memory, &ends), 1);
    item(&memory);
    leave(&memory, &ends);
    run_groups(&Resent::new(&memory), &stack(), "a teardown", &json!({})).expect("it ends");
    assert!(memory.connections().iter().all(|connection| connection.status == Status::Deleted));
    item(&memory);
}
