//! The tags that record on a connection of ours which tags of its VPCs requested it and selected its tables.

use crate::connection::{Connection, Status};
use crate::consent::{RequestedBy, TagRequest};
use crate::intent::print_routes;
use crate::request::PeeringRequest;
use crate::shared::pair::{Pair, VpcTags};
use crate::stack::Stack;
use crate::status::PeeringStatus;
use crate::tags::{BY_TAGS, REQUESTED_BY, ROUTED, STACK, TAGS_PER_RESOURCE, Tags, VALUE_CHARACTERS, status_key};

/// What the tags of both VPCs mean for the connection of a request.
pub(crate) struct Marks<'p> {
    pair: &'p Pair,
    /// What a connection carries that tags request: that they do, and which tables they select.
    marks: Tags,
    /// What a new one carries.
    of_new: Tags,
    /// Whether tags concern the request at all.
    pub(crate) requested_by_tags: bool,
}

impl<'p> Marks<'p> {
    pub(crate) fn of(pair: &'p Pair, stack: &Stack, request: &PeeringRequest) -> Self {
        // A connection that an execution made without the other end's consent is not for tags to remove.
        let marks = match pair.tag_request(stack) {
            TagRequest::Granted => marks(request, pair),
            _ => Tags::new(),
        };
        let mut of_new = marks.clone();
        let is_by_tags = request.requested_by == RequestedBy::Tags;
        if is_by_tags {
            // Torn down by tags too, even if they are gone by the time that it is made.
            of_new.insert(REQUESTED_BY.to_owned(), BY_TAGS.to_owned());
        }
        Self { marks, of_new, requested_by_tags: is_by_tags || pair.concerns_tags(stack), pair }
    }

    /// These tags of a new connection, with the marks, if there is room.
    pub(crate) fn add_to(&self, tags: Tags) -> Tags {
        match fits(&self.of_new, &tags) {
            true => tags.into_iter().chain(self.of_new.clone()).collect(),
            false => tags,
        }
    }

    /// The marks that a connection of this stack lacks, or has from a time when its VPCs' tags were others; with them the
    /// tag of the stack, without which a side that has no tags yet may not be tagged.
    ///
    /// Before it is active none is changed: the execution that made it may still be about to write what the tags selected
    /// then, and only that mark makes a later run, or the sweep, delete it.
    pub(crate) fn due(&self, Connection { tags: carried, status, .. }: &Connection, stack: &Stack) -> Tags {
        let may_change = *status == Status::Active;
        let is_due = |(key, value): &(&String, &String)| match carried.get(*key) {
            Some(before) => may_change && before != *value,
            None => true,
        };
        let due: Tags = self.marks.iter().filter(is_due).map(|(key, value)| (key.clone(), value.clone())).collect();
        match !due.is_empty() && fits(&due, carried) {
            true => due.into_iter().chain([(STACK.into(), stack.name.clone())]).collect(),
            false => Tags::new(),
        }
    }

    /// For each side whether its status has yet to say that this connection is active, in the order of the request.
    pub(crate) fn statuses_due(&self, stack: &Stack, connection: &Connection) -> [bool; 2] {
        let status = PeeringStatus::Active(connection.id().clone());
        let is_due = |side: &VpcTags, peer: &VpcTags| {
            let written = side.tags.get(&status_key(&stack.tag_prefix, &peer.end().vpc_id));
            self.requested_by_tags && written.is_none_or(|value| !status.is_written_in(value))
        };
        let [side, peer] = &self.pair.sides;
        [is_due(side, peer), is_due(peer, side)]
    }
}

fn fits(marks: &Tags, tags: &Tags) -> bool {
    let others = tags.keys().filter(|key| !marks.contains_key(*key)).count();
    others + marks.len() <= TAGS_PER_RESOURCE
}

/// A side's selection is recorded where the request has just what that VPC's tags select, and where it fits into a tag.
fn marks(request: &PeeringRequest, Pair { sides: [side, peer] }: &Pair) -> Tags {
    let sides = [(side, &request.routes), (peer, &request.peer_routes)];
    let as_tagged = sides.into_iter().filter(|(side, selection)| **selection == side.intent.selection());
    let routed = as_tagged
        .map(|(side, selection)| (format!("{ROUTED}{}", side.end().vpc_id), print_routes(&selection.tables)))
        .filter(|(_, tables)| tables.chars().count() <= VALUE_CHARACTERS);
    routed.chain([(REQUESTED_BY.to_owned(), BY_TAGS.to_owned())]).collect()
}
