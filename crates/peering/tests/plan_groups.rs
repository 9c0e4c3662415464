//! The groups as the steps see them: what the report says, what is left to groups, and when a run starts.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::error::Error;
use isthmus_peering::groups::{GroupReport, GroupsReport};
use isthmus_peering::route_tables::{Route, Target};
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{GroupsTask, PlannedGroups, Started, Sweep, VpcChange, plan_groups, start_peering, sweep};
use isthmus_testing::three::{TAGS, end, start, task};
use isthmus_testing::{HasLedger, Machines, Memory, context, execute, scope, stack, tear_down};
use serde_json::{Value, json};

fn member(id: &str) -> End {
    End { owner_id: "222222222222".parse().expect("an account"), ..end(id) }
}

/// VPCs of the stack's account, each with a block of its own.
fn vpcs(count: u8) -> (Memory, Vec<End>) {
    let memory = Memory::default();
    let ends: Vec<End> = (1..=count).map(|number| end(&format!("vpc-{number:08x}"))).collect();
    for (number, end) in (1..).zip(&ends) {
        memory.add_vpc(end, &[&format!("10.{number}.0.0/16")], 1);
    }
    (memory, ends)
}

fn join(memory: &Memory, word: &str, ends: &[End]) {
    ends.iter().for_each(|end| memory.tag_vpc(end, "isthmus:group", word));
}

async fn planned(memory: &Memory, stack: &Stack, input: Value) -> Result<PlannedGroups, Error> {
    plan_groups(context(memory, stack), &scope(), GroupsTask { input }, || true).await
}

async fn report(memory: &Memory) -> GroupsReport {
    memory.take_calls();
    let planned = planned(memory, &stack(), json!({})).await.expect("planned");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    planned.report
}

fn counts(group: &GroupReport) -> [usize; 4] {
    [group.pairs, group.in_place, group.set_up, group.refused_count]
}

fn errors(report: &GroupsReport) -> Vec<&str> {
    report.groups.iter().flat_map(|group| &group.refused).map(|refused| refused.error.as_str()).collect()
}

/// Runs what was started, as the peering machine would.
async fn run(memory: &Memory, machines: &Machines) {
    for (name, input) in machines.peerings.take() {
        execute(memory, &name, &serde_json::to_value(&input).expect("JSON")).await.expect("peered");
    }
}

