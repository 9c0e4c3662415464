//! Groups: what holds of every plan.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use ipnet::IpNet;
use isthmus_peering::connection::End;
use isthmus_peering::groups::{Member, Role, RouteRoom, effort, overlapping};
use isthmus_peering::ports::Location;
use isthmus_testing::members::{Pairs, member, name, planned};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Groups of a few members with a few blocks, some of which overlap.
fn networks() -> impl Strategy<Value = Vec<Member>> {
    let groups = proptest::collection::btree_map(
        prop_oneof![Just(name("payments")), Just(name("ledger"))],
        prop_oneof![Just(Role::Hub), Just(Role::Mesh), Just(Role::Spoke)],
        1..3,
    );
    let of_member = (groups, 0..14_u8, 16..19_u8, 0..3_usize, 0..4_usize);
    proptest::collection::vec(of_member, 2..12).prop_map(|members| {
        let built = members.into_iter().enumerate().map(|(number, (groups, second, length, peerings, room))| {
            let block = format!("10.{second}.0.0/{length}");
            Member {
                groups,
                peerings,
                room: RouteRoom { v4: room + 4, v6: 0 },
                ..member(number, Role::Mesh, &[&block])
            }
        });
        built.collect()
    })
}

/// Members in several accounts and Regions.
fn spread() -> impl Strategy<Value = Vec<Member>> {
    let place = (0..3_usize, 0..2_usize);
    (networks(), proptest::collection::vec(place, 12)).prop_map(|(members, places)| {
        let moved = members.into_iter().zip(places).map(|(mut member, (account, region))| {
            member.end.owner_id =
                ["123456789012", "222222222222", "333333333333"][account].parse().expect("an account");
            member.end.region = ["us-east-1", "eu-west-1"][region].parse().expect("a Region");
            member
        });
        moved.collect()
    })
}

/// The members once these pairs have their routes.
fn routed(members: &[Member], pairs: &Pairs) -> Vec<Member> {
    let routed = members.iter().enumerate().map(|(number, member)| {
        let routes = pairs.iter().filter(|(one, other)| [*one, *other].contains(&number)).count();
        Member { room: RouteRoom { v4: member.room.v4 - routes, v6: 0 }, ..member.clone() }
    });
    routed.collect()
}

fn ends(members: &[Member], pairs: &Pairs) -> BTreeSet<(End, End)> {
    let ordered = |(one, other): &(usize, usize)| {
        let (one, other) = (members[*one].end.clone(), members[*other].end.clone());
        if one < other { (one, other) } else { (other, one) }
    };
    pairs.iter().map(ordered).collect()
}

