//! A VPC of an external account, of which only its connections with our VPCs can be seen.
//!
//! Its owner's word is what they do in EC2: a request of theirs is what a tag is on our side. Its blocks are those that the
//! connection shows.

use crate::connection::{Connection, ConnectionIdentity, End, Status, Vpc, adopt};
use crate::error::Error;
use crate::intent::VpcIntent;
use crate::ledger::LedgerItem;
use crate::request::Moment;
use crate::shared::diagnosis::ended;
use crate::shared::pair::{Lookup, Pair, VpcTags};
use crate::stack::Stack;
use crate::tags::Tags;

/// Its side of the pair. Their live request names our VPC, as a tag would, if that VPC's owner consents: anybody may request.
pub(crate) fn side(stack: &Stack, end: &End, own: &VpcIntent, connections: &[Connection]) -> VpcTags {
    let mut side = VpcTags::unread(stack, end, Lookup::External);
    if connections.iter().any(|connection| consented_request(stack, own, connection) == Some(end)) {
        side.intent.peers.insert(own.end.clone());
    }
    side
}

/// The VPC, with the blocks that its connection shows: none as long as they are unknown.
pub(crate) fn vpc(stack: &Stack, end: &End, own: &End, connections: &[Connection]) -> Vpc {
    let shown = adopt(connections, own, end, stack).map(|connection| connection.blocks_of(end).to_vec());
    Vpc { cidr_blocks: shown.unwrap_or_default(), tags: Tags::new() }
}

/// The end in an external account that requests this connection with the VPC of that intent, if its owner consents.
pub(crate) fn consented_request<'c>(stack: &Stack, intent: &VpcIntent, connection: &'c Connection) -> Option<&'c End> {
    let ConnectionIdentity { requester, accepter, .. } = &connection.identity;
    let is_theirs = connection.status.is_live() && stack.is_external(&requester.owner_id) && *accepter == intent.end;
    (is_theirs && intent.consents(requester, stack)).then_some(requester)
}

/// The error of the recorded connection, where the owner of the external account rejected it or let it expire.
pub(crate) fn refusal(pair: &Pair, connections: &[Connection], item: &LedgerItem) -> Option<Error> {
    let is_refused = |connection: &&Connection| {
        matches!(connection.status, Status::Rejected | Status::Expired) && item.records(connection.id())
    };
    let refused = connections.iter().find(is_refused).filter(|_| pair.is_one(Lookup::External))?;
    Some(ended(refused.id().clone(), refused.status, refused.status_message.clone()))
}

/// The same, also once EC2 no longer shows the connection: what the last execution told then.
pub(crate) fn refused(pair: &Pair, connections: &[Connection], item: &LedgerItem) -> Option<Error> {
    refusal(pair, connections, item).or_else(|| told_refusal(pair, item))
}

fn told_refusal(pair: &Pair, item: &LedgerItem) -> Option<Error> {
    let id = item.connection.as_ref().filter(|_| pair.is_one(Lookup::External))?.id.clone();
    let outcome = item.outcome.as_ref()?;
    let message = outcome.message.clone().unwrap_or_default();
    match outcome.error.as_deref()? {
        "PeeringRejected" => Some(ended(id, Status::Rejected, message)),
        "PeeringExpired" => Some(ended(id, Status::Expired, message)),
        _ => None,
    }
}

/// For what a request waits that the owner of an external account has to accept: by whom, and until when.
pub(crate) fn waits_for(connection: &Connection, stack: &Stack) -> Option<String> {
    let (id, account) = (connection.id(), &connection.identity.accepter.owner_id);
    if connection.status != Status::PendingAcceptance || !stack.is_external(account) {
        return None;
    }
    let until = connection.expires_at.map(|time| format!(", until {}", Moment(time)));
    Some(format!("for account {account} to accept {id}{}", until.unwrap_or_default()))
}
