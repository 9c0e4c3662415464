//! The whole chain in memory: run twice, in both directions, and killed at every single call.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{End, Status};
use isthmus_peering::error::Quota;
use isthmus_peering::ports::CallErrorKind;
use isthmus_peering::route_tables::{Route, Target};
use isthmus_peering::steps::create_request;
use isthmus_testing::pair::{CALLS, assert_peered, end, ends, network, request, routes_to_peerings, swapped};
use isthmus_testing::{Faulty, Memory, When, context, execute, execute_with_time_for, stack};
use serde_json::json;

#[tokio::test]
async fn a_second_run_in_either_direction_reads_five_times_and_writes_nothing() {
    let memory = network();
    let first = execute(&memory, "first", &request()).await.expect("peered");
    assert_eq!(first["Created"], json!(true));
    assert_peered(&memory);
    memory.take_calls();
    for again in [request(), swapped()] {
        let second = execute(&memory, "second", &again).await.expect("peered");
        assert_eq!(second["Created"], json!(false));
        assert_eq!(second["VpcPeeringConnectionId"], first["VpcPeeringConnectionId"]);
        let calls = memory.take_calls();
        assert_eq!(calls.len(), 5, "{calls:?}");
        assert_eq!(Memory::writes(&calls), [""; 0]);
    }
}

#[tokio::test]
async fn a_first_run_makes_eight_calls_and_one_for_each_route() {
    let memory = network();
    execute(&memory, "first", &request()).await.expect("peered");
    let calls = memory.take_calls();
    assert_eq!(calls.len(), CALLS, "{calls:?}");
}

#[tokio::test]
async fn killed_at_any_call_and_run_again_it_ends_in_one_peering() {
    for when in [When::Before, When::After] {
        for calls in 0..=CALLS {
            let memory = network();
            let _ =
                execute(&Faulty::new(&memory, calls, when, CallErrorKind::Denied), "the execution", &request()).await;
            let ended = execute(&memory, "another", &swapped()).await;
            assert!(ended.is_ok(), "call {calls}, {when:?}: {ended:?}");
            assert_peered(&memory);
        }
    }
}

#[tokio::test]
async fn dead_connections_are_ignored_and_live_ones_adopted_in_either_direction() {
    let (one, other) = ends();
    for (requester, accepter) in [(&one, &other), (&other, &one)] {
        let memory = network();
        for dead in [Status::Failed, Status::Rejected, Status::Expired, Status::Deleted, Status::Deleting] {
            memory.add_connection(requester, accepter, dead);
        }
        let id = memory.add_connection(requester, accepter, Status::PendingAcceptance);
        let output = execute(&memory, "the execution", &request()).await.expect("peered");
        assert_eq!(output["VpcPeeringConnectionId"], json!(id.to_string()));
        assert_eq!(output["Created"], json!(false));
        assert_peered(&memory);
    }
}

#[tokio::test]
async fn a_dead_blackhole_is_repaired_and_a_living_one_is_a_conflict() {
    let (one, other) = ends();
    for (status, outcome) in [(Status::Deleted, Ok("Repaired")), (Status::PendingAcceptance, Err("RouteConflict"))] {
        let memory = network();
        let stranger = end("vpc-0000000c", "us-east-1");
        let id = memory.add_connection(&one, &stranger, status);
        let destination = "10.2.0.0/16".parse().expect("a block");
        memory.add_route(
            &one,
            0,
            Route { destination, target: Target::Peering(id), blackhole: true, propagated: false },
        );
        let before = memory.tables(&one);
        let ended = execute(&memory, "the execution", &request()).await;
        match outcome {
            Ok(action) => {
                let output = ended.expect("peered");
                assert!(
                    output["Routes"].as_array().expect("a list").iter().any(|route| route["Action"] == json!(action))
                );
                assert_peered(&memory);
            }
            Err(error) => {
                assert_eq!(ended.expect_err("refused").0, error);
                assert_eq!(memory.tables(&one), before);
                assert_eq!(
                    memory
                        .tables(&other)
                        .iter()
                        .flat_map(|t| &t.routes)
                        .filter(|r| matches!(r.target, Target::Peering(_)))
                        .count(),
                    0
                );
            }
        }
    }
}

