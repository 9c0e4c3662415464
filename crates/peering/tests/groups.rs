//! Groups: what a tag says, who is admitted, and which pairs a plan has.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use isthmus_peering::groups::{GroupAccounts, GroupName, Member, Planning, REFUSALS, Role, memberships, plan};
use isthmus_testing::members::{HUB, Pairs, blocks, costs, member, name, numbered, planned, planned_among, refused};

const MEMBER: &str = "222222222222";

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
    assert!(!admits("payments", Role::Mesh, HUB), "a hub's account is no mesh member's");
    assert!(admits("ledger", Role::Mesh, MEMBER) && !admits("shop", Role::Spoke, MEMBER));
    assert!(!admits("shop", Role::Mesh, MEMBER), "the admission is for another group");
    let [hub, member] = [HUB, MEMBER].map(|account| account.parse().expect("an account"));
    let other = "444444444444".parse().expect("an account");
    assert!(accounts.admits_both([&hub, &member]) && accounts.admits_both([&hub, &other]));
    assert!(!"a:hub=123456789012".parse::<GroupAccounts>().expect("valid").admits_both([&hub, &member]));
    let twice: GroupAccounts = "a:spoke=123456789012 a:spoke=222222222222".parse().expect("valid");
    assert!(twice.admits(&name("a"), Role::Spoke, &hub) && twice.admits(&name("a"), Role::Spoke, &member));
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

/// While it is made it is live: the run would undo what it has made.
#[test]
fn what_one_group_refuses_and_a_later_one_admits_is_planned_live_or_not() {
    let mut members = numbered(2, |_| Role::Hub);
    let groups = ["a", "b", "c"].map(|group| (name(group), Role::Hub));
    members.iter_mut().for_each(|member| member.groups = groups.clone().into());
    let missing_admission =
        |group: &GroupName, _: usize, _: usize| (group.as_str() != "b").then(|| "not admitted".to_owned());
    for live in [Pairs::new(), Pairs::from([(0, 1)])] {
        let planning = Planning {
            members: &members,
            live: &live,
            asked: &Pairs::new(),
            missing_admission: &missing_admission,
            peerings_per_vpc: 1,
        };
        assert_eq!(plan(&planning).pairs, Pairs::from([(0, 1)]), "live: {live:?}");
    }
}

#[test]
fn what_stands_takes_its_place_though_it_is_refused() {
    let members = numbered(4, |number| if number == 0 { Role::Hub } else { Role::Spoke });
    let plan = planned_among(&members, &[(0, 3)].into(), &Pairs::new(), &[(0, 3)].into(), 2);
    assert_eq!(plan.pairs, [(0, 1)].into());
    assert_eq!(refused(&plan), [((0, 2), "QuotaExceeded"), ((0, 3), "PeerNotTrusted")].into());
    assert_eq!(plan.peerings[0], 2);
}

#[test]
fn a_standing_peering_of_an_excluded_vpc_is_kept() {
    let mut members = numbered(3, |_| Role::Mesh);
    members[0].excluded = true;
    let plan = planned(&members, &[(0, 1)].into(), 50);
    assert_eq!(plan.pairs, [(0, 1), (1, 2)].into());
    assert_eq!(refused(&plan), [((0, 2), "Excluded")].into());
}

#[test]
fn of_very_many_refusals_the_first_are_kept_and_all_are_counted() {
    let members: Vec<Member> = (0..300).map(|number| member(number, Role::Mesh, &["10.0.0.0/16"])).collect();
    let plan = planned(&members, &Pairs::new(), 50);
    let group = &plan.groups[&name("payments")];
    assert_eq!((group.refused_count(), group.refused.len()), (300 * 299 / 2, REFUSALS));
}

#[test]
fn excluded_and_unadmitted_members_are_refused_pair_by_pair() {
    let mut members = numbered(3, |_| Role::Mesh);
    members[0].excluded = true;
    let plan = planned_among(&members, &Pairs::new(), &Pairs::new(), &[(1, 2)].into(), 50);
    assert_eq!(refused(&plan), [((0, 1), "Excluded"), ((0, 2), "Excluded"), ((1, 2), "PeerNotTrusted")].into());
}

#[test]
fn a_mesh_of_51_costs_what_the_formula_says() {
    let members = numbered(51, |_| Role::Mesh);
    let plan = planned(&members, &Pairs::new(), 50);
    let effort = costs(&members, &plan.pairs, |_| 1);
    assert_eq!(plan.pairs.len(), 1275);
    let calls = [("AcceptVpcPeeringConnection", 1275), ("CreateRoute", 2550), ("CreateVpcPeeringConnection", 1275)];
    assert_eq!(effort.calls, calls.into());
    assert_eq!(effort.least_seconds, 5 + (2550 - 50) / 5);
    let slowest = effort.slowest.expect("a lane");
    assert_eq!((slowest.action, slowest.calls), ("CreateRoute", 2550));
    assert_eq!((slowest.at.owner_id.as_str(), slowest.at.region.as_str()), (HUB, "us-east-1"));
}
