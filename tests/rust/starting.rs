//! From a tag to executions: what is started, under which name, and what a tag that can't be understood does not start.

use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::network::Refusal;
use isthmus_peering::request::{Input, Request};
use isthmus_peering::selection::TableSelection;
use isthmus_peering::steps::{Executions, StartTask, Started, start_peering};
use isthmus_tests::{Faulty, Memory, When, stack};
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;

const EVENT: &str = "0c0ffee0-0000-4000-8000-000000000001";

/// A machine that remembers what was started, each name once.
#[derive(Default)]
struct Machine(RefCell<BTreeMap<String, Input>>);

impl Executions for Machine {
    async fn start(&self, name: &str, input: &Input) -> Result<(), Error> {
        self.0.borrow_mut().entry(name.to_owned()).or_insert_with(|| input.clone());
        Ok(())
    }
}

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

async fn start(memory: &Memory, machine: &Machine) -> Started {
    let task = StartTask { end: end("vpc-0000000a"), event_id: EVENT.into() };
    start_peering(memory, machine, &stack(), task).await.expect("started")
}

#[tokio::test]
async fn each_peer_gets_an_execution_and_a_repeated_delivery_none() {
    let (memory, machine) = (world(), Machine::default());
    let started = start(&memory, &machine).await;
    assert_eq!(
        started.executions,
        [format!("vpc-0000000a-vpc-0000000b-{EVENT}"), format!("vpc-0000000a-vpc-0000000c-{EVENT}")]
    );
    start(&memory, &machine).await;
    assert_eq!(machine.0.borrow().len(), 2);
    for input in machine.0.borrow().values() {
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
    let started = machine.0.borrow();
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
    assert_eq!(started.executions, [format!("vpc-0000000a-vpc-0000000c-{EVENT}")]);
    assert!(started.refused[0].starts_with("vpc-0000000b: isthmus:routes: \"None\" is not"), "{:?}", started.refused);

    let (memory, machine) = (world(), Machine::default());
    memory.tag_vpc(&end("vpc-0000000a"), "isthmus:routes", "rtb-1");
    assert_eq!(start(&memory, &machine).await.executions, [""; 0]);
    assert!(machine.0.borrow().is_empty());
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
    let task = || StartTask { end: end("vpc-0000000a"), event_id: EVENT.into() };
    let throttled = Faulty::once(&memory, 1, When::Before, Refusal::Unavailable);
    start_peering(&throttled, &machine, &stack(), task()).await.expect_err("EventBridge will ask again");
    assert!(machine.0.borrow().is_empty());

    memory.remove_vpc(&end("vpc-0000000b"));
    let started = start_peering(&memory, &machine, &stack(), task()).await.expect("started");
    assert_eq!(started.executions.len(), 2, "the machine will say by name that the peer isn't there");
}

#[tokio::test]
async fn a_vpc_that_is_not_there_starts_nothing() {
    let machine = Machine::default();
    assert_eq!(start(&Memory::default(), &machine).await.executions, [""; 0]);
}
