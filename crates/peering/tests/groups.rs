//! Groups: what a tag says, who is admitted, and which pairs a plan has.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::groups::{
    GroupAccounts, GroupName, GroupsPlan, Member, Planning, Role, RouteRoom, effort, memberships, plan,
};
use isthmus_testing::members::{HUB, Pairs, blocks, name, numbered, planned};
use std::collections::BTreeMap;

const MEMBER: &str = "222222222222";

/// The errors of a group's refusals, by the numbers of the two.
fn refused(plan: &GroupsPlan) -> BTreeMap<(usize, usize), &'static str> {
    let refusals = plan.groups.values().flat_map(|group| &group.refused);
    refusals
        .map(|refusal| ((refusal.member.min(refusal.peer), refusal.member.max(refusal.peer)), refusal.error))
        .collect()
}

#[test]
fn a_word_is_a_name_and_perhaps_a_role() {
    let read = memberships("payments:hub, ledger shop:spoke\tx-1:mesh");
    assert!(read.1.is_empty());
    let expected = [("payments", Role::Hub), ("ledger", Role::Mesh), ("shop", Role::Spoke), ("x-1", Role::Mesh)];
    assert_eq!(read.0, expected.into_iter().map(|(group, role)| (name(group), role)).collect());
}

#[test]
fn a_malformed_word_means_nothing_and_the_others_count() {
    for word in ["Payments", "-a", "a:owner", "a:", "a:hub:mesh", "a.b", &"a".repeat(33)] {
        let read = memberships(&format!("{word} ledger:spoke"));
        assert_eq!((read.0.len(), read.1.len()), (1, 1), "{word}");
    }
    let twice = memberships("ledger:hub payments ledger:spoke");
    assert_eq!(twice.0, [(name("payments"), Role::Mesh)].into());
    assert!(twice.1[0].to_string().contains("ledger") && twice.1[0].to_string().contains("two roles"));
    assert_eq!(memberships("ledger ledger:mesh").0.len(), 1, "the same twice is one role");
}

#[test]
fn accounts_are_admitted_by_group_and_role() {
    let accounts: GroupAccounts =
        "payments:hub=123456789012 payments:spoke=* ledger:mesh=222222222222,333333333333".parse().expect("valid");
    let admits =
        |group: &str, role, account: &str| accounts.admits(&name(group), role, &account.parse().expect("an account"));
    assert!(admits("payments", Role::Hub, HUB) && !admits("payments", Role::Hub, MEMBER));
    assert!(admits("payments", Role::Spoke, MEMBER) && !admits("payments", Role::Mesh, MEMBER));
    assert!(admits("ledger", Role::Mesh, MEMBER) && !admits("shop", Role::Spoke, MEMBER));
    for text in [
        "payments=123456789012",
        "payments:hub=*",
        "payments:mesh=*",
        "payments:owner=1",
        "a:hub=12",
        "a:hub=",
        "a:hub",
    ] {
        assert!(text.parse::<GroupAccounts>().is_err(), "{text}");
    }
}

#[test]
fn two_members_peer_where_one_is_a_hub_or_both_are_mesh() {
    let roles = [Role::Hub, Role::Hub, Role::Mesh, Role::Mesh, Role::Spoke, Role::Spoke];
    let members = numbered(6, |number| roles[number]);
    let plan = planned(&members, &Pairs::new(), 50);
    let expected: Pairs = [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 2), (1, 3), (1, 4), (1, 5), (2, 3)].into();
    assert_eq!(plan.groups[&name("payments")].pairs, expected);
    assert!(refused(&plan).is_empty());
}

