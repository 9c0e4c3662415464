//! What is on the ring.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod networks;

use isthmus_picture::topology::Finding;
use isthmus_picture::{Theme, page, svg, widget};
use networks::{attributes, between, end, lines, network, peering, unreachable};
use std::collections::BTreeSet;

const SIZES: [usize; 6] = [0, 1, 2, 10, 50, 500];

#[test]
fn every_vpc_and_every_peering_is_drawn_exactly_once() {
    for size in SIZES {
        let topology = network(size);
        let drawing = svg(&topology);
        assert_eq!(drawing.matches("<g class=\"v ").count(), size);
        for vpc in &topology.vpcs {
            assert_eq!(drawing.matches(vpc.end.vpc_id.as_str()).count(), 1, "{} of {size}", vpc.end.vpc_id);
        }
        let lines = lines(&drawing);
        assert_eq!(lines.len(), topology.peerings.len());
        for finding in Finding::ALL {
            let class = finding.label().replace(' ', "-").replace("not-ours", "foreign");
            let drawn = lines.iter().filter(|(drawn, _)| *drawn == class).count();
            assert_eq!(drawn, topology.peerings.iter().filter(|peering| peering.finding == finding).count(), "{class}");
        }
    }
}

#[test]
fn a_line_joins_the_two_vpcs_of_its_peering() {
    let topology = network(10);
    let drawing = svg(&topology);
    let titles = between(&drawing, "<g class=\"v ", "</title>");
    let id =
        |node: &str| titles[node.parse::<usize>().expect("a number")].split('\n').nth(1).expect("an id").to_owned();
    let drawn: BTreeSet<[String; 2]> = lines(&drawing)
        .into_iter()
        .map(|(_, nodes)| nodes.split_once(' ').expect("two"))
        .map(|(one, other)| [id(one), id(other)])
        .collect();
    let ends = topology.peerings.iter().map(|p| [p.requester.vpc_id.clone(), p.accepter.vpc_id.clone()]);
    assert_eq!(drawn, ends.collect());
}

#[test]
fn a_line_starts_and_ends_at_its_vpcs() {
    let drawing = svg(&network(50));
    let nodes: Vec<(&str, &str)> = between(&drawing, "<circle cx=\"", "/>")
        .into_iter()
        .map(|circle| (circle.split('"').next().expect("cx"), attributes(circle, "cy")[0]))
        .collect();
    for line in between(&drawing, "<path class=\"p ", ">") {
        let (ends, path) = (attributes(line, "data-e")[0], attributes(line, "d")[0]);
        let place = |node: &str| nodes[node.parse::<usize>().expect("a number")];
        let (first, last) = ends.split_once(' ').map(|(one, other)| (place(one), place(other))).expect("two");
        let joined = |(x, y): (&str, &str)| if y.starts_with('-') { format!("{x}{y}") } else { format!("{x} {y}") };
        assert!(path.starts_with(&format!("M{}", joined(first))), "{path} from {first:?}");
        assert!(path.ends_with(&joined(last)), "{path} to {last:?}");
    }
}

#[test]
fn what_is_wrong_is_drawn_over_what_is_not() {
    let mut topology = network(50);
    topology.peerings.insert(0, peering(4, 9, Finding::Foreign));
    let drawing = svg(&topology);
    let order = ["foreign", "in-place", "waiting", "missing", "drift", "failed"];
    let places: Vec<usize> =
        lines(&drawing).iter().map(|(class, _)| order.iter().position(|of| of == class).expect("known")).collect();
    assert!(places.is_sorted());
    assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), order.len());
}

#[test]
fn the_order_is_region_account_hub_name() {
    let mut topology = network(12);
    for (vpc, name) in topology.vpcs.iter_mut().zip(["z", "y", "x", "c", "b", "a", "c", "b", "a", "", "", ""]) {
        name.clone_into(&mut vpc.name);
        vpc.end.owner_id = "111111111111".into();
    }
    topology.peerings.clear();
    let drawing = svg(&topology);
    let drawn: Vec<String> = between(&drawing, "<g class=\"v alone\"><title>", "</title>")
        .into_iter()
        .map(|title| title.split('\n').next().expect("a name").chars().take(1).collect())
        .collect();
    // The hub first, then by name, then what has none; once for each Region.
    assert_eq!(drawn.concat(), "zccvybbvxaav");
}

