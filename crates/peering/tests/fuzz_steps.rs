//! What the machines and triggers pass to their steps, with anything in it: the answer is a public one, and what was refused has
//! written nothing.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../../aws/tests/fuzz/hostile.rs"]
#[allow(dead_code, reason = "the other fuzz tests use the rest")]
mod hostile;

use hostile::{request, share, teardown, text, value};
use isthmus_peering::error::Error;
use isthmus_peering::failure::Failure;
use isthmus_peering::ports::Clock;
use isthmus_peering::steps::{LaneTask, Pace, work_lane};
use isthmus_testing::grouped::planned;
use isthmus_testing::owners::{HUB, two};
use isthmus_testing::sweeping::try_sweep;
use isthmus_testing::{Ended, Machines, Memory, VirtualClock, context, execute, in_virtual_time, stack, tear_down};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::time::Duration;
use strum::VariantNames;

/// The VPCs of the sound requests.
fn network() -> Memory {
    let memory = Memory::default();
    for (id, region, owner, block) in [
        ("vpc-0a1b2c3d", "us-east-1", "123456789012", "10.1.0.0/16"),
        ("vpc-0123456789abcdef0", "eu-west-1", "222222222222", "10.0.0.0/16"),
    ] {
        let end = serde_json::from_value(json!({"VpcId": id, "Region": region, "OwnerId": owner})).expect("an end");
        memory.add_vpc(&end, &[block, "2600:1f00::/56"][..1 + usize::from(owner != HUB)], 1);
        memory.tag_vpc(&end, "isthmus:accept", HUB);
    }
    memory
}

fn check(memory: &Memory, ended: &Ended) -> Result<(), TestCaseError> {
    let writes = Memory::writes(&memory.take_calls()).len();
    if let Err((name, cause)) = ended {
        prop_assert!(Error::VARIANTS.contains(&name.as_str()), "{}", name);
        prop_assert!(cause["Message"].is_string() && cause.to_string().len() < 32_768);
        prop_assert!(name != "InvalidRequest" || writes == 0, "{} writes", writes);
    }
    Ok(())
}

/// The input of a lane, in which numbers lead beyond the list that they number.
fn lane() -> impl Strategy<Value = Value> {
    let numbers = || vec(prop_oneof![4 => 0..3_u64, 1 => any::<u64>()], 0..7);
    let ids = vec(select(&["vpc-0000000a", "vpc-0000000b", "vpc-0000000c"][..]), 0..4);
    let region = prop_oneof![6 => Just("us-east-1".to_owned()), 1 => text()];
    (numbers(), numbers(), numbers(), ids, region, prop_oneof![8 => Just(None), 1 => value().prop_map(Some)]).prop_map(
        |(set_up, routes, connections, ids, region, other)| {
            let places = json!([{"OwnerId": HUB, "Region": "us-east-1", "VpcIds": ids}]);
            let lane = json!({"OwnerId": HUB, "Region": region, "Places": other.unwrap_or(places), "SetUp": set_up,
                              "DeleteRoutes": routes, "DeleteConnections": connections});
            json!({"Lane": lane, "Execution": "somebody's", "IsFirst": true})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_request_ends_by_a_public_name(input in request()) {
        let memory = network();
        check(&memory, &in_virtual_time(execute(&memory, "an execution", &input)))?;
    }

    #[test]
    fn so_does_a_teardown(input in teardown()) {
        let memory = network();
        check(&memory, &in_virtual_time(tear_down(&memory, "an execution", &input)))?;
    }

    #[test]
    fn a_sweep_and_a_run_of_groups_read_their_input_or_refuse_it(input in value()) {
        let memory = network();
        let swept = in_virtual_time(try_sweep(&memory, &Machines::default(), input.clone())).err();
        let planned = in_virtual_time(planned(&memory, &stack(), input)).err();
        for error in [swept, planned].into_iter().flatten() {
            let (name, cause) = error.name_and_cause();
            prop_assert_eq!(name, "InvalidRequest");
            prop_assert!(cause["Field"].is_string() && cause["Message"].is_string());
        }
    }

    /// The child of a run, started by hand, holds no pair: it may write nothing.
    #[test]
    fn a_lane_whose_run_holds_nothing_writes_nothing(input in lane()) {
        let Ok(task) = serde_json::from_value::<LaneTask>(input) else { return Ok(()) };
        let (memory, _, _) = two(HUB);
        let pace = Pace { clock: &VirtualClock, share: 80 };
        let until = VirtualClock.now() + Duration::from_secs(300);
        let has_time = || VirtualClock.now() < until;
        let _answered = in_virtual_time(work_lane(context(&memory, &stack()), pace, task, has_time));
        prop_assert_eq!(Memory::writes(&memory.take_calls()), [""; 0]);
    }

    /// A cause may be anything: of Lambda, of Step Functions, or of a function that is not ours.
    #[test]
    fn a_failure_has_a_name_whatever_its_cause_is(error in text(), cause in value(), wrapped in any::<bool>()) {
        let cause = if wrapped { json!({"errorMessage": cause.to_string()}).to_string() } else { cause.to_string() };
        let failure = json!({"State": "UpdateRoutes", "Error": {"Error": error, "Cause": cause}});
        let failure: Failure = serde_json::from_value(failure).expect("a failure");
        let (name, cause) = failure.public();
        prop_assert!(!name.is_empty() || error.is_empty());
        prop_assert!(cause["Message"].is_string());
    }
}

#[test]
fn the_lanes_are_of_both_kinds() {
    let read = share(lane(), |input| serde_json::from_value::<LaneTask>(input).is_ok());
    assert!((300..990).contains(&read), "{read}");
}
