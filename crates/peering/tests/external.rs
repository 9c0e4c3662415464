//! Peerings with a VPC of an account in which nothing is read or written, such as a vendor's.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::{Connection, End, Status};
use isthmus_testing::owners::{EXTERNAL, end, request, vendor};
use isthmus_testing::pair::routed;
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::{FaultKind, Memory, PlannedFault, Scripted, execute, execute_as_deployed, tear_down};
use serde_json::{Value, json};

async fn run(memory: &Memory, name: &str, own: &End, vendor: &End) -> Value {
    execute(memory, name, &request(own, vendor, "execution")).await.expect("a success")
}

fn live(memory: &Memory) -> Vec<Connection> {
    memory.connections().into_iter().filter(|connection| connection.status.is_live()).collect()
}

fn is_routed(memory: &Memory, own: &End, vendor: &End) -> bool {
    let every =
        [0, 1].into_iter().flat_map(|table| ["10.2.0.0/16", "10.3.0.0/16"].map(|block| (table, block.to_owned())));
    assert!(routed(memory, vendor).is_empty(), "nothing is written there");
    routed(memory, own) == every.collect()
}

#[tokio::test]
async fn our_request_waits_for_them_and_goes_on_once_they_have_accepted() {
    for swapped in [false, true] {
        let (memory, own, vendor) = vendor();
        let (one, other) = if swapped { (&vendor, &own) } else { (&own, &vendor) };
        let output = run(&memory, "first", one, other).await;
        assert_eq!((&output["Status"], &output["Created"]), (&json!("pending-acceptance"), &json!(true)));
        assert_eq!(output["Requester"]["VpcId"], json!(own.vpc_id));
        let again = run(&memory, "second", one, other).await;
        assert_eq!(again["VpcPeeringConnectionId"], output["VpcPeeringConnectionId"]);
        assert!(sweep_and_run(&memory).await.started.is_empty(), "it waits");

        memory.set_status(Status::Active);
        assert_eq!(sweep_and_run(&memory).await.started.len(), 1);
        assert!(is_routed(&memory, &own, &vendor));
        assert!(sweep_and_run(&memory).await.started.is_empty());
        let done = run(&memory, "third", one, other).await;
        assert_eq!((&done["Status"], &done["Created"]), (&json!("active"), &json!(false)));
    }
}

#[tokio::test]
async fn a_tag_asks_and_the_status_says_who_has_to_accept() {
    let (memory, own, vendor) = vendor();
    memory.tag_vpc(&own, "isthmus:peer", &format!("{}@us-east-1@{EXTERNAL}", vendor.vpc_id));
    sweep_and_run(&memory).await;
    let status = |memory: &Memory| memory.tags(&own)["isthmus:status:vpc-0000000a"].clone();
    assert!(status(&memory).starts_with("waiting for account 555555555555 to accept pcx-"), "{}", status(&memory));
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.desired, swept.in_place, swept.drift.len(), swept.started.len()), (1, 0, 0, 0));
    memory.set_status(Status::Active);
    sweep_and_run(&memory).await;
    assert!(is_routed(&memory, &own, &vendor));
    assert!(status(&memory).starts_with("active pcx-"));
    assert!(memory.tags(&vendor).is_empty());
}

#[tokio::test]
async fn their_request_is_accepted_where_the_vpc_s_id_is_accepted() {
    for (accepts, is_accepted) in [("vpc-0000000a", true), (EXTERNAL, false), ("vpc-0000000c", false)] {
        let (memory, own, vendor) = vendor();
        memory.tag_vpc(&own, "isthmus:accept", accepts);
        assert!(sweep_and_run(&memory).await.started.is_empty());
        let id = memory.add_connection(&vendor, &own, Status::PendingAcceptance);
        sweep_and_run(&memory).await;
        assert_eq!(is_routed(&memory, &own, &vendor), is_accepted, "{accepts}");
        assert_eq!(live(&memory)[0].status == Status::Active, is_accepted);
        assert_eq!(live(&memory).iter().map(Connection::id).collect::<Vec<_>>(), [&id], "nothing is requested by us");
        if is_accepted {
            memory.drop_tag(&own, "isthmus:accept");
            sweep_and_run(&memory).await;
            assert!(routed(&memory, &own).is_empty());
            assert_eq!(live(&memory).len(), 1, "it is theirs, and stays");
            assert!(sweep_and_run(&memory).await.started.is_empty(), "without consent nothing is done about it");
        }
    }
}

