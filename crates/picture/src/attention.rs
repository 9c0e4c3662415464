//! What somebody has to look at: the pair, the error, one sentence, and a command that helps.

use crate::network::{Line, Network, Node};
use crate::ring::class;
use crate::text::counted;
use crate::topology::{Finding, Peering};
use askama::Template;
use std::collections::BTreeSet;

/// The list as HTML.
#[derive(Template)]
#[template(path = "attention.html")]
pub(crate) struct Attention {
    items: Vec<Item>,
    unread: Vec<UnreadPlace>,
    fine: String,
}

struct Item {
    class: &'static str,
    /// The place of its line in the picture; none where there is no script to use it.
    line: Option<usize>,
    one: String,
    other: String,
    error: String,
    sentence: String,
    command: Option<Command>,
}

pub(crate) struct Command {
    /// Who is to run it, where that isn't whoever reads the page.
    pub(crate) who: String,
    pub(crate) line: String,
}

struct UnreadPlace {
    place: String,
    message: String,
}

/// The order in which they are listed.
const WORST_FIRST: [Finding; 4] = [Finding::Failed, Finding::Drift, Finding::Missing, Finding::Waiting];

/// Errors after which the same request may succeed; whoever reads of another one has to change something first.
const TRY_AGAIN: [&str; 8] = [
    "PeeringRejected",
    "PeeringExpired",
    "PeeringDeleted",
    "PeeringFailed",
    "PeeringTimedOut",
    "PairBusy",
    "ServiceFault",
    "RefusedByAws",
];

impl Attention {
    /// At most so many; the rest is counted.
    pub(crate) fn of(network: &Network<'_>, most: usize) -> Self {
        let drawn = network.lines_by_finding();
        let worst_first = WORST_FIRST.iter().flat_map(|finding| {
            let places = drawn.iter().enumerate();
            places.filter(move |(_, line)| line.peering.finding == *finding)
        });
        let items = worst_first.take(most).map(|(place, line)| item(network, line, place)).collect();
        let unread = network.topology.unreachable.iter().map(|unread| UnreadPlace {
            place: match (&unread.region, &unread.owner_id) {
                (Some(region), Some(owner_id)) => format!("{region} of {owner_id}"),
                (Some(region), None) => region.clone(),
                (None, Some(owner_id)) => owner_id.clone(),
                (None, None) => "The ledger".into(),
            },
            message: unread.message.clone(),
        });
        let fine = match network.lines.len() {
            0 => "No VPC is peered, and no tag asks for it.",
            _ => "Every peering is as it is asked for.",
        };
        Self { items, unread: unread.collect(), fine: fine.into() }
    }