#[test]
fn what_overlaps_is_refused_by_name_also_at_a_third() {
    let mut members = numbered(3, |number| if number == 0 { Role::Hub } else { Role::Spoke });
    members[2].blocks = blocks(&["10.1.128.0/20"]);
    members[2].routed = blocks(&["10.1.128.0/20"]);
    let plan = planned(&members, &Pairs::new(), 50);
    assert_eq!(plan.pairs, [(0, 1)].into());
    let refusal = &plan.groups[&name("payments")].refused[0];
    assert_eq!(refusal.error, "OverlappingCidrs");
    assert!(
        refusal.reason.contains("vpc-00000000 routes a block of vpc-00000002 to vpc-00000001"),
        "{}",
        refusal.reason
    );

    members[2].routed = blocks(&["10.9.0.0/16"]);
    assert_eq!(
        planned(&members, &Pairs::new(), 50).pairs,
        [(0, 1), (0, 2)].into(),
        "only what is routed counts at a third"
    );
    let mesh = members.iter().map(|each| Member { groups: [(name("payments"), Role::Mesh)].into(), ..each.clone() });
    let plan = planned(&mesh.collect::<Vec<_>>(), &Pairs::new(), 50);
    assert_eq!(refused(&plan), [((1, 2), "OverlappingCidrs")].into(), "EC2 peers no two VPCs with a common block");
}

#[test]
fn a_live_pair_keeps_its_place() {
    let mut members = numbered(3, |number| if number == 0 { Role::Hub } else { Role::Spoke });
    members[1].blocks = blocks(&["10.2.0.0/20"]);
    members[1].routed = blocks(&["10.2.0.0/20"]);
    assert_eq!(planned(&members, &Pairs::new(), 50).pairs, [(0, 1)].into());
    assert_eq!(planned(&members, &[(0, 2)].into(), 50).pairs, [(0, 2)].into());
}

#[test]
fn a_full_hub_refuses_a_spoke_and_a_full_member_leaves_the_mesh() {
    let star = numbered(5, |number| if number == 0 { Role::Hub } else { Role::Spoke });
    let plan = planned(&star, &Pairs::new(), 3);
    assert_eq!(refused(&plan), [((0, 4), "QuotaExceeded")].into());
    let mesh = numbered(5, |_| Role::Mesh);
    let plan = planned(&mesh, &Pairs::new(), 3);
    assert_eq!(plan.pairs.len(), 6, "a mesh of four");
    assert!(refused(&plan).into_iter().all(|((_, other), error)| (other, error) == (4, "QuotaExceeded")));

    let mut small = numbered(3, |_| Role::Mesh);
    small[0].room = RouteRoom { v4: 1, v6: 0 };
    let plan = planned(&small, &Pairs::new(), 50);
    assert_eq!(plan.pairs, [(0, 1)].into());
    assert_eq!(refused(&plan).len(), 2);
}

#[test]
fn excluded_and_unadmitted_members_are_refused_pair_by_pair() {
    let mut members = numbered(3, |_| Role::Mesh);
    members[0].excluded = true;
    let none = Pairs::new();
    let not_admitted = |_: &GroupName, _, _| Some("not admitted".to_owned());
    let plan = plan(&Planning {
        members: &members,
        live: &none,
        asked: &none,
        not_admitted: &not_admitted,
        peerings_per_vpc: 50,
    });
    assert_eq!(refused(&plan), [((0, 1), "Excluded"), ((0, 2), "Excluded"), ((1, 2), "PeerNotTrusted")].into());
}

#[test]
fn a_mesh_of_51_costs_what_the_formula_says() {
    let members = numbered(51, |_| Role::Mesh);
    let plan = planned(&members, &Pairs::new(), 50);
    let effort = effort(&members, plan.pairs.iter().copied());
    assert_eq!(plan.pairs.len(), 1275);
    let calls = [("AcceptVpcPeeringConnection", 1275), ("CreateRoute", 2550), ("CreateVpcPeeringConnection", 1275)];
    assert_eq!(effort.calls, calls.into());
    assert_eq!(effort.least_seconds, 5 + (2550 - 50) / 5);
    let slowest = effort.slowest.expect("a lane");
    assert_eq!((slowest.action, slowest.calls), ("CreateRoute", 2550));
}
