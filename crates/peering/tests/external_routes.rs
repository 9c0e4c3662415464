//! Routes to a VPC of an external account: when the first ones are written, and when they stay.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use isthmus_peering::connection::Status;
use isthmus_testing::execute;
use isthmus_testing::owners::{request, vendor};
use isthmus_testing::pair::{foreign, has_foreign, routed};
use isthmus_testing::sweeping::sweep_and_run;

/// What was only requested is no established peering, which would be repaired as far as possible.
#[tokio::test]
async fn the_first_routes_to_an_external_account_s_vpc_are_all_or_nothing() {
    let (memory, own, vendor) = vendor();
    let asked = request(&own, &vendor, "execution");
    execute(&memory, "first", &asked).await.expect("requested");
    memory.add_route(&own, 0, foreign("10.2.0.0/16"));
    memory.set_status(Status::Active);
    assert_eq!(sweep_and_run(&memory).await.started.len(), 1);
    assert!(routed(&memory, &own).is_empty(), "not one of them is written");
    let (error, _) = execute(&memory, "second", &asked).await.expect_err("a foreign route is in the way");
    assert_eq!(
        (error.as_str(), routed(&memory, &own).len(), has_foreign(&memory, &own, 0)),
        ("RouteConflict", 0, true)
    );
    memory.drop_routes(&own, "10.2.0.0/16");
    execute(&memory, "third", &asked).await.expect("peered");
    assert_eq!(routed(&memory, &own).len(), 4);
}

/// Every VPC has at least one: that none is shown doesn't mean that they are gone.
#[tokio::test]
async fn while_an_external_account_s_blocks_are_not_shown_no_route_to_them_is_deleted() {
    let (memory, own, vendor) = vendor();
    let asked = request(&own, &vendor, "execution");
    execute(&memory, "first", &asked).await.expect("requested");
    memory.set_status(Status::Active);
    sweep_and_run(&memory).await;
    let before = routed(&memory, &own);
    assert_eq!(before.len(), 4);
    for block in ["10.2.0.0/16", "10.3.0.0/16"] {
        memory.drop_block(&vendor, block);
    }
    sweep_and_run(&memory).await;
    execute(&memory, "second", &asked).await.expect("nothing to do");
    assert_eq!(routed(&memory, &own), before);
    memory.add_block(&vendor, "10.3.0.0/16");
    sweep_and_run(&memory).await;
    execute(&memory, "third", &asked).await.expect("narrowed");
    assert_eq!(routed(&memory, &own).len(), 2, "a block that is gone is not routed");
}
