//! What the tags of both ends say about a pair, and who has to consent to it.
//!
//! Whoever may tag a VPC must not thereby be able to peer it into somebody else's network. So inside one account one tag
//! is enough, and across accounts the other end's owner has a word in it: by a tag of theirs, or because the stack's
//! owner trusts their account.

use crate::connection::End;
use crate::intent::Intent;
use crate::stack::Stack;

/// One end, and what its tags say.
#[derive(Debug, Clone, Copy)]
pub struct Voice<'v> {
    /// The VPC.
    pub end: &'v End,
    /// What its tags say; nothing, where there is no such VPC or it can't be read.
    pub intent: &'v Intent,
}

/// What becomes of a pair, by its tags alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A tag wishes it, and nobody has to be asked any more.
    Wished,
    /// A tag wishes it, and this end has not consented.
    NotTrusted(End),
    /// No tag wishes it.
    Unwished,
}

impl Voice<'_> {
    /// Whether its `peer` tag names the other.
    pub fn names(&self, other: &End) -> bool {
        self.intent.peers.contains(other)
    }

    /// Whether its owner agrees to be peered with the other.
    fn consents(&self, other: &End, stack: &Stack) -> bool {
        let accept = &self.intent.accept;
        self.names(other)
            || accept.vpcs.contains(&other.vpc_id)
            || accept.accounts.contains(&other.owner_id)
            || stack.trusted_accounts.contains(&self.end.owner_id)
    }
}

impl Standing {
    /// The standing of a pair.
    pub fn of(one: Voice<'_>, other: Voice<'_>, stack: &Stack) -> Self {
        if !is_wished(one, other) {
            return Self::Unwished;
        }
        match without_consent(&[one, other], one, other, stack) {
            Some(end) => Self::NotTrusted(end.clone()),
            None => Self::Wished,
        }
    }
}

/// Whether a tag on either end names the other.
pub fn is_wished(one: Voice<'_>, other: Voice<'_>) -> bool {
    one.names(other.end) || other.names(one.end)
}

/// Where a request comes from, as the name of its execution says. Whoever may start executions may borrow any name, so
/// no name may grant more than a plain one; those of tags and events are held against what the tags say now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Tags: those of the end that asks name the other.
    Tags,
    /// An event of the account that owns the end that asks, which isn't the stack's.
    MemberEvent,
    /// Somebody started an execution, in the stack's account, whose IAM decides who may. It speaks for that account,
    /// whichever end it names first; for no other.
    Execution,
}

/// The end, if any, whose owner still has to consent to a request of `one` to be peered with `other`.
pub fn untrusting<'v>(one: Voice<'v>, other: Voice<'v>, origin: Origin, stack: &Stack) -> Option<&'v End> {
    let is_of_stack = |voice: Voice<'_>| voice.end.owner_id == stack.account;
    let asked: &[Voice<'_>] = match (origin, is_of_stack(one), is_of_stack(other)) {
        (Origin::Tags, ..) if one.names(other.end) => &[other],
        (Origin::MemberEvent, false, true) => &[other],
        (Origin::Tags | Origin::MemberEvent, ..) | (Origin::Execution, false, false) => &[other, one],
        (Origin::Execution, false, true) if one.consents(other.end, stack) => &[],
        (Origin::Execution, ..) => &[other],
    };
    without_consent(asked, one, other, stack)
}

fn without_consent<'v>(asked: &[Voice<'v>], one: Voice<'v>, other: Voice<'v>, stack: &Stack) -> Option<&'v End> {
    if one.end.owner_id == other.end.owner_id {
        return None;
    }
    let counterpart = |voice: &Voice<'v>| if voice.end == one.end { other.end } else { one.end };
    asked.iter().find(|voice| !voice.consents(counterpart(voice), stack)).map(|voice| voice.end)
}
