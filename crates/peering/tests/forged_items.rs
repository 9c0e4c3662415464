//! Items of the ledger that somebody else wrote: one that can't be understood is refused by name and changes nothing; one that can is
//! believed only as far as EC2 agrees.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::ledger::PairKey;
use isthmus_peering::request::Moment;
use isthmus_peering::stack::Stack;
use isthmus_peering::steps::{StartTask, topology};
use isthmus_testing::grouped::planned;
use isthmus_testing::owners::{HUB, end, two};
use isthmus_testing::pair::{foreign, has_foreign};
use isthmus_testing::sweeping::{run_started, try_sweep};
use isthmus_testing::three::{TAGS, start_as, task};
use isthmus_testing::{Ended, ITEM_ATTRIBUTES, Machines, Memory, context, execute, scope, stack, tear_down};
use serde_json::{Value, json};
use strum::VariantNames;

/// Values of every type, most of them wrong for most attributes.
fn any_values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(u64::MAX),
        json!("語\u{202e}\u{0}\n".repeat(10_000)),
        json!([]),
        json!([null, 1, "x"]),
        json!({"Id": "pcx-oops", "Made": 1, "At": [], "By": {}}),
        (0..100).fold(json!([]), |inner, _| json!([inner])),
    ]
}

/// Values of the right type, at its limits.
fn limits() -> Vec<(&'static str, Value)> {
    let withdrawal = |at: i64, state: &str, of: &str| ("Withdrawal", json!({"At": at, "State": state, "Of": of}));
    let mut limits = vec![
        ("V", json!(0)),
        ("V", json!(u32::MAX)),
        ("Expires", json!(i64::MIN)),
        ("Expires", json!(i64::MAX)),
        ("Makers", json!((0..1_000).map(|number| format!("maker {number}")).collect::<Vec<_>>())),
        ("Owes", json!("vpc-0000000a@us-east-1@123456789012")),
        ("WithdrawnBy", json!("group:a")),
        ("Outcome", json!({"By": "", "Count": u32::MAX, "RetryAt": i64::MAX, "Message": "x".repeat(100_000)})),
    ];
    for error in ["AccessDenied", "no error of ours"] {
        for retry_at in [i64::MIN, i64::MAX] {
            limits.push(("Outcome", json!({"By": "x", "Error": error, "Count": u32::MAX, "RetryAt": retry_at})));
        }
    }
    for at in [i64::MIN, -1, i64::MAX] {
        for state in ["Waiting", "Released", "Done"] {
            limits.extend(["Pair", "Routes"].map(|of| withdrawal(at, state, of)));
        }
    }
    limits
}

/// Two VPCs that are peered by a tag, with a route of somebody else's in a table of each.
async fn peered() -> (Memory, [End; 2], PairKey) {
    let (memory, one, other) = two(HUB);
    memory.tag_vpc(&one, "isthmus:peer", other.vpc_id.as_str());
    for end in [&one, &other] {
        memory.add_route(end, 1, foreign("10.77.0.0/16"));
    }
    sweep(&memory).await;
    let key = PairKey::of([&one, &other]);
    assert!(memory.ledger.get(&key).is_some_and(|item| item.is_established()));
    (memory, [one, other], key)
}

async fn sweep(memory: &Memory) {
    let machines = Machines::default();
    let swept = try_sweep(memory, &machines, json!({})).await.expect("one item stops no sweep");
    assert!(serde_json::to_string(&swept).expect("JSON").len() < 300_000);
    run_started(memory, &machines).await;
}

fn assert_public(ended: &Ended) {
    if let Err((name, cause)) = ended {
        assert!(Error::VARIANTS.contains(&name.as_str()), "{name}");
        assert!(
            cause.to_string().len() < 32_768 && cause["Message"].is_string(),
            "{name}: {} bytes",
            cause.to_string().len()
        );
    }
}

/// Everything that reads the item.
async fn use_it(memory: &Memory, [one, other]: &[End; 2]) {
    let request = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id});
    for requested_by in ["tags", "execution"] {
        let mut request = request.clone();
        request["RequestedBy"] = json!(requested_by);
        assert_public(&execute(memory, "an execution", &request).await);
    }
    let machines = Machines::default();
    let _told = start_as(memory, &machines, &stack(), task(one.vpc_id.as_str(), TAGS)).await;
    run_started(memory, &machines).await;
    sweep(memory).await;
    topology(context(memory, &stack()), &scope(), "2026-11-26T12:00:00Z").await.expect("one item stops no topology");
    planned(memory, &stack(), json!({})).await.expect("one item stops no run of groups");
    assert_public(&tear_down(memory, "a teardown", &request).await);
    for end in [one, other] {
        assert!(has_foreign(memory, end, 1), "a foreign route is never changed");
    }
}

#[tokio::test]
async fn an_attribute_may_have_any_value() {
    for name in ITEM_ATTRIBUTES {
        for value in any_values() {
            let (memory, ends, key) = peered().await;
            memory.ledger.set(&key, name, value);
            use_it(&memory, &ends).await;
        }
    }
}

