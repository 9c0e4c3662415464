//! Which VPCs have blocks in common: by sweep line, not by comparing all with all.

use ipnet::IpNet;
use std::collections::BTreeMap;

/// The pairs of owners, the smaller number first, with one pair of their blocks that overlap. Sorted blocks nest: whatever is still
/// open where a block begins contains it. O(n log n) and the overlaps found.
pub fn overlapping(blocks: impl Iterator<Item = (usize, IpNet)>) -> BTreeMap<(usize, usize), (IpNet, IpNet)> {
    let mut sorted: Vec<(IpNet, usize)> = blocks.map(|(owner, block)| (block.trunc(), owner)).collect();
    sorted.sort_unstable();
    let mut open: Vec<(IpNet, usize)> = Vec::new();
    let mut found = BTreeMap::new();
    for (block, owner) in sorted {
        while open.last().is_some_and(|(outer, _)| !outer.contains(&block)) {
            open.pop();
        }
        for (outer, other) in open.iter().filter(|(_, other)| *other != owner) {
            let (pair, blocks) = match *other < owner {
                true => ((*other, owner), (*outer, block)),
                false => ((owner, *other), (block, *outer)),
            };
            found.entry(pair).or_insert(blocks);
        }
        open.push((block, owner));
    }
    found
}
