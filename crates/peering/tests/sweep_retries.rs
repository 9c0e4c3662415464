//! When the sweep tries again, and when it can't do its work at all.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::ledger::PairKey;
use isthmus_peering::ports::{CallErrorKind, Location};
use isthmus_testing::pair::{ends, network, request};
use isthmus_testing::sweeping::{run_started, try_sweep};
use isthmus_testing::{Faulty, Machines, Memory, When, execute};
use serde_json::json;

/// Two VPCs of which one names the other.
fn requested() -> Memory {
    let memory = network();
    memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
    memory
}

#[tokio::test]
async fn a_refusal_is_reported_once_and_its_status_says_today_s_reason() {
    let (memory, machine) = (requested(), Machines::default());
    memory.add_block(&ends().1, "10.1.128.0/20");
    let found = try_sweep(&memory, &machine, json!({})).await.expect("swept");
    assert_eq!(found.drift[0].differs, "OverlappingCidrs");
    run_started(&memory, &machine).await;
    let status = || memory.tags(&ends().0)["isthmus:status:vpc-0000000a"].clone();
    assert!(status().contains("10.1.0.0/16 overlaps 10.1.128.0/20"), "{}", status());

    memory.drop_block(&ends().1, "10.1.128.0/20");
    memory.add_block(&ends().1, "10.1.64.0/20");
    let found = try_sweep(&memory, &machine, json!({})).await.expect("swept");
    assert_eq!((found.refused.len(), found.started.len()), (1, 0), "{found:?}");
    assert_eq!(found.refused[0].error, "OverlappingCidrs");
    assert!(status().contains("10.1.0.0/16 overlaps 10.1.64.0/20"), "{}", status());

    memory.drop_block(&ends().1, "10.1.64.0/20");
    let found = try_sweep(&memory, &machine, json!({})).await.expect("swept");
    assert_eq!(found.drift[0].differs, "Missing", "the reason is gone");
}

/// The ledger says when to try again; a person, or a changed tag, may try at once.
#[tokio::test]
async fn what_planning_can_t_foresee_is_tried_ever_more_rarely() {
    let (memory, machine) = (requested(), Machines::default());
    let key = PairKey::of([&ends().0, &ends().1]);
    for hours in [1, 2, 4] {
        let found = try_sweep(&memory, &machine, json!({})).await.expect("swept");
        assert_eq!((found.started.len(), found.refused.len()), (1, 0), "{hours}: {found:?}");
        let (name, input) = machine.peerings.take().into_iter().next().expect("started");
        let denied = Faulty::new(&memory, 5, When::Before, CallErrorKind::Denied);
        let (error, _) =
            execute(&denied, &name, &serde_json::to_value(&input).expect("JSON")).await.expect_err("denied");
        assert_eq!(error, "AccessDenied");
        let found = try_sweep(&memory, &machine, json!({})).await.expect("swept");
        assert_eq!((found.started.len(), found.refused.len()), (0, 1), "{hours}: {found:?}");
        let found = try_sweep(&memory, &machine, json!({"Retry": true})).await.expect("swept");
        assert_eq!(found.started.len(), 1, "{hours}: {found:?}");
        machine.peerings.take();
        let outcome = memory.ledger.get(&key).expect("an item").outcome.expect("an outcome");
        assert_eq!(outcome.retry_at, Some(1_800_000_000 + hours * 3600), "{outcome:?}");
        let due = json!({"By": name, "Error": error, "Count": outcome.count, "RetryAt": 1_799_999_999});
        memory.ledger.set(&key, "Outcome", due);
    }
}

/// It succeeds, and leaves something that the next plan would only try again: not every hour.
#[tokio::test]
async fn a_success_that_leaves_something_undone_is_not_repeated_every_hour() {
    let (memory, machine) = (requested(), Machines::default());
    try_sweep(&memory, &machine, json!({})).await.expect("swept");
    run_started(&memory, &machine).await;
    memory.tag_vpc(&ends().0, "isthmus:routes", "main");
    let mut by_tags = request();
    by_tags["RequestedBy"] = json!("tags");
    memory.take_calls();
    execute(&memory, "a rehearsal", &by_tags).await.expect("narrowed");
    let deletion = memory.take_calls().iter().position(|call| *call == "delete_route").expect("a deletion");
    memory.tag_vpc(&ends().0, "isthmus:routes", "all");
    execute(&memory, "widened", &by_tags).await.expect("widened");
    memory.tag_vpc(&ends().0, "isthmus:routes", "main");
    let denied = Faulty::new(&memory, deletion, When::Before, CallErrorKind::Denied);
    let output = execute(&denied, "denied", &by_tags).await.expect("the new routes stand");
    assert!(output["Warnings"].to_string().contains("stale routes could not be deleted"), "{output}");
    let found = try_sweep(&memory, &machine, json!({})).await.expect("swept");
    assert_eq!((found.started.len(), found.in_place), (0, 1), "{found:?}");
    let status = memory.tags(&ends().0)["isthmus:status:vpc-0000000a"].clone();
    assert!(status.contains("; warning: stale routes could not be deleted"), "{status}");
    let found = try_sweep(&memory, &machine, json!({"Retry": true})).await.expect("swept");
    assert_eq!(found.started.len(), 1, "{found:?}");
}

/// The sweep that can read nothing, or not its own Region, fails; what it is told to do, it must understand.
#[tokio::test]
async fn a_sweep_that_can_t_see_or_is_not_understood_fails() {
    let memory = network();
    let (one, other) = ends();
    memory.deny(&Location::from(&other));
    try_sweep(&memory, &Machines::default(), json!({})).await.expect("another Region");
    memory.deny(&Location::from(&one));
    let refused = try_sweep(&memory, &Machines::default(), json!({})).await.expect_err("its own Region");
    let (error, cause) = refused.name_and_cause();
    assert_eq!((error.as_str(), cause["Region"].as_str()), ("AccessDenied", Some("us-east-1")), "{cause:?}");
    for (event, field) in [
        (json!({"dryRun": true}), "dryRun"),
        (json!({"DryRun": "yes"}), "the sweep's input"),
        (json!({"Retry": true, "Now": 1}), "Now"),
        (json!("DryRun"), "the sweep's input"),
        (json!(null), "the sweep's input"),
    ] {
        let refused = try_sweep(&network(), &Machines::default(), event.clone()).await;
        let (error, cause) = refused.expect_err("not understood").name_and_cause();
        assert_eq!((error.as_str(), cause["Field"].as_str()), ("InvalidRequest", Some(field)), "{event}: {cause:?}");
    }
}
