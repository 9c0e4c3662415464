//! From a tag to executions: what is started, under which name, and what a tag that can't be understood does not start.

use isthmus_peering::connection::End;
use isthmus_peering::network::Refusal;
use isthmus_peering::request::Request;
use isthmus_peering::selection::TableSelection;
use isthmus_peering::steps::{Change, StartTask, Started, start_peering};
use isthmus_tests::{Faulty, Machine, Memory, When, execute, fleet, stack};
use serde_json::json;

const EVENT: &str = "0c0ffee0-0000-4000-8000-000000000001";
const TIME: &str = "2026-11-25T12:00:00Z";

fn end(id: &str) -> End {
    serde_json::from_value(json!({"VpcId": id, "Region": "us-east-1", "OwnerId": "123456789012"})).expect("an end")
}

/// Three VPCs, the first of which wishes to be peered with the others.
fn world() -> Memory {
    let memory = Memory::default();
    for (id, block) in
        [("vpc-0000000a", "10.1.0.0/16"), ("vpc-0000000b", "10.2.0.0/16"), ("vpc-0000000c", "10.3.0.0/16")]
    {
        memory.add_vpc(&end(id), &[block], 1);
    }
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:peer", "vpc-0000000b vpc-0000000c");
    memory
}

fn task(id: &str, change: Change) -> StartTask {
    StartTask { end: end(id), change, event_id: EVENT.into(), time: TIME.into() }
}

/// The name of an execution for this event.
fn named(end: &str, peer: &str) -> String {
    format!("{end}_{peer}_{EVENT}")
}

const TAGS: Change = Change::Tags { consent: false };

async fn start(memory: &Memory, machine: &Machine) -> Started {
    start_peering(memory, machine, &stack(), &fleet(), task("vpc-0000000a", TAGS)).await.expect("started")
}

#[tokio::test]
async fn each_peer_gets_an_execution_and_a_repeated_delivery_none() {
    let (memory, machine) = (world(), Machine::default());
    let started = start(&memory, &machine).await;
    assert_eq!(started.executions, [named("vpc-0000000a", "vpc-0000000b"), named("vpc-0000000a", "vpc-0000000c")]);
    start(&memory, &machine).await;
    assert_eq!(machine.set_up.borrow().len(), 2);
    for input in machine.set_up.borrow().values() {
        Request::parse(&serde_json::to_value(input).expect("JSON"), &stack()).expect("what is started can be read");
    }
}

#[tokio::test]
async fn each_side_s_own_tag_selects_its_tables() {
    let (memory, machine) = (world(), Machine::default());
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:routes", "main");
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:routes", "none");
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:dns", "on");
    start(&memory, &machine).await;
    let started = machine.set_up.borrow();
    let to = |peer: &str| started.values().find(|input| input.peer_vpc_id.as_str() == peer).expect("started");
    assert_eq!(
        (&to("vpc-0000000b").routes.tables, &to("vpc-0000000b").peer_routes.tables),
        (&TableSelection::Main, &TableSelection::None)
    );
    assert_eq!(
        (&to("vpc-0000000c").routes.tables, &to("vpc-0000000c").peer_routes.tables),
        (&TableSelection::Main, &TableSelection::All)
    );
    assert!(to("vpc-0000000b").dns_resolution && !to("vpc-0000000c").dns_resolution);
}

#[tokio::test]
async fn a_misspelt_selection_starts_nothing_rather_than_everything() {
    let (memory, machine) = (world(), Machine::default());
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:routes", "None");
    let started = start(&memory, &machine).await;
    assert_eq!(started.executions, [named("vpc-0000000a", "vpc-0000000c")]);
    assert!(started.refused[0].starts_with("vpc-0000000b: isthmus:routes: \"None\" is not"), "{:?}", started.refused);

    let (memory, machine) = (world(), Machine::default());
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:routes", "rtb-1");
    assert_eq!(start(&memory, &machine).await.executions, [""; 0]);
    assert!(machine.set_up.borrow().is_empty());
}

#[tokio::test]
async fn a_misspelt_peer_spoils_no_other() {
    let (memory, machine) = (world(), Machine::default());
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:peer", "vpc-oops vpc-0000000c");
    let started = start(&memory, &machine).await;
    assert_eq!(started.executions.len(), 1);
    assert_eq!(started.refused.len(), 1);
}

