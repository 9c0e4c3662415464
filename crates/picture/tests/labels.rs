//! No label leaves the picture, and none lies over another.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod networks;

use isthmus_picture::svg;
use isthmus_picture::topology::Topology;
use networks::{attributes, between, network};
use proptest::prelude::*;

/// The width of a character of these names in DejaVu Sans Bold, one of the widest fonts, or more.
fn width(character: char) -> f64 {
    match character {
        '.' | '-' | '/' | ':' | ' ' => 0.42,
        '+' => 0.84,
        '…' => 1.0,
        _ => 0.72,
    }
}

/// The left, right and middle of each label.
fn labels(drawing: &str) -> Vec<(f64, f64, f64)> {
    let read = |text: &str| {
        let number = |name: &str| attributes(text, name)[0].parse::<f64>().expect("a number");
        let words = between(text, "<tspan", "</tspan").into_iter().map(|span| {
            let (size, space) = if span.contains("detail") { (11.0, 7.0) } else { (12.5, 0.0) };
            let word = span.split_once('>').expect("an element").1;
            word.chars().map(width).sum::<f64>() * size + space
        });
        let (x, y, width) = (number("x"), number("y"), words.sum::<f64>());
        match text.contains("text-anchor=\"end\"") {
            true => (x - width, x, y),
            false => (x, x + width, y),
        }
    };
    between(drawing, "<text class=\"label", "</text").into_iter().map(read).collect()
}

fn check(topology: &Topology) {
    let drawing = svg(topology);
    let view_box: Vec<f64> =
        attributes(&drawing, "viewBox")[0].split(' ').map(|side| side.parse().expect("a number")).collect();
    let [x, y, width, height] = view_box.try_into().expect("four");
    let labels = labels(&drawing);
    for (place, (left, right, middle)) in labels.iter().enumerate() {
        assert!(*left >= x && *right <= x + width, "from {left} to {right}, outside of {x} and {width}");
        assert!(*middle - 8.0 >= y && *middle + 8.0 <= y + height, "{middle} is outside of {y} and {height}");
        for (other_left, other_right, other_middle) in labels.iter().skip(place + 1) {
            let beside = right < other_left || other_right < left;
            assert!(
                beside || (middle - other_middle).abs() > 13.0,
                "{left} {middle} lies over {other_left} {other_middle}"
            );
        }
    }
}

#[test]
fn at_every_size() {
    for size in [1, 2, 3, 10, 50, 99, 100, 101, 150, 500] {
        check(&network(size));
    }
}

#[test]
fn of_a_network_where_every_vpc_has_its_own_region() {
    let mut topology = network(30);
    topology.peerings.clear();
    for (place, vpc) in topology.vpcs.iter_mut().enumerate() {
        vpc.end.region = format!("region-{place}");
    }
    check(&topology);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_long_the_names_are(size in 1..60_usize, names in prop::collection::vec("[a-eghknopsuvxz0-9-]{0,256}", 60)) {
        let mut topology = network(size);
        for (vpc, name) in topology.vpcs.iter_mut().zip(names) {
            vpc.name = name;
        }
        check(&topology);
    }
}
