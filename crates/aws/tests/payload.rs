//! Whatever JSON a function is invoked with is read, in bounded depth, and a request in it is refused by name.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "fuzz/hostile.rs"]
#[allow(dead_code, reason = "the fuzz tests use the rest")]
mod hostile;

use hostile::value;
use isthmus_aws::Payload;
use isthmus_peering::request::{PeeringRequest, TeardownRequest};
use isthmus_testing::stack;
use proptest::prelude::*;
use serde_json::{Value, json};

/// As `lambda_runtime` reads what it gets.
fn read(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text).map(Payload::into_value)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn nested(levels: usize) -> [String; 3] {
    let list = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let object = format!("{}1{}", r#"{"Tags":"#.repeat(levels), "}".repeat(levels));
    let both = format!("{}1{}", r#"[{"a":"#.repeat(levels / 2), "}]".repeat(levels / 2));
    [list, object, both]
}

#[test]
fn no_depth_is_too_much_for_a_request_in_any_field() {
    for levels in [100, 127, 128, 129, 1_000, 10_000, 100_000] {
        for deep in nested(levels) {
            for field in ["VpcId", "Region", "Tags", "Routes", "PeerRoutes", "DryRun", "Name", "Unknown", "NotBefore"] {
                let text = format!(
                    r#"{{"Request": {{"VpcId": "vpc-0000000a", "PeerVpcId": "vpc-0000000b", "{field}": {deep}}}, "Attempt": 0}}"#
                );
                let task = read(&text).expect("it is JSON");
                assert!(depth(&task) <= 64);
                for refused in [
                    PeeringRequest::parse(&task["Request"], &stack()).expect_err("refused"),
                    TeardownRequest::parse(&task["Request"], &stack()).expect_err("refused"),
                ] {
                    let (name, cause) = refused.name_and_cause();
                    assert_eq!(name, "InvalidRequest");
                    let told = cause["Field"].as_str().expect("a field");
                    assert!(!told.is_empty() && Value::Object(cause.clone()).to_string().len() < 5_000, "{cause:?}");
                }
            }
        }
    }
}

#[test]
fn the_whole_request_may_be_nested() {
    for deep in nested(10_000) {
        let task = read(&format!(r#"{{"Request": {deep}, "Execution": "an execution"}}"#)).expect("it is JSON");
        let refused = PeeringRequest::parse(&task["Request"], &stack()).expect_err("refused");
        assert_eq!(refused.name_and_cause().0, "InvalidRequest");
        assert_eq!(task["Execution"], "an execution", "what stands beside it is kept");
        assert!(depth(&read(&deep).expect("it is JSON")) <= 64);
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for text in ["", "{", "[1,", r#"{"a":}"#, "nul", r#""\ud800""#, "[1]]", "1e999", &"[".repeat(10_000)] {
        assert!(read(text).is_err(), "{text:.20}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_not_deep_is_read_as_it_is(value in value()) {
        let text = value.to_string();
        prop_assert_eq!(read(&text).expect("JSON"), serde_json::from_str::<Value>(&text).expect("JSON"));
    }
}

#[test]
fn numbers_keep_their_limits() {
    let limits = json!([u64::MAX, i64::MIN, 0, -1, 1.5, f64::MAX, f64::MIN_POSITIVE, null, true, "", {}, []]);
    assert_eq!(read(&limits.to_string()).expect("JSON"), limits);
}