#[tokio::test]
async fn of_both_directions_theirs_is_accepted_and_ours_deleted() {
    for is_lost in [false, true] {
        let (memory, own, vendor) = vendor();
        run(&memory, "first", &own, &vendor).await;
        if is_lost {
            memory.clear_connection_tags();
        }
        let theirs = memory.add_connection(&vendor, &own, Status::PendingAcceptance);
        memory.take_calls();
        let output = run(&memory, "second", &own, &vendor).await;
        assert_eq!(output["VpcPeeringConnectionId"], json!(theirs));
        assert_eq!(live(&memory).len(), 1);
        assert!(is_routed(&memory, &own, &vendor));
        let calls = memory.take_calls();
        let before = Memory::writes(&calls).into_iter().take_while(|call| *call != "delete_connection");
        let tagged = before.filter(|call| *call == "tag_connection").count();
        assert_eq!(tagged, usize::from(is_lost), "the policies let nothing be deleted without the stack's tag");
    }
}

#[tokio::test]
async fn a_request_that_somebody_made_by_hand_stays() {
    let (memory, own, vendor) = vendor();
    let by_hand = memory.add_connection(&own, &vendor, Status::PendingAcceptance);
    let theirs = memory.add_connection(&vendor, &own, Status::PendingAcceptance);
    let output = run(&memory, "first", &own, &vendor).await;
    assert_eq!(output["VpcPeeringConnectionId"], json!(theirs));
    assert!(live(&memory).iter().any(|connection| *connection.id() == by_hand));
}

#[tokio::test]
async fn a_rejection_is_told_once_and_then_asked_again_only_by_somebody() {
    for (status, error) in [(Status::Rejected, "PeeringRejected"), (Status::Expired, "PeeringExpired")] {
        let (memory, own, vendor) = vendor();
        memory.tag_vpc(&own, "isthmus:peer", &format!("{}@us-east-1@{EXTERNAL}", vendor.vpc_id));
        sweep_and_run(&memory).await;
        memory.set_status(status);
        assert_eq!(sweep_and_run(&memory).await.started.len(), 1);
        let told = memory.tags(&own)["isthmus:status:vpc-0000000a"].clone();
        assert!(told.starts_with(&format!("failed {error} ")), "{told}");
        let swept = sweep_and_run(&memory).await;
        assert_eq!((swept.started.len(), swept.refused[0].error.as_str()), (0, error));
        assert!(live(&memory).is_empty());
        let output = run(&memory, "somebody", &own, &vendor).await;
        assert_eq!(output["Status"], json!("pending-acceptance"));
    }
}

#[tokio::test]
async fn a_request_of_an_execution_that_was_rejected_is_told_as_well() {
    let (memory, own, vendor) = vendor();
    run(&memory, "first", &own, &vendor).await;
    memory.set_status(Status::Rejected);
    assert_eq!(sweep_and_run(&memory).await.started.len(), 1);
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.started.len(), swept.refused[0].error.as_str()), (0, "PeeringRejected"));
    assert_eq!(run(&memory, "somebody", &own, &vendor).await["Status"], json!("pending-acceptance"));
}

#[tokio::test]
async fn a_request_that_waits_is_taken_back() {
    let (memory, own, vendor) = vendor();
    run(&memory, "first", &own, &vendor).await;
    let teardown = json!({"VpcId": own.vpc_id, "PeerVpcId": vendor.vpc_id, "PeerOwnerId": EXTERNAL});
    assert_eq!(tear_down(&memory, "teardown", &teardown).await.expect("torn down")["Status"], json!("deleted"));
    assert!(live(&memory).is_empty());
}

