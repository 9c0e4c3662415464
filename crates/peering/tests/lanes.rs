//! Runs of the groups machine: what they set up, and what the ledger knows then.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::stack::Stack;
use isthmus_peering::tags::{EXECUTION, STACK};
use isthmus_testing::grouped::{counts, join, of_member, peered, vpcs};
use isthmus_testing::three::end;
use isthmus_testing::{HasLedger, INSTALLATION, Memory, groups_arn, run_groups, stack};
use serde_json::json;

fn status(memory: &Memory, end: &End) -> String {
    memory.tags(end).get("isthmus:status:group:payments").cloned().unwrap_or_default()
}

#[test]
fn a_mesh_is_set_up_and_recorded() {
    let (memory, ends) = vpcs(4);
    join(&memory, "payments", &ends);
    let run = run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    assert_eq!(counts(&run.report.groups[0]), [6, 0, 6, 0], "{run:#?}");
    assert_eq!(peered(&memory, &ends), 6);
    for item in memory.ledger().all() {
        assert!(item.is_established() && item.holder.is_none() && item.makers.is_empty(), "{item:?}");
        assert!(item.pending_a.is_empty() && item.pending_b.is_empty() && !item.routes_a.is_empty(), "{item:?}");
        assert!(item.connection.as_ref().expect("recorded").made && item.records_success_of(&groups_arn("first")));
        let asked_by = item.asked_by.expect("somebody");
        assert_eq!((asked_by.tags.len(), asked_by.groups.len()), (0, 1));
    }
    assert_eq!(memory.ledger().groups_run(), None);
    assert!(status(&memory, &ends[0]).starts_with("3 of 3 active "), "{}", status(&memory, &ends[0]));
}

#[test]
fn a_run_with_nothing_to_do_only_reads() {
    let (memory, ends) = vpcs(4);
    join(&memory, "payments", &ends);
    run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    memory.take_calls();
    let writes = memory.ledger().writes();
    let again = run_groups(&memory, &stack(), "again", &json!({})).expect("it ends");
    assert_eq!((counts(&again.report.groups[0]), again.rounds), ([6, 6, 0, 0], 0));
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    assert_eq!(memory.ledger().writes(), writes);
}

/// A hub here, and spokes in another Region and another account.
fn three_lanes() -> (Memory, Vec<End>, Stack) {
    let (memory, mut ends) = vpcs(2);
    for (end, block) in [
        (End { region: "eu-west-1".parse().expect("a Region"), ..end("vpc-000000a1") }, "10.201.0.0/16"),
        (of_member("vpc-000000b1"), "10.202.0.0/16"),
        (of_member("vpc-000000b2"), "10.203.0.0/16"),
    ] {
        memory.add_vpc(&end, &[block], 1);
        ends.push(end);
    }
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &ends[1..]);
    let group_accounts = "payments:hub=123456789012 payments:spoke=222222222222,123456789012".parse().expect("words");
    (memory, ends, Stack { group_accounts, ..stack() })
}

#[test]
fn a_star_over_regions_and_accounts_is_accepted_tagged_and_routed_in_each() {
    let (memory, ends, stack) = three_lanes();
    let run = run_groups(&memory, &stack, "first", &json!({})).expect("it ends");
    assert_eq!(counts(&run.report.groups[0]), [4, 0, 4, 0], "{run:#?}");
    assert_eq!(peered(&memory, &ends), 4);
    for connection in memory.connections() {
        for end in [&connection.identity.requester, &connection.identity.accepter] {
            let seen = memory.connections_seen_from(end);
            let tags = &seen.iter().find(|seen| seen.id() == connection.id()).expect("seen").tags;
            assert_eq!(tags.get(STACK).map(String::as_str), Some(INSTALLATION), "{end}");
            assert_eq!(tags.get(EXECUTION), Some(&groups_arn("first")), "{end}");
        }
    }
}

#[test]
fn hubs_reach_the_mesh_and_the_spokes() {
    let (memory, ends) = vpcs(6);
    join(&memory, "payments:hub", &ends[..2]);
    join(&memory, "payments", &ends[2..4]);
    join(&memory, "payments:spoke", &ends[4..]);
    let run = run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    assert_eq!(counts(&run.report.groups[0]), [10, 0, 10, 0]);
    assert_eq!(peered(&memory, &ends), 10);
    assert!(status(&memory, &ends[4]).starts_with("2 of 2 active "));
}