#[tokio::test]
async fn a_star_is_reported_with_what_it_costs() {
    let (memory, ends) = vpcs(4);
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let report = report(&memory).await;
    let group = &report.groups[0];
    assert_eq!((group.hubs, group.spokes, group.mesh, group.torn_down), (1, 3, 0, 0));
    assert_eq!(counts(group), [3, 0, 3, 0]);
    assert_eq!(
        report.calls,
        [("AcceptVpcPeeringConnection", 3), ("CreateRoute", 6), ("CreateVpcPeeringConnection", 3)]
            .map(|(action, calls)| (action.to_owned(), calls))
            .into()
    );
    let slowest = report.slowest.expect("the one with the most calls");
    assert_eq!((slowest.action.as_str(), slowest.calls, slowest.region.as_str()), ("CreateRoute", 6, "us-east-1"));
    assert_eq!((report.least_seconds, report.left), (5, 0));
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[tokio::test]
async fn what_stands_costs_only_what_it_lacks() {
    let (memory, ends) = vpcs(2);
    execute(&memory, "one", &json!({"VpcId": "vpc-00000001", "PeerVpcId": "vpc-00000002"})).await.expect("peered");
    join(&memory, "payments", &ends);
    let whole = report(&memory).await;
    assert_eq!(counts(&whole.groups[0]), [1, 1, 0, 0]);
    assert!(whole.calls.is_empty() && whole.least_seconds == 0);

    memory.drop_routes(&ends[0], "10.2.0.0/16");
    let drifted = report(&memory).await;
    assert_eq!(counts(&drifted.groups[0]), [1, 0, 1, 0]);
    assert_eq!(drifted.calls, [("CreateRoute".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_malformed_word_is_told_and_the_other_words_count() {
    let (memory, ends) = vpcs(2);
    for word in ["Payments", "payments:owner", "-x", &"a".repeat(33), "a:hub a:spoke"] {
        join(&memory, &format!("{word} ledger"), &ends);
        let report = report(&memory).await;
        let names: Vec<&str> = report.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["ledger"], "{word}");
        let told = report
            .warnings
            .iter()
            .filter(|warning| warning.starts_with("vpc-0000000") && warning.contains("isthmus:group"));
        assert_eq!(told.count(), 2, "{word}: {:?}", report.warnings);
    }
}

#[tokio::test]
async fn a_group_that_makes_no_pair_is_told_by_name() {
    let (memory, ends) = vpcs(3);
    join(&memory, "alone", &ends[..1]);
    join(&memory, "beach:spoke", &ends[1..]);
    let report = report(&memory).await;
    assert!(
        report.warnings.iter().any(|warning| warning.starts_with("alone has one member, vpc-00000001")),
        "{report:?}"
    );
    assert!(report.warnings.iter().any(|warning| warning.starts_with("beach has 2 spokes and no hub")), "{report:?}");
}

#[tokio::test]
async fn a_run_can_be_about_one_group_and_says_where_there_is_none() {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments ledger", &ends);
    let about = async |input: Value| planned(&memory, &stack(), input).await;
    let one = about(json!({"Groups": ["ledger"], "DryRun": true})).await.expect("planned");
    assert_eq!((one.report.groups.len(), one.publish), (1, false));
    let none = about(json!({"Groups": ["nobody"]})).await.expect("planned");
    assert_eq!((none.report.groups.len(), none.publish), (0, true));
    assert_eq!(none.report.warnings, ["no VPC is a member of nobody"]);
    for (input, field) in [
        (json!({"Group": ["a"]}), "Group"),
        (json!({"Groups": "a"}), "Groups"),
        (json!({"Groups": ["A"]}), "Groups"),
        (json!({"DryRun": "yes"}), "DryRun"),
        (json!([]), "the input"),
    ] {
        let error = about(input.clone()).await.expect_err("refused");
        assert!(matches!(&error, Error::InvalidRequest { field: named, .. } if named == field), "{input}: {error:?}");
    }
}

#[tokio::test]
async fn a_table_without_room_refuses_the_spoke() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    for number in 0..498 {
        let destination = format!("172.16.{}.{}/32", number / 250, number % 250).parse().expect("a block");
        let target = Target::Other("igw-00000001".into());
        memory.add_route(&ends[0], 0, Route { destination, target, blackhole: false, propagated: false });
    }
    let report = report(&memory).await;
    assert_eq!((counts(&report.groups[0]), errors(&report)), ([2, 0, 1, 1], vec!["QuotaExceeded"]));
    assert!(report.groups[0].refused[0].message.contains("vpc-00000001"), "{report:?}");
}

#[tokio::test]
async fn connections_with_others_take_their_places_first() {
    let (memory, ends) = vpcs(4);
    let small = Stack { quotas: isthmus_peering::stack::Quotas { peerings_per_vpc: 2, ..stack().quotas }, ..stack() };
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-00000004");
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..3]);
    let report = planned(&memory, &small, json!({})).await.expect("planned").report;
    assert_eq!(
        (counts(&report.groups[0]), errors(&report)),
        ([2, 0, 1, 1], vec!["QuotaExceeded"]),
        "a peer tag asks for one of two"
    );
    assert_eq!(report.near_quota.len(), 1);
    assert_eq!((report.near_quota[0].vpc_id.as_str(), report.near_quota[0].peerings), ("vpc-00000001", 2));
}

#[tokio::test]
async fn across_accounts_both_are_admitted_or_both_consent() {
    let (memory, ends) = vpcs(1);
    let spoke = member("vpc-000000ff");
    memory.add_vpc(&spoke, &["10.9.0.0/16"], 1);
    join(&memory, "payments:hub", &ends);
    join(&memory, "payments:spoke", std::slice::from_ref(&spoke));
    let with = async |admitted: &str| {
        let stack = Stack { group_accounts: admitted.parse().expect("valid"), ..stack() };
        planned(&memory, &stack, json!({})).await.expect("planned").report
    };
    let refused = with("").await;
    assert_eq!(errors(&refused), ["PeerNotTrusted"]);
    let message = &refused.groups[0].refused[0].message;
    assert!(
        message.contains("payments:hub=123456789012") && message.contains("payments:spoke=222222222222"),
        "{message}"
    );
    for half in [
        "payments:spoke=222222222222",
        "payments:hub=123456789012",
        "payments:hub=123456789012 payments:mesh=222222222222",
    ] {
        assert_eq!(errors(&with(half).await), ["PeerNotTrusted"], "{half}");
    }
    assert!(errors(&with("payments:hub=123456789012 payments:spoke=*").await).is_empty());

    // An admitted spoke that claims to be a hub is none.
    join(&memory, "payments:hub", std::slice::from_ref(&spoke));
    let claimed = with("payments:hub=123456789012 payments:spoke=222222222222").await;
    assert!(claimed.groups[0].refused[0].message.contains("payments:hub=222222222222"), "{claimed:?}");

    memory.tag_vpc(&ends[0], "isthmus:accept", "222222222222");
    assert_eq!(errors(&with("").await), ["PeerNotTrusted"], "one consents");
    memory.tag_vpc(&spoke, "isthmus:accept", "vpc-00000001");
    assert!(errors(&with("").await).is_empty(), "each consents to the other");
}

#[tokio::test]
async fn accounts_that_can_t_have_members_are_named() {
    let (memory, _) = vpcs(1);
    let admitted = "payments:mesh=555555555555,666666666666,222222222222".parse().expect("valid");
    let report =
        planned(&memory, &Stack { group_accounts: admitted, ..stack() }, json!({})).await.expect("planned").report;
    assert_eq!(report.warnings.len(), 2, "{:?}", report.warnings);
    assert!(report.warnings[0].contains("555555555555") && report.warnings[0].contains("ExternalAccounts"));
    assert!(report.warnings[1].contains("666666666666") && report.warnings[1].contains("MemberAccounts"));
}

#[tokio::test]
async fn what_could_not_be_read_is_told_and_its_members_are_left_out() {
    let (memory, ends) = vpcs(2);
    let far = member("vpc-000000ff");
    memory.add_vpc(&far, &["10.9.0.0/16"], 1);
    join(&memory, "payments", &[&ends[..], std::slice::from_ref(&far)].concat());
    memory.deny(&(&far).into());
    let report = report(&memory).await;
    assert_eq!((report.groups[0].mesh, counts(&report.groups[0])), (2, [1, 0, 1, 0]));
    assert!(
        report.warnings.iter().any(|warning| warning.contains("us-east-1 of 222222222222")),
        "{:?}",
        report.warnings
    );
}

#[tokio::test]
async fn without_time_pairs_are_left_and_counted() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments", &ends);
    let task = GroupsTask { input: json!({}) };
    let report = plan_groups(context(&memory, &stack()), &scope(), task, || false).await.expect("planned").report;
    assert_eq!((report.left, counts(&report.groups[0])), (3, [3, 0, 0, 0]));
}

