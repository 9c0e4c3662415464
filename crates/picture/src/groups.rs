//! Groups: an arc along their members, in a colour that the legend names.

use crate::arcs::arc_path;
use crate::layout::{Arc, GROUPS, Layout};
use crate::network::{Network, Node};
use crate::text::counted;
use crate::topology::Finding;
use std::collections::BTreeMap;

/// How far one ring of arcs is from the next; the groups take turns on three, and with six colours.
const BETWEEN: f64 = 3.5;
const RINGS: usize = 3;
const CLASSES: [&str; 6] = ["group g0", "group g1", "group g2", "group g3", "group g4", "group g5"];
/// What of a VPC's place its arc takes.
const SHARE: f64 = 0.86;

/// A group, as it is drawn and as the legend names it.
pub(crate) struct Group<'n> {
    pub(crate) class: &'static str,
    pub(crate) name: &'n str,
    /// `1 hub, 3 spokes; 2 in place, 1 failed`.
    pub(crate) detail: String,
    /// The places of its members.
    members: Vec<usize>,
    ring: usize,
}

/// All groups, by name.
pub(crate) fn groups<'n>(network: &'n Network<'_>) -> Vec<Group<'n>> {
    let mut members: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
    for (place, node) in network.nodes.iter().enumerate() {
        for (name, role) in words(node) {
            members.entry(name).or_default().push((place, role));
        }
    }
    let numbered = members.into_iter().enumerate();
    let groups = numbered.map(|(number, (name, members))| Group {
        class: CLASSES.get(number % CLASSES.len()).copied().unwrap_or_default(),
        name,
        detail: detail(network, name, &members),
        members: members.into_iter().map(|(place, _)| place).collect(),
        ring: number % RINGS,
    });
    groups.collect()
}

impl Group<'_> {
    /// The arcs along its members.
    pub(crate) fn path(&self, layout: &Layout<'_>) -> String {
        let radius = layout.radius + GROUPS + BETWEEN * f64::from(u8::try_from(self.ring).unwrap_or_default());
        let half = layout.spacing() * SHARE / 2.0;
        let places = self.members.iter().filter_map(|place| layout.nodes.get(*place));
        places.map(|place| arc_path(Arc { from: place.angle - half, to: place.angle + half }, radius)).collect()
    }

    /// `payments: 1 hub, 3 spokes; 2 in place, 1 failed`.
    pub(crate) fn title(&self) -> String {
        format!("group {}: {}", self.name, self.detail)
    }
}

/// Its groups and roles; without a role it is mesh.
fn words<'n>(node: &Node<'n>) -> impl Iterator<Item = (&'n str, &'n str)> {
    let words = node.vpc.into_iter().flat_map(|vpc| &vpc.groups);
    words.map(|word| word.split_once(':').unwrap_or((word, "mesh")))
}

fn detail(network: &Network<'_>, name: &str, members: &[(usize, &str)]) -> String {
    let count = |role: &str| members.iter().filter(|(_, other)| *other == role).count();
    let roles = [("hub", "hub"), ("spoke", "spoke"), ("mesh", "mesh member")];
    let roles = roles.map(|(role, label)| (count(role), label)).into_iter().filter(|(count, _)| *count > 0);
    let is_of_group = |by: &[String]| by.iter().any(|group| group == name);
    let findings = Finding::ALL.map(|finding| {
        let found = network.lines.iter().filter(|line| is_of_group(&line.peering.requested_by.groups));
        (found.filter(|line| line.peering.finding == finding).count(), finding.label())
    });
    let roles: Vec<String> = roles.map(|(count, role)| counted(count, role)).collect();
    let findings: Vec<String> =
        findings.iter().filter(|(count, _)| *count > 0).map(|(count, label)| format!("{count} {label}")).collect();
    let parts = [roles.join(", "), findings.join(", ")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}
