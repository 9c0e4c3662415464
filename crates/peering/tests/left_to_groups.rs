//! What groups change about pairs: what is kept, what is left to groups, and when a run starts.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::ports::LedgerWrites;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{Started, Sweep, VpcChange, start_peering, sweep};
use isthmus_testing::grouped::{counts, join, of_member, run, vpcs};
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::three::{TAGS, start, task};
use isthmus_testing::{HasLedger, Machines, Memory, context, groups_arn, run_groups, scope, stack, tear_down};
use serde_json::json;

#[tokio::test]
async fn a_pair_of_a_group_is_kept_when_the_peer_tag_goes() {
    let (memory, ends) = vpcs(2);
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-00000002");
    let machines = Machines::default();
    let changed = || task("vpc-00000001", TAGS);
    let how = Sweep { scope: scope(), id: "id".into(), time: "now".into() };
    start_peering(context(&memory, &stack()), &machines, changed()).await.expect("started");
    run(&memory, &machines).await;
    join(&memory, "payments", &ends);
    memory.drop_tag(&ends[0], "isthmus:peer");
    let started = start_peering(context(&memory, &stack()), &machines, changed()).await.expect("started");
    assert!(
        machines.teardowns.borrow().is_empty() && machines.peerings.borrow().is_empty() && !started.groups.is_empty()
    );
    memory.take_calls();
    let recorded = run_groups(&memory, &stack(), "recorded", &json!({})).expect("it ends");
    assert_eq!((counts(&recorded.report.groups[0]), recorded.rounds), ([1, 1, 0, 0], 0));
    assert_eq!(Memory::writes(&memory.take_calls()), ["tag_vpcs"], "the statuses");
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert!(machines.teardowns.borrow().is_empty() && machines.groups.take().len() == 1, "{found:?}");
    assert_eq!((found.desired, found.in_place), (1, 1), "{found:?}");
    memory.add_table(&ends[0]);
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!((found.drift[0].differs.as_str(), machines.groups.take().len()), ("Routes", 1));
    let repaired = run_groups(&memory, &stack(), "repaired", &json!({})).expect("it ends");
    assert_eq!(
        (counts(&repaired.report.groups[0]), repaired.rounds),
        ([1, 0, 1, 0], 1),
        "what was set up is kept right"
    );
    let (error, cause) = tear_down(&memory, "by hand", &json!({"VpcId": "vpc-00000001", "PeerVpcId": "vpc-00000002"}))
        .await
        .expect_err("refused");
    assert_eq!(error, "StillTagged");
    assert!(cause["Message"].as_str().expect("a message").contains("payments"), "{cause}");

    // A word that can't be understood takes nothing away; without it the group asks no more.
    memory.tag_vpc(&ends[1], "isthmus:group", "payments:owner");
    let kept = run_groups(&memory, &stack(), "kept", &json!({})).expect("it ends");
    assert_eq!(kept.rounds, 0, "{kept:?}");
    memory.drop_tag(&ends[1], "isthmus:group");
    run_groups(&memory, &stack(), "gone", &json!({})).expect("it ends");
    assert!(memory.connections().iter().all(|connection| !connection.status.is_live()));
}

/// Without consent for the pair, which the group doesn't need.
#[tokio::test]
async fn the_status_of_a_peer_tag_is_true_where_a_group_has_set_up_the_pair() {
    let (memory, mut ends) = vpcs(1);
    ends.push(of_member("vpc-000000b1"));
    memory.add_vpc(&ends[1], &["10.201.0.0/16"], 1);
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-000000b1@us-east-1@222222222222");
    let status = || memory.tags(&ends[0]).get("isthmus:status:vpc-000000b1").cloned().unwrap_or_default();
    sweep_and_run(&memory).await;
    assert!(status().starts_with("failed PeerNotTrusted "), "{}", status());
    join(&memory, "payments", &ends);
    let group_accounts = "payments:mesh=123456789012,222222222222".parse().expect("words");
    let stack = Stack { group_accounts, ..stack() };
    let recorded = run_groups(&memory, &stack, "set-up", &json!({})).expect("it ends");
    assert_eq!(counts(&recorded.report.groups[0]), [1, 0, 1, 0]);
    let how = Sweep { scope: scope(), id: "id".into(), time: "now".into() };
    sweep(context(&memory, &stack), &Machines::default(), &how, json!({}), || true).await.expect("swept");
    assert!(status().starts_with("active pcx-"), "{}", status());
}

#[tokio::test]
async fn the_sweep_counts_the_pairs_of_groups_and_starts_a_run_about_them() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    memory.add_block(&ends[2], "10.1.128.0/20");
    let machines = Machines::default();
    let how = Sweep { scope: scope(), id: "id".into(), time: "now".into() };
    let dry =
        sweep(context(&memory, &stack()), &machines, &how, json!({"DryRun": true}), || true).await.expect("swept");
    assert_eq!(
        (dry.desired, dry.drift[0].differs.as_str(), dry.refused[0].error.as_str()),
        (2, "Missing", "OverlappingCidrs")
    );
    assert!(machines.groups.borrow().is_empty());
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!(found.started, ["sweep-id"]);
    assert_eq!((found.repairable_drift(), found.waiting), (1, 0));
    assert!(machines.groups.borrow().contains_key("sweep-id") && machines.peerings.borrow().is_empty());
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0], "no status of it");
}

