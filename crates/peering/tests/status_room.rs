//! How many statuses a VPC has, and which: its owner's tags come first.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_testing::pair::{end, ends, network, request};
use isthmus_testing::sweeping::sweep_and_run;
use isthmus_testing::{Memory, execute};
use serde_json::json;

fn status(memory: &Memory, of: &End, peer: &str) -> String {
    memory.tags(of).get(&format!("isthmus:status:{peer}")).cloned().unwrap_or_default()
}

fn statuses(memory: &Memory, of: &End) -> usize {
    memory.tags(of).keys().filter(|key| key.starts_with("isthmus:status:")).count()
}

fn here(number: usize) -> End {
    end(&format!("vpc-{number:08x}"), "us-east-1")
}

/// A hub that names so many spokes, every third of which overlaps with it.
fn hub(spokes: usize) -> (Memory, End) {
    let (memory, hub) = (Memory::default(), here(0xfff));
    memory.add_vpc(&hub, &["10.0.0.0/16"], 1);
    let mut named = vec![String::new(); 3];
    for number in 1..=spokes {
        let block = if number % 3 == 0 { "10.0.128.0/20".to_owned() } else { format!("10.{number}.0.0/16") };
        memory.add_vpc(&here(number), &[&block], 1);
        memory.tag_vpc(&here(number), "isthmus:accept", "123456789012");
        named[number % 3].push_str(&format!("{} ", here(number).vpc_id));
    }
    memory.tag_vpc(&hub, "isthmus:peer", &named.concat());
    (memory, hub)
}

#[tokio::test]
async fn a_hub_has_at_most_twenty_and_failures_come_first() {
    let (memory, hub) = hub(36);
    sweep_and_run(&memory).await;
    sweep_and_run(&memory).await;
    let tags = memory.tags(&hub);
    let values: Vec<(&str, &str)> =
        tags.iter().filter_map(|(key, value)| Some((key.strip_prefix("isthmus:status:")?, value.as_str()))).collect();
    assert_eq!(values.len(), 20);
    let failed: Vec<&str> = values.iter().filter(|(_, value)| value.starts_with("failed")).map(|(id, _)| *id).collect();
    assert_eq!(failed.len(), 12, "every failure is there: {failed:?}");
    let active: Vec<&str> = values.iter().filter(|(_, value)| value.starts_with("active")).map(|(id, _)| *id).collect();
    let expected: Vec<String> = (1..=11).filter(|n| n % 3 != 0).map(|n| format!("vpc-{n:08x}")).collect();
    assert_eq!(active, expected, "the others by their ids");
    memory.take_calls();
    sweep_and_run(&memory).await;
    assert_eq!(Memory::writes(&memory.take_calls()), [""; 0], "and then it is left alone");
}

#[tokio::test]
async fn the_last_ten_tags_are_the_owner_s() {
    for (own, expected) in [(1, 20), (25, 15), (38, 2), (40, 0), (48, 0)] {
        let (memory, hub) = hub(30);
        for number in 1..own {
            memory.tag_vpc(&hub, &format!("own-{number}"), "");
        }
        sweep_and_run(&memory).await;
        sweep_and_run(&memory).await;
        assert_eq!(statuses(&memory, &hub), expected, "{own}");
        assert!(memory.tags(&hub).len() <= 40.max(own));
    }
}

/// Those of groups count among the twenty, and are trimmed as the others are.
#[tokio::test]
async fn statuses_of_groups_take_their_places_among_the_twenty() {
    for (own, expected) in [(1, 20), (36, 4), (39, 1), (40, 0)] {
        let (memory, hub) = hub(30);
        (1..own).for_each(|number| memory.tag_vpc(&hub, &format!("own-{number}"), ""));
        for (name, value) in [("ledger", "3 of 3 active now"), ("payments", "failed Excluded hands off now")] {
            memory.tag_vpc(&hub, &format!("isthmus:status:group:{name}"), value);
        }
        sweep_and_run(&memory).await;
        sweep_and_run(&memory).await;
        assert_eq!((statuses(&memory, &hub), memory.tags(&hub).len()), (expected, expected + own), "{own}");
        let of_group = |name: &str| !status(&memory, &hub, &format!("group:{name}")).is_empty();
        assert_eq!((of_group("payments"), of_group("ledger")), (expected > 0, expected > 11), "{own}");
    }
}

/// What is invalid is told by the same sweep that makes room for it.
#[tokio::test]
async fn an_invalid_word_has_its_place_at_once() {
    let (memory, hub) = hub(30);
    sweep_and_run(&memory).await;
    sweep_and_run(&memory).await;
    memory.tag_vpc(&hub, "isthmus:dns", "perhaps");
    sweep_and_run(&memory).await;
    assert_eq!(statuses(&memory, &hub), 20);
    assert!(status(&memory, &hub, "invalid").contains("isthmus:dns"), "{:?}", memory.tags(&hub));
}

/// Not a sweep but an execution writes it.
#[tokio::test]
async fn an_execution_leaves_the_last_tags_too() {
    for (own, is_written) in [(38, true), (39, false)] {
        let memory = network();
        memory.tag_vpc(&ends().0, "isthmus:peer", "vpc-0000000a@eu-west-1");
        (0..own).for_each(|number| memory.tag_vpc(&ends().0, &format!("own-{number}"), ""));
        let mut by_tags = request();
        by_tags["RequestedBy"] = json!("tags");
        execute(&memory, "by tags", &by_tags).await.expect("peered");
        assert_eq!(status(&memory, &ends().0, "vpc-0000000a").starts_with("active"), is_written, "{own}");
    }
}

/// More tags of its owner's: statuses make room at the next sweep.
#[tokio::test]
async fn statuses_make_room() {
    let (memory, hub) = hub(30);
    sweep_and_run(&memory).await;
    for number in 1..=29 {
        memory.tag_vpc(&hub, &format!("own-{number}"), "");
    }
    sweep_and_run(&memory).await;
    assert_eq!((statuses(&memory, &hub), memory.tags(&hub).len()), (10, 40));
}
