//! Names around the ring: level, so that they can be read, one below the other on either side, none over another.

use crate::layout::{ACCOUNTS, LABELS, Layout, count, point};
use crate::network::{Network, Node};
use crate::text::{counted, shorten, width};
use crate::topology::Finding;

/// Above so many VPCs, only accounts and the VPCs with findings have a label. With more of them, the ring would have to be so
/// large that on a screen nobody could read them.
const ALL_LABELLED: usize = 100;
/// So many labels there are at most, where not all VPCs have one.
const MOST: usize = 90;
/// Above so many labels, accounts have none.
const MOST_WITH_ACCOUNTS: usize = 100;
/// The distance between two lines.
pub(crate) const LINE: f64 = 15.5;
const NAME_FONT: f64 = 12.5;
const DETAIL_FONT: f64 = 11.0;
/// The widest that a name and what follows it may be.
const NAME_ROOM: f64 = 190.0;
const DETAIL_ROOM: f64 = 130.0;
const SPACE: f64 = 7.0;
/// How near labels of both sides may come to the middle line.
const NEAREST: f64 = 14.0;

/// What a label is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The account of a segment, by its place in the network.
    Account(usize),
    /// A VPC, by its place in the network.
    Vpc(usize),
}

/// A line of text beside the ring.
#[derive(Clone)]
pub(crate) struct Label {
    pub(crate) subject: Subject,
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) is_left: bool,
    pub(crate) is_hub: bool,
    pub(crate) worst: Option<Finding>,
    /// The angle of what it is about.
    angle: f64,
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// From the ring to the text; none of an account whose VPCs have labels.
    pub(crate) leader: Option<[(f64, f64); 2]>,
}

impl Label {
    /// How far it reaches from the middle line.
    pub(crate) fn reach(&self) -> f64 {
        let detail = match self.detail.is_empty() {
            true => 0.0,
            false => SPACE + width(&self.detail, DETAIL_FONT),
        };
        self.x.abs() + width(&self.name, NAME_FONT) + detail
    }
}

/// The VPCs that have a label: all of a small network, else as many of those with findings as there is room for, the worst first.
fn labelled(network: &Network<'_>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..network.nodes.len()).collect();
    if places.len() > ALL_LABELLED {
        let worst = |place: usize| network.nodes.get(place).and_then(|node| node.worst);
        places.retain(|place| worst(*place).is_some_and(Finding::needs_attention));
        places.sort_by_key(|place| (std::cmp::Reverse(worst(*place)), *place));
        places.truncate(MOST.saturating_sub(network.segments.len()));
        places.sort_unstable();
    }
    places
}

/// How many labels there will be, on which the size of the ring depends.
pub(crate) fn expected(network: &Network<'_>) -> usize {
    let vpcs = labelled(network).len();
    vpcs + if has_accounts(network, vpcs) { network.segments.len() } else { 0 }
}

fn has_accounts(network: &Network<'_>, vpcs: usize) -> bool {
    vpcs + network.segments.len() <= MOST_WITH_ACCOUNTS
}

/// All labels.
pub(crate) fn labels(network: &Network<'_>, layout: &Layout<'_>) -> Vec<Label> {
    let vpcs = labelled(network);
    let has_accounts = has_accounts(network, vpcs.len());
    let [mut right, mut left] = [Vec::new(), Vec::new()];
    for (place, segment) in layout.segments.iter().enumerate() {
        let of_segment = vpcs.iter().filter_map(|vpc| {
            let at = layout.nodes.get(*vpc).filter(|at| at.segment == place)?;
            Some(vpc_label(*vpc, network.nodes.get(*vpc)?, at.angle, network.nodes.len() <= ALL_LABELLED))
        });
        let (mut on_left, mut on_right): (Vec<Label>, Vec<Label>) = of_segment.partition(|label| label.is_left);
        if has_accounts {
            let account = account_label(network, segment.segment, segment.arc.middle());
            // The left side is read upwards on the ring, and downwards on the page.
            match (on_left.last().map(|label| label.angle), on_right.first().map(|label| label.angle)) {
                (None, None) if account.is_left => on_left.push(account),
                (None, None) => on_right.push(account),
                (above_left, above_right) => {
                    on_left.extend(above_left.map(|angle| account.above(angle)));
                    on_right.splice(0..0, above_right.map(|angle| account.above(angle)));
                }
            }
        }
        right.extend(on_right);
        left.extend(on_left);
    }
    left.reverse();
    let mut labels = place(right, layout.radius);
    labels.extend(place(left, layout.radius));
    labels
}

