//! Where everything is on the ring: angles in radians, clockwise from the right; lengths in the units of the view box.

use crate::network::{Network, Segment};
use crate::text::width;
use std::f64::consts::{FRAC_PI_2, PI, TAU};

/// From the radius of the ring: where the VPCs are, the middle of the Regions' band, the accounts' arcs, the
/// groups' arcs, the labels.
pub(crate) const NODES: f64 = -12.0;
pub(crate) const BAND: f64 = 10.0;
pub(crate) const ACCOUNTS: f64 = 26.0;
pub(crate) const GROUPS: f64 = 31.0;
pub(crate) const LABELS: f64 = 46.0;
pub(crate) const BAND_FONT: f64 = 12.0;

/// Between two accounts, in parts of a VPC's place.
const ACCOUNT_GAP: f64 = 0.5;
/// Half of what each of only two VPCs has of the ring.
const HALF_ISTHMUS: f64 = 0.7;

/// A part of the ring.
#[derive(Clone, Copy)]
pub(crate) struct Arc {
    pub(crate) from: f64,
    pub(crate) to: f64,
}

impl Arc {
    pub(crate) fn middle(self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    pub(crate) fn span(self) -> f64 {
        self.to - self.from
    }
}

/// A Region's part.
pub(crate) struct RegionArc<'n> {
    pub(crate) region: &'n str,
    pub(crate) arc: Arc,
}

/// The part of an account in a Region.
pub(crate) struct SegmentArc {
    pub(crate) arc: Arc,
    /// The place of its segment in the network.
    pub(crate) segment: usize,
    /// The place of its Region's part.
    pub(crate) region: usize,
}

/// A VPC's place.
pub(crate) struct Place {
    pub(crate) angle: f64,
    /// The place of its account's part.
    pub(crate) segment: usize,
}

/// All parts of the ring.
pub(crate) struct Layout<'n> {
    pub(crate) radius: f64,
    pub(crate) regions: Vec<RegionArc<'n>>,
    pub(crate) segments: Vec<SegmentArc>,
    /// One for each VPC of the network.
    pub(crate) nodes: Vec<Place>,
    /// Whether it is two VPCs that lie opposite each other.
    pub(crate) is_isthmus: bool,
}

/// A point at that angle and distance from the middle.
pub(crate) fn point(angle: f64, distance: f64) -> (f64, f64) {
    (angle.cos() * distance, angle.sin() * distance)
}

impl<'n> Layout<'n> {
    /// Places for all, on a ring of that radius.
    pub(crate) fn of(network: &'n Network<'_>, radius: f64) -> Self {
        let mut layout =
            Self { radius, regions: Vec::new(), segments: Vec::new(), nodes: Vec::new(), is_isthmus: false };
        if let [_, _] = network.nodes.as_slice()
            && network.segments.iter().all(|segment| !segment.nodes.is_empty())
        {
            layout.is_isthmus = true;
            layout.add_isthmus(network);
        } else {
            layout.add_ring(network);
        }
        layout
    }

    /// Two VPCs lie opposite each other, whether or not they share a Region.
    fn add_isthmus(&mut self, network: &'n Network<'_>) {
        let mut middles = [PI, TAU].into_iter();
        for (place, segment) in network.segments.iter().enumerate() {
            for middle in middles.by_ref().take(segment.nodes.len()) {
                let arc = Arc { from: middle - HALF_ISTHMUS, to: middle + HALF_ISTHMUS };
                self.nodes.push(Place { angle: middle, segment: self.segments.len() });
                self.segments.push(SegmentArc { arc, segment: place, region: self.regions.len() });
                self.regions.push(RegionArc { region: segment.region, arc });
            }
        }
    }

    fn add_ring(&mut self, network: &'n Network<'_>) {
        let regions: Vec<&[Segment]> = network.segments.chunk_by(|one, next| one.region == next.region).collect();
        let gap = (0.9 / count(regions.len())).clamp(0.03, 0.3);
        let available = TAU - gap * count(regions.len());
        let wanted: Vec<f64> = regions.iter().map(|segments| places(segments)).collect();
        // A Region with few VPCs among many still has room for its name.
        let named = |segments: &[Segment]| segments.first().map_or(0.0, |s| width(s.region, BAND_FONT) + 8.0);
        let least: Vec<f64> = regions.iter().map(|segments| named(segments) / (self.radius + BAND)).collect();
        let spans = shares(&wanted, &least, available);
        let mut at = gap / 2.0 - FRAC_PI_2;
        for (segments, span) in regions.iter().zip(spans) {
            self.add_region(segments, Arc { from: at, to: at + span });
            at += span + gap;
        }
    }

    fn add_region(&mut self, segments: &[Segment<'n>], arc: Arc) {
        let Some(region) = segments.first().map(|segment| segment.region) else { return };
        self.regions.push(RegionArc { region, arc });
        let place = arc.span() / places(segments);
        let mut at = arc.from;
        for segment in segments {
            let span = occupied(segment) * place;
            // The ring has the order of the network.
            let segment_place = self.segments.len();
            let angles = (0..segment.nodes.len()).map(|index| at + (count(index) + 0.5) * place);
            self.nodes.extend(angles.map(|angle| Place { angle, segment: segment_place }));
            let arc = Arc { from: at, to: at + span };
            self.segments.push(SegmentArc { arc, segment: segment_place, region: self.regions.len() - 1 });
            at += span + ACCOUNT_GAP * place;
        }
    }

    /// How much of the ring one VPC has at least, as a length.
    pub(crate) fn spacing(&self) -> f64 {
        let gaps = self.nodes.windows(2).filter_map(|pair| Some(pair.last()?.angle - pair.first()?.angle));
        gaps.fold(1.0, f64::min) * (self.radius + NODES)
    }
}

/// What an account has: a place for each VPC, or one if none is known.
fn occupied(segment: &Segment<'_>) -> f64 {
    count(segment.nodes.len().max(1))
}

/// What a Region has.
fn places(segments: &[Segment<'_>]) -> f64 {
    segments.iter().map(occupied).sum::<f64>() + ACCOUNT_GAP * count(segments.len() - 1)
}

/// Divides what is available in proportion to what is wanted; whoever would get less than the least gets that, as long as all
/// of these fit.
fn shares(wanted: &[f64], least: &[f64], available: f64) -> Vec<f64> {
    let mut is_least = vec![false; wanted.len()];
    loop {
        let pairs = || wanted.iter().zip(least).zip(&is_least);
        let fixed: f64 = pairs().filter(|(_, is_least)| **is_least).map(|((_, least), _)| least).sum();
        let rest: f64 = pairs().filter(|(_, is_least)| !**is_least).map(|((wanted, _), _)| wanted).sum();
        if fixed >= available {
            let all: f64 = wanted.iter().sum();
            return wanted.iter().map(|wanted| available * wanted / all).collect();
        }
        let share = |wanted: f64| (available - fixed) * wanted / rest;
        let too_small: Vec<bool> =
            pairs().map(|((wanted, least), is_least)| *is_least || share(*wanted) < *least).collect();
        if too_small == is_least {
            return pairs().map(|((wanted, least), is)| if *is { *least } else { share(*wanted) }).collect();
        }
        is_least = too_small;
    }
}

/// Counts are far below what an `f64` can't hold.
#[allow(clippy::cast_precision_loss, reason = "a count of VPCs")]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}
