//! What is asked of a pair, by tags and by executions together, and the names of executions.

use crate::connection::End;
use crate::consent::{RequestedBy, TagRequest, missing_consent};
use crate::error::Error;
use crate::groups::GroupName;
use crate::ids::AccountId;
use crate::intent::{TagValue, VpcIntent};
use crate::ledger::{AskedBy, AskedSelections, LedgerItem, PairKey};
use crate::request::{Moment, PeeringInput, PeeringRequest};
use crate::selection::RouteSelection;
use crate::shared::pair::{Pair, VpcTags};
use crate::stack::Stack;
use crate::tags::{ROUTES, Tags, key};
use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// The side whose `routes` tag is invalid, if there is one. An invalid selection must not become the widest there is, so
/// such a pair isn't set up. In an established peering nothing is changed in that side's tables.
pub(crate) fn side_with_invalid_routes(pair: &Pair) -> Option<&VpcTags> {
    let [side, peer] = pair.sides();
    let is_invalid = |(side, peer): &(&VpcTags, &VpcTags)| *side.intent.routes_to(peer.end()) == TagValue::Invalid;
    [(side, peer), (peer, side)].into_iter().find(is_invalid).map(|(side, _)| side)
}

/// The error of such a pair.
pub(crate) fn invalid_routes(side: &VpcTags, stack: &Stack) -> Error {
    let key = key(&stack.tag_prefix, ROUTES);
    let message = format!("the value of that tag on {} is invalid: its owner has to correct it", side.end().vpc_id);
    Error::invalid(key, message)
}

/// What is asked of a pair: a request, and what was asked for besides.
pub(crate) struct Asked {
    pub(crate) request: PeeringRequest,
    /// What tags ask for, where an execution asks; what the last execution asked for, where tags do.
    pub(crate) beside: Option<PeeringRequest>,
    /// For the ledger: who asked, this request included.
    pub(crate) asked_by: AskedBy,
    /// Whether the owner of one end wants no DNS resolution, whoever asks for it.
    no_dns_resolution: bool,
}

impl Asked {
    /// `given` is the request as the execution's input has it.
    pub(crate) fn of(
        pair: &Pair,
        mut given: PeeringRequest,
        item: Option<&LedgerItem>,
        stack: &Stack,
    ) -> Result<Self, Error> {
        let recorded = item.and_then(|item| item.asked_by.as_ref()?.execution.as_ref());
        let key = PairKey::of(pair.ends());
        let refuses_dns = |intent: &&VpcIntent| intent.dns_resolution == Some(false) || intent.unclear.dns;
        let no_dns_resolution = pair.intents().iter().any(refuses_dns);
        if given.requested_by == RequestedBy::Tags {
            let is_established = item.is_some_and(LedgerItem::is_established);
            let request = as_tagged(pair, given, is_established, stack)?;
            let beside = recorded.map(|asked| request_of_execution(&key, pair.ends(), asked));
            let mut tags = pair.asking_accounts();
            let groups: BTreeSet<GroupName> = pair.asking_groups(stack).cloned().collect();
            if pair.tag_request(stack) != TagRequest::Granted && !groups.is_empty() {
                tags.clear();
            }
            if tags.is_empty() && groups.is_empty() {
                // Its tag is gone by now; the next look at the pair tears down what this one sets up.
                tags.insert(request.end.owner_id.clone());
            }
            let asked_by = AskedBy { tags, groups, execution: recorded.cloned() };
            return Ok(Self { request, beside, asked_by, no_dns_resolution });
        }
        let event_of = (given.requested_by == RequestedBy::Event).then(|| given.end.owner_id.clone());
        if let (Some(asker), Some(recorded)) = (&event_of, recorded) {
            keep_at_other_ends(&mut given, asker, &key, recorded);
        }
        let is_granted = pair.tag_request(stack) == TagRequest::Granted;
        let beside = is_granted.then(|| request_of(pair.sides()));
        let [routes_a, routes_b] = key.in_order(pair.ends(), [given.routes.clone(), given.peer_routes.clone()]);
        let execution = AskedSelections { routes_a, routes_b, dns_resolution: given.dns_resolution, event_of };
        let tags = if is_granted { pair.asking_accounts() } else { BTreeSet::new() };
        let groups = pair.asking_groups(stack).cloned().collect();
        let asked_by = AskedBy { tags, groups, execution: Some(execution) };
        Ok(Self { request: given, beside, asked_by, no_dns_resolution })
    }

    /// Whether DNS resolution is asked for, and neither owner refuses it.
    pub(crate) fn dns_resolution(&self) -> bool {
        let is_asked = self.request.dns_resolution || self.beside.as_ref().is_some_and(|beside| beside.dns_resolution);
        is_asked && !self.no_dns_resolution
    }
}

/// An event of a member doesn't replace what the last execution asked for at the other owner's end.
fn keep_at_other_ends(given: &mut PeeringRequest, asker: &AccountId, key: &PairKey, recorded: &AskedSelections) {
    let selections = [recorded.routes_a.clone(), recorded.routes_b.clone()];
    let [routes, peer_routes] = key.in_order([&given.end, &given.peer], selections);
    if given.end.owner_id != *asker {
        given.routes = routes;
    }
    if given.peer.owner_id != *asker {
        given.peer_routes = peer_routes;
    }
}

