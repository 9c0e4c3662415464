//! The tags of a connection of ours, on both sides.

use crate::connection::{Connection, ConnectionIdentity, Status};
use crate::context::Context;
use crate::error::Error;
use crate::ports::Network;
use crate::request::PeeringRequest;
use crate::stack::Stack;
use crate::tags::{EXECUTION, NAME, STACK, Tags};

/// Updates `Name` and `Tags` of a connection of ours, on both sides. A connection that lost its `isthmus:stack` gets it
/// again, or no policy would let it be deleted.
///
/// The requester's side, by which a later run decides whether there is anything to do, comes last. What is for the accepter's
/// side alone can't be seen there.
pub(super) async fn refresh_tags<L>(
    Context { network, stack, .. }: Context<'_, impl Network, L>,
    connection: &Connection,
    request: &PeeringRequest,
) -> Result<(), Error> {
    let ConnectionIdentity { id, requester, accepter } = &connection.identity;
    let mut tags = request.tags_at(requester, stack);
    let for_accepter = tags_for_accepter(connection, request, stack);
    let has_others = request.tags_at(accepter, stack).keys().any(|key| !tags.contains_key(key));
    tags.insert(STACK.into(), stack.installation.clone());
    let is_due = !carries(connection, &tags);
    // Until it is accepted, its accepter's side is tagged in the step that accepts it.
    let is_seen_by_other = requester.sees_other_tags_than(accepter) && !stack.is_external(&accepter.owner_id);
    if connection.status == Status::Active && is_seen_by_other {
        let is_accepter_due = match is_due || !has_others {
            true => is_due,
            false => network.connection(accepter, id).await?.is_some_and(|seen| !carries(&seen, &for_accepter)),
        };
        if is_accepter_due {
            network.tag_connection(accepter, id, &for_accepter).await?;
        }
    }
    if is_due {
        network.tag_connection(requester, id, &tags).await?;
    }
    Ok(())
}

fn carries(connection: &Connection, tags: &Tags) -> bool {
    tags.iter().all(|(key, value)| connection.tags.get(key) == Some(value))
}

/// Isthmus's own tags, and those that this request adds. Not the rest of the requester's side, which its owner may tag with
/// anything: that must not be written on somebody else's side.
pub(super) fn tags_for_accepter(connection: &Connection, request: &PeeringRequest, stack: &Stack) -> Tags {
    let requested = request.tags_at(&connection.identity.accepter, stack);
    let own = connection.tags.iter().filter(|(key, _)| [EXECUTION, NAME].contains(&key.as_str()));
    let mut tags: Tags = own.chain(&requested).map(|(key, value)| (key.clone(), value.clone())).collect();
    tags.insert(STACK.into(), stack.installation.clone());
    tags
}
