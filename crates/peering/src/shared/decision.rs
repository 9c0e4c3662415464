//! What is to be done about a pair, by its tags and the ledger.

use crate::consent::{TagRequest, is_unclear};
use crate::ledger::{AskedBy, LedgerItem};
use crate::shared::pair::{Lookup, Pair};
use crate::shared::tag_requests::execution_has_consent;
use crate::stack::Stack;

/// Whether the groups machine carries out what is decided: groups alone ask for the pair, or did. What `peer` tags or an execution
/// ask for is the peering machine's.
pub(crate) fn is_of_groups(pair: &Pair, item: Option<&LedgerItem>, stack: &Stack) -> bool {
    let asked_by = item.and_then(|item| item.asked_by.as_ref());
    let is_by_execution = asked_by.is_some_and(|asked_by| asked_by.execution.is_some());
    if is_by_execution || pair.tag_request(stack) == TagRequest::Granted {
        return false;
    }
    pair.asking_group(stack).is_some() || asked_by.is_some_and(AskedBy::is_by_groups_alone)
}

/// What is to be done about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Set it up, or name what prevents the peering.
    SetUp,
    /// Tear it down.
    TearDown,
    /// Start the peering machine with what an execution asked for: tags asked for more, and no longer do.
    Narrow,
    /// Nothing: an execution asked for it, the stack's owner wants peerings to outlive the tags that requested them, an end's
    /// tags can't be read, or an end is excluded.
    Keep,
    /// Remove the status: no tag requests the pair and there is nothing to tear down.
    ClearStatus,
}

impl Decision {
    /// `item` is what the ledger knows about the pair.
    pub(crate) fn of(pair: &Pair, item: Option<&LedgerItem>, stack: &Stack) -> Self {
        let by_tags =
            item.filter(|item| item.connection.is_some() && item.asked_by.as_ref().is_some_and(AskedBy::is_by_tags));
        let execution = item.and_then(|item| item.asked_by.as_ref()?.execution.as_ref());
        let has_consent = execution.is_some_and(|asked| execution_has_consent(pair, asked, stack));
        // What an event asked for goes with the other owner's consent.
        let is_of_event = execution.is_some_and(|asked| asked.event_of.is_some());
        let is_ours_to_remove = by_tags.is_some() && (execution.is_none() || (is_of_event && !has_consent));
        let is_established = item.is_some_and(LedgerItem::is_established);
        let [intent, peer_intent] = pair.intents();
        match pair.tag_request(stack) {
            TagRequest::Granted => Self::SetUp,
            _ if pair.asking_group(stack).is_some() => Self::SetUp,
            _ if by_tags.is_some() && (pair.is_one(Lookup::AccessDenied) || pair.check_not_excluded().is_err()) => {
                Self::Keep
            }
            _ if by_tags.is_some() && !stack.teardown_on_untag => Self::Keep,
            _ if by_tags.is_some() && !pair.is_one(Lookup::NotFound) && is_unclear(intent, peer_intent, stack) => {
                Self::Keep
            }
            _ if is_ours_to_remove => Self::TearDown,
            _ if by_tags.is_some() && pair.is_one(Lookup::NotFound) => Self::TearDown,
            // Without the consent that an execution needs, nothing can be narrowed.
            _ if by_tags.is_some() && !has_consent => Self::Keep,
            _ if by_tags.is_some() => Self::Narrow,
            // Both owners consented to the execution that asked for it; what tags ask for besides may wait for consent.
            TagRequest::ConsentMissing(_) if is_established => Self::Keep,
            TagRequest::ConsentMissing(_) => Self::SetUp,
            TagRequest::None if pair.is_requested() => Self::SetUp,
            TagRequest::None => Self::ClearStatus,
        }
    }
}