#[tokio::test]
async fn what_happens_during_the_set_up_is_reported_by_its_own_name() {
    type Event = dyn Fn(&Memory);
    let cases: [(&str, &Event); 6] = [
        ("PeeringRejected", &|memory| memory.set_status(Status::Rejected)),
        ("PeeringExpired", &|memory| memory.set_status(Status::Expired)),
        ("PeeringDeleted", &|memory| memory.set_status(Status::Deleted)),
        ("PeeringFailed", &|memory| memory.set_status(Status::Failed)),
        ("VpcNotFound", &|memory| memory.remove_vpc(&ends().0)),
        ("OverlappingCidrs", &|memory| {
            memory.add_block(&ends().0, "10.2.128.0/20");
            memory.set_status(Status::Failed);
        }),
    ];
    for (name, event) in cases {
        let memory = network();
        // Seven calls: five reads, the creation, the tags of the other side. Then the network changes.
        let network = Faulty::interrupted(&memory, 7, event);
        let (error, cause) = execute(&network, "the execution", &request()).await.expect_err(name);
        assert_eq!(error, name, "{cause}");
        assert_eq!(routes_to_peerings(&memory), 0);
    }
}

#[tokio::test]
async fn dns_resolution_is_turned_on_once() {
    let memory = network();
    memory.turn_on_dns_hostnames();
    let mut request = request();
    request["DnsResolution"] = json!(true);
    let output = execute(&memory, "first", &request).await.expect("peered");
    assert_eq!(output["DnsResolution"], json!(true));
    assert_eq!(memory.take_calls().iter().filter(|call| **call == "allow_dns_resolution").count(), 2);
    execute(&memory, "second", &request).await.expect("peered");
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
}

#[tokio::test]
async fn short_of_time_every_call_goes_on_where_the_last_one_stopped() {
    let memory = network();
    execute_with_time_for(1, &memory, "the execution", &request()).await.expect("peered");
    assert_peered(&memory);
    let written = memory.take_calls().into_iter().filter(|call| *call == "create_route").count();
    assert_eq!(written, 6, "each route is written once");
}

/// The pair is peered by a connection of its own; both VPC ids, Regions and owners have to match.
#[tokio::test]
async fn a_stranger_s_request_is_not_accepted() {
    let (one, other) = ends();
    let stranger = end("vpc-0000000c", "us-east-1");
    let foreign_owner = End { owner_id: "999999999999".parse().expect("an account"), ..one.clone() };
    for requester in [stranger, foreign_owner] {
        let memory = network();
        let strangers = memory.add_connection(&requester, &other, Status::PendingAcceptance);
        let output = execute(&memory, "the execution", &request()).await.expect("peered");
        assert_ne!(output["VpcPeeringConnectionId"], json!(strangers));
        let [foreign, own] = memory.connections().try_into().expect("two connections");
        assert_eq!((foreign.status, own.status), (Status::PendingAcceptance, Status::Active));
        assert!(foreign.tags.is_empty());
    }
}

/// EC2 answers an existing connection to a repeated request; one that joins other VPCs would be an error of EC2's.
#[tokio::test]
async fn a_connection_that_joins_other_vpcs_is_not_used() {
    let memory = network();
    memory.answer_creation_with(&end("vpc-0000000c", "us-east-1"));
    let (error, cause) = execute(&memory, "the execution", &request()).await.expect_err("another connection");
    assert_eq!((error.as_str(), &cause["Code"]), ("ServiceFault", &json!("UnexpectedConnection")));
    assert!(!memory.take_calls().contains(&"accept_connection"));
}

#[tokio::test]
async fn an_overlap_is_refused_before_anything_is_written() {
    let memory = network();
    memory.add_block(&ends().0, "10.2.128.0/20");
    let (error, cause) = execute(&memory, "the execution", &request()).await.expect_err("an overlap");
    assert_eq!(error, "OverlappingCidrs");
    assert_eq!(cause["Overlaps"], json!([{"CidrBlock": "10.2.128.0/20", "PeerCidrBlock": "10.2.0.0/16"}]));
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    assert!(memory.connections().is_empty());
}

/// We accept our own requests within seconds, so the quota of outstanding ones is waited for; but not for ever. However often the
/// pair was busy before.
#[tokio::test]
async fn a_place_among_the_outstanding_requests_is_waited_for() {
    for (minutes, error) in [(0, "Throttled"), (29, "Throttled"), (30, "QuotaExceeded")] {
        let memory = network();
        let full = CallErrorKind::Quota(Quota::OutstandingPeeringRequests);
        let network = Faulty::once(&memory, 5, When::Before, full);
        let started = 1_800_000_000_000_i64 - minutes * 60_000;
        let task = json!({"Request": request(), "Execution": "an execution", "Time": "now", "Started": started});
        let task = serde_json::from_value(task).expect("a task");
        let of_stack = stack();
        let refused = create_request(context(&network, &of_stack), task).await.expect_err("no place");
        let (name, cause) = refused.name_and_cause();
        assert_eq!(name, error, "{minutes} minutes after its start");
        assert_eq!(cause.contains_key("Limit"), name == "QuotaExceeded");
    }
}
