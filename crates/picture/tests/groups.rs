//! Groups on the ring and in the legend.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod networks;

use isthmus_picture::topology::{Finding, Topology};
use isthmus_picture::{Theme, page, svg, widget};
use networks::{between, network};

/// The first four VPCs are a star, the last two a mesh; the peering of the first has failed.
fn grouped() -> Topology {
    let mut topology = network(10);
    topology.peerings.truncate(1);
    let peering = &mut topology.peerings[0];
    peering.finding = Finding::Failed;
    peering.requested_by.groups = vec!["payments".into()];
    for (place, vpc) in topology.vpcs.iter_mut().enumerate() {
        vpc.groups = match place {
            0 => vec!["payments:hub".into()],
            1..=3 => vec!["payments:spoke".into()],
            8 => vec!["ledger".into(), "payments:mesh".into()],
            9 => vec!["ledger".into()],
            _ => Vec::new(),
        };
    }
    topology
}

#[test]
fn a_group_is_an_arc_along_each_of_its_members() {
    let drawing = svg(&grouped());
    let arcs = between(&drawing, "<path class=\"group ", "</title>");
    let drawn: Vec<(&str, usize, &str)> = arcs
        .iter()
        .map(|arc| {
            let title = arc.split("<title>").nth(1).expect("a title");
            (arc.split('"').next().expect("a class"), arc.matches('A').count(), title)
        })
        .collect();
    assert_eq!(
        drawn,
        [
            ("g0", 2, "group ledger: 2 mesh members"),
            ("g1", 5, "group payments: 1 hub, 3 spokes, 1 mesh member; 1 failed"),
        ]
    );
}

#[test]
fn without_groups_there_is_no_arc_and_no_legend() {
    let mut topology = network(10);
    topology.vpcs.iter_mut().for_each(|vpc| vpc.groups.clear());
    assert!(!svg(&topology).contains("class=\"group "));
    assert!(!page(&topology).contains("<ul class=\"groups\">"));
}

#[test]
fn the_page_names_them_and_the_dashboard_draws_them() {
    let page = page(&grouped());
    let legend = between(&page, "<ul class=\"groups\">", "</ul>")[0];
    assert_eq!(legend.matches("<li>").count(), 2);
    assert!(legend.contains("<b><bdi>payments</bdi></b> 1 hub, 3 spokes, 1 mesh member; 1 failed"), "{legend}");
    assert_eq!(widget(&grouped(), Theme::Light).matches("class=\"group ").count(), 2);
}

#[test]
fn the_same_network_is_the_same_picture() {
    let (topology, mut reversed) = (grouped(), grouped());
    reversed.vpcs.reverse();
    reversed.vpcs.iter_mut().for_each(|vpc| vpc.groups.reverse());
    assert_eq!(svg(&topology), svg(&reversed));
}

#[test]
fn a_hostile_name_is_text() {
    let mut topology = grouped();
    topology.vpcs[5].groups = vec!["<script>alert(1)</script>".into()];
    for drawing in [svg(&topology), page(&topology), widget(&topology, Theme::Dark)] {
        assert!(!drawing.contains("<script>alert"), "it is escaped");
    }
}
