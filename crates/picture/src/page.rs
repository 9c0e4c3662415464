//! The page: the ring, the panel, and the tables.

use crate::attention::{Attention, routes, sentence};
use crate::groups::{Group, groups};
use crate::network::{Line, Network, Node};
use crate::ring::{Ring, STYLE, class, title};
use crate::text::counted;
use crate::topology::{Finding, RequestedBy};
use askama::Template;
use std::cmp::Reverse;

/// What the page's policy allows to run: the digests of its own style and script, which a test compares with the files.
const STYLE_DIGEST: &str = "sha256-+gB7UoRsWbFpfE9qFdMRxwi+wNu87s81zjo12sJiTXk=";
const PAGE_STYLE_DIGEST: &str = "sha256-sKHZuKJR7FGlVQxXHeC6BOaend6v9Tk4Dowe03Sf0Q4=";
const SCRIPT_DIGEST: &str = "sha256-t1s1+sHgu6cz6JFl0DIrpjK0odN4JRT5Y1H3vDg9Jio=";

#[derive(Template)]
#[template(path = "page.html")]
pub(crate) struct Page<'n> {
    policy: String,
    style: &'static str,
    page_style: &'static str,
    script: &'static str,
    title: String,
    subtitle: String,
    counts: Vec<Count>,
    groups: Vec<Group<'n>>,
    attention: Attention,
    ring: Ring,
    peerings: Vec<PeeringRow>,
    vpcs: Vec<VpcRow>,
}

/// How many peerings have a finding; it filters them.
pub(crate) struct Count {
    pub(crate) class: &'static str,
    pub(crate) label: &'static str,
    pub(crate) count: usize,
}

struct PeeringRow {
    class: &'static str,
    nodes: String,
    one: String,
    other: String,
    finding: &'static str,
    connection: String,
    routes: String,
    requested_by: String,
    why: String,
}

struct VpcRow {
    name: String,
    id: String,
    region: String,
    owner_id: String,
    blocks: String,
    peerings: usize,
}

impl<'n> Page<'n> {
    pub(crate) fn of(network: &'n Network<'_>) -> Self {
        let mut worst_first: Vec<&Line> = network.lines.iter().collect();
        worst_first.sort_by_key(|line| Reverse(line.peering.finding));
        Self {
            policy: format!(
                "default-src 'none'; style-src '{STYLE_DIGEST}' '{PAGE_STYLE_DIGEST}'; script-src '{SCRIPT_DIGEST}'; base-uri 'none'; form-action 'none'"
            ),
            style: STYLE,
            page_style: include_str!("../templates/page.css"),
            script: include_str!("../templates/page.js"),
            title: title(network),
            subtitle: subtitle(network),
            counts: counts(network),
            groups: groups(network),
            attention: Attention::of(network, usize::MAX),
            ring: Ring::of(network, ""),
            peerings: worst_first.into_iter().map(|line| peering_row(network, line)).collect(),
            vpcs: network.nodes.iter().map(vpc_row).collect(),
        }
    }
}

/// `8 accounts · 3 Regions · stack isthmus · seen 2026-11-25 22:14:07 UTC`.
pub(crate) fn subtitle(network: &Network<'_>) -> String {
    let topology = network.topology;
    let time = &topology.time;
    let time = match time.split_once('T') {
        Some((date, clock)) => format!("{date} {} UTC", clock.trim_end_matches('Z').split('.').next().unwrap_or(clock)),
        None => time.clone(),
    };
    let [accounts, regions] = [counted(network.accounts(), "account"), counted(network.regions(), "Region")];
    format!("{accounts} · {regions} · stack {} · seen {time}", topology.stack)
}

/// Those that there are, in place always.
pub(crate) fn counts(network: &Network<'_>) -> Vec<Count> {
    let order =
        [Finding::InPlace, Finding::Waiting, Finding::Missing, Finding::Drift, Finding::Failed, Finding::Foreign];
    let all =
        order.map(|finding| Count { class: class(finding), label: finding.label(), count: network.count(finding) });
    all.into_iter().filter(|count| count.count > 0 || count.class == class(Finding::InPlace)).collect()
}

fn peering_row(network: &Network<'_>, line: &Line<'_>) -> PeeringRow {
    let [one, other] = network.ends(line).map(|node| node.map_or_else(String::new, |node| node.label().to_owned()));
    let peering = line.peering;
    let (wanted, present) = routes(peering);
    let sentence = sentence(network, line);
    PeeringRow {
        class: class(peering.finding),
        nodes: format!("{} {}", line.nodes[0], line.nodes[1]),
        one,
        other,
        finding: peering.finding.label(),
        connection: peering.vpc_peering_connection_id.clone().unwrap_or_default(),
        routes: if wanted == 0 { String::new() } else { format!("{present} of {wanted}") },
        requested_by: requested_by(network, line, &peering.requested_by),
        why: match peering.error.as_deref() {
            Some(error) if !error.is_empty() => format!("{error}: {sentence}"),
            _ => sentence,
        },
    }
}

pub(crate) fn requested_by(network: &Network<'_>, line: &Line<'_>, by: &RequestedBy) -> String {
    let ends = network.ends(line).into_iter().flatten();
    let tags: Vec<&str> = ends.filter(|node| by.tags.contains(&node.end.vpc_id)).map(Node::label).collect();
    let tags = match tags.as_slice() {
        [_, _] => vec!["both".to_owned()],
        tags => tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let groups = by.groups.iter().map(|group| format!("group {group}"));
    let execution = by.execution.then(|| "an execution".to_owned());
    tags.into_iter().chain(groups).chain(execution).collect::<Vec<_>>().join(", ")
}

fn vpc_row(node: &Node<'_>) -> VpcRow {
    VpcRow {
        name: node.name.to_owned(),
        id: node.end.vpc_id.clone(),
        region: node.end.region.clone(),
        owner_id: node.end.owner_id.clone(),
        blocks: node.vpc.map(|vpc| vpc.cidr_blocks.join(" ")).unwrap_or_default(),
        peerings: node.degree,
    }
}
