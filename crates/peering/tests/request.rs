//! The door: what is let in, and how the rest is refused.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::error::Error;
use isthmus_peering::request::PeeringRequest;
use isthmus_peering::selection::TableSelection;
use isthmus_testing::stack;
use proptest::prelude::*;
use serde_json::{Value, json};

fn with(fields: Value) -> Value {
    let mut input = json!({"VpcId": "vpc-0a1b2c3d", "PeerVpcId": "vpc-0a1b2c3e"});
    let (Value::Object(input_fields), Value::Object(fields)) = (&mut input, fields) else { panic!("objects") };
    input_fields.extend(fields);
    input
}

#[test]
fn defaults_come_from_the_stack_and_from_the_first_end() {
    let request = PeeringRequest::parse(&with(json!({"Region": "eu-west-1"})), &stack()).expect("a request");
    assert_eq!(request.end.region.as_str(), "eu-west-1");
    assert_eq!(request.peer.region.as_str(), "eu-west-1");
    assert_eq!(request.end.owner_id.as_str(), "123456789012");
    assert_eq!(request.peer.owner_id.as_str(), "123456789012");
    assert_eq!(request.tags_at_creation(&stack())["Name"], "vpc-0a1b2c3d/vpc-0a1b2c3e");
    assert_eq!(request.routes.tables, TableSelection::All);
    assert!(!request.dns_resolution && !request.dry_run);
}

#[test]
fn both_directions_are_one() {
    let one = PeeringRequest::parse(&with(json!({})), &stack()).expect("a request");
    let swapped = json!({"VpcId": "vpc-0a1b2c3e", "PeerVpcId": "vpc-0a1b2c3d"});
    let other = PeeringRequest::parse(&swapped, &stack()).expect("a request");
    assert_eq!(one.direction(&stack()), other.direction(&stack()));
}

#[test]
fn a_refusal_names_the_field_and_says_what_to_do() {
    let refused = [
        (json!({"Regin": "us-east-1"}), "Regin", "unknown field `Regin`"),
        (json!({"Region": "nowhere"}), "Region", "write one such as eu-central-1"),
        (json!({"OwnerId": 123_456_789_012_u64}), "OwnerId", "invalid type"),
        (json!({"PeerOwnerId": "1234"}), "PeerOwnerId", "write its 12 digits"),
        (json!({"PeerVpcId": "vpc-0a1b2c3d"}), "PeerVpcId", "can't be peered with itself"),
        (json!({"VpcId": "pcx-0a1b2c3d"}), "VpcId", "write vpc- and 8 or 17"),
        (json!({"VpcId": null}), "VpcId", "invalid type: null"),
        (json!({"DryRun": "yes"}), "DryRun", "invalid type"),
        (json!({"Tags": {"aws:x": "y"}}), "Tags.aws:x", "AWS keeps keys"),
        (json!({"Tags": {"Name": "y"}}), "Tags.Name", "write it as the field Name"),
        (json!({"Tags": {"isthmus:stack": "y"}}), "Tags.isthmus:stack", "the stack's own"),
        (json!({"Tags": {"Isthmus:Stack": "y"}}), "Tags.Isthmus:Stack", "the stack's own"),
        (json!({"Name": "x".repeat(257)}), "Name", "at most 256"),
        (json!({"Routes": {"Tables": "some"}}), "Routes.Tables", "\"all\", \"main\", \"none\""),
        (json!({"Routes": {"Tables": []}}), "Routes.Tables", "the list is empty"),
        (json!({"Routes": {"Tables": ["rtb-x"]}}), "Routes.Tables", "is not a route table id"),
        (json!({"Routes": {"Tabels": "all"}}), "Routes.Tabels", "unknown field `Tabels`"),
        (json!({"PeerRoutes": {"Destinations": ["10.0.0.7/24"]}}), "PeerRoutes.Destinations[0]", "write 10.0.0.0/24"),
        (json!({"PeerRoutes": {"Tables": "all", "Subnets": ["subnet-0a1b2c3d"]}}), "PeerRoutes", "at most one of"),
        (json!({"Routes": {"TableTags": {}}}), "Routes", "TableTags is empty"),
    ];
    for (fields, field, message) in refused {
        match PeeringRequest::parse(&with(fields.clone()), &stack()) {
            Err(Error::InvalidRequest { field: named, message: told }) => {
                assert_eq!(named, field, "{fields}: {told}");
                assert!(told.contains(message), "{fields}: {told}");
            }
            other => panic!("{fields}: {other:?}"),
        }
    }
}

#[test]
fn a_missing_end_is_named() {
    for (input, field) in
        [(json!({"PeerVpcId": "vpc-0a1b2c3e"}), "VpcId"), (json!({"VpcId": "vpc-0a1b2c3e"}), "PeerVpcId")]
    {
        let Err(Error::InvalidRequest { field: named, .. }) = PeeringRequest::parse(&input, &stack()) else {
            panic!("{input}")
        };
        assert_eq!(named, field);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let keys = prop_oneof![
            Just("VpcId".to_owned()),
            Just("PeerVpcId".to_owned()),
            Just("Routes".to_owned()),
            Just("Tables".to_owned()),
            Just("Destinations".to_owned()),
            Just("Tags".to_owned()),
            ".{0,10}"
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(keys, inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_input_makes_the_parser_panic(input in any_json()) {
        match PeeringRequest::parse(&input, &stack()) {
            Ok(_) => {}
            Err(Error::InvalidRequest { field, message }) => prop_assert!(!field.is_empty() && !message.is_empty()),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}
