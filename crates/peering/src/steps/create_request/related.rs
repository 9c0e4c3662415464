//! What the tags of both VPCs have to do with a request: an execution that a pipeline started leaves their tags alone.

use crate::connection::{Connection, End, Status};
use crate::intent::print_routes;
use crate::network::Tags;
use crate::request::Request;
use crate::stack::{BY_TAGS, ROUTED, STACK_TAG, Stack, TAGS_OF_A_RESOURCE, WISHED_BY};
use crate::standing::{Origin, Standing};
use crate::status_tag::{News, VALUE_CHARACTERS, key};
use crate::steps::pair::{Pair, Seen};

/// The request, held against the tags of its ends.
pub(in crate::steps) struct Related<'s> {
    pair: &'s Pair,
    /// What a connection carries that tags wish: that they do, and which tables they select.
    marks: Tags,
    /// What a new one carries.
    marks_of_new: Tags,
    /// For events: the ARNs of both ends, where tags have to do with them.
    pub(super) resources: Vec<String>,
}

impl<'s> Related<'s> {
    pub(in crate::steps) fn of(pair: &'s Pair, stack: &Stack, request: &Request, origin: Origin) -> Self {
        // One that an execution made against the other end's word is nothing that tags could take back.
        let marks = match pair.standing(stack) {
            Standing::Wished => marks(request, pair),
            _ => Tags::new(),
        };
        // One that tags asked for is theirs to take back, even if they are gone by the time that it is made.
        let (own, resources) = match origin {
            Origin::Tags => (Some((WISHED_BY.to_owned(), BY_TAGS.to_owned())), pair.arns(stack)),
            Origin::MemberEvent | Origin::Execution => (None, pair.resources(stack)),
        };
        Self { marks_of_new: marks.clone().into_iter().chain(own).collect(), marks, resources, pair }
    }

    /// These tags of a new connection, with the marks, if there is room.
    pub(super) fn mark(&self, tags: Tags) -> Tags {
        match fits(&self.marks_of_new, &tags) {
            true => tags.into_iter().chain(self.marks_of_new.clone()).collect(),
            false => tags,
        }
    }

    /// The marks that a connection of this stack lacks, or carries from a time when its VPCs' tags said otherwise; with
    /// them the tag that says whose it is, without which a side that has no tags yet may not be tagged.
    ///
    /// Before it is active none is changed: whoever made it may still be about to write what the tags selected then, and
    /// only that mark tells a later run, or the sweep, to remove it.
    pub(in crate::steps) fn marks_to_put(
        &self,
        Connection { tags: carried, status, .. }: &Connection,
        stack: &Stack,
    ) -> Tags {
        let may_change = *status == Status::Active;
        let is_due = |(key, value): &(&String, &String)| match carried.get(*key) {
            Some(before) => may_change && before != *value,
            None => true,
        };
        let due: Tags = self.marks.iter().filter(is_due).map(|(key, value)| (key.clone(), value.clone())).collect();
        match !due.is_empty() && fits(&due, carried) {
            true => due.into_iter().chain([(STACK_TAG.into(), stack.name.clone())]).collect(),
            false => Tags::new(),
        }
    }

    /// The ends whose status doesn't say yet that this connection is active.
    pub(super) fn to_tell(&self, stack: &Stack, connection: &Connection) -> Vec<End> {
        if self.resources.is_empty() {
            return Vec::new();
        }
        let news = News::Active(connection.id().clone());
        let [side, peer] = &self.pair.sides;
        let is_due = |(side, other): &(&Seen, &Seen)| {
            let told = side.tags.get(&key(&stack.tag_prefix, &other.end.vpc_id));
            told.is_none_or(|value| !news.is_told_by(value))
        };
        [(side, peer), (peer, side)].into_iter().filter(is_due).map(|(side, _)| side.end.clone()).collect()
    }
}

fn fits(marks: &Tags, tags: &Tags) -> bool {
    let others = tags.keys().filter(|key| !marks.contains_key(*key)).count();
    others + marks.len() <= TAGS_OF_A_RESOURCE
}

/// A side's selection is recorded where the request asks just what that VPC's tags say, and where it fits into a tag.
fn marks(request: &Request, Pair { sides: [side, peer] }: &Pair) -> Tags {
    let sides = [(side, &request.routes), (peer, &request.peer_routes)];
    let said = sides.into_iter().filter(|(seen, selection)| **selection == seen.intent.selection());
    let routed =
        said.map(|(seen, selection)| (format!("{ROUTED}{}", seen.end.vpc_id), print_routes(&selection.tables)));
    let short = routed.filter(|(_, tables)| tables.chars().count() <= VALUE_CHARACTERS);
    short.chain([(WISHED_BY.to_owned(), BY_TAGS.to_owned())]).collect()
}