    /// How many are listed.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

fn item(network: &Network<'_>, line: &Line<'_>, place: usize) -> Item {
    let [one, other] = network.ends(line).map(|node| node.map_or_else(String::new, |node| node.label().to_owned()));
    let peering = line.peering;
    Item {
        class: class(peering.finding),
        line: Some(place),
        one,
        other,
        error: peering.error.as_deref().unwrap_or(peering.finding.label()).to_owned(),
        sentence: sentence(network, line),
        command: command(network, line),
    }
}

/// What is wrong, in one sentence.
pub(crate) fn sentence(network: &Network<'_>, line: &Line<'_>) -> String {
    let peering = line.peering;
    if let Some(message) = peering.message.as_ref().filter(|message| !message.is_empty()) {
        return message.clone();
    }
    let waits_for = waits_for(network, line).map(|node| format!("{} of {}", node.label(), node.end.owner_id));
    match (peering.finding, waits_for) {
        (Finding::Waiting, Some(owner)) => format!("The owner of {owner} has to agree."),
        (Finding::Waiting, None) => "An execution works on it.".into(),
        (Finding::Missing, _) => "It is asked for, and there is no connection.".into(),
        (Finding::Failed, _) => "The last attempt failed.".into(),
        (Finding::Drift, _) => difference(peering),
        (Finding::InPlace | Finding::Foreign, _) => String::new(),
    }
}

fn difference(peering: &Peering) -> String {
    let (wanted, present) = routes(peering);
    match peering.differs.as_deref() {
        Some("Routes") | None if present < wanted => {
            let missing = peering.routes.values().flat_map(|routes| &routes.missing);
            let tables: BTreeSet<&str> = missing.map(|route| route.route_table_id.as_str()).collect();
            let named: Vec<&str> = tables.iter().take(3).copied().collect();
            let from = if named.is_empty() { String::new() } else { format!(" from {}", named.join(", ")) };
            let more = match tables.len().saturating_sub(3) {
                0 => String::new(),
                more => format!(" and {}", counted(more, "more table")),
            };
            format!("{} of {wanted} routes are gone{from}{more}.", wanted - present)
        }
        Some("Routes") | None => "The routes differ from what is asked for.".into(),
        Some("NotActive") => {
            format!("The connection is {}.", peering.status.as_deref().unwrap_or("not active"))
        }
        Some("DnsResolution") => "DNS resolution isn't on where it is asked for.".into(),
        Some("Unrecorded") => "It isn't recorded in the ledger as it is.".into(),
        Some("NotRequested") => "Nobody asks for it any more: it is to be torn down.".into(),
        Some("Blackhole") => "Routes lead to a connection that is gone.".into(),
        Some(other) => format!("It differs: {other}."),
    }
}

/// How many routes are asked for on both sides, and how many are there.
pub(crate) fn routes(peering: &Peering) -> (usize, usize) {
    let counts = peering.routes.values();
    counts.fold((0, 0), |(wanted, present), routes| (wanted + routes.wanted, present + routes.present))
}

fn waits_for<'n, 't>(network: &'n Network<'t>, line: &Line<'_>) -> Option<&'n Node<'t>> {
    let id = line.peering.waits_for.as_deref()?;
    network.ends(line).into_iter().flatten().find(|node| node.end.vpc_id == id)
}

pub(crate) fn command(network: &Network<'_>, line: &Line<'_>) -> Option<Command> {
    let peering = line.peering;
    let error = peering.error.as_deref();
    if let Some(owner) = waits_for(network, line) {
        return for_owner(network, line, owner);
    }
    let [one, other] = network.ends(line).map(|node| node.and_then(|node| argument(network, node)));
    let peer = || Some(format!("isthmus peer {} {}", one?, other?));
    let line = match (peering.finding, error) {
        (Finding::Drift, None) if peering.differs.as_deref() == Some("NotRequested") => None,
        (Finding::Missing | Finding::Drift, None) => peer(),
        (Finding::Failed, Some(error)) if TRY_AGAIN.contains(&error) => peer(),
        (_, Some(error)) if is_word(error) => Some(format!("isthmus explain {error}")),
        _ => None,
    };
    line.map(|line| Command { who: String::new(), line })
}

/// Consent is a tag on the owner's VPC, under a key of its own, so that no other value is overwritten; a request that waits for
/// an account without a member role is accepted by its owner in EC2.
fn for_owner(network: &Network<'_>, line: &Line<'_>, owner: &Node<'_>) -> Option<Command> {
    let prefix = &network.topology.tag_prefix;
    let other = network.ends(line).into_iter().flatten().find(|node| node.end != owner.end)?;
    let region = &owner.end.region;
    let words = [prefix, &owner.end.vpc_id, &other.end.vpc_id, region];
    words.iter().all(|word| is_word(word)).then_some(())?;
    let line = match (peering_status(line), &line.peering.vpc_peering_connection_id) {
        (Some("pending-acceptance"), Some(id)) if is_word(id) => {
            format!("aws ec2 accept-vpc-peering-connection --region {region} --vpc-peering-connection-id {id}")
        }
        _ => {
            let (id, peer) = (&owner.end.vpc_id, &other.end.vpc_id);
            format!(
                "aws ec2 create-tags --region {region} --resources {id} --tags Key={prefix}:accept:{peer},Value={peer}"
            )
        }
    };
    Some(Command { who: format!("The owner, {}, runs: ", owner.end.owner_id), line })
}

fn peering_status<'p>(line: &Line<'p>) -> Option<&'p str> {
    line.peering.status.as_deref()
}

/// How the program is told which VPC: by a name that no other VPC has, else by the tags' own grammar.
fn argument(network: &Network<'_>, node: &Node<'_>) -> Option<String> {
    let is_unique = network.nodes.iter().filter(|other| other.name == node.name).count() == 1;
    if is_unique && is_word(node.name) {
        return Some(node.name.to_owned());
    }
    let end = node.end;
    let words = [&end.vpc_id, &end.region, &end.owner_id];
    words.iter().all(|word| is_word(word)).then(|| format!("{}@{}@{}", end.vpc_id, end.region, end.owner_id))
}

/// Whether a shell takes it as one plain word, and a program not as an option.
fn is_word(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_plain)
}
