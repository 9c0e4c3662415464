//! The ring as SVG.

use crate::arcs::{Band, accounts, bands, land};
use crate::bundle::Bundles;
use crate::groups::{Group, groups};
use crate::labels::{LINE, Label, Subject, expected, labels};
use crate::layout::{ACCOUNTS, Layout, NODES, count, point};
use crate::network::{Line, Network, Node};
use crate::text::{counted, number};
use crate::topology::Finding;
use askama::Template;

/// Around all that is drawn.
const MARGIN: f64 = 14.0;
/// Its style, in dark and light.
pub(crate) const STYLE: &str = include_str!("../templates/picture.css");

#[derive(Template)]
#[template(path = "ring.svg")]
pub(crate) struct Ring {
    /// Whether it is a file of its own, which has to name its language and bring its style.
    is_file: bool,
    style: &'static str,
    theme: &'static str,
    density: &'static str,
    title: String,
    view_box: String,
    /// The land between two VPCs, where a connection joins them.
    land: String,
    bands: Vec<Band>,
    accounts: Vec<Band>,
    groups: Vec<DrawnGroup>,
    lines: Vec<DrawnLine>,
    leaders: Vec<(String, String)>,
    nodes: Vec<DrawnNode>,
    labels: Vec<DrawnLabel>,
}

struct DrawnGroup {
    class: &'static str,
    path: String,
    title: String,
}

struct DrawnLine {
    class: &'static str,
    nodes: String,
    path: String,
    title: String,
}

struct DrawnNode {
    class: String,
    x: String,
    y: String,
    radius: String,
    title: String,
}

struct DrawnLabel {
    class: String,
    vpc: Option<usize>,
    x: String,
    y: String,
    is_left: bool,
    name: String,
    detail: String,
}

/// The word for a finding in classes, which filters and styles use.
pub(crate) fn class(finding: Finding) -> &'static str {
    match finding {
        Finding::Foreign => "foreign",
        Finding::InPlace => "in-place",
        Finding::Waiting => "waiting",
        Finding::Missing => "missing",
        Finding::Drift => "drift",
        Finding::Failed => "failed",
    }
}

impl Ring {
    /// As part of a page that has the style. `theme`: a class, or nothing.
    pub(crate) fn of(network: &Network<'_>, theme: &'static str) -> Self {
        let radius = (count(expected(network)) / 2.0 * LINE * 0.56).clamp(190.0, 900.0);
        let layout = Layout::of(network, radius);
        let bundles = Bundles::of(&layout);
        let labels = labels(network, &layout);
        let largest = (layout.spacing() * 0.42).clamp(1.8, 9.0);
        Self {
            is_file: false,
            style: "",
            theme,
            density: match network.lines.len() {
                0..=12 => "few",
                13..=150 => "some",
                _ => "many",
            },
            title: title(network),
            view_box: view_box(&labels, radius),
            land: land(network, &layout),
            bands: bands(network, &layout),
            accounts: accounts(network, &layout),
            groups: groups(network).iter().map(|group| drawn_group(group, &layout)).collect(),
            lines: network.lines_by_finding().into_iter().map(|line| drawn_line(network, &bundles, line)).collect(),
            leaders: labels.iter().filter_map(leader).collect(),
            nodes: network.nodes.iter().zip(&layout.nodes).map(|(n, at)| node(n, at.angle, radius, largest)).collect(),
            labels: labels.iter().map(drawn_label).collect(),
        }
    }

    /// As a file of its own.
    pub(crate) fn file(network: &Network<'_>) -> Self {
        Self { is_file: true, style: STYLE, ..Self::of(network, "") }
    }
}

/// `50 VPCs, 61 peerings`: those that were read, and those that are the stack's concern.
pub(crate) fn title(network: &Network<'_>) -> String {
    let vpcs = network.nodes.iter().filter(|node| node.vpc.is_some()).count();
    let peerings = network.lines.len() - network.count(Finding::Foreign);
    format!("{}, {}", counted(vpcs, "VPC"), counted(peerings, "peering"))
}

