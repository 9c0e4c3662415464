//! What a VPC's peers may route to: what its owner advertises of its blocks, as far as the stack's owner allows it.

use crate::cidr::covers;
use crate::connection::Vpc;
use crate::error::Error;
use crate::intent::{TagValue, VpcIntent};
use crate::selection::RouteSelection;
use crate::stack::Stack;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// A VPC as its peer's routes see it.
pub(crate) struct Advertised<'a> {
    pub(crate) intent: &'a VpcIntent,
    pub(crate) vpc: &'a Vpc,
    pub(crate) stack: &'a Stack,
}

/// What becomes of a destination that can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// The request is invalid.
    New,
    /// One that the other VPC doesn't have is a mistake, and makes the request invalid. One that it no longer advertises is
    /// left out with a warning.
    Established,
    /// The same request was carried out before: each is left out with a warning.
    Repeated,
}

impl Advertised<'_> {
    /// The destinations of a request, and what is left out.
    pub(crate) fn destinations(
        &self,
        selection: &RouteSelection,
        field: &str,
        strictness: Strictness,
    ) -> Result<(BTreeSet<IpNet>, Vec<String>), Error> {
        let (advertised, warnings) = self.blocks();
        let Some(destinations) = &selection.destinations else { return Ok((advertised, warnings)) };
        if self.are_unknown() {
            return Ok((destinations.clone(), warnings));
        }
        let (blocks, id) = (&self.vpc.cidr_blocks, &self.intent.end.vpc_id);
        let advertised: Vec<IpNet> = advertised.into_iter().collect();
        let (mut allowed, mut warnings) = (BTreeSet::new(), Vec::new());
        for destination in destinations {
            let (reason, strict) = if !covers(blocks, destination) {
                let reason = format!("{destination} is not inside {id}: its blocks are {}", list(blocks));
                (reason, strictness != Strictness::Repeated)
            } else if !covers(&advertised, destination) {
                let reason =
                    format!("{destination} is not for {id}'s peers to route to, which is {}", list(&advertised));
                (reason, strictness == Strictness::New)
            } else {
                allowed.insert(*destination);
                continue;
            };
            if strict {
                return Err(Error::invalid(format!("{field}.Destinations"), reason));
            }
            warnings.push(reason);
        }
        Ok((allowed, warnings))
    }

    /// Whether EC2 doesn't show the blocks of a VPC of an external account yet. Every VPC has at least one.
    pub(crate) fn are_unknown(&self) -> bool {
        self.vpc.cidr_blocks.is_empty()
    }

    /// Whether what the owner advertises can't be understood, in part: a word, or a block that the VPC doesn't have.
    pub(crate) fn is_unclear(&self) -> bool {
        let has = |block: &IpNet| covers(&self.vpc.cidr_blocks, block);
        let is_elsewhere = matches!(&self.intent.advertise, TagValue::Valid(blocks) if !blocks.iter().all(has));
        self.intent.unclear.advertise || is_elsewhere
    }

    /// The destinations of an earlier request, as far as they can still be had.
    pub(crate) fn existing_destinations(&self, selection: &RouteSelection) -> BTreeSet<IpNet> {
        let (advertised, _) = self.blocks();
        let Some(destinations) = &selection.destinations else { return advertised };
        let advertised: Vec<IpNet> = advertised.into_iter().collect();
        destinations.iter().filter(|destination| covers(&advertised, destination)).copied().collect()
    }

    /// By default every block inside `RoutableBlocks`.
    fn blocks(&self) -> (BTreeSet<IpNet>, Vec<String>) {
        let (mut allowed, mut warnings) = (BTreeSet::new(), Vec::new());
        let id = &self.intent.end.vpc_id;
        let own: BTreeSet<IpNet> = self.vpc.cidr_blocks.iter().copied().collect();
        let named = match &self.intent.advertise {
            TagValue::Absent => own,
            TagValue::Invalid => BTreeSet::new(),
            TagValue::Valid(blocks) => blocks.clone(),
        };
        let routable: Vec<IpNet> = self.stack.routable_blocks.iter().copied().collect();
        for block in named {
            if !covers(&self.vpc.cidr_blocks, &block) {
                warnings.push(format!("{id} advertises {block}, which is not inside its blocks: it is not routed"));
            } else if !covers(&routable, &block) {
                warnings.push(format!("{block} of {id} is outside the stack's RoutableBlocks: it is not routed"));
            } else {
                allowed.insert(block);
            }
        }
        (allowed, warnings)
    }
}

fn list(blocks: &[IpNet]) -> String {
    let list: Vec<String> = blocks.iter().map(IpNet::to_string).collect();
    if list.is_empty() { "nothing".into() } else { list.join(", ") }
}
