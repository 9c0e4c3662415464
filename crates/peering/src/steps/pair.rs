//! A pair of VPCs as their tags are now: what several steps ask before they write.

use crate::connection::{End, Vpc};
use crate::error::{Claim, Error};
use crate::intent::Intent;
use crate::network::{Network, Refusal, Refused, Tags};
use crate::stack::Stack;
use crate::standing::{Standing, Voice, is_wished};
use crate::status_tag::key;
use futures_util::join;

/// One end, read just now.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) end: End,
    /// Its tags; none where there is no such VPC or it can't be read.
    pub(super) tags: Tags,
    pub(super) intent: Intent,
    /// Whether the VPC is gone.
    pub(super) is_gone: bool,
    /// Whether we may not look.
    pub(super) is_shut: bool,
}

/// Both ends, read just now.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) sides: [Seen; 2],
}

impl Seen {
    /// Reads the VPC's tags. One that isn't there, or that we may not see, says nothing; whether it can't be read just
    /// now is another matter, and an error.
    pub(super) async fn read(network: &impl Network, stack: &Stack, end: &End) -> Result<Self, Error> {
        match network.vpc(end).await {
            Ok(vpc) => Ok(Self::with(stack, end, vpc.tags)),
            Err(Refused { refusal: Refusal::NoSuchVpc, .. }) => {
                Ok(Self { is_gone: true, ..Self::with(stack, end, Tags::new()) })
            }
            Err(Refused { refusal: Refusal::Denied, .. }) => {
                Ok(Self { is_shut: true, ..Self::with(stack, end, Tags::new()) })
            }
            Err(refused) => Err(refused.into()),
        }
    }

    pub(super) fn with(stack: &Stack, end: &End, tags: Tags) -> Self {
        let intent = Intent::read(&tags, &stack.tag_prefix, end);
        Self { end: end.clone(), tags, intent, is_gone: false, is_shut: false }
    }

    pub(super) fn voice(&self) -> Voice<'_> {
        Voice { end: &self.end, intent: &self.intent }
    }
}

impl Pair {
    pub(super) fn with(stack: &Stack, ends: [(&End, &Vpc); 2]) -> Self {
        Self { sides: ends.map(|(end, vpc)| Seen::with(stack, end, vpc.tags.clone())) }
    }

    pub(super) async fn read(network: &impl Network, stack: &Stack, end: &End, peer: &End) -> Result<Self, Error> {
        let (side, peer_side) = join!(Seen::read(network, stack, end), Seen::read(network, stack, peer));
        Ok(Self { sides: [side?, peer_side?] })
    }

    /// How the pair stands by its tags; unwished, where one of the two is gone for good.
    pub(super) fn standing(&self, stack: &Stack) -> Standing {
        let [side, peer_side] = &self.sides;
        match side.is_gone || peer_side.is_gone {
            true => Standing::Unwished,
            false => Standing::of(side.voice(), peer_side.voice(), stack),
        }
    }

    /// For events: the ARNs of both VPCs where a tag wishes the pair or tells its status, else none. Where there are none,
    /// tags have nothing to do with it.
    pub(super) fn resources(&self, stack: &Stack) -> Vec<String> {
        let [side, peer] = &self.sides;
        let is_told = |side: &Seen, peer: &Seen| side.tags.contains_key(&key(&stack.tag_prefix, &peer.end.vpc_id));
        match is_wished(side.voice(), peer.voice()) || is_told(side, peer) || is_told(peer, side) {
            true => self.arns(stack),
            false => Vec::new(),
        }
    }

    /// The ARNs of both VPCs.
    pub(super) fn arns(&self, stack: &Stack) -> Vec<String> {
        self.sides.iter().map(|seen| seen.end.arn(&stack.partition)).collect()
    }

    /// Whether an end may not be read: what it says is unknown, which is not the same as nothing.
    pub(super) fn is_shut(&self) -> bool {
        self.sides.iter().any(|side| side.is_shut)
    }

    /// [`Error::StillWished`] if it is: what was taken apart would only be made again. [`Error::AccessDenied`] where that
    /// can't be told.
    pub(super) fn check_unwished(&self, stack: &Stack) -> Result<(), Error> {
        if let Some(Seen { end, .. }) = self.sides.iter().find(|side| side.is_shut) {
            return Err(Error::denied("ec2:DescribeVpcs", end));
        }
        if self.standing(stack) != Standing::Wished {
            return Ok(());
        }
        let [side, peer_side] = &self.sides;
        let (wisher, other) = if side.voice().names(&peer_side.end) { (side, peer_side) } else { (peer_side, side) };
        Err(Error::StillWished(Claim::of(&wisher.end, &other.end, &stack.tag_prefix)))
    }
}
