//! The answer of `topology`, as JSON.

mod networks;

use isthmus_picture::topology::{Finding, Topology, UnreadableTopology};
use networks::{network, unreachable};
use serde_json::{Value, json};

fn parse(json: &Value) -> Result<Topology, UnreadableTopology> {
    Topology::parse(json.to_string().as_bytes())
}

#[test]
fn what_is_written_is_read() {
    let mut topology = network(20);
    topology.unreachable.push(unreachable("eu-west-1"));
    assert_eq!(parse(&serde_json::to_value(&topology).unwrap()).unwrap(), topology);
}

#[test]
fn the_least_answer_is_read() {
    let ends = json!({"VpcId": "vpc-0a", "Region": "eu-west-1", "OwnerId": "111111111111"});
    let answer = json!({
        "Version": 1, "Stack": "isthmus", "Time": "2026-11-25T22:14:07Z", "Vpcs": [ends],
        "Peerings": [{"Requester": ends, "Accepter": ends, "Finding": "InPlace"}],
    });
    let topology = parse(&answer).unwrap();
    assert_eq!((topology.vpcs[0].end.vpc_id.as_str(), topology.tag_prefix.as_str()), ("vpc-0a", "isthmus"));
    assert_eq!(topology.peerings[0].finding, Finding::InPlace);
}

#[test]
fn fields_of_a_later_release_are_ignored() {
    let mut answer = serde_json::to_value(network(3)).unwrap();
    answer["Later"] = json!({"Any": 1});
    answer["Vpcs"][0]["Later"] = json!([1]);
    answer["Peerings"][0]["Later"] = json!("x");
    answer["Peerings"][0]["Requester"]["Later"] = json!(null);
    assert_eq!(parse(&answer).unwrap(), network(3));
}

#[test]
fn another_version_is_refused_before_anything_else_is_read() {
    let error = parse(&json!({"Version": 2, "Vpcs": "of another form"})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "this topology is of version 2, and this release reads version 1: use the release that the stack has"
    );
}

#[test]
fn what_is_no_topology_is_refused_in_one_sentence() {
    for text in ["", "[]", "{}", "{\"Version\": 1}", "{\"Version\": \"1\"}"] {
        let error = Topology::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("this is not an answer of the function topology: "), "{error}");
        assert!(!error.contains('\n'));
    }
}
