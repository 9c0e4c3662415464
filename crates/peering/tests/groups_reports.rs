//! The report of a run of the groups machine: counts, calls, and its size.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::Status;
use isthmus_peering::error::Error;
use isthmus_peering::groups::{Cost, GroupReport, GroupsReport};
use isthmus_peering::steps::{GroupsTask, plan_groups};
use isthmus_testing::grouped::{
    alike, counts, join, leave, of_member, peered, planned, report, star, vpcs, with_quota,
};
use isthmus_testing::three::end;
use isthmus_testing::{LANES_AT_ONCE, Memory, context, execute, groups_arn, run_groups, scope, stack};
use serde_json::{Value, json};

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
        report.cost.calls,
        [("AcceptVpcPeeringConnection", 3), ("CreateRoute", 6), ("CreateVpcPeeringConnection", 3)]
            .map(|(action, calls)| (action.to_owned(), calls))
            .into()
    );
    let slowest = report.cost.slowest.expect("the one with the most calls");
    assert_eq!((slowest.action.as_str(), slowest.calls, slowest.region.as_str()), ("CreateRoute", 6, "us-east-1"));
    assert_eq!((report.cost.least_seconds, report.left), (5, 0));
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[tokio::test]
async fn what_stands_costs_only_what_it_lacks() {
    let (memory, ends) = vpcs(2);
    execute(&memory, "one", &json!({"VpcId": "vpc-00000001", "PeerVpcId": "vpc-00000002"})).await.expect("peered");
    join(&memory, "payments", &ends);
    let whole = report(&memory).await;
    assert_eq!(counts(&whole.groups[0]), [1, 1, 0, 0]);
    assert!(whole.cost.calls.is_empty() && whole.cost.least_seconds == 0);

    memory.drop_routes(&ends[0], "10.2.0.0/16");
    let drifted = report(&memory).await;
    assert_eq!(counts(&drifted.groups[0]), [1, 0, 1, 0]);
    assert_eq!(drifted.cost.calls, [("CreateRoute".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_run_can_be_about_one_group_and_says_where_there_is_none() {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments ledger", &ends);
    let about = async |input: Value| planned(&memory, &stack(), input).await;
    let one = about(json!({"Groups": ["ledger"], "DryRun": true})).await.expect("planned");
    assert_eq!((one.report.expect("a report").groups.len(), one.publish), (1, false));
    let none = about(json!({"Groups": ["nobody"]})).await.expect("planned");
    let report = none.report.expect("a report");
    assert_eq!((report.groups.len(), none.publish), (0, true));
    assert_eq!(report.warnings, ["no VPC is a member of nobody"]);
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
async fn without_time_pairs_are_left_and_counted() {
    let (memory, ends) = vpcs(3);
    join(&memory, "payments", &ends);
    let task = json!({"Input": {}, "Execution": groups_arn("run"), "LanesAtOnce": LANES_AT_ONCE, "Time": "now"});
    let task: GroupsTask = serde_json::from_value(task).expect("a task");
    let planned = plan_groups(context(&memory, &stack()), &scope(), task, || false).await.expect("planned");
    let report = planned.report.expect("a report");
    assert_eq!((report.left, counts(&report.groups[0])), (3, [3, 0, 0, 0]));
}

#[tokio::test]
async fn five_hundred_refusals_are_listed_and_all_are_counted() {
    let (memory, ends) = alike(40);
    join(&memory, "payments", &ends);
    let report = report(&memory).await;
    let group = &report.groups[0];
    assert_eq!((group.refused_count, group.refused.len(), group.pairs), (780, 500, 780));
    assert!(serde_json::to_string(&report).expect("JSON").len() < 256 * 1024);
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
    assert_eq!(report.cost.calls, calls.map(|(action, calls)| (action.to_owned(), calls)).into());
    assert_eq!(counts(&report.groups[0]), [1, 0, 1, 0]);
}

#[tokio::test]
async fn the_longest_report_fits_into_a_state_s_output() {
    let memory = Memory::default();
    let small = with_quota(1);
    for number in 0..400 {
        let end =
            if number % 2 == 0 { end(&format!("vpc-{number:08x}")) } else { of_member(&format!("vpc-{number:08x}")) };
        memory.add_vpc(&end, &[&format!("10.{}.{}.0/24", number / 250, number % 250)], 1);
        let own = format!("{number}-a-group-of-one-with-a-long-name").chars().take(32).collect::<String>();
        memory.tag_vpc(&end, "isthmus:group", &format!("{own} everybody"));
    }
    let report = planned(&memory, &small, json!({"DryRun": true})).await.expect("planned").report.expect("a report");
    let length = serde_json::to_string(&report).expect("JSON").len();
    assert!(length < 240 * 1024, "{length}");
    let everybody = report.groups.iter().find(|group| group.name.as_str() == "everybody").expect("listed");
    assert_eq!(everybody.refused_count + everybody.set_up, 400 * 399 / 2);
    assert!(everybody.refused.len() > 300 && report.near_quota.len() <= 100);
}

#[tokio::test]
async fn the_refusals_of_one_group_don_t_hide_those_of_another() {
    let (memory, ends) = alike(40);
    join(&memory, "a", &ends[..36]);
    join(&memory, "z", &ends[36..]);
    let report = report(&memory).await;
    let listed: Vec<usize> = report.groups.iter().map(|group| group.refused.len()).collect();
    assert_eq!(listed, [494, 6], "630 and 6 are refused");
}

#[test]
fn a_group_that_everybody_has_left_is_reported_with_what_is_torn_down() {
    for asked in [json!({}), json!({"Groups": ["payments"]})] {
        let (memory, ends) = star(2);
        leave(&memory, &ends);
        let mut dry = asked.clone();
        dry["DryRun"] = json!(true);
        for input in [dry, asked] {
            let report = run_groups(&memory, &stack(), "gone", &input).expect("it ends").report;
            let told: Vec<_> = report.groups.iter().map(|each| (each.name.as_str(), each.torn_down)).collect();
            assert_eq!(told, [("payments", 2)], "{input}");
            assert_eq!((counts(&report.groups[0]), report.warnings.len()), ([0; 4], 0), "{input}: {report:?}");
        }
        assert_eq!(peered(&memory, &ends), 0);
        let later = run_groups(&memory, &stack(), "later", &json!({"Groups": ["payments"]})).expect("it ends").report;
        assert_eq!((later.groups.len(), later.warnings), (0, vec!["no VPC is a member of payments".to_owned()]));
    }
}

#[tokio::test]
async fn a_refusal_says_what_to_do_in_the_room_that_a_report_and_a_status_have() {
    let memory = Memory::default();
    let blocks = ["10.1.0.0/16", "10.1.128.0/20", "10.2.0.0/16", "10.2.128.0/20", "10.3.0.0/16", "10.4.0.0/16"];
    let ends: Vec<_> = (0..6).map(|number| end(&format!("vpc-{number:017x}"))).collect();
    ends.iter().zip(blocks).for_each(|(end, block)| memory.add_vpc(end, &[block], 1));
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    memory.tag_vpc(&ends[4], "isthmus:exclude", "true");
    let planned = planned(&memory, &with_quota(1), json!({"DryRun": true})).await.expect("planned");
    let refused = &planned.report.expect("a report").groups[0].refused;
    let expected = [
        ("OverlappingCidrs", "remove one of the two blocks, or take one of the VPCs out of the group"),
        ("OverlappingCidrs", "let one of those two advertise other blocks, or take it out of the group"),
        ("Excluded", "its owner has to remove that tag before anything is changed"),
        ("QuotaExceeded", "raise that quota in Service Quotas and in the stack's parameters, or make room"),
    ];
    assert_eq!(refused.len(), expected.len(), "{refused:?}");
    for (refused, (error, remedy)) in refused.iter().zip(expected) {
        assert!(refused.error == error && refused.message.ends_with(&format!(": {remedy}")), "{refused:?}");
        assert!(refused.message.len() <= 200, "{refused:?}");
    }
}

#[test]
fn of_very_many_groups_those_of_which_something_goes_are_listed() {
    let group = |name: String, torn_down: usize| -> GroupReport {
        let counts = json!({
            "Name": name, "Hubs": 0, "Spokes": 0, "Mesh": 0, "Pairs": 0, "InPlace": 0, "SetUp": 0, "TornDown": torn_down,
            "RefusedCount": 0, "Refused": [],
        });
        serde_json::from_value(counts).expect("a report")
    };
    let mut groups: Vec<GroupReport> = (100..400).map(|number| group(format!("a{number}"), 0)).collect();
    groups.push(group("b".into(), 1));
    let report = GroupsReport::new(groups, Cost::default(), Vec::new());
    let last = report.groups.last().expect("a group");
    assert_eq!((report.groups.len(), last.name.as_str()), (300, "b"));
}