#[tokio::test]
async fn five_hundred_refusals_are_listed_and_all_are_counted() {
    let memory = Memory::default();
    let ends: Vec<End> = (1..=40).map(|number| end(&format!("vpc-{number:08x}"))).collect();
    ends.iter().for_each(|end| memory.add_vpc(end, &["10.0.0.0/16"], 1));
    join(&memory, "payments", &ends);
    let report = report(&memory).await;
    let group = &report.groups[0];
    assert_eq!((group.refused_count, group.refused.len(), group.pairs), (780, 500, 780));
    assert!(serde_json::to_string(&report).expect("JSON").len() < 256 * 1024);
}

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
    start_peering(context(&memory, &stack()), &machines, changed()).await.expect("started");
    assert!(machines.teardowns.borrow().is_empty());
    run(&memory, &machines).await;
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert!(machines.teardowns.borrow().is_empty() && machines.peerings.borrow().is_empty(), "{found:?}");
    assert_eq!((found.desired, found.in_place), (1, 1), "{found:?}");
    memory.add_table(&ends[0]);
    sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!(machines.peerings.borrow().len(), 1, "what was set up is kept right");
    run(&memory, &machines).await;
    let (error, cause) = tear_down(&memory, "by hand", &json!({"VpcId": "vpc-00000001", "PeerVpcId": "vpc-00000002"}))
        .await
        .expect_err("refused");
    assert_eq!(error, "StillTagged");
    assert!(cause["Message"].as_str().expect("a message").contains("payments"), "{cause}");

    // A word that can't be understood takes nothing away; without it the group asks no more.
    memory.tag_vpc(&ends[1], "isthmus:group", "payments:owner");
    let kept = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert!(machines.teardowns.borrow().is_empty(), "{kept:?}");
    memory.drop_tag(&ends[1], "isthmus:group");
    sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!(machines.teardowns.borrow().len(), 1);
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
    assert_eq!(found.repairable_drift(), 0, "it is only reported");
    assert!(machines.groups.borrow().contains("sweep-id") && machines.peerings.borrow().is_empty());
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0], "no status of it");
}

#[tokio::test]
async fn all_changes_of_a_minute_start_one_run() {
    let (memory, ends) = vpcs(2);
    let machines = Machines::default();
    let changed = async |group: bool| -> Started {
        let change = VpcChange::Tags { accept: false, group };
        start_peering(context(&memory, &stack()), &machines, task("vpc-00000001", change)).await.expect("started")
    };
    assert_eq!(changed(false).await.groups, None, "it is no member, and its group tag didn't change");
    let first = changed(true).await.groups.expect("a run");
    assert_eq!(first, "tags-2027-01-15T08-01-00Z", "the end of the minute");
    join(&memory, "payments", &ends);
    assert_eq!(changed(false).await.groups, Some(first.clone()), "another tag of a member");
    machines.closed_groups.borrow_mut().insert(first);
    assert_eq!(
        changed(true).await.groups.as_deref(),
        Some("tags-2027-01-15T08-02-00Z"),
        "one that is closed has read before"
    );
    drop(start(&memory, &machines).await);
}

