//! Groups: what holds of every plan.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use ipnet::IpNet;
use isthmus_peering::connection::{End, canonical};
use isthmus_peering::groups::{GroupsPlan, Member, Overlaps, Role, RouteRoom};
use isthmus_peering::ports::Location;
use isthmus_testing::members::{Pairs, costs, member, name, planned, planned_among};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Groups of a few members with a few blocks, some of which overlap, in no order of their ids. Peers route to some of the blocks.
fn networks() -> impl Strategy<Value = Vec<Member>> {
    let groups = proptest::collection::btree_map(
        prop_oneof![Just(name("payments")), Just(name("ledger"))],
        prop_oneof![Just(Role::Hub), Just(Role::Mesh), Just(Role::Spoke)],
        1..3,
    );
    let blocks = proptest::collection::vec((0..14_u8, 16..19_u8, any::<bool>()), 1..4);
    let of_member = (groups, blocks, 0..3_usize, 0..6_usize, proptest::bool::weighted(0.1));
    let members = proptest::collection::vec(of_member, 2..12);
    let ids = Just((0..12).collect::<Vec<usize>>()).prop_shuffle();
    (members, ids).prop_map(|(members, ids)| {
        let built = members.into_iter().zip(ids).map(|((groups, drawn, peerings, room, excluded), id)| {
            let block = |second: u8, length: u8, is_v4: bool| {
                if is_v4 { format!("10.{second}.0.0/{length}") } else { format!("fd00:{second}::/{}", length + 16) }
            };
            let texts: Vec<String> =
                drawn.iter().map(|(second, length, is_v4)| block(*second, *length, *is_v4)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let of = member(id, Role::Mesh, &texts);
            let routed = of.blocks.iter().skip(room % 2).copied().collect();
            Member { groups, peerings, routed, excluded, room: RouteRoom { v4: room + 4, v6: room + 2 }, ..of }
        });
        built.collect()
    })
}

/// Pairs of twelve members.
fn some_pairs() -> impl Strategy<Value = Pairs> {
    proptest::collection::btree_set((0..12_usize, 0..12_usize), 0..6)
        .prop_map(|pairs| pairs.into_iter().filter(|(one, other)| one < other).collect())
}

fn within(pairs: &Pairs, members: &[Member]) -> Pairs {
    pairs.iter().filter(|(_, later)| *later < members.len()).copied().collect()
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
        let room = peers(number, pairs)
            .fold(member.room, |room, peer| room.minus(RouteRoom::of(&members[peer].routed)).expect("they fit"));
        Member { room, ..member.clone() }
    });
    routed.collect()
}

fn peers(number: usize, pairs: &Pairs) -> impl Iterator<Item = usize> {
    pairs.iter().filter_map(move |(one, other)| match (number == *one, number == *other) {
        (true, _) => Some(*other),
        (_, true) => Some(*one),
        _ => None,
    })
}

