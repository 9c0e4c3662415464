//! The parser of tags: no input panics, and printing then parsing gives the same intent.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::groups::Role;
use isthmus_peering::ids::VpcId;
use isthmus_peering::intent::{Accept, TagValue, Unclear, VpcIntent};
use isthmus_peering::selection::TableSelection;
use isthmus_peering::status::PeeringStatus;
use isthmus_peering::tags::Tags;
use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use proptest::string::string_regex;
use serde_json::json;
use std::collections::BTreeSet;
use std::str::FromStr;

fn end() -> End {
    serde_json::from_value(json!({"VpcId": "vpc-0000000a", "Region": "us-east-1", "OwnerId": "123456789012"}))
        .expect("an end")
}

fn words<T: FromStr<Err: std::fmt::Debug> + std::fmt::Debug>(pattern: &str) -> impl Strategy<Value = T> {
    string_regex(pattern).expect("a pattern").prop_map(|text| text.parse().expect("a word"))
}

fn vpcs() -> impl Strategy<Value = VpcId> {
    words("vpc-([0-9a-f]{8}|[0-9a-f]{17})")
}

fn ends() -> impl Strategy<Value = End> {
    (vpcs(), words("(us|eu|ap)-(east|west|southeast)-[1-9]"), words("[0-9]{12}"))
        .prop_map(|(vpc_id, region, owner_id)| End { vpc_id, region, owner_id })
}

fn selections() -> impl Strategy<Value = TableSelection> {
    let tag = ("[^=]{1,20}", "[^\u{0}]{0,20}").prop_map(|pair| TableSelection::Tags([pair].into()));
    prop_oneof![
        Just(TableSelection::All),
        Just(TableSelection::Main),
        Just(TableSelection::None),
        btree_set(words("rtb-[0-9a-f]{17}"), 1..5).prop_map(TableSelection::Ids),
        btree_set(words("subnet-[0-9a-f]{8}"), 1..5).prop_map(TableSelection::Subnets),
        tag,
    ]
}

fn intents() -> impl Strategy<Value = VpcIntent> {
    let accept = (btree_set(words("[0-9]{12}"), 0..4), btree_set(vpcs(), 0..4))
        .prop_map(|(accounts, vpcs)| Accept { accounts, vpcs });
    let routes = proptest::option::of(selections()).prop_map(|routes| routes.map_or(TagValue::Absent, TagValue::Valid));
    let routes_to = btree_map(vpcs(), selections().prop_map(TagValue::Valid), 0..3);
    let blocks = btree_set(words("10\\.[0-9]{1,2}\\.0\\.0/16|fd00:[1-9]::/56"), 1..4);
    let advertise = proptest::option::of(blocks).prop_map(|blocks| blocks.map_or(TagValue::Absent, TagValue::Valid));
    let roles = prop_oneof![Just(Role::Hub), Just(Role::Mesh), Just(Role::Spoke)];
    let groups = btree_map(words("[a-z0-9][a-z0-9-]{0,31}"), roles, 0..4);
    (btree_set(ends(), 0..5), accept, routes, routes_to, advertise, any::<Option<bool>>(), groups).prop_map(
        |(peers, accept, routes, routes_to, advertise, dns_resolution, groups)| VpcIntent {
            end: end(),
            peers,
            accept,
            routes,
            routes_to,
            advertise,
            dns_resolution,
            groups,
            invalid: Vec::new(),
            unclear: Unclear::default(),
        },
    )
}

/// Values that are nearly right, and values that are not.
fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(vpc-[0-9a-f]{0,18}|@|us-east-1|[0-9]{11,13}| |\t|\n|all|tag:|=|rtb-0{8}|subnet-0{8}|payments|:hub|:|,){0,8}",
    ]
}

proptest! {
    #[test]
    fn printing_then_parsing_gives_the_same_intent(intent in intents(), prefix in "[A-Za-z0-9._-]{1,32}") {
        prop_assert_eq!(VpcIntent::parse(&intent.print(&prefix), &prefix, &end()), intent);
    }

    #[test]
    fn no_tag_panics_and_what_is_valid_prints_and_parses_the_same(
        tags in btree_map("isthmus:(peer|peer:more|accept|routes|routes:vpc-0000000b|advertise|dns|group)", values(), 0..4)
    ) {
        let mut intent = VpcIntent::parse(&tags, "isthmus", &end());
        for (key, malformed) in &intent.invalid {
            prop_assert!(tags.contains_key(key) && !malformed.to_string().is_empty());
        }
        intent.invalid.clear();
        intent.unclear = Unclear::default();
        intent.routes_to.retain(|_, value| *value != TagValue::Invalid);
        if intent.routes == TagValue::Invalid {
            intent.routes = TagValue::Absent;
        }
        // An empty list prints as no tag at all.
        if matches!(&intent.advertise, TagValue::Invalid) || intent.advertise == TagValue::Valid(BTreeSet::new()) {
            intent.advertise = TagValue::Absent;
        }
        prop_assert_eq!(VpcIntent::parse(&intent.print("isthmus"), "isthmus", &end()), intent);
    }

    #[test]
    fn a_status_fits_into_a_tag_and_recognises_itself(
        error in "[A-Za-z]{1,30}", message in any::<String>(), time in "[0-9TZ:.-]{1,40}"
    ) {
        let status = PeeringStatus::Failed { error, message };
        let value = status.value(&time);
        prop_assert!(value.chars().count() <= 256);
        prop_assert!(status.is_written_in(&value));
    }
}

#[test]
fn spaces_around_and_commas_between_mean_nothing() {
    let read =
        |key: &str, value: &str| VpcIntent::parse(&Tags::from([(key.to_owned(), value.to_owned())]), "isthmus", &end());
    for (sloppy, tidy) in [
        ("rtb-0000000a,rtb-0000000b", "rtb-0000000a rtb-0000000b"),
        (" main ", "main"),
        (" tag:tier=app", "tag:tier=app"),
    ] {
        assert_eq!(read("isthmus:routes", sloppy), read("isthmus:routes", tidy), "{sloppy:?}");
        assert!(read("isthmus:routes", sloppy).invalid.is_empty(), "{sloppy:?}");
    }
    assert_eq!(read("isthmus:dns", " on ").dns_resolution, Some(true));
}

#[test]
fn each_invalid_word_is_named_and_affects_no_other() {
    let tags = Tags::from([
        ("isthmus:peer".to_owned(), "vpc-0000000b vpc-oops vpc-0000000c@nowhere vpc-0000000d@eu-west-1".to_owned()),
        ("isthmus:accept".to_owned(), "12345 222222222222 vpc-0000000e everybody".to_owned()),
    ]);
    let intent = VpcIntent::parse(&tags, "isthmus", &end());
    let peers: Vec<String> = intent.peers.iter().map(End::to_string).collect();
    assert_eq!(peers, ["vpc-0000000b in us-east-1 of 123456789012", "vpc-0000000d in eu-west-1 of 123456789012"]);
    assert_eq!((intent.accept.accounts.len(), intent.accept.vpcs.len()), (1, 1));
    let offending: Vec<&str> = intent.invalid.iter().filter_map(|(_, why)| why.0.split('"').nth(1)).collect();
    assert_eq!(offending, ["12345", "everybody", "vpc-oops", "nowhere"]);
}
