//! What the tags of both ends request of a pair, and who has to consent to it.
//!
//! Whoever may tag a VPC must not be able to peer it into another owner's network by that alone. So inside one account one
//! tag is enough, and across accounts the other end's owner must consent: by a tag of their own, or because the stack's
//! owner trusts their account.

mod groups;

use crate::connection::End;
use crate::error::{Error, TaggedEnd, UntrustedEnd};
use crate::ids::AccountId;
use crate::intent::VpcIntent;
use crate::stack::Stack;
use groups::may_share_group;
pub(crate) use groups::{asking_groups, groups_of_pair, missing_admission};
use serde::{Deserialize, Serialize};

/// What the tags of both ends amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagRequest {
    /// A tag requests the peering, and every consent is there.
    Granted,
    /// A tag requests it, and this end has not consented.
    ConsentMissing(End),
    /// No tag requests it.
    None,
}

/// Whether the tags may have been meant to request the pair and to consent to it: a word can't be understood, or names the
/// other VPC in a place where it isn't. Until that is corrected, nothing is taken away.
pub(crate) fn is_unclear(one: &VpcIntent, other: &VpcIntent, stack: &Stack) -> bool {
    let may_be_requested = one.may_name(&other.end) || other.may_name(&one.end);
    let may_consent = one.end.owner_id == other.end.owner_id
        || (one.may_consent(&other.end, stack) && other.may_consent(&one.end, stack));
    (may_be_requested && may_consent) || may_share_group(one, other, stack)
}

impl TagRequest {
    /// What the tags of a pair amount to.
    pub fn of(one: &VpcIntent, other: &VpcIntent, stack: &Stack) -> Self {
        if !is_requested(one, other) {
            return Self::None;
        }
        match first_without_consent(&[one, other], one, other, stack) {
            Some(end) => Self::ConsentMissing(end.clone()),
            None => Self::Granted,
        }
    }
}

/// Whether a tag on either end names the other.
pub fn is_requested(one: &VpcIntent, other: &VpcIntent) -> bool {
    one.names(&other.end) || other.names(&one.end)
}

/// Who requests a peering, as the input of an execution claims. Whoever may start executions may claim anything, so a
/// claim grants nothing: `tags` and `event` are checked against the tags as they are, and a false one is treated as
/// `execution`, except that it never acts for the stack's account where another account's VPC is named first. Otherwise
/// an owner could tag a VPC, take the tag off before the execution plans, and have acted for the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestedBy {
    /// The tags of the end that the request names first.
    Tags,
    /// An event of the account that owns the end that the request names first, which isn't the stack's.
    Event,
    /// Whoever started the execution in the stack's account, whose IAM decides who may. They act for that account,
    /// whichever end the request names first, and for no other.
    #[default]
    Execution,
}

/// Checks that both accounts are the stack's own, its members' or external ones, and not both external, before anything is read
/// or written there. [`Error::PeerNotTrusted`] names the one that isn't.
pub(crate) fn check_accounts([end, peer]: [&End; 2], stack: &Stack) -> Result<(), Error> {
    let is_also_ours = |account: &&AccountId| {
        **account == stack.account
            || stack.member_accounts.contains(*account)
            || stack.trusted_accounts.contains(*account)
    };
    if let Some(account) = stack.external_accounts.iter().find(is_also_ours) {
        let message = format!(
            "{account} is also the stack's own account or in MemberAccounts or TrustedAccounts: take it off one of them"
        );
        return Err(Error::invalid("ExternalAccounts", message));
    }
    if stack.is_external(&end.owner_id) && stack.is_external(&peer.owner_id) {
        return Err(Error::invalid(
            "OwnerId",
            "both accounts are in ExternalAccounts: one end has to be the stack's own or a member's",
        ));
    }
    let outside = |end: &End, peer: &End| {
        (!stack.admits(&end.owner_id)).then(|| {
            let end = *TaggedEnd::of(end, peer, &stack.tag_prefix);
            Error::PeerNotTrusted(Box::new(UntrustedEnd { end, is_admitted: false }))
        })
    };
    outside(end, peer).or_else(|| outside(peer, end)).map_or(Ok(()), Err)
}

/// The end, if any, whose owner still has to consent to a request of `one` to be peered with `other`.
pub fn missing_consent<'i>(
    one: &'i VpcIntent,
    other: &'i VpcIntent,
    requested_by: RequestedBy,
    stack: &Stack,
) -> Option<&'i End> {
    if requested_by == RequestedBy::Tags && asking_groups(one, other, stack).next().is_some() {
        return None;
    }
    let is_of_stack = |intent: &VpcIntent| intent.end.owner_id == stack.account;
    let must_consent: &[&VpcIntent] = match (requested_by, is_of_stack(one), is_of_stack(other)) {
        (RequestedBy::Tags, ..) if one.names(&other.end) => &[other],
        (RequestedBy::Event, false, true) => &[other],
        // Anybody may have caused this claim: who names another account's VPC first doesn't act for the stack's.
        (RequestedBy::Tags, false, true) | (_, false, false) => &[other, one],
        (_, false, true) if one.consents(&other.end, stack) => &[],
        _ => &[other],
    };
    first_without_consent(must_consent, one, other, stack)
}

fn first_without_consent<'i>(
    must_consent: &[&'i VpcIntent],
    one: &'i VpcIntent,
    other: &'i VpcIntent,
    stack: &Stack,
) -> Option<&'i End> {
    if one.end.owner_id == other.end.owner_id {
        return None;
    }
    let counterpart = |intent: &VpcIntent| if intent.end == one.end { &other.end } else { &one.end };
    must_consent.iter().find(|intent| !intent.consents(counterpart(intent), stack)).map(|intent| &intent.end)
}