#[test]
fn the_rest_of_a_group_is_done_and_what_is_refused_is_told() {
    let (memory, ends) = vpcs(3);
    let same = end("vpc-00000009");
    memory.add_vpc(&same, &["10.1.128.0/20"], 1);
    join(&memory, "payments:hub", &ends[..1]);
    join(&memory, "payments:spoke", &[ends[1].clone(), ends[2].clone(), same.clone()]);
    let run = run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    assert_eq!(counts(&run.report.groups[0]), [3, 0, 2, 1]);
    assert_eq!(peered(&memory, &ends), 2);
    let told = status(&memory, &ends[0]);
    assert!(told.starts_with("2 of 3 active, 1 refused: OverlappingCidrs vpc-00000009 "), "{told}");
    let told = status(&memory, &same);
    assert!(told.starts_with("failed OverlappingCidrs ") && told.contains("10.1.0.0/16"), "{told}");
}

#[test]
fn dns_resolution_and_the_selection_of_each_member_are_its_own() {
    let (memory, ends) = vpcs(3);
    memory.turn_on_dns_hostnames();
    memory.add_table(&ends[0]);
    memory.tag_vpc(&ends[0], "isthmus:routes", "main");
    memory.tag_vpc(&ends[1], "isthmus:dns", "on");
    join(&memory, "payments", &ends);
    run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    let dns = |one: usize, other: usize| {
        let found = memory.connections().into_iter().find(|found| found.identity.joins(&ends[one], &ends[other]));
        let sides = found.expect("a connection").dns_resolution;
        (sides.requester, sides.accepter)
    };
    assert_eq!((dns(0, 1), dns(1, 2), dns(0, 2)), ((true, true), (true, true), (false, false)));
    assert_eq!(memory.tables(&ends[0])[1].routes.len(), 1, "the second table isn't selected");

    // Changed selections go by lanes: new routes first, then the stale ones.
    memory.tag_vpc(&ends[0], "isthmus:routes", "all");
    run_groups(&memory, &stack(), "all", &json!({})).expect("it ends");
    assert_eq!(memory.tables(&ends[0])[1].routes.len(), 3);
    memory.tag_vpc(&ends[0], "isthmus:routes", "main");
    let narrowed = run_groups(&memory, &stack(), "main", &json!({})).expect("it ends");
    assert_eq!(memory.tables(&ends[0])[1].routes.len(), 1);
    assert_eq!(counts(&narrowed.report.groups[0]), [3, 1, 2, 0]);
    assert_eq!(narrowed.report.cost.calls, [("DeleteRoute".to_owned(), 2)].into());
}

#[test]
fn a_connection_that_somebody_made_is_adopted() {
    let (memory, ends) = vpcs(2);
    join(&memory, "payments", &ends);
    let id = memory.add_connection(&ends[1], &ends[0], Status::PendingAcceptance);
    run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    let item = &memory.ledger().all()[0];
    let recorded = item.connection.as_ref().expect("recorded");
    assert_eq!((&recorded.id, recorded.made, memory.connections().len()), (&id, false, 1));
    join(&memory, "other", &ends[..1]);
    run_groups(&memory, &stack(), "gone", &json!({})).expect("it ends");
    let routes = |end: &End| memory.tables(end)[0].routes.len();
    assert_eq!((memory.connections()[0].status, routes(&ends[0]), routes(&ends[1])), (Status::Active, 1, 1));
}

#[test]
fn many_rounds_end_and_pass_through_the_machine() {
    let (memory, ends) = vpcs(40);
    join(&memory, "payments", &ends);
    let run = run_groups(&memory, &stack(), "first", &json!({})).expect("it ends");
    assert_eq!(counts(&run.report.groups[0]), [780, 0, 780, 0]);
    assert_eq!(peered(&memory, &ends), 780);
    assert!(run.rounds > 1 && run.transitions <= 78, "{} rounds, {} transitions", run.rounds, run.transitions);
    assert_eq!(run.report.cost.calls["CreateRoute"], 1560, "what the first round planned");
}