proptest! {
    #[test]
    fn overlaps_are_those_that_comparing_all_pairs_finds(all in proptest::collection::vec((0..6_usize, 0..4_u8, 8..26_u8), 0..40)) {
        let all: Vec<(usize, IpNet)> = all.into_iter().map(|(owner, second, length)| {
            (owner, format!("10.{second}.7.0/{length}").parse::<IpNet>().expect("a block").trunc())
        }).collect();
        let found: Pairs = overlapping(all.iter().copied()).into_keys().collect();
        let compared: Pairs = all.iter().flat_map(|(one, block)| all.iter().filter_map(move |(other, another)| {
            let overlap = block.contains(another) || another.contains(block);
            (one < other && overlap).then_some((*one, *other))
        })).collect();
        prop_assert_eq!(found, compared);
    }

    #[test]
    fn every_pair_is_admitted_or_refused_once_within_every_quota(members in networks()) {
        let plan = planned(&members, &Pairs::new(), 5);
        for (group, planned) in &plan.groups {
            let mut seen = planned.pairs.clone();
            for refusal in &planned.refused {
                let pair = (refusal.member.min(refusal.peer), refusal.member.max(refusal.peer));
                prop_assert!(seen.insert(pair), "{:?} twice", pair);
            }
            let wanted: Pairs = (0..members.len()).flat_map(|one| (one + 1..members.len()).map(move |other| (one, other))).filter(|(one, other)| {
                members[*one].groups.get(group).zip(members[*other].groups.get(group)).is_some_and(|(role, other)| role.peers_with(*other))
            }).collect();
            prop_assert_eq!(seen, wanted);
        }
        for (number, member) in members.iter().enumerate() {
            let peers: Vec<usize> = plan.pairs.iter().filter_map(|(one, other)| match (number == *one, number == *other) {
                (true, _) => Some(*other),
                (_, true) => Some(*one),
                _ => None,
            }).collect();
            prop_assert!(peers.is_empty() || member.peerings + peers.len() <= 5);
            let routes = peers.iter().map(|peer| members[*peer].routed.len()).sum::<usize>();
            prop_assert!(routes <= member.room.v4);
            let blocks = peers.iter().flat_map(|peer| members[*peer].routed.iter().map(move |block| (*peer, *block)));
            prop_assert!(overlapping(blocks).is_empty(), "no VPC's peers overlap");
        }
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(members in networks(), seed in any::<u64>()) {
        let plan = planned(&members, &Pairs::new(), 5);
        let mut shuffled = members.clone();
        shuffled.sort_by_key(|member| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(member.end.vpc_id.as_str().bytes().map(u32::from).sum::<u32>()));
        prop_assert_eq!(ends(&members, &plan.pairs), ends(&shuffled, &planned(&shuffled, &Pairs::new(), 5).pairs));
    }

    #[test]
    fn what_stands_stays_when_a_member_joins(members in networks()) {
        let (joining, before) = members.split_last().expect("members");
        let stands = planned(before, &Pairs::new(), 5).pairs;
        let again = routed(before, &stands);
        prop_assert_eq!(&planned(&again, &stands, 5).pairs, &stands, "the plan of what is planned is the same");
        let all: Vec<Member> = again.into_iter().chain([joining.clone()]).collect();
        prop_assert!(planned(&all, &stands, 5).pairs.is_superset(&stands));
    }
    #[test]
    fn a_member_that_leaves_takes_only_its_own_pairs(members in networks()) {
        let stands = planned(&members, &Pairs::new(), 5).pairs;
        let (_, rest) = members.split_last().expect("members");
        let left: Pairs = stands.into_iter().filter(|(_, later)| *later < rest.len()).collect();
        prop_assert!(planned(&routed(rest, &left), &left, 5).pairs.is_superset(&left));
    }

    #[test]
    fn calls_and_seconds_are_those_of_the_formula(members in spread(), tables in proptest::collection::vec(0..4_usize, 12)) {
        let members: Vec<Member> = members.into_iter().zip(tables).map(|(member, tables)| Member { tables, ..member }).collect();
        let pairs: Pairs = (0..members.len()).flat_map(|one| (one + 1..members.len()).map(move |other| (one, other))).collect();
        let found = effort(&members, pairs.iter().copied());
        let routes_at = |at: &Member| pairs.iter().map(|(one, other)| {
            let (one, other) = (&members[*one], &members[*other]);
            usize::from(one.end == at.end) * one.tables * other.routed.len()
                + usize::from(other.end == at.end) * other.tables * one.routed.len()
        }).sum::<usize>();
        let routes: usize = members.iter().map(routes_at).sum();
        let other_sides = pairs.iter().filter(|(one, other)| members[*one].end.sees_other_tags_than(&members[*other].end)).count();
        let count = |action: &str| found.calls.get(action).copied().unwrap_or_default();
        prop_assert_eq!((count("CreateVpcPeeringConnection"), count("AcceptVpcPeeringConnection")), (pairs.len(), pairs.len()));
        prop_assert_eq!((count("CreateRoute"), count("CreateTags")), (routes, other_sides));
        let lanes: BTreeSet<Location> = members.iter().map(|member| Location::from(&member.end)).collect();
        let of_lane = |lane: &Location| members.iter().filter(|member| Location::from(&member.end) == *lane).map(routes_at).sum::<usize>();
        let slowest = lanes.iter().map(of_lane).max().unwrap_or_default();
        prop_assert!(found.least_seconds >= 5 + slowest.saturating_sub(50).div_ceil(5));
    }
}
