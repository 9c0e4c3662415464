//! The topology as a graph: each VPC once, in the order of the ring, and each peering once.

use crate::topology::{End, Finding, Peering, Topology, Vpc};
use std::collections::{BTreeMap, BTreeSet};

/// A VPC of the ring.
pub(crate) struct Node<'t> {
    pub(crate) end: &'t End,
    /// What EC2 says about it; `None` of a VPC that only a peering names.
    pub(crate) vpc: Option<&'t Vpc>,
    /// Its name; empty without one. Not unique.
    pub(crate) name: &'t str,
    /// How many peerings it has.
    pub(crate) degree: usize,
    /// The worst finding among its peerings.
    pub(crate) worst: Option<Finding>,
}

/// A peering between two VPCs of the ring.
pub(crate) struct Line<'t> {
    pub(crate) peering: &'t Peering,
    /// The places of requester and accepter among the nodes.
    pub(crate) nodes: [usize; 2],
}

/// The VPCs of one account in one Region, and whether they could be read.
pub(crate) struct Segment<'t> {
    pub(crate) region: &'t str,
    pub(crate) owner_id: &'t str,
    /// The places of its VPCs among the nodes.
    pub(crate) nodes: std::ops::Range<usize>,
    pub(crate) is_unreachable: bool,
}

/// The graph.
pub(crate) struct Network<'t> {
    pub(crate) topology: &'t Topology,
    pub(crate) nodes: Vec<Node<'t>>,
    pub(crate) lines: Vec<Line<'t>>,
    pub(crate) segments: Vec<Segment<'t>>,
}

impl Node<'_> {
    /// Its name, or its id.
    pub(crate) fn label(&self) -> &str {
        match self.name.is_empty() {
            true => &self.end.vpc_id,
            false => self.name,
        }
    }

    pub(crate) fn is_hub(&self) -> bool {
        self.vpc.is_some_and(Vpc::is_hub)
    }
}

impl<'t> Network<'t> {
    /// Of a topology that is presentable.
    pub(crate) fn of(topology: &'t Topology) -> Self {
        let mut nodes: BTreeMap<&End, Option<&Vpc>> = BTreeMap::new();
        for peering in &topology.peerings {
            nodes.insert(&peering.requester, None);
            nodes.insert(&peering.accepter, None);
        }
        nodes.extend(topology.vpcs.iter().map(|vpc| (&vpc.end, Some(vpc))));
        let mut nodes: Vec<Node> = nodes.into_iter().map(|(end, vpc)| Node::new(end, vpc)).collect();
        nodes.sort_by(|one, other| one.place().cmp(&other.place()));

        let places: BTreeMap<&End, usize> = nodes.iter().enumerate().map(|(place, node)| (node.end, place)).collect();
        let place = |end: &End| places.get(end).copied().unwrap_or_default();
        let lines: Vec<Line> = topology
            .peerings
            .iter()
            .map(|peering| Line { peering, nodes: [place(&peering.requester), place(&peering.accepter)] })
            .collect();
        for line in &lines {
            for place in BTreeSet::from(line.nodes) {
                if let Some(node) = nodes.get_mut(place) {
                    node.degree += 1;
                    node.worst = node.worst.max(Some(line.peering.finding));
                }
            }
        }
        let segments = segments(topology, &nodes);
        Self { topology, nodes, lines, segments }
    }

    /// The ends of a line.
    pub(crate) fn ends(&self, line: &Line<'_>) -> [Option<&Node<'t>>; 2] {
        line.nodes.map(|place| self.nodes.get(place))
    }

    /// `payments-prod ⇄ ledger-prod`.
    pub(crate) fn pair(&self, line: &Line<'_>) -> String {
        self.ends(line).map(|node| node.map_or("?", Node::label)).join(" ⇄ ")
    }

    /// The lines as they are drawn: the worst last.
    pub(crate) fn lines_by_finding(&self) -> Vec<&Line<'t>> {
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        lines.sort_by_key(|line| line.peering.finding);
        lines
    }

    pub(crate) fn count(&self, finding: Finding) -> usize {
        self.lines.iter().filter(|line| line.peering.finding == finding).count()
    }

    /// How many Regions have VPCs that were read.
    pub(crate) fn regions(&self) -> usize {
        self.read().map(|end| &end.region).collect::<BTreeSet<_>>().len()
    }

    /// How many accounts have.
    pub(crate) fn accounts(&self) -> usize {
        self.read().map(|end| &end.owner_id).collect::<BTreeSet<_>>().len()
    }

    fn read(&self) -> impl Iterator<Item = &'t End> {
        self.nodes.iter().filter(|node| node.vpc.is_some()).map(|node| node.end)
    }
}

impl<'t> Node<'t> {
    fn new(end: &'t End, vpc: Option<&'t Vpc>) -> Self {
        let name = vpc.map_or("", |vpc| vpc.name.as_str());
        Self { end, vpc, name, degree: 0, worst: None }
    }

    /// Region > account > hub first > name > id; what has no name comes last.
    fn place(&self) -> impl Ord + '_ {
        let End { region, owner_id, vpc_id } = self.end;
        (region, owner_id, !self.is_hub(), self.name.is_empty(), self.name, vpc_id)
    }
}

/// One for each account of each Region that has VPCs, or could not be read.
fn segments<'t>(topology: &'t Topology, nodes: &[Node<'t>]) -> Vec<Segment<'t>> {
    let mut places: BTreeMap<(&str, &str), std::ops::Range<usize>> = BTreeMap::new();
    for (place, node) in nodes.iter().enumerate() {
        let at = (node.end.region.as_str(), node.end.owner_id.as_str());
        places.entry(at).or_insert(place..place).end = place + 1;
    }
    let unread: Vec<(&str, Option<&str>)> = topology
        .unreachable
        .iter()
        .filter_map(|place| Some((place.region.as_deref()?, place.owner_id.as_deref())))
        .collect();
    for (region, owner_id) in &unread {
        let is_known = places.keys().any(|(known, of)| known == region && owner_id.is_none_or(|owner| owner == *of));
        if !is_known {
            places.insert((region, owner_id.unwrap_or_default()), 0..0);
        }
    }
    let is_unread = |region: &str, of: &str| {
        unread.iter().any(|(unread, owner_id)| *unread == region && owner_id.is_none_or(|owner| owner == of))
    };
    let segment =
        |((region, owner_id), nodes)| Segment { region, owner_id, nodes, is_unreachable: is_unread(region, owner_id) };
    places.into_iter().map(segment).collect()
}