/// Whether the owners still consent to what the last execution asked for: an event acts for its sender's account alone.
pub(crate) fn execution_has_consent(pair: &Pair, asked: &AskedSelections, stack: &Stack) -> bool {
    let [intent, peer_intent] = pair.intents();
    let missing = match &asked.event_of {
        Some(asker) if intent.end.owner_id == *asker => missing_consent(intent, peer_intent, RequestedBy::Event, stack),
        Some(_) => missing_consent(peer_intent, intent, RequestedBy::Event, stack),
        None => missing_consent(intent, peer_intent, RequestedBy::Execution, stack),
    };
    missing.is_none()
}

/// What an execution asked for, as a request that names these ends.
fn request_of_execution(key: &PairKey, ends: [&End; 2], asked: &AskedSelections) -> PeeringRequest {
    let [routes, peer_routes] = key.in_order(ends, [asked.routes_a.clone(), asked.routes_b.clone()]);
    PeeringRequest {
        end: ends[0].clone(),
        peer: ends[1].clone(),
        tags: Tags::new(),
        routes,
        peer_routes,
        dns_resolution: asked.dns_resolution,
        dry_run: false,
        take_over: false,
        requested_by: if asked.event_of.is_some() { RequestedBy::Event } else { RequestedBy::Execution },
    }
}

/// The input of the execution that tags start. The end whose tag requests the peering comes first; the other one has to
/// consent.
pub(crate) fn input(pair: &Pair) -> PeeringInput {
    let [asking, other] = pair.asking_first();
    PeeringInput::by_tags(asking.end(), other.end())
}

/// The input of the execution that removes what only tags asked for, and keeps what an execution did.
pub(crate) fn narrowing_input(item: &LedgerItem) -> PeeringInput {
    let asked = item.asked_by.as_ref().and_then(|asked| asked.execution.clone()).unwrap_or_default();
    let [one, other] = item.pair.ends();
    // An event names its sender's end first.
    let ends = if asked.event_of.as_ref() == Some(&other.owner_id) { [other, one] } else { [one, other] };
    request_of_execution(&item.pair, ends, &asked).into()
}

/// The request that the tags of a pair amount to.
pub(crate) fn request(pair: &Pair) -> PeeringRequest {
    request_of(pair.asking_first())
}

/// The request that a claim of `tags` amounts to: what the tags request now. Where they no longer request the pair, the
/// claim grants nothing and the request stays as it is, but a selection that it leaves out is that of the VPC's tags.
fn as_tagged(pair: &Pair, given: PeeringRequest, is_established: bool, stack: &Stack) -> Result<PeeringRequest, Error> {
    if let Some(side) = side_with_invalid_routes(pair).filter(|_| !is_established) {
        return Err(invalid_routes(side, stack));
    }
    let tagged = request_of(pair.sides());
    if pair.tag_request(stack) == TagRequest::Granted || pair.asking_group(stack).is_some() {
        let PeeringRequest { dry_run, take_over, tags, .. } = given;
        return Ok(PeeringRequest { dry_run, take_over, tags, ..tagged });
    }
    let or_tagged = |given: RouteSelection, tagged| if given == RouteSelection::default() { tagged } else { given };
    Ok(PeeringRequest {
        routes: or_tagged(given.routes, tagged.routes),
        peer_routes: or_tagged(given.peer_routes, tagged.peer_routes),
        ..given
    })
}

fn request_of([side, peer]: [&VpcTags; 2]) -> PeeringRequest {
    let dns = [side, peer].map(|side| side.intent.dns_resolution);
    PeeringRequest {
        end: side.end().clone(),
        peer: peer.end().clone(),
        tags: Tags::new(),
        routes: side.intent.selection(peer.end()),
        peer_routes: peer.intent.selection(side.end()),
        dns_resolution: dns.contains(&Some(true)) && !dns.contains(&Some(false)),
        dry_run: false,
        take_over: false,
        requested_by: RequestedBy::Tags,
    }
}

/// The name of an execution that tags start: the same for the same pair and occasion.
pub(crate) fn name_by_tags(pair: &Pair, occasion: &str) -> String {
    let [end, peer] = pair.asking_first().map(VpcTags::end);
    format!("{}_{}_{}", end.vpc_id, peer.vpc_id, identify([end, peer], occasion))
}

/// The name of an execution that an event starts: likewise.
pub(crate) fn name_by_event(end: &End, peer: &End, occasion: &str) -> String {
    let [id, peer_id] = [end, peer].map(|end| end.vpc_id.as_str().trim_start_matches("vpc-"));
    format!("event-{id}-{peer_id}-{}", shortened(occasion, 36))
}

/// The occasion, and eight digits of its and the pair's hash: two pairs of the same VPC ids, of which one names a wrong
/// Region, are different.
fn identify(ends: [&End; 2], occasion: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (PairKey::of(ends).to_string(), occasion).hash(&mut hasher);
    format!("{}-{:08x}", shortened(occasion, 27), hasher.finish() >> 32)
}

/// An occasion is identified by a UUID, and a name has at most 80 characters, of which the ids take 44.
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
fn shortened(occasion: &str, characters: usize) -> String {
    occasion.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(characters).collect()
}

/// The name of the run of the groups machine for what changes before that minute, counted since 1970. The machine has the same shape.
pub(crate) fn name_of_minute(minute: i64) -> String {
    format!("tags-{}", String::from(Moment(minute * 60)).replace(':', "-"))
}

/// Whether an execution is called like that. A person may name one in any other way.
pub(crate) fn is_name_of_minute(name: &str) -> bool {
    let time = name.strip_prefix("tags-").and_then(|time| time.split_once('T'));
    let moment = time.and_then(|(day, time)| Moment::try_from(format!("{day}T{}", time.replace('-', ":"))).ok());
    moment.is_some_and(|Moment(seconds)| name_of_minute(seconds / 60) == name)
}