fn view_box(labels: &[Label], radius: f64) -> String {
    let round = radius + ACCOUNTS;
    let half_width = labels.iter().map(Label::reach).fold(round, f64::max) + MARGIN;
    // One line more than the middle of the last.
    let half_height = labels.iter().map(|label| label.y.abs() + LINE).fold(round, f64::max) + MARGIN;
    let [x, y, width, height] =
        [-half_width, -half_height, 2.0 * half_width, 2.0 * half_height].map(|value| number(value.round()));
    format!("{x} {y} {width} {height}")
}

fn drawn_group(group: &Group<'_>, layout: &Layout<'_>) -> DrawnGroup {
    DrawnGroup { class: group.class, path: group.path(layout), title: group.title() }
}

fn drawn_line(network: &Network<'_>, bundles: &Bundles, line: &Line<'_>) -> DrawnLine {
    let [one, other] = line.nodes;
    let finding = line.peering.finding;
    let error = line.peering.error.as_deref().filter(|error| !error.is_empty());
    let error = error.map(|error| format!(", {error}")).unwrap_or_default();
    DrawnLine {
        class: class(finding),
        nodes: format!("{one} {other}"),
        path: bundles.path(line),
        title: format!("{}: {}{error}", network.pair(line), finding.label()),
    }
}

fn leader(label: &Label) -> Option<(String, String)> {
    let Label { leader: Some([(x, y), (to_x, to_y)]), .. } = label else { return None };
    let [x, y, to_x, to_y] = [*x, *y, *to_x, *to_y].map(number);
    let vpc = match label.subject {
        Subject::Vpc(place) => place.to_string(),
        Subject::Account(_) => String::new(),
    };
    Some((format!("M{x} {y}L{to_x} {to_y}"), vpc))
}

fn node(node: &Node<'_>, angle: f64, radius: f64, largest: f64) -> DrawnNode {
    let (x, y) = point(angle, radius + NODES);
    let mut class = node.worst.map_or("alone", class).to_owned();
    if node.vpc.is_none() {
        class.push_str(" unknown");
    }
    if node.vpc.is_some_and(|vpc| vpc.excluded) {
        class.push_str(" excluded");
    }
    // The area grows with the peerings, so that a hub is seen as one; small VPCs stay large enough to be hit.
    let size = (largest * (0.5 + 0.12 * count(node.degree).sqrt())).min(largest.max(6.0));
    DrawnNode { class, x: number(x), y: number(y), radius: number(size.max(1.8)), title: node_title(node) }
}

/// Line by line, as the page shows it too: name, id, Region and account, blocks, and what is special.
fn node_title(node: &Node<'_>) -> String {
    let mut lines = vec![node.label().to_owned()];
    if !node.name.is_empty() {
        lines.push(node.end.vpc_id.clone());
    }
    lines.push(format!("{} of {}", node.end.region, node.end.owner_id));
    match node.vpc {
        None => lines.push("not read: only a peering names it".into()),
        Some(vpc) => {
            lines.push(vpc.cidr_blocks.join(" "));
            lines.extend(vpc.excluded.then(|| "excluded by its owner".to_owned()));
            lines.extend((!vpc.groups.is_empty()).then(|| format!("groups: {}", vpc.groups.join(" "))));
        }
    }
    lines.join("\n")
}

fn drawn_label(label: &Label) -> DrawnLabel {
    let mut classes = String::from(match label.subject {
        Subject::Account(_) => "label owner",
        Subject::Vpc(_) => "label",
    });
    if label.is_hub {
        classes.push_str(" hub");
    }
    if let Some(worst) = label.worst {
        classes.push(' ');
        classes.push_str(class(worst));
    }
    DrawnLabel {
        class: classes,
        vpc: match label.subject {
            Subject::Vpc(place) => Some(place),
            Subject::Account(_) => None,
        },
        x: number(label.x),
        y: number(label.y),
        is_left: label.is_left,
        name: label.name.clone(),
        detail: label.detail.clone(),
    }
}