fn vpc_label(place: usize, node: &Node<'_>, angle: f64, has_blocks: bool) -> Label {
    let blocks = node.vpc.filter(|_| has_blocks).map_or(&[][..], |vpc| vpc.cidr_blocks.as_slice());
    let detail = match blocks {
        [] => String::new(),
        [only] => only.clone(),
        [first, more @ ..] => format!("{first} +{}", more.len()),
    };
    Label {
        name: shorten(node.label(), NAME_FONT, NAME_ROOM),
        detail: shorten(&detail, DETAIL_FONT, DETAIL_ROOM),
        is_hub: node.is_hub(),
        worst: node.worst.filter(|worst| worst.needs_attention()),
        ..Label::at(Subject::Vpc(place), angle)
    }
}

fn account_label(network: &Network<'_>, place: usize, angle: f64) -> Label {
    let segment = network.segments.get(place);
    let owner_id = segment.map_or("", |segment| segment.owner_id);
    let vpcs = segment.map_or(0, |segment| segment.nodes.len());
    let detail = match segment.is_some_and(|segment| segment.is_unreachable) {
        true => "not read".to_owned(),
        false if network.nodes.len() > ALL_LABELLED => counted(vpcs, "VPC"),
        false => String::new(),
    };
    let owner_id = if owner_id.is_empty() { "all accounts" } else { owner_id };
    Label { name: owner_id.to_owned(), detail, ..Label::at(Subject::Account(place), angle) }
}

impl Label {
    fn at(subject: Subject, angle: f64) -> Self {
        Self {
            subject,
            name: String::new(),
            detail: String::new(),
            is_left: angle.cos() < -1e-9,
            is_hub: false,
            worst: None,
            angle,
            x: 0.0,
            y: 0.0,
            leader: Some([(0.0, 0.0); 2]),
        }
    }

    /// The same as the first line above others of its account, which need no leader to it.
    fn above(&self, angle: f64) -> Self {
        let Self { name, detail, .. } = self.clone();
        Self { name, detail, leader: None, ..Self::at(self.subject, angle) }
    }

    /// The distance that it keeps from the line above.
    fn gap(&self) -> f64 {
        match (self.subject, self.leader) {
            (Subject::Account(_), None) => LINE * 1.25,
            _ => LINE,
        }
    }
}

/// Places the labels of one side, which come from top to bottom: each as near as possible to its angle.
fn place(mut labels: Vec<Label>, radius: f64) -> Vec<Label> {
    let distance = radius + LABELS;
    let desired: Vec<(f64, f64)> = labels
        .iter()
        .map(|label| {
            let is_header = label.leader.is_none();
            let above = if is_header { LINE } else { 0.0 };
            (point(label.angle, distance).1 - above, label.gap())
        })
        .collect();
    let spread = spread(&desired);
    // The text keeps to the circle, or to an ellipse where more lines are above or below than the circle has room for: so the
    // lines there lie beside each other's leaders.
    let farthest = |sign: f64| spread.iter().fold(distance, |height, y| height.max(y * sign * 1.02));
    let (above, below) = (farthest(-1.0), farthest(1.0));
    for (label, y) in labels.iter_mut().zip(spread) {
        let height = if y < 0.0 { above } else { below };
        let x = (distance * (1.0 - (y / height).powi(2)).max(0.0).sqrt()).max(NEAREST);
        let sign = if label.is_left { -1.0 } else { 1.0 };
        (label.x, label.y) = (sign * x, y);
        if label.leader.is_some() {
            label.leader = Some([point(label.angle, radius + ACCOUNTS + 4.0), (sign * (x - 5.0), y)]);
        }
    }
    labels
}

/// The places nearest to the desired ones, as the sum of squares, that keep the order and the gaps: isotonic regression by
/// pooling neighbours that are too close.
fn spread(desired: &[(f64, f64)]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = Vec::with_capacity(desired.len());
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (index, (y, gap)) in desired.iter().enumerate() {
        offset += if index == 0 { 0.0 } else { *gap };
        offsets.push(offset);
        pools.push((y - offset, 1));
        while let [.., (before, size), (last, added)] = pools.as_slice()
            && before > last
        {
            let all = size + added;
            let mean = (before * count(*size) + last * count(*added)) / count(all);
            pools.truncate(pools.len() - 2);
            pools.push((mean, all));
        }
    }
    let means = pools.into_iter().flat_map(|(mean, size)| std::iter::repeat_n(mean, size));
    means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}
