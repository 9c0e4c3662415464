//! What the tags of both VPCs have to do with a request: an execution that a pipeline started leaves their tags alone.

use super::survey::Survey;
use crate::connection::{Connection, End, Vpc};
use crate::network::Tags;
use crate::request::Request;
use crate::stack::{BY_TAGS, Stack, TAGS_OF_A_RESOURCE, WISHED_BY};
use crate::standing::{Voice, is_wished};
use crate::status_tag::{News, key};

/// The request, held against the tags of its ends.
pub(super) struct Related {
    /// Whether a tag wishes this very pair.
    is_wished: bool,
    /// The ARNs of both ends, where a tag wishes the pair or tells its status.
    pub(super) resources: Vec<String>,
}

impl Related {
    pub(super) fn of(survey: &Survey, stack: &Stack, request: &Request) -> Self {
        let Request { end, peer, .. } = request;
        let [intent, peer_intent] = &survey.intents(stack, request);
        let is_wished = is_wished(Voice { end, intent }, Voice { end: peer, intent: peer_intent });
        let [vpc, peer_vpc] = &survey.vpcs;
        let is_told = vpc.tags.contains_key(&key(&stack.tag_prefix, &peer.vpc_id))
            || peer_vpc.tags.contains_key(&key(&stack.tag_prefix, &end.vpc_id));
        let resources = match is_wished || is_told {
            true => [end, peer].map(|end| end.arn(&stack.partition)).into(),
            false => Vec::new(),
        };
        Self { is_wished, resources }
    }

    /// These tags, with the one that lets the connection be taken apart when the wish ends, if there is room beside those
    /// that it carries.
    pub(super) fn mark(&self, tags: &Tags, carried: &Tags) -> Tags {
        let mut marked = tags.clone();
        let others = carried.keys().filter(|key| key.as_str() != WISHED_BY && !tags.contains_key(*key)).count();
        if self.is_wished && tags.len() + others < TAGS_OF_A_RESOURCE {
            marked.insert(WISHED_BY.into(), BY_TAGS.into());
        }
        marked
    }

    /// The ends whose status doesn't say yet that this connection is active.
    pub(super) fn to_tell(
        &self,
        survey: &Survey,
        stack: &Stack,
        request: &Request,
        connection: &Connection,
    ) -> Vec<End> {
        if self.resources.is_empty() {
            return Vec::new();
        }
        let news = News::Active(connection.id().clone());
        let Request { end, peer, .. } = request;
        let [vpc, peer_vpc] = &survey.vpcs;
        let sides = [(end, vpc, peer), (peer, peer_vpc, end)];
        let is_due = |(_, vpc, other): &(&End, &Vpc, &End)| {
            vpc.tags.get(&key(&stack.tag_prefix, &other.vpc_id)).is_none_or(|value| !news.is_told_by(value))
        };
        sides.into_iter().filter(is_due).map(|(end, ..)| end.clone()).collect()
    }
}