/// A large network keeps one busy for hours, and it reads everything again in each round.
#[tokio::test]
async fn while_a_run_works_the_sweep_starts_no_other() {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments", &ends);
    let works = groups_arn("works");
    memory.ledger().take_groups(&works, None).await.expect("an answer").expect("free");
    let (machines, how) = (Machines::default(), Sweep { scope: scope(), id: "id".into(), time: "now".into() });
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert!(found.started.is_empty() && machines.groups.take().is_empty(), "{found:?}");
    assert_eq!((found.drift[0].differs.as_str(), found.waiting), ("Missing", 1));
    // It has died. The next one waits until nothing of it can write.
    memory.ledger().close(&works, 1);
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!((machines.groups.take().len(), found.waiting), (1, 0), "{found:?}");
}

#[tokio::test]
async fn all_changes_of_a_minute_start_one_run() {
    let (memory, ends) = vpcs(2);
    let machines = Machines::default();
    let changed = async |group: bool| -> Started {
        let change = VpcChange::Tags { accept: false, group };
        start_peering(context(&memory, &stack()), &machines, task("vpc-00000001", change)).await.expect("started")
    };
    assert_eq!(changed(false).await.groups, [""; 0], "it is no member, and its group tag didn't change");
    let first = changed(true).await.groups.remove(0);
    assert_eq!(first, "tags-2027-01-15T08-01-00Z", "the end of the minute");
    join(&memory, "payments", &ends);
    assert_eq!(changed(false).await.groups, [first.as_str()], "another tag of a member");
    machines.groups.take();
    assert_eq!(changed(true).await.groups, ["tags-2027-01-15T08-02-00Z"], "one that is closed has read before");
    drop(start(&memory, &machines).await);
}

#[tokio::test]
async fn without_their_consent_no_word_of_another_account_keeps_a_peering() {
    let (memory, ends) = vpcs(1);
    let other = of_member("vpc-000000ff");
    memory.add_vpc(&other, &["10.9.0.0/16"], 1);
    memory.tag_vpc(&other, "isthmus:peer", "vpc-00000001@us-east-1@123456789012");
    memory.tag_vpc(&ends[0], "isthmus:accept", "222222222222");
    let machines = Machines::default();
    let how = Sweep { scope: scope(), id: "id".into(), time: "now".into() };
    sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    run(&memory, &machines).await;
    join(&memory, "payments", &ends);
    memory.drop_tag(&ends[0], "isthmus:accept");
    memory.tag_vpc(&other, "isthmus:group", "!!!");
    sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!(machines.teardowns.borrow().len(), 1, "consent is withdrawn");
}

#[tokio::test]
async fn what_a_group_asks_for_is_withdrawn_by_nobody() {
    let (memory, ends) = vpcs(2);
    let slow = Stack { teardown_delay: 300, ..stack() };
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-00000002");
    let machines = Machines::default();
    start_peering(context(&memory, &slow), &machines, task("vpc-00000001", TAGS)).await.expect("started");
    run(&memory, &machines).await;
    memory.drop_tag(&ends[0], "isthmus:peer");
    start_peering(context(&memory, &slow), &machines, task("vpc-00000001", TAGS)).await.expect("started");
    let is_marked = || memory.ledger().all().iter().any(|item| item.open_withdrawal().is_some());
    assert!(is_marked() && machines.teardowns.take().len() == 1);
    join(&memory, "payments", &ends);
    start_peering(context(&memory, &slow), &machines, task("vpc-00000001", TAGS)).await.expect("started");
    assert!(!is_marked(), "the delay begins anew when the group asks no more");
}

#[tokio::test]
async fn refusals_of_groups_are_no_status() {
    let (memory, ends) = vpcs(1);
    join(&memory, "payments:hub", &ends);
    memory.tag_vpc(&ends[0], "isthmus:accept", "222222222222");
    for number in 0..3 {
        let spoke = of_member(&format!("vpc-000000f{number}"));
        memory.add_vpc(&spoke, &[&format!("10.20{number}.0.0/16")], 1);
        join(&memory, "payments:spoke", std::slice::from_ref(&spoke));
    }
    let (machines, how) = (Machines::default(), Sweep { scope: scope(), id: "id".into(), time: "now".into() });
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!((found.desired, found.refused.len()), (3, 3));
    assert!(!memory.tags(&ends[0]).keys().any(|key| key.starts_with("isthmus:status:")), "{:?}", memory.tags(&ends[0]));
}

#[tokio::test]
async fn a_key_that_only_begins_like_that_of_groups_is_told_as_invalid() {
    let (memory, ends) = vpcs(1);
    let (machines, how) = (Machines::default(), Sweep { scope: scope(), id: "id".into(), time: "now".into() });
    let told = async || {
        sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
        memory.tags(&ends[0]).get("isthmus:status:invalid").cloned().unwrap_or_default()
    };
    memory.tag_vpc(&ends[0], "isthmus:group:payments", "hub");
    let invalid = told().await;
    assert!(invalid.contains("isthmus:group:payments: there is no such key"), "{invalid}");
    memory.drop_tag(&ends[0], "isthmus:group:payments");
    assert_eq!(told().await, "");
}

#[tokio::test]
async fn routes_for_a_member_of_one_s_group_are_for_no_stranger() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments", &ends[..2]);
    memory.tag_vpc(&ends[0], "isthmus:routes:vpc-00000002", "main");
    let (machines, how) = (Machines::default(), Sweep { scope: scope(), id: "id".into(), time: "now".into() });
    let invalid = || memory.tags(&ends[0]).get("isthmus:status:invalid").cloned();
    let start = async || {
        start_peering(context(&memory, &stack()), &machines, task("vpc-00000001", TAGS)).await.expect("started");
    };
    start().await;
    sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!(invalid(), None);

    memory.tag_vpc(&ends[0], "isthmus:routes:vpc-00000003", "main");
    sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert!(invalid().is_some_and(|told| told.contains("vpc-00000003") && !told.contains("vpc-00000002")));
    start().await;
    assert!(invalid().is_some(), "an event doesn't know all peers, and leaves what the sweep told");
}
