//! What is to be done about a pair, by its tags and its connection.

use crate::connection::Connection;
use crate::consent::TagRequest;
use crate::shared::pair::{Lookup, Pair};
use crate::stack::Stack;

/// What is to be done about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Start the peering machine, which also names what prevents the peering.
    SetUp,
    /// Start the teardown machine.
    TearDown,
    /// Nothing: the stack's owner wants peerings to outlive the tags that requested them, or an end's tags can't be read.
    Keep,
    /// Remove the status: no tag requests the pair and there is nothing to tear down.
    ClearStatus,
}

impl Decision {
    /// `connection` is the live one of the pair that this stack made because tags requested it, if there is one.
    pub(crate) fn of(pair: &Pair, connection: Option<&Connection>, stack: &Stack) -> Self {
        match pair.tag_request(stack) {
            TagRequest::Granted => Self::SetUp,
            _ if connection.is_some() && pair.is_one(Lookup::AccessDenied) => Self::Keep,
            _ if connection.is_some() && stack.teardown_on_untag => Self::TearDown,
            _ if connection.is_some() => Self::Keep,
            TagRequest::ConsentMissing(_) => Self::SetUp,
            TagRequest::None if pair.is_requested() => Self::SetUp,
            TagRequest::None => Self::ClearStatus,
        }
    }
}