#[tokio::test]
async fn a_peer_that_can_t_be_read_just_now_is_not_a_peer_without_tags() {
    let (memory, machine) = (world(), Machine::default());
    let throttled = Faulty::once(&memory, 2, When::Before, Refusal::Unavailable);
    let hint = || task("vpc-0000000a", TAGS);
    start_peering(&throttled, &machine, &stack(), &fleet(), hint()).await.expect_err("EventBridge will ask again");
    assert_eq!(machine.set_up.borrow().len(), 1, "the other peer is served all the same");

    memory.remove_vpc(&end("vpc-0000000b"));
    let started = start_peering(&memory, &machine, &stack(), &fleet(), hint()).await.expect("started");
    assert_eq!(started.executions.len(), 2, "the machine will say by name that the peer isn't there");
}

#[tokio::test]
async fn a_vpc_that_is_not_there_starts_nothing() {
    let machine = Machine::default();
    assert_eq!(start(&Memory::default(), &machine).await.executions, [""; 0]);
}

/// What the machine would make of that request, by tags.
async fn peered(memory: &Memory) {
    execute(memory, "by-tags", &json!({"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b"})).await.expect("peered");
}

#[tokio::test]
async fn the_last_tag_taken_off_takes_apart_and_one_of_two_does_not() {
    let (memory, machine) = (world(), Machine::default());
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:peer", "vpc-0000000a");
    peered(&memory).await;
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    let started = start(&memory, &machine).await;
    assert_eq!((started.executions.len(), started.teardowns.len()), (1, 0), "the other end wishes it still");
    memory.drop_tag(&end("vpc-0000000b"), "isthmus:peer");
    for id in ["vpc-0000000a", "vpc-0000000b"] {
        let hint = task(id, TAGS);
        let started = start_peering(&memory, &machine, &stack(), &fleet(), hint).await.expect("started");
        assert_eq!((started.executions.len(), started.teardowns.len()), (0, 1), "{id}");
    }
}

#[tokio::test]
async fn what_a_pipeline_peered_and_no_tag_ever_wished_stays() {
    let (memory, machine) = (world(), Machine::default());
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    peered(&memory).await;
    assert!(memory.tags(&end("vpc-0000000a")).is_empty(), "nor is its status told");
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:dns", "on");
    let started = start(&memory, &machine).await;
    assert!(started.executions.is_empty() && started.teardowns.is_empty(), "{started:?}");
}

#[tokio::test]
async fn teardown_on_untag_can_be_switched_off() {
    let (memory, machine) = (world(), Machine::default());
    peered(&memory).await;
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    let mut keeping = stack();
    keeping.teardown_on_untag = false;
    let hint = task("vpc-0000000a", TAGS);
    let started = start_peering(&memory, &machine, &keeping, &fleet(), hint).await.expect("started");
    assert!(started.executions.is_empty() && started.teardowns.is_empty(), "{started:?}");
}

#[tokio::test]
async fn a_report_of_the_machines_starts_only_what_it_can_have_missed() {
    let (memory, machine) = (world(), Machine::default());
    peered(&memory).await;
    let hint = async |change| {
        let hint = task("vpc-0000000a", change);
        start_peering(&memory, &machine, &stack(), &fleet(), hint).await.expect("started")
    };
    let other = || end("vpc-0000000b");
    let still_wished = hint(Change::Active(other())).await;
    assert!(still_wished.executions.is_empty() && still_wished.teardowns.is_empty(), "or it would never end");
    assert_eq!(hint(Change::Removed(other())).await.executions.len(), 1, "wished again meanwhile");
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    assert_eq!(hint(Change::Active(other())).await.teardowns.len(), 1, "no longer wished when it came up");
    let unwished = hint(Change::Removed(other())).await;
    assert!(unwished.executions.is_empty() && unwished.teardowns.is_empty());
}

