//! Which tables a selection picks.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::intent::{TagValue, VpcIntent};
use isthmus_peering::route_tables::RouteTable;
use isthmus_peering::selection::{RouteSelection, TableSelection};
use serde_json::{Value, json};

fn table(id: &str, subnets: &[&str], tags: &[(&str, &str)]) -> RouteTable {
    RouteTable {
        id: id.parse().expect("an id"),
        main: id == MAIN,
        edge: id == EDGE,
        subnets: subnets.iter().map(|subnet| subnet.parse().expect("an id")).collect(),
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        routes: Vec::new(),
        prefix_lists: Vec::new(),
    }
}

const MAIN: &str = "rtb-00000001";
const APP: &str = "rtb-00000002";
const DATA: &str = "rtb-00000003";
const EDGE: &str = "rtb-00000004";

fn tables() -> Vec<RouteTable> {
    vec![
        table(MAIN, &[], &[]),
        table(APP, &["subnet-0000000a", "subnet-0000000b"], &[("tier", "app"), ("env", "prod")]),
        table(DATA, &["subnet-0000000c"], &[("tier", "data"), ("env", "prod")]),
        table(EDGE, &[], &[("env", "prod")]),
    ]
}

fn picked(spelling: Value) -> Result<Vec<String>, String> {
    let selection: RouteSelection = serde_json::from_value(spelling).expect("a selection");
    let tables = tables();
    match selection.tables.pick(&tables) {
        Ok(selected) => Ok(selected.tables.iter().map(|table| table.id.to_string()).collect()),
        Err(unmet) => Err(format!("{}: {}", unmet.key, unmet.message)),
    }
}

#[test]
fn every_spelling_picks_its_tables() {
    let cases = [
        (json!({}), vec![MAIN, APP, DATA]),
        (json!({"Tables": "all"}), vec![MAIN, APP, DATA]),
        (json!({"Tables": "main"}), vec![MAIN]),
        (json!({"Tables": "none"}), vec![]),
        (json!({"Tables": [DATA, APP]}), vec![APP, DATA]),
        (json!({"Subnets": ["subnet-0000000a"]}), vec![APP]),
        (json!({"Subnets": ["subnet-0000000a", "subnet-0000000b"]}), vec![APP]),
        (json!({"Subnets": ["subnet-0000000f"]}), vec![MAIN]),
        (json!({"Subnets": ["subnet-0000000c", "subnet-0000000f"]}), vec![MAIN, DATA]),
        (json!({"TableTags": {"env": "prod"}}), vec![APP, DATA]),
        (json!({"TableTags": {"env": "prod", "tier": "data"}}), vec![DATA]),
        (json!({"TableTags": {"env": "test"}}), vec![]),
    ];
    for (spelling, expected) in cases {
        assert_eq!(picked(spelling.clone()).expect("met"), expected, "{spelling}");
    }
}

#[test]
fn what_the_vpc_lacks_is_named() {
    assert!(
        picked(json!({"Tables": ["rtb-0000000f"]}))
            .expect_err("a stranger")
            .contains("rtb-0000000f is not a route table of that VPC")
    );
    assert!(picked(json!({"Tables": [EDGE]})).expect_err("an edge table").contains("gateway route table"));
}

#[test]
fn a_selection_printed_is_read_as_the_same() {
    for spelling in [
        json!({"Tables": "all"}),
        json!({"Tables": "none"}),
        json!({"Tables": [APP]}),
        json!({"Subnets": ["subnet-0000000a"], "Destinations": ["10.0.0.7/32", "2001:db8::/64"]}),
        json!({"TableTags": {"a": "b"}}),
    ] {
        let selection: RouteSelection = serde_json::from_value(spelling.clone()).expect("a selection");
        assert_eq!(serde_json::to_value(&selection).expect("JSON"), spelling);
    }
}

#[test]
fn tags_are_read_piece_by_piece() {
    let end =
        serde_json::from_value(json!({"VpcId": "vpc-00000001", "Region": "us-east-1", "OwnerId": "123456789012"}))
            .expect("an end");
    let tags = [
        ("isthmus:peer", "vpc-00000002  vpc-00000003@eu-west-1 vpc-00000004@eu-west-1@222222222222 vpc-x nonsense@"),
        ("isthmus:routes", "subnet-0000000a subnet-0000000b"),
        ("isthmus:dns", "on"),
        ("other:peer", "vpc-00000009"),
    ];
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let intent = VpcIntent::parse(&tags, "isthmus", &end);
    let peers: Vec<String> = intent.peers.iter().map(ToString::to_string).collect();
    assert_eq!(
        peers,
        [
            "vpc-00000002 in us-east-1 of 123456789012",
            "vpc-00000003 in eu-west-1 of 123456789012",
            "vpc-00000004 in eu-west-1 of 222222222222"
        ]
    );
    assert_eq!(intent.invalid.len(), 2);
    assert!(matches!(&intent.routes, TagValue::Valid(TableSelection::Subnets(subnets)) if subnets.len() == 2));
    assert_eq!(intent.dns_resolution, Some(true));
}