/// Each refusal by its ends, with its error.
fn refusals(members: &[Member], plan: &GroupsPlan) -> BTreeSet<(End, End, &'static str)> {
    let all = plan.groups.values().flat_map(|group| &group.refused);
    all.map(|each| {
        let (one, other) = (members[each.member].end.clone(), members[each.peer].end.clone());
        if one < other { (one, other, each.error) } else { (other, one, each.error) }
    })
    .collect()
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
        let overlap = |block: &IpNet, another: &IpNet| block.contains(another) || another.contains(block);
        let found = Overlaps::of(all.iter().copied());
        let pairs = (0..6).flat_map(|one| (0..6).map(move |other| (one, other))).filter(|(one, other)| one != other);
        for (one, other) in pairs {
            let of = |owner: usize| all.iter().filter(move |(each, _)| *each == owner).map(|(_, block)| block);
            let compared = of(one).any(|block| of(other).any(|another| overlap(block, another)));
            let between = found.between(one, other);
            prop_assert_eq!(between.is_some(), compared);
            if let Some((block, another)) = between {
                prop_assert!(overlap(&block, &another) && of(one).any(|own| *own == block) && of(other).any(|own| *own == another));
                prop_assert!(!found.is_apart(one) && !found.is_apart(other));
            }
        }
    }

    #[test]
    fn every_pair_is_admitted_or_refused_once_within_every_quota(members in networks(), without in some_pairs()) {
        let plan = planned_among(&members, &Pairs::new(), &Pairs::new(), &without, 5);
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
            let peers: Vec<usize> = peers(number, &plan.pairs).collect();
            prop_assert!(peers.is_empty() || member.peerings + peers.len() <= 5);
            let all: Vec<IpNet> = peers.iter().flat_map(|peer| members[*peer].routed.iter().copied()).collect();
            prop_assert!(member.room.minus(RouteRoom::of(&all)).is_some());
            prop_assert!(!member.excluded || peers.is_empty());
            let blocks = peers.iter().flat_map(|peer| members[*peer].routed.iter().map(move |block| (*peer, *block)));
            let overlaps = Overlaps::of(blocks);
            let mut pairs = peers.iter().flat_map(|one| peers.iter().map(move |other| (*one, *other)));
            prop_assert!(pairs.all(|(one, other)| one == other || overlaps.between(one, other).is_none()), "no VPC's peers overlap");
        }
        prop_assert!(plan.pairs.is_disjoint(&without));
    }

    #[test]
    fn the_order_of_the_input_does_not_matter(
        members in networks(), order in Just((0..12).collect::<Vec<usize>>()).prop_shuffle(), asked in some_pairs(), without in some_pairs()
    ) {
        let (asked, without) = (within(&asked, &members), within(&without, &members));
        let order: Vec<usize> = order.into_iter().filter(|number| *number < members.len()).collect();
        let shuffled: Vec<Member> = order.iter().map(|number| members[*number].clone()).collect();
        let moved = |pairs: &Pairs| -> Pairs {
            let place = |number: &usize| order.iter().position(|other| other == number).expect("a place");
            pairs.iter().map(|(one, other)| (place(one).min(place(other)), place(one).max(place(other)))).collect()
        };
        let plan = planned_among(&members, &Pairs::new(), &asked, &without, 5);
        let other = planned_among(&shuffled, &Pairs::new(), &moved(&asked), &moved(&without), 5);
        prop_assert_eq!(ends(&members, &plan.pairs), ends(&shuffled, &other.pairs));
        prop_assert_eq!(refusals(&members, &plan), refusals(&shuffled, &other));
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
        let pairs: Pairs = (0..members.len()).flat_map(|one| (one + 1..members.len()).map(move |other| (one, other))).collect();
        let found = costs(&members, &pairs, |number| tables[number]);
        let routes_at = |at: usize| pairs.iter().map(|(one, other)| {
            let to = |own: usize, peer: usize| usize::from(own == at) * tables[own] * members[peer].routed.len();
            to(*one, *other) + to(*other, *one)
        }).sum::<usize>();
        let routes: usize = (0..members.len()).map(routes_at).sum();
        let other_sides = pairs.iter().filter(|(one, other)| members[*one].end.sees_other_tags_than(&members[*other].end)).count();
        let count = |action: &str| found.calls.get(action).copied().unwrap_or_default();
        prop_assert_eq!((count("CreateVpcPeeringConnection"), count("AcceptVpcPeeringConnection")), (pairs.len(), pairs.len()));
        prop_assert_eq!((count("CreateRoute"), count("CreateTags")), (routes, other_sides));
        let lanes: BTreeSet<Location> = members.iter().map(|member| Location::from(&member.end)).collect();
        let waits = |lane: &Location| {
            let is_here = |end: &End| Location::from(end) == *lane;
            let there: Vec<usize> = (0..members.len()).filter(|number| is_here(&members[*number].end)).collect();
            let routes: usize = there.into_iter().map(routes_at).sum();
            let directed: Vec<(&End, &End)> =
                pairs.iter().map(|(one, other)| canonical(&members[*one].end, &members[*other].end)).collect();
            let requested = directed.iter().filter(|(requester, _)| is_here(requester)).count();
            let accepted = directed.iter().filter(|(_, accepter)| is_here(accepter)).count();
            [routes, requested, accepted].into_iter().map(|calls| calls.saturating_sub(50).div_ceil(5)).max().unwrap_or_default()
        };
        let longest = lanes.iter().map(waits).max().unwrap_or_default();
        prop_assert_eq!(found.least_seconds, 5 + longest);
    }
}
