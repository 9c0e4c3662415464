//! Hierarchical edge bundling: a peering is drawn along the path from VPC to VPC through account and Region, so that peerings
//! with the same way lie side by side. D. Holten, Hierarchical Edge Bundles, IEEE TVCG 12(5), 2006,
//! <https://doi.org/10.1109/TVCG.2006.147>.

use crate::layout::{Arc, Layout, NODES, count, point};
use crate::network::Line;
use crate::text::number;
use std::fmt::Write;

/// How strictly lines follow the hierarchy: 0 is straight, 1 all the way. Holten found 0.85 to suit most graphs.
const STRENGTH: f64 = 0.85;
/// Where accounts and Regions are between the middle and the VPCs.
const ACCOUNT: f64 = 0.7;
const REGION: f64 = 0.4;

type Point = (f64, f64);

/// The middles of accounts and Regions that lines are drawn along.
pub(crate) struct Bundles {
    /// Of each VPC: itself, its account, its Region.
    ways: Vec<[Point; 3]>,
    /// Of each VPC: the places of its account and its Region.
    parents: Vec<[usize; 2]>,
}

impl Bundles {
    pub(crate) fn of(layout: &Layout<'_>) -> Self {
        let (mut ways, mut parents) = (Vec::new(), Vec::new());
        let radius = layout.radius + NODES;
        for node in &layout.nodes {
            let segment = layout.segments.get(node.segment);
            let region = segment.map(|segment| segment.region);
            let region_arc = region.and_then(|region| layout.regions.get(region)).map(|region| region.arc);
            let middle = |arc: Option<Arc>| arc.map_or(node.angle, Arc::middle);
            ways.push([
                point(node.angle, radius),
                point(middle(segment.map(|segment| segment.arc)), radius * ACCOUNT),
                point(middle(region_arc), radius * REGION),
            ]);
            parents.push([node.segment, region.unwrap_or_default()]);
        }
        Self { ways, parents }
    }

    /// The path of a line, as SVG has it.
    pub(crate) fn path(&self, line: &Line<'_>) -> String {
        let [one, other] = line.nodes.map(|place| self.ways.get(place).copied().unwrap_or_default());
        let [parents, others] = line.nodes.map(|place| self.parents.get(place).copied().unwrap_or_default());
        let depth = match (parents, others) {
            ([account, _], [other, _]) if account == other => 0,
            ([_, region], [_, other]) if region == other => 1,
            _ => 2,
        };
        // Where both are in one account, it is the only bend that there is.
        let mut points: Vec<Point> = one.iter().take(depth.max(1) + 1).copied().collect();
        points.extend(other.iter().take(depth + 1).rev());
        draw(&straighten(&points))
    }
}

/// Holten's equation 2: each point is moved towards where it would be on a straight line.
fn straighten(points: &[Point]) -> Vec<Point> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let steps = count(points.len() - 1);
    let moved = |(index, (x, y)): (usize, &Point)| {
        let part = count(index) / steps;
        let along = |from: f64, to: f64, at: f64| STRENGTH * at + (1.0 - STRENGTH) * (from + part * (to - from));
        (along(first.0, last.0, *x), along(first.1, last.1, *y))
    };
    points.iter().enumerate().map(moved).collect()
}

/// A uniform cubic B-spline along these points, from the first to the last. Its segments meet without a kink, so that all but
/// the first can be written as `S`, which leaves out the first control point.
fn draw(points: &[Point]) -> String {
    let [first, .., last] = points else { return String::new() };
    let mut path = String::new();
    let mix = |(x, y): Point, (to_x, to_y): Point, part: f64| (x + (to_x - x) * part, y + (to_y - y) * part);
    let joint =
        |before: Point, at: Point, after: Point| mix(mix(before, at, 2.0 / 3.0), mix(at, after, 1.0 / 3.0), 0.5);
    write_point(&mut path, 'M', *first);
    let padded: Vec<Point> =
        [*first, *first].into_iter().chain(points.iter().skip(1).copied()).chain([*last]).collect();
    for (index, window) in padded.windows(4).enumerate() {
        let [_, from, to, after] = window else { continue };
        if index == 0 {
            write_point(&mut path, 'C', mix(*from, *to, 1.0 / 3.0));
            write_point(&mut path, ' ', mix(*from, *to, 2.0 / 3.0));
        } else {
            write_point(&mut path, 'S', mix(*from, *to, 2.0 / 3.0));
        }
        let end = if index + 4 == padded.len() { *last } else { joint(*from, *to, *after) };
        write_point(&mut path, ' ', end);
    }
    path
}

fn write_point(path: &mut String, command: char, (x, y): Point) {
    let (x, y) = (number(x), number(y));
    let space = if y.starts_with('-') { "" } else { " " };
    let command = if command == ' ' && x.starts_with('-') { String::new() } else { command.to_string() };
    // Writing to a string can't fail.
    let _written = write!(path, "{command}{x}{space}{y}");
}
