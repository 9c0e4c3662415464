//! Input is hostile: the parsers as black boxes, fed what nearly looks right, what doesn't at all, and what attackers
//! try. Nothing panics, a refusal is a public one, and whatever gets in has the form that AWS gives it.
//!
//! The forms are checked here by hand, not by the types under test.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "fuzz/hostile.rs"]
mod hostile;

use hostile::{envelope, request, share, teardown, text, value};
use isthmus_aws::{ChangeEvent, RequestedEvent};
use isthmus_peering::connection::End;
use isthmus_peering::error::Error;
use isthmus_peering::intent::VpcIntent;
use isthmus_peering::request::{PeeringInput, PeeringRequest, TeardownRequest};
use isthmus_peering::steps::start_requested;
use isthmus_testing::{Machines, stack};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn has_form(end: &End) -> bool {
    let id = end.vpc_id.as_str().strip_prefix("vpc-").unwrap_or_default();
    let account = end.owner_id.as_str();
    let region = end.region.as_str();
    matches!(id.len(), 8 | 17)
        && id.chars().all(|c| "0123456789abcdef".contains(c))
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
        && region.len() < 50
        && region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_refusal_of_input(error: &Error) -> bool {
    let (name, cause) = error.name_and_cause();
    let has = |key: &str| cause.get(key).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    name == "InvalidRequest" && has("Field") && has("Message")
}

/// The two ends as in an input.
fn written(end: &End, peer: &End) -> Value {
    json!({
        "VpcId": end.vpc_id, "Region": end.region, "OwnerId": end.owner_id,
        "PeerVpcId": peer.vpc_id, "PeerRegion": peer.region, "PeerOwnerId": peer.owner_id,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_request_gets_in_whole_or_not_at_all(input in request()) {
        match PeeringRequest::parse(&input, &stack()) {
            Ok(request) => {
                prop_assert!(has_form(&request.end) && has_form(&request.peer) && request.end.vpc_id != request.peer.vpc_id);
                let printed = serde_json::to_value(PeeringInput::from(request.clone())).expect("JSON");
                prop_assert_eq!(PeeringRequest::parse(&printed, &stack()).expect("what was printed"), request);
            }
            Err(error) => prop_assert!(is_refusal_of_input(&error), "{:?}", error),
        }
    }

    #[test]
    fn so_does_a_teardown(input in teardown()) {
        match TeardownRequest::parse(&input, &stack()) {
            Ok(teardown) => {
                prop_assert!(has_form(&teardown.end) && has_form(&teardown.peer));
                let mut printed = written(&teardown.end, &teardown.peer);
                printed["DryRun"] = json!(teardown.dry_run);
                prop_assert_eq!(TeardownRequest::parse(&printed, &stack()).expect("what was printed"), teardown);
            }
            Err(error) => prop_assert!(is_refusal_of_input(&error), "{:?}", error),
        }
    }

    #[test]
    fn an_event_is_a_hint_of_its_own_account_or_of_the_stack_s_or_none(event in envelope(value())) {
        let Ok(read) = serde_json::from_value::<ChangeEvent>(event.clone()) else { return Ok(()) };
        if let Some(hint) = read.hint(&stack()) {
            let End { vpc_id, region, owner_id } = &hint.end;
            prop_assert!(has_form(&hint.end));
            prop_assert_eq!(&event["resources"][0], &json!(format!("arn:aws:ec2:{region}:{owner_id}:vpc/{vpc_id}")));
            let sender = if event["source"] == "isthmus" { stack().account } else { owner_id.clone() };
            prop_assert_eq!(&event["account"], sender.as_str());
        }
    }

    #[test]
    fn a_requested_event_starts_what_its_sender_owns_or_nothing(event in envelope(request())) {
        let Ok(read) = serde_json::from_value::<RequestedEvent>(event.clone()) else { return Ok(()) };
        let machine = Machines::default();
        let requested = now(start_requested(&machine, &stack(), read.task())).expect("never tried again");
        prop_assert_eq!(requested.execution.is_some(), requested.invalid.is_none());
        for (name, input) in machine.peerings.take() {
            prop_assert!(name.len() <= 80 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{}", name);
            let printed = serde_json::to_value(&input).expect("JSON");
            let request = PeeringRequest::parse(&printed, &stack()).expect("what is started can be read");
            prop_assert!(has_form(&request.end) && has_form(&request.peer));
            prop_assert_eq!(&event["account"], request.end.owner_id.as_str());
        }
    }

    #[test]
    fn what_is_valid_in_tags_is_used_and_the_rest_is_invalid(
        peers in vec(prop_oneof![text(), (text(), text(), text()).prop_map(|(id, region, account)| format!("{id}@{region}@{account}"))], 0..5),
        routes in proptest::option::of(text()),
        dns in proptest::option::of(text()),
        separator in select(&[" ", "  ", "\n", "\t"][..]),
    ) {
        let own: End = serde_json::from_value(json!({"VpcId": "vpc-0a1b2c3f", "Region": "us-east-1", "OwnerId": "123456789012"})).expect("an end");
        let mut tags = BTreeMap::from([("isthmus:peer".to_owned(), peers.join(separator))]);
        tags.extend(routes.map(|routes| ("isthmus:routes".to_owned(), routes)));
        tags.extend(dns.map(|dns| ("isthmus:dns".to_owned(), dns)));
        let intent = VpcIntent::parse(&tags, "isthmus", &own);
        prop_assert!(intent.peers.iter().all(has_form));
        prop_assert!(intent.invalid.iter().all(|(key, why)| tags.contains_key(key) && !why.to_string().is_empty()));

        let printed: Vec<String> =
            intent.peers.iter().map(|End { vpc_id, region, owner_id }| format!("{vpc_id}@{region}@{owner_id}")).collect();
        let again = VpcIntent::parse(&BTreeMap::from([("isthmus:peer".to_owned(), printed.join(separator))]), "isthmus", &own);
        prop_assert_eq!((again.peers, again.invalid), (intent.peers, vec![]));
    }
}

#[test]
fn the_inputs_are_of_both_kinds() {
    let requests = share(request(), |input| PeeringRequest::parse(&input, &stack()).is_ok());
    let teardowns = share(teardown(), |input| TeardownRequest::parse(&input, &stack()).is_ok());
    let hints = share(envelope(value()), |event| {
        serde_json::from_value::<ChangeEvent>(event).is_ok_and(|e| e.hint(&stack()).is_some())
    });
    let started = share(envelope(request()), |event| {
        let read = serde_json::from_value::<RequestedEvent>(event);
        read.is_ok_and(|read| {
            let requested = now(start_requested(&Machines::default(), &stack(), read.task()));
            requested.is_ok_and(|requested| requested.execution.is_some())
        })
    });
    for share in [requests, teardowns, hints, started] {
        assert!(
            (100..900).contains(&share),
            "{requests} requests, {teardowns} teardowns, {hints} hints, {started} started"
        );
    }
}

/// The answer of what never waits.
fn now<T>(answer: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(answer)
}
