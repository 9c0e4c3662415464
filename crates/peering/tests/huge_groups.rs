//! A group that thousands of VPCs claim: all of it is refused by name or planned, in memory that grows with the members, not with
//! their pairs.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::groups::{GroupsPlan, Member, REFUSALS, Role};
use isthmus_testing::members::{Pairs, member, name, planned};
use isthmus_testing::memory_mb;

/// A million pairs.
const MEMBERS: usize = 1_500;
const RULE: usize = MEMBERS * (MEMBERS - 1) / 2;
const QUOTA: usize = 125;

fn members(role: impl Fn(usize) -> Role, block: impl Fn(usize) -> String) -> Vec<Member> {
    (0..MEMBERS).map(|number| member(number, role(number), &[&block(number)])).collect()
}

/// A block of its own.
fn own(number: usize) -> String {
    format!("10.{}.{}.0/24", number / 256, number % 256)
}

fn assert_bounded(plan: &GroupsPlan, rule: usize) {
    let group = &plan.groups[&name("payments")];
    assert_eq!((group.rule, group.pairs.len() + group.refused_count()), (rule, rule));
    assert!(group.refused.len() <= REFUSALS);
    assert!(plan.peerings.iter().all(|peerings| *peerings <= QUOTA));
}

/// The peak is of the whole process: no other test may be in this file.
#[test]
fn memory_grows_with_the_members_of_a_group_and_not_with_their_pairs() {
    let alike = members(|_| Role::Mesh, |_| "172.31.0.0/16".to_owned());
    let before = memory_mb("VmHWM");
    let plan = planned(&alike, &Pairs::new(), QUOTA);
    assert_bounded(&plan, RULE);
    assert!(plan.pairs.is_empty(), "no two of them can be peered");
    assert!(plan.groups.values().flat_map(|group| &group.refused).all(|refusal| refusal.error == "OverlappingCidrs"));

    let spokes = members(|number| if number < 3 { Role::Hub } else { Role::Spoke }, own);
    let plan = planned(&spokes, &Pairs::new(), QUOTA);
    assert_bounded(&plan, 3 + 3 * (MEMBERS - 3));
    assert_eq!(plan.pairs.len(), 3 + 3 * (QUOTA - 2), "each hub is full");

    let nested = members(|_| Role::Hub, |number| format!("10.0.0.0/{}", 8 + number % 21));
    let plan = planned(&nested, &Pairs::new(), QUOTA);
    assert_bounded(&plan, RULE);
    assert!(plan.pairs.is_empty());
    let grown = memory_mb("VmHWM") - before;
    assert!(grown < 24.0, "{grown} MB");
}
