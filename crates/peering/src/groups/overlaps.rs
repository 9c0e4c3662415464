//! Which VPCs have blocks in common: by sweep line, not by comparing all with all.

#![allow(clippy::indexing_slicing, reason = "blocks are numbered, and every number is of the same list")]

use ipnet::IpNet;

/// The blocks that meet others, by owner. It grows with the blocks, not with the overlaps: a default VPC of every account has the same
/// block, and the pairs of ten thousand are fifty million.
#[derive(Debug, Clone, Default)]
pub struct Overlaps {
    by_owner: Vec<Vec<Place>>,
}

/// A block, and its place in the order of all: what it contains comes directly behind it.
#[derive(Debug, Clone, Copy)]
struct Place {
    block: IpNet,
    first: usize,
    end: usize,
}

impl Place {
    fn meets(&self, other: &Self) -> bool {
        (self.first..self.end).contains(&other.first) || (other.first..other.end).contains(&self.first)
    }
}

impl Overlaps {
    /// The overlaps of these blocks, each with the number of its owner. Sorted blocks nest: whatever is still open where a block begins
    /// contains it. O(n log n).
    pub fn of(blocks: impl Iterator<Item = (usize, IpNet)>) -> Self {
        let mut sorted: Vec<(IpNet, usize)> = blocks.map(|(owner, block)| (block.trunc(), owner)).collect();
        sorted.sort_unstable();
        let mut ends = vec![sorted.len(); sorted.len()];
        let mut is_within = vec![false; sorted.len()];
        let mut open: Vec<usize> = Vec::new();
        for (number, (block, _)) in sorted.iter().enumerate() {
            while let Some(outer) = open.pop_if(|outer| !sorted[*outer].0.contains(block)) {
                ends[outer] = number;
            }
            is_within[number] = !open.is_empty();
            open.push(number);
        }
        let mut overlaps = Self::default();
        for (first, (block, owner)) in sorted.into_iter().enumerate() {
            if is_within[first] || ends[first] > first + 1 {
                overlaps.add(owner, Place { block, first, end: ends[first] });
            }
        }
        overlaps
    }

    fn add(&mut self, owner: usize, place: Place) {
        if self.by_owner.len() <= owner {
            self.by_owner.resize(owner + 1, Vec::new());
        }
        self.by_owner[owner].push(place);
    }

    fn places(&self, owner: usize) -> &[Place] {
        self.by_owner.get(owner).map_or(&[], Vec::as_slice)
    }

    /// Whether none of that owner's blocks meets another one.
    pub fn is_apart(&self, owner: usize) -> bool {
        self.places(owner).is_empty()
    }

    /// A block of the one owner and a block of the other that overlap, if there are such.
    pub fn between(&self, one: usize, other: usize) -> Option<(IpNet, IpNet)> {
        let others = self.places(other);
        let meeting = |place: &Place| Some((place.block, others.iter().find(|other| place.meets(other))?.block));
        self.places(one).iter().find_map(meeting)
    }
}