#[test]
fn a_vpc_that_only_a_peering_names_is_on_the_ring() {
    let mut topology = network(10);
    let mut foreign = peering(0, 90, Finding::Foreign);
    foreign.accepter.owner_id = "999999999999".into();
    topology.peerings.push(foreign);
    let drawing = svg(&topology);
    assert_eq!(drawing.matches("<g class=\"v ").count(), 11);
    assert_eq!(drawing.matches("foreign unknown").count(), 1);
    assert!(drawing.contains("not read: only a peering names it"));
}

#[test]
fn an_unread_region_is_hatched_with_and_without_vpcs() {
    let mut topology = network(10);
    topology.unreachable = vec![unreachable("eu-west-1"), unreachable("ap-southeast-2")];
    let drawing = svg(&topology);
    assert_eq!(drawing.matches("class=\"band unread\"").count(), 2);
    assert!(drawing.contains("ap-southeast-2: 0 VPCs, could not be read"));
    assert!(page(&topology).contains("<strong>eu-west-1</strong> could not be read"));
    let none = network(0);
    assert_eq!(svg(&none).matches("unread").count() - svg(&none).matches(".unread").count(), 0);
}

#[test]
fn two_vpcs_lie_opposite_each_other_and_are_joined_by_land() {
    for same_place in [false, true] {
        let mut topology = network(2);
        if same_place {
            topology.vpcs[1].end = end(3);
            topology.vpcs[1].end.owner_id = end(0).owner_id;
            topology.peerings[0].accepter = topology.vpcs[1].end.clone();
        }
        let drawing = svg(&topology);
        let [left, right]: [f64; 2] = between(&drawing, "<circle cx=\"", "\"")
            .into_iter()
            .map(|x| x.parse().expect("a number"))
            .collect::<Vec<f64>>()
            .try_into()
            .expect("two");
        assert!(left < 0.0 && (left + right).abs() < 0.2, "{left} and {right}");
        let joined = attributes(between(&drawing, "class=\"land\"", ">")[0], "d")[0].matches('C').count();
        topology.peerings[0] = peering(0, 1, Finding::Missing);
        let drawing = svg(&topology);
        let apart = attributes(between(&drawing, "class=\"land\"", ">").last().unwrap_or(&""), "d");
        assert_eq!((joined, apart.concat().matches('C').count()), (2, 0));
    }
}

#[test]
fn only_accounts_and_findings_have_labels_in_a_large_network() {
    let drawing = svg(&network(50));
    assert_eq!(between(&drawing, "<text class=\"label", ">").iter().filter(|l| l.contains("data-v")).count(), 50);
    let drawing = svg(&network(500));
    let labels = between(&drawing, "<text class=\"label", ">");
    assert_eq!(labels.iter().filter(|label| label.starts_with(" owner")).count(), 12 * 3);
    assert!(labels.len() <= 90);
    let of_vpcs: Vec<&&str> = labels.iter().filter(|label| label.contains("data-v")).collect();
    assert!(of_vpcs.len() > 40);
    assert!(of_vpcs.iter().all(|label| ["failed", "drift", "missing", "waiting"].iter().any(|of| label.contains(of))));
}

#[test]
fn five_hundred_vpcs_fit() {
    let topology = network(500);
    let size = page(&topology).len();
    assert!(size <= 600_000, "the page has {size} bytes");
    let size = widget(&topology, Theme::Dark).len();
    assert!(size <= 400_000, "the widget has {size} bytes");
}

#[test]
fn the_ring_goes_round_once_and_no_two_vpcs_are_in_one_place() {
    for size in [3, 10, 50, 500] {
        let drawing = svg(&network(size));
        let number = |text: &str| text.parse::<f64>().expect("a number");
        let angles: Vec<f64> = between(&drawing, "<circle cx=\"", "/>")
            .into_iter()
            .map(|circle| (number(circle.split('"').next().expect("cx")), number(attributes(circle, "cy")[0])))
            // From the top, clockwise.
            .map(|(x, y)| x.atan2(-y).rem_euclid(std::f64::consts::TAU))
            .collect();
        assert_eq!(angles.len(), size);
        assert!(angles.is_sorted_by(|one, next| one < next), "{angles:?}");
    }
}
