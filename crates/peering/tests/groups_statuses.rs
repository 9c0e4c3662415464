//! The status of each group on its members: that there is one, its room, and how many calls it takes.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::connection::End;
use isthmus_testing::grouped::{join, leave, star, two_lanes, vpcs};
use isthmus_testing::{Memory, run_groups, stack};
use serde_json::json;

fn run(memory: &Memory, name: &str) -> Vec<&'static str> {
    memory.take_calls();
    run_groups(memory, &stack(), name, &json!({})).expect("it ends");
    Memory::writes(&memory.take_calls())
}

fn status(memory: &Memory, of: &End, group: &str) -> String {
    memory.tags(of).get(&format!("isthmus:status:group:{group}")).cloned().unwrap_or_default()
}

#[test]
fn a_member_with_which_its_group_makes_no_pair_has_a_status_too() {
    let (memory, ends) = vpcs(3);
    join(&memory, "alone", &ends[..1]);
    join(&memory, "beach:spoke", &ends[1..]);
    run(&memory, "first");
    for (end, group) in [(&ends[0], "alone"), (&ends[1], "beach"), (&ends[2], "beach")] {
        assert!(status(&memory, end, group).starts_with("0 of 0 active 20"), "{group}");
    }
    assert_eq!(run(&memory, "second"), [""; 0], "it is written once");

    let (memory, ends) = star(1);
    assert!(status(&memory, &ends[0], "payments").starts_with("1 of 1 active 20"));
    leave(&memory, &ends[1..]);
    run(&memory, "the last peer leaves");
    assert!(status(&memory, &ends[0], "payments").starts_with("0 of 0 active 20"));
    assert_eq!(status(&memory, &ends[1], "payments"), "");
}

#[test]
fn a_status_stays_while_the_region_of_the_peers_can_t_be_read() {
    let (memory, ends) = two_lanes();
    run(&memory, "first");
    assert!(status(&memory, &ends[0], "payments").starts_with("1 of 1 active 20"));
    memory.deny(&(&ends[1]).into());
    assert_eq!(run(&memory, "second"), [""; 0]);
    assert!(status(&memory, &ends[0], "payments").starts_with("1 of 1 active 20"));
}

#[test]
fn statuses_of_groups_that_a_vpc_has_left_leave_room_for_those_that_it_has_joined() {
    let (memory, ends) = vpcs(1);
    let named = |letter: char| (10..30).map(|number| format!("{letter}{number}")).collect::<Vec<_>>();
    for letter in ['a', 'b'] {
        join(&memory, &named(letter).join(" "), &ends);
        run(&memory, &format!("{letter}"));
        let told = named(letter).iter().filter(|group| !status(&memory, &ends[0], group).is_empty()).count();
        assert_eq!(told, 20, "as many as there is room for: {letter}");
    }
}

#[test]
fn a_status_that_many_members_lose_or_get_is_one_call_in_a_place() {
    let (memory, ends) = star(6);
    join(&memory, "billing:hub", &ends[..1]);
    join(&memory, "billing:spoke", &ends[1..]);
    let writes = run(&memory, "renamed");
    assert_eq!(writes, ["untag_vpcs", "tag_vpcs", "tag_vpcs"], "the hub's status differs");
    assert!(ends.iter().all(|end| status(&memory, end, "payments").is_empty()));
    assert!(ends.iter().all(|end| !status(&memory, end, "billing").is_empty()));
}

#[test]
fn a_failure_takes_the_place_of_a_status_that_tells_of_none() {
    let (memory, ends) = vpcs(2);
    memory.add_block(&ends[1], "10.1.128.0/20");
    join(&memory, "payments", &ends);
    for number in 1..=20 {
        memory.tag_vpc(&ends[0], &format!("isthmus:status:vpc-{number:08x}"), "active pcx-00000001 now");
    }
    run(&memory, "first");
    let tags = memory.tags(&ends[0]);
    let statuses: Vec<&String> = tags.keys().filter(|key| key.starts_with("isthmus:status:")).collect();
    assert!(status(&memory, &ends[0], "payments").starts_with("failed OverlappingCidrs "), "{tags:?}");
    assert!(
        statuses.len() == 20 && !tags.contains_key("isthmus:status:vpc-00000014"),
        "the last one went: {statuses:?}"
    );
    assert_eq!(run(&memory, "second"), [""; 0]);
}