#[tokio::test]
async fn a_number_may_be_at_the_limits_of_its_type() {
    for (name, value) in limits() {
        // What is withdrawn is torn down, and what isn't stands.
        for untagged in if name == "Withdrawal" { &[false, true][..] } else { &[false] } {
            let (memory, ends, key) = peered().await;
            if *untagged {
                memory.drop_tag(&ends[0], "isthmus:peer");
                memory.ledger.set(&key, "WithdrawnBy", json!(HUB));
            }
            memory.ledger.set(&key, name, value.clone());
            use_it(&memory, &ends).await;
        }
    }
}

/// It is counted how often in a row an execution failed.
#[tokio::test]
async fn a_count_stays_at_its_limit() {
    let (memory, [one, other], key) = peered().await;
    memory.tag_vpc(&one, "isthmus:exclude", "true");
    memory.ledger.set(&key, "Outcome", json!({"By": "x", "Error": "Excluded", "Count": u32::MAX}));
    let request = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id, "RequestedBy": "tags"});
    let (error, _) = execute(&memory, "an execution", &request).await.expect_err("excluded");
    assert_eq!(error, "Excluded");
    assert_eq!(memory.ledger.get(&key).expect("an item").outcome.expect("a failure").count, u32::MAX);
}

/// Otherwise its teardown would wait for ever, or not at all.
#[tokio::test]
async fn what_is_withdrawn_later_than_now_is_withdrawn_now() {
    let stack = Stack { teardown_delay: 300, ..stack() };
    let (memory, [one, _], key) = peered().await;
    memory.drop_tag(&one, "isthmus:peer");
    memory.ledger.set(&key, "WithdrawnBy", json!(HUB));
    memory.ledger.set(&key, "Withdrawal", json!({"At": i64::MAX, "State": "Waiting", "Of": "Pair"}));
    let seen = topology(context(&memory, &stack), &scope(), "2026-11-26T12:00:00Z").await.expect("a topology");
    assert_eq!(seen.peerings.len(), 1);
    let task = StartTask { end: one.clone(), ..task("vpc-00000000", TAGS) };
    let machines = Machines::default();
    start_as(&memory, &machines, &stack, task).await.expect("started");
    let not_before: Vec<_> = machines.teardowns.take().into_values().map(|input| input.not_before).collect();
    assert_eq!(not_before, [Some(Moment(context(&memory, &stack).now + 300))]);
}

/// Ten thousand tables with ten thousand routes each fit into an item, and nowhere else.
#[tokio::test]
async fn an_item_that_means_a_hundred_million_routes_is_refused() {
    let routes = json!([{
        "Destinations": (0..10_000).map(|number| format!("10.{}.{}.0/24", number / 256, number % 256)).collect::<Vec<_>>(),
        "RouteTableIds": (0..10_000).map(|number| format!("rtb-{number:08x}")).collect::<Vec<_>>(),
    }]);
    assert!(routes.to_string().len() < 400_000);
    for name in ["RoutesA", "RoutesB", "PendingA", "PendingB"] {
        let (memory, [one, other], key) = peered().await;
        memory.ledger.set(&key, name, routes.clone());
        let request = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id});
        for ended in [execute(&memory, "a", &request).await, tear_down(&memory, "b", &request).await] {
            let (error, cause) = ended.expect_err("refused");
            assert_eq!((error.as_str(), &cause["Code"]), ("ServiceFault", &json!("InvalidItem")));
        }
        sweep(&memory).await;
    }
}

/// The connection of another pair is none of this one's, whatever its item says.
#[tokio::test]
async fn an_item_that_names_another_pair_s_connection_takes_nothing_from_it() {
    for undo in ["a teardown", "an untagged sweep"] {
        let (memory, [one, other], key) = peered().await;
        let third = end("vpc-0000000c", HUB);
        memory.add_vpc(&third, &["10.3.0.0/16"], 1);
        let request = json!({"VpcId": one.vpc_id, "PeerVpcId": third.vpc_id});
        execute(&memory, "the other pair's", &request).await.expect("peered");
        let theirs = memory.ledger.get(&PairKey::of([&one, &third])).expect("an item");
        let ours = memory.ledger.get(&key).expect("an item");
        memory.ledger.set(&key, "Connection", json!(theirs.connection));
        for (name, of_theirs, of_ours) in
            [("RoutesA", &theirs.routes_a, &ours.routes_a), ("RoutesB", &theirs.routes_b, &ours.routes_b)]
        {
            memory.ledger.set(&key, name, json!(of_theirs.union(of_ours)));
        }
        let tables = memory.tables(&third);
        memory.drop_tag(&one, "isthmus:peer");
        match undo {
            "a teardown" => {
                let request = json!({"VpcId": one.vpc_id, "PeerVpcId": other.vpc_id});
                assert_public(&tear_down(&memory, "a teardown", &request).await);
            }
            _ => sweep(&memory).await,
        }
        let id = theirs.connection.expect("one").id;
        let standing = memory.connections().into_iter().find(|connection| *connection.id() == id).expect("it is there");
        assert!(standing.status.is_live(), "{undo}: another pair's connection was deleted");
        assert_eq!(memory.tables(&third), tables, "{undo}");
    }
}