/// Whoever takes the tag off just after it started an execution finds nothing to take apart yet.
#[tokio::test]
async fn what_tags_asked_for_and_no_longer_wish_once_it_is_made_is_taken_back() {
    let (memory, machine) = (world(), Machine::default());
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    let by_tags = named("vpc-0000000a", "vpc-0000000b");
    let of_a_pipeline = "vpc-0000000a-vpc-0000000c-1".to_owned();
    for (peer, name, taken_back) in [("vpc-0000000b", by_tags, 1), ("vpc-0000000c", of_a_pipeline, 0)] {
        let execution = format!("arn:aws:states:us-east-1:123456789012:execution:peering:{name}");
        execute(&memory, &execution, &json!({"VpcId": "vpc-0000000a", "PeerVpcId": peer})).await.expect("peered");
        let hint = task("vpc-0000000a", Change::Active(end(peer)));
        let started = start_peering(&memory, &machine, &stack(), &fleet(), hint).await.expect("started");
        assert_eq!(started.teardowns.len(), taken_back, "{name}");
    }
}

#[tokio::test]
async fn what_is_misspelt_is_told_on_the_vpc_until_it_is_right() {
    let (memory, machine) = (world(), Machine::default());
    let vpc = end("vpc-0000000a");
    memory.tag_vpc(&vpc, "isthmus:peer", "vpc-oops vpc-0000000c");
    start(&memory, &machine).await;
    let told = memory.tags(&vpc)["isthmus:status:invalid"].clone();
    assert!(told.starts_with("invalid isthmus:peer: \"vpc-oops\" is not a VPC id"), "{told}");
    memory.take_calls();
    start(&memory, &machine).await;
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0], "once is enough");
    memory.tag_vpc(&vpc, "isthmus:peer", "vpc-0000000c");
    start(&memory, &machine).await;
    assert!(!memory.tags(&vpc).contains_key("isthmus:status:invalid"));
}

#[tokio::test]
async fn a_status_that_nothing_is_behind_is_taken_off_at_both_ends() {
    let (memory, machine) = (world(), Machine::default());
    let (vpc, peer) = (end("vpc-0000000a"), end("vpc-0000000b"));
    memory.tag_vpc(&vpc, "isthmus:status:vpc-0000000b", "failed VpcNotFound there is none 2026-11-25T12:00:00Z");
    memory.tag_vpc(&peer, "isthmus:status:vpc-0000000a", "failed VpcNotFound there is none 2026-11-25T12:00:00Z");
    memory.tag_vpc(&vpc, "isthmus:status:vpc-0000000f", "failed VpcNotFound there is none 2026-11-25T12:00:00Z");
    memory.drop_tag(&vpc, "isthmus:peer");
    start(&memory, &machine).await;
    assert!(memory.tags(&vpc).is_empty() && memory.tags(&peer).is_empty(), "{:?}", memory.tags(&vpc));
}

#[tokio::test]
async fn a_region_that_aws_does_not_have_is_told_and_spoils_no_other() {
    let (memory, machine) = (world(), Machine::default());
    memory.tag_vpc(
        &end("vpc-0000000a"),
        "isthmus:peer",
        "vpc-0000000b@mars-north-1 vpc-0000000c vpc-0000000a@eu-west-1",
    );
    let started = start(&memory, &machine).await;
    assert_eq!(started.executions, [named("vpc-0000000a", "vpc-0000000c")]);
    let told = memory.tags(&end("vpc-0000000a"))["isthmus:status:invalid"].clone();
    assert!(told.contains("\"vpc-0000000b@mars-north-1\" is in no Region") && told.contains("this very VPC"), "{told}");
}

#[tokio::test]
async fn what_may_not_be_read_is_no_wish_withdrawn() {
    let (memory, machine) = (world(), Machine::default());
    memory.drop_tag(&end("vpc-0000000a"), "isthmus:peer");
    memory.tag_vpc(&end("vpc-0000000b"), "isthmus:peer", "vpc-0000000a");
    peered(&memory).await;
    // The hint's own VPC, its connections on either side, and then the peer that wishes it.
    let denied = Faulty::once(&memory, 2, When::Before, Refusal::Denied);
    let hint = task("vpc-0000000a", TAGS);
    let started = start_peering(&denied, &machine, &stack(), &fleet(), hint).await.expect("started");
    assert!(started.executions.is_empty() && started.teardowns.is_empty(), "{started:?}");
}