#[tokio::test]
async fn what_can_t_be_is_refused_by_name() {
    let (memory, own, vendor) = vendor();
    let others = end("vpc-0000000c", EXTERNAL);
    let mut with_routes = request(&own, &vendor, "execution");
    with_routes["PeerRoutes"] = json!({"Tables": "main"});
    let mut taking_over = request(&own, &vendor, "execution");
    taking_over["TakeOver"] = json!(true);
    memory.add_connection(&vendor, &own, Status::PendingAcceptance);
    for (input, field) in
        [(request(&vendor, &others, "execution"), "OwnerId"), (with_routes, "PeerRoutes"), (taking_over, "TakeOver")]
    {
        let (error, cause) = execute(&memory, "refused", &input).await.expect_err("a refusal");
        assert_eq!((error.as_str(), &cause["Field"]), ("InvalidRequest", &json!(field)));
    }
    assert_eq!(live(&memory).len(), 1);
}

/// It is written before the request, and after it.
#[tokio::test]
async fn whenever_the_ledger_can_t_be_written_no_request_is_left() {
    let asked = async |fault| {
        let (memory, own, vendor) = vendor();
        let network = Scripted::new(&memory, fault);
        let ended = execute_as_deployed(&network, "first", &request(&own, &vendor, "execution")).await;
        (live(&memory), network.calls(), ended)
    };
    let (_, calls, _) = asked(None).await;
    let requested = calls.iter().position(|call| *call == "CreateVpcPeeringConnection").expect("a request");
    let writes: Vec<usize> = (0..calls.len()).filter(|call| calls[*call] == "dynamodb:UpdateItem").collect();
    assert!(writes[0] < requested && writes.iter().any(|call| *call > requested));
    for call in writes {
        let (left, _, ended) = asked(Some(PlannedFault { call, kind: FaultKind::Denied, times: usize::MAX })).await;
        assert_eq!(ended.expect_err("a failure").0, "ServiceFault");
        assert!(left.is_empty(), "{left:?}");
    }
}

/// An earlier request that they rejected says nothing about the one that waits.
#[tokio::test]
async fn only_the_recorded_request_is_told_as_rejected() {
    let (memory, own, vendor) = vendor();
    let waiting = run(&memory, "first", &own, &vendor).await;
    memory.add_connection(&own, &vendor, Status::Rejected);
    assert!(sweep_and_run(&memory).await.refused.is_empty());
    let again = run(&memory, "second", &own, &vendor).await;
    assert_eq!(again["VpcPeeringConnectionId"], waiting["VpcPeeringConnectionId"]);
}

/// Nor does it about one that was accepted, and that somebody deleted since.
#[tokio::test]
async fn an_earlier_rejection_prevents_no_new_request_where_a_peering_was_deleted() {
    let (memory, own, vendor) = vendor();
    memory.add_connection(&own, &vendor, Status::Rejected);
    memory.tag_vpc(&own, "isthmus:peer", &format!("{}@us-east-1@{EXTERNAL}", vendor.vpc_id));
    sweep_and_run(&memory).await;
    memory.set_status(Status::Active);
    sweep_and_run(&memory).await;
    assert!(is_routed(&memory, &own, &vendor));
    memory.delete(&live(&memory)[0]);
    let swept = sweep_and_run(&memory).await;
    assert_eq!((swept.refused.len(), live(&memory).len()), (0, 1), "{swept:?}");
}

/// Anybody may request: what nobody here consents to, or has ended, asks for nothing.
#[tokio::test]
async fn a_request_of_theirs_counts_while_it_is_live_and_consented_to() {
    for (accepts, status, counts) in [
        ("vpc-0000000a", Status::PendingAcceptance, 1),
        ("vpc-0000000c", Status::PendingAcceptance, 0),
        ("vpc-0000000a", Status::Rejected, 0),
        ("vpc-0000000a", Status::Deleted, 0),
    ] {
        let (memory, own, vendor) = vendor();
        memory.tag_vpc(&own, "isthmus:accept", accepts);
        memory.add_connection(&vendor, &own, status);
        assert_eq!(sweep_and_run(&memory).await.desired, counts, "{accepts} {status:?}");
    }
}