#[tokio::test]
async fn a_connection_that_only_waits_for_acceptance_costs_no_request() {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments", &ends);
    memory.add_connection(&ends[0], &ends[1], Status::PendingAcceptance);
    memory.turn_on_dns_hostnames();
    memory.tag_vpc(&ends[0], "isthmus:dns", "on");
    let report = report(&memory).await;
    let calls = [("AcceptVpcPeeringConnection", 1), ("CreateRoute", 2), ("ModifyVpcPeeringConnectionOptions", 2)];
    assert_eq!(report.calls, calls.map(|(action, calls)| (action.to_owned(), calls)).into());
    assert_eq!(counts(&report.groups[0]), [1, 0, 1, 0]);
}

#[tokio::test]
async fn without_their_consent_no_word_of_another_account_keeps_a_peering() {
    let (memory, ends) = vpcs(1);
    let other = member("vpc-000000ff");
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
        let spoke = member(&format!("vpc-000000f{number}"));
        memory.add_vpc(&spoke, &[&format!("10.20{number}.0.0/16")], 1);
        join(&memory, "payments:spoke", std::slice::from_ref(&spoke));
    }
    let (machines, how) = (Machines::default(), Sweep { scope: scope(), id: "id".into(), time: "now".into() });
    let found = sweep(context(&memory, &stack()), &machines, &how, json!({}), || true).await.expect("swept");
    assert_eq!((found.desired, found.refused.len()), (3, 3));
    assert!(!memory.tags(&ends[0]).keys().any(|key| key.starts_with("isthmus:status:")), "{:?}", memory.tags(&ends[0]));
}

#[tokio::test]
async fn the_longest_report_fits_into_a_state_s_output() {
    let memory = Memory::default();
    let small = Stack { quotas: isthmus_peering::stack::Quotas { peerings_per_vpc: 1, ..stack().quotas }, ..stack() };
    for number in 0..400 {
        let end =
            if number % 2 == 0 { end(&format!("vpc-{number:08x}")) } else { member(&format!("vpc-{number:08x}")) };
        memory.add_vpc(&end, &[&format!("10.{}.{}.0/24", number / 250, number % 250)], 1);
        let own = format!("{number}-a-group-of-one-with-a-long-name").chars().take(32).collect::<String>();
        memory.tag_vpc(&end, "isthmus:group", &format!("{own} everybody"));
    }
    let report = planned(&memory, &small, json!({})).await.expect("planned").report;
    let length = serde_json::to_string(&report).expect("JSON").len();
    assert!(length < 240 * 1024, "{length}");
    let everybody = report.groups.iter().find(|group| group.name.as_str() == "everybody").expect("listed");
    assert_eq!(everybody.refused_count + everybody.set_up, 400 * 399 / 2);
    assert!(everybody.refused.len() > 300 && report.near_quota.len() <= 100);
}

#[tokio::test]
async fn a_peer_tag_that_can_t_be_carried_out_holds_no_place() {
    let (memory, ends) = vpcs(2);
    let excluded = end("vpc-000000ff");
    memory.add_vpc(&excluded, &["10.2.0.0/16"], 1);
    memory.tag_vpc(&excluded, "isthmus:exclude", "true");
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-000000ff");
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    join(&memory, "ledger", std::slice::from_ref(&excluded));
    let report = report(&memory).await;
    let group = report.groups.iter().find(|group| group.name.as_str() == "payments").expect("listed");
    assert_eq!(counts(group), [1, 0, 1, 0], "the spoke has the block of a VPC that never gets a route");
}

#[tokio::test]
async fn a_request_to_a_vendor_takes_its_place() {
    let (memory, ends) = vpcs(3);
    let small = Stack { quotas: isthmus_peering::stack::Quotas { peerings_per_vpc: 2, ..stack().quotas }, ..stack() };
    memory.tag_vpc(&ends[0], "isthmus:peer", "vpc-000000ee@us-east-1@555555555555");
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let report = planned(&memory, &small, json!({})).await.expect("planned").report;
    assert_eq!((counts(&report.groups[0]), errors(&report)), ([2, 0, 1, 1], vec!["QuotaExceeded"]));
}
