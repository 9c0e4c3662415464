//! The parts of the ring: Regions, accounts, and the land between two VPCs.

use crate::layout::{ACCOUNTS, Arc, BAND, BAND_FONT, Layout, RegionArc, SegmentArc, point};
use crate::network::{Network, Segment};
use crate::text::{counted, number, shorten};

/// Half of the width of the strip between two VPCs.
const HALF_STRIP: f64 = 17.0;

/// A part of the ring, and what is written on it.
pub(crate) struct Band {
    pub(crate) path: String,
    pub(crate) class: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    /// Where the text is, and how it is turned.
    pub(crate) at: String,
}

pub(crate) fn arc_path(Arc { from, to }: Arc, radius: f64) -> String {
    // A whole circle has no arc in SVG: there is always a gap.
    let [(x, y), (to_x, to_y)] = [from, to].map(|angle| point(angle, radius));
    let large = u8::from(to - from > std::f64::consts::PI);
    let [x, y, to_x, to_y, radius] = [x, y, to_x, to_y, radius].map(number);
    format!("M{x} {y}A{radius} {radius} 0 {large} 1 {to_x} {to_y}")
}

/// The land of two VPCs, and between them the strip of it that gave the product its name; without a connection, no strip.
pub(crate) fn land(network: &Network<'_>, layout: &Layout<'_>) -> String {
    let [left, right] = layout.regions.as_slice() else { return String::new() };
    if !layout.is_isthmus {
        return String::new();
    }
    if network.lines.iter().all(|line| line.peering.status.as_deref() != Some("active")) {
        return format!("{}Z{}Z", arc_path(left.arc, layout.radius), arc_path(right.arc, layout.radius));
    }
    let (x, y) = point(right.arc.to, layout.radius);
    // A cubic curve's middle is an eighth of its ends and three eighths of each control point.
    let (bend_x, bend_y) = (x * 0.3, (8.0 * HALF_STRIP - 2.0 * y) / 6.0);
    let [x, y, bend_x, bend_y, radius] = [x, y, bend_x, bend_y, layout.radius].map(number);
    let minus = |text: &str| text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned);
    let (x_left, y_up, bend_left, bend_up) = (minus(&x), minus(&y), minus(&bend_x), minus(&bend_y));
    format!(
        "M{x_left} {y}A{radius} {radius} 0 0 1 {x_left} {y_up}C{bend_left} {bend_up} {bend_x} {bend_up} {x} {y_up}\
         A{radius} {radius} 0 0 1 {x} {y}C{bend_x} {bend_y} {bend_left} {bend_y} {x_left} {y}Z"
    )
}

/// The Regions.
pub(crate) fn bands(network: &Network<'_>, layout: &Layout<'_>) -> Vec<Band> {
    let band = |(place, region): (usize, &RegionArc<'_>)| {
        let segments = layout.segments.iter().filter(|segment| segment.region == place);
        let segments: Vec<_> = segments.filter_map(|segment| network.segments.get(segment.segment)).collect();
        let vpcs = segments.iter().map(|segment| segment.nodes.len()).sum();
        let is_unreachable = segments.iter().all(|segment| segment.is_unreachable);
        let (angle, radius) = (region.arc.middle(), layout.radius + BAND);
        let (x, y) = point(angle, radius);
        // Upright on the lower half as well.
        let turn = angle.to_degrees() + if angle.sin() > 1e-9 { -90.0 } else { 90.0 };
        Band {
            path: arc_path(region.arc, radius),
            class: if is_unreachable { "band unread" } else { "band" },
            title: format!("{}: {}{}", region.region, counted(vpcs, "VPC"), unread(is_unreachable)),
            text: shorten(region.region, BAND_FONT, region.arc.span() * radius - 6.0),
            at: format!("translate({} {})rotate({})", number(x), number(y), number(turn)),
        }
    };
    layout.regions.iter().enumerate().map(band).collect()
}

/// The accounts in the Regions.
pub(crate) fn accounts(network: &Network<'_>, layout: &Layout<'_>) -> Vec<Band> {
    let segments = layout.segments.iter();
    let with_network = segments.filter_map(|drawn| Some((drawn, network.segments.get(drawn.segment)?)));
    let band = |(drawn, segment): (&SegmentArc, &Segment<'_>)| {
        let owner_id = if segment.owner_id.is_empty() { "all accounts" } else { segment.owner_id };
        let vpcs = counted(segment.nodes.len(), "VPC");
        Band {
            path: arc_path(drawn.arc, layout.radius + ACCOUNTS),
            class: if segment.is_unreachable { "account unread" } else { "account" },
            title: format!("{owner_id} in {}: {vpcs}{}", segment.region, unread(segment.is_unreachable)),
            text: String::new(),
            at: String::new(),
        }
    };
    with_network.map(band).collect()
}

fn unread(is_unreachable: bool) -> &'static str {
    if is_unreachable { ", could not be read" } else { "" }
}
