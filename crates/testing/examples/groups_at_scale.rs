//! Plans 10,000 VPCs with six blocks each in meshes of 126, and one mesh of 51; prints the figures as JSON. Beside the overlaps by
//! sweep line: those of 2,000 VPCs by comparing all with all.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, reason = "an example ends by panicking")]

use ipnet::IpNet;
use isthmus_peering::groups::{Member, Overlaps, Role, RouteRoom};
use isthmus_testing::members::{Pairs, member, name, numbered, planned};
use isthmus_testing::memory_mb;
use serde_json::json;
use std::time::Instant;

const VPCS: usize = 10_000;
const BLOCKS: usize = 6;
const MESH: usize = 126;
const COMPARED: usize = 2_000;

/// In an organization's own address space each VPC has /24 blocks, and one in fifty takes a block that another one has.
fn organization() -> Vec<Member> {
    let of_member = |number: usize| {
        let blocks: Vec<String> = (0..BLOCKS)
            .map(|place| {
                let shared = number.is_multiple_of(50) && place == 0 && number > 0;
                let block = if shared { (number - 1) * BLOCKS } else { number * BLOCKS + place };
                format!("10.{}.{}.0/24", block / 256 % 256, block % 256)
            })
            .collect();
        let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
        let room = RouteRoom { v4: 1000, v6: 1000 };
        let groups = [(name(&format!("mesh-{}", number / MESH)), Role::Mesh)].into();
        Member { groups, room, ..member(number, Role::Mesh, &blocks) }
    };
    (0..VPCS).map(of_member).collect()
}

fn blocks(members: &[Member]) -> Vec<(usize, IpNet)> {
    members
        .iter()
        .enumerate()
        .flat_map(|(number, member)| member.blocks.iter().map(move |block| (number, *block)))
        .collect()
}

/// The number of pairs that overlap.
fn by_comparing(members: &[Member]) -> usize {
    let meet = |one: &Member, other: &Member| {
        one.blocks
            .iter()
            .any(|block| other.blocks.iter().any(|another| block.contains(another) || another.contains(block)))
    };
    (0..members.len())
        .map(|one| (one + 1..members.len()).filter(|other| meet(&members[one], &members[*other])).count())
        .sum()
}

/// The same, of those that are known.
fn count(overlaps: &Overlaps, members: usize) -> usize {
    let with_later = |one: usize| (one + 1..members).filter(|other| overlaps.between(one, *other).is_some()).count();
    (0..members).filter(|one| !overlaps.is_apart(*one)).map(with_later).sum()
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

fn main() {
    let members = organization();
    let began = Instant::now();
    let overlaps = Overlaps::of(blocks(&members).into_iter());
    let overlaps_ms = milliseconds(began);
    let overlaps = count(&overlaps, members.len());

    let _reset = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory_mb("VmRSS");
    let began = Instant::now();
    let plan = planned(&members, &Pairs::new(), 125);
    let plan_ms = milliseconds(began);
    let peak = memory_mb("VmHWM") - before;

    let mesh = numbered(51, |_| Role::Mesh);
    let began = Instant::now();
    let pairs_of_51 = planned(&mesh, &Pairs::new(), 50).pairs.len();
    let mesh_ms = milliseconds(began);

    let some = &members[..COMPARED];
    let began = Instant::now();
    let compared = by_comparing(some);
    let compared_ms = milliseconds(began);
    let began = Instant::now();
    let swept = Overlaps::of(blocks(some).into_iter());
    let swept_ms = milliseconds(began);
    assert_eq!(compared, count(&swept, COMPARED));

    let refused: usize = plan.groups.values().map(|group| group.refused.len()).sum();
    let figures = json!({
        "vpcs": VPCS, "pairs": plan.pairs.len(), "refused": refused, "overlaps": overlaps,
        "overlaps ms": overlaps_ms, "plan ms": plan_ms, "peak MB": peak,
        "mesh of 51 pairs": pairs_of_51, "mesh of 51 ms": mesh_ms,
        "compared vpcs": COMPARED, "all with all ms": compared_ms, "sweep line ms": swept_ms,
    });
    println!("{figures}");
}
