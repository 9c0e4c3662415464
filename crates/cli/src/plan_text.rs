//! What an execution does, or would do, as a person reads it.

use crate::failure::Failure;
use crate::text::{BAD, CHANGED, FAINT, GOOD, Line, STRONG, counted};
use isthmus_peering::connection::End;
use isthmus_peering::plan::ReportedRoute;
use isthmus_peering::routes::Action;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The output of an execution of the peering machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PeeringReport {
    /// The connection; `None` in a plan that would make one.
    #[serde(default)]
    pub vpc_peering_connection_id: Option<String>,
    /// `active`, `planned`, or `pending-acceptance`.
    pub status: String,
    /// Whether a connection was, or would be, made.
    pub created: bool,
    /// The end that requests.
    pub requester: End,
    /// The end that accepts.
    pub accepter: End,
    /// What is done about each route.
    #[serde(default)]
    pub routes: Vec<ReportedRoute>,
    /// What is surprising.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// The output of an execution of the teardown machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TeardownReport {
    /// The connection; `None` where there is none.
    #[serde(default)]
    pub vpc_peering_connection_id: Option<String>,
    /// `deleted`, `released`, `absent`, `kept` or `planned`.
    pub status: String,
    /// The routes that were, or would be, deleted.
    #[serde(default)]
    pub routes: Vec<ReportedRoute>,
}

/// What people call a VPC, and what is known about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its Name; empty where it isn't known.
    pub name: String,
    /// Its blocks.
    pub blocks: Vec<String>,
}

/// What is known about VPCs, by their ids. Empty where no topology was needed.
pub type Names = BTreeMap<String, Known>;

/// Reads an output. One that isn't as this release knows it is of another release.
pub fn read<'o, T: Deserialize<'o>>(output: &'o Value) -> Result<T, Failure> {
    T::deserialize(output).map_err(|error| {
        Failure::new(
            "OtherRelease",
            format!(
                "this program does not understand the stack's answer ({error}): use the release that the stack has"
            ),
        )
    })
}

impl PeeringReport {
    /// Whether anything is, or would be, changed.
    pub fn changes_something(&self) -> bool {
        self.created || self.routes.iter().any(|route| !matches!(route.action, Action::Unchanged | Action::Kept))
    }

    /// Both ends, that of the VPC `first` before the other.
    fn ends(&self, first: &str) -> [&End; 2] {
        match self.accepter.vpc_id.as_str() == first {
            true => [&self.accepter, &self.requester],
            false => [&self.requester, &self.accepter],
        }
    }

    /// Both ends, that of the VPC `first` before the other, then a line for each change, then the warnings.
    pub fn diff(&self, first: &str, names: &Names) -> Vec<Line> {
        let mut lines = ends_lines(self.ends(first), names);
        lines.push(Line::default());
        if self.created {
            let [from, to] = [&self.requester, &self.accepter].map(|end| label(end, names));
            let accepted = &self.accepter.region;
            lines.push(sign(GOOD, "+").and(format!("{:<17}{from} -> {to}, accepted in {accepted}", "connection")));
        }
        lines.extend(route_lines(&self.routes));
        lines.extend(self.warnings.iter().map(|warning| sign(CHANGED, "!").and(warning)));
        if lines.last().is_some_and(|line| *line != Line::default()) {
            lines.push(Line::default());
        }
        lines
    }

    /// `1 connection and 2 routes to create, 1 to repair`, or what was done.
    pub fn summary(&self, verbs: [&str; 3]) -> String {
        let [create, repair, delete] = verbs;
        let [created, repaired, deleted] =
            [Action::Created, Action::Repaired, Action::Deleted].map(|action| count(&self.routes, action));
        let mut made = Vec::new();
        if self.created {
            made.push("1 connection".to_owned());
        }
        if created > 0 {
            made.push(counted(created, "route"));
        }
        let mut parts = Vec::new();
        if !made.is_empty() {
            parts.push(format!("{} {create}", made.join(" and ")));
        }
        for (routes, verb) in [(repaired, repair), (deleted, delete)] {
            match routes {
                0 => {}
                _ if parts.is_empty() => parts.push(format!("{} {verb}", counted(routes, "route"))),
                _ => parts.push(format!("{routes} {verb}")),
            }
        }
        parts.join(", ")
    }

    /// What a person reads once it is done.
    pub fn done(&self, first: &str, names: &Names) -> Vec<Line> {
        let [from, to] = self.ends(first).map(|end| label(end, names));
        let id = self.vpc_peering_connection_id.as_deref().unwrap_or("the connection");
        let summary = match self.summary(["created", "repaired", "deleted"]) {
            summary if summary.is_empty() => "everything was in place".to_owned(),
            summary => summary,
        };
        let first =
            Line::default().styled(STRONG, format!("{from} ⇄ {to}")).and(format!("  {}  {id}: {summary}", self.status));
        let warnings = self.warnings.iter().map(|warning| sign(CHANGED, "!").and(warning));
        [first].into_iter().chain(warnings).collect()
    }
}

impl TeardownReport {
    /// What goes, or would go.
    pub fn diff(&self) -> Vec<Line> {
        let mut lines = route_lines(&self.routes);
        if let Some(id) = &self.vpc_peering_connection_id {
            lines.push(
                sign(BAD, "-").and(format!("{:<17}{id}, unless it was only adopted: then it stays", "connection")),
            );
        }
        lines
    }

    /// What a person reads once it is done.
    pub fn done(&self) -> Line {
        let id = self.vpc_peering_connection_id.as_deref().unwrap_or("the connection");
        let routes = counted(self.routes.len(), "route");
        match self.status.as_str() {
            "absent" => Line::of("There is no peering to remove."),
            "kept" => Line::of(format!("{id} was kept: somebody asks for it again.")),
            "released" => Line::of(format!("{routes} deleted. {id} stays: the stack had adopted it, not made it.")),
            "planned" => Line::of(format!("{routes} to delete, and {id}. Nothing was changed.")),
            status => Line::of(format!("{routes} deleted, {id} {status}.")),
        }
    }
}

/// How many routes something is done about.
fn count(routes: &[ReportedRoute], action: Action) -> usize {
    routes.iter().filter(|route| route.action == action).count()
}

/// A VPC's Name, or its id.
pub fn label(end: &End, names: &Names) -> String {
    let named = names.get(end.vpc_id.as_str()).filter(|known| !known.name.is_empty());
    named.map_or_else(|| end.vpc_id.to_string(), |known| known.name.clone())
}

/// `payments-prod  vpc-0aaaaaaaaaaaaaaa1  us-east-1 of 111111111111  10.1.0.0/16`
fn ends_lines(ends: [&End; 2], names: &Names) -> Vec<Line> {
    let known = ends.map(|end| names.get(end.vpc_id.as_str()).cloned().unwrap_or_default());
    let width = known.iter().map(|known| known.name.chars().count()).max().unwrap_or_default();
    let line = |(end, known): (&End, &Known)| {
        let name = if width == 0 { String::new() } else { format!("{:<width$}  ", known.name) };
        let place = format!("{}  {} of {}  {}", end.vpc_id, end.region, end.owner_id, known.blocks.join(" "));
        Line::default().styled(STRONG, name).and(place.trim_end())
    };
    ends.into_iter().zip(&known).map(line).collect()
}

fn sign(style: anstyle::Style, sign: &str) -> Line {
    Line::of("  ").styled(style, sign).and(" ")
}

/// One line for each destination of each Region and action, with all tables.
fn route_lines(routes: &[ReportedRoute]) -> Vec<Line> {
    let short = Shortened::of(routes.iter().map(|route| route.route_table_id.as_str()));
    let mut grouped: BTreeMap<(Action, String, &str), Vec<String>> = BTreeMap::new();
    for route in routes {
        let destination = route.destination_cidr_block.or(route.destination_ipv6_cidr_block);
        let destination = destination.map_or_else(String::new, |block| block.to_string());
        let tables = grouped.entry((route.action, destination, route.region.as_str())).or_default();
        tables.push(short.show(route.route_table_id.as_str()));
    }
    grouped.retain(|(action, ..), _| !matches!(action, Action::Unchanged | Action::Kept));
    let width = grouped.values().map(|tables| tables.join(" ").chars().count()).max().unwrap_or_default();
    let line = |((action, destination, region), tables): ((Action, String, &str), Vec<String>)| {
        let (style, mark, note) = match action {
            Action::Repaired => (CHANGED, "~", "   a blackhole, replaced"),
            Action::Deleted => (BAD, "-", ""),
            Action::Created | Action::Unchanged | Action::Kept => (GOOD, "+", ""),
        };
        let tables = tables.join(" ");
        sign(style, mark).and(format!("{destination:<16} in {tables:<width$}  {region}")).styled(FAINT, note)
    };
    grouped.into_iter().map(line).collect()
}

/// Ids as `rtb-0a…f1`, where that tells them apart.
struct Shortened {
    is_unique: bool,
}

impl Shortened {
    fn of<'i>(ids: impl Iterator<Item = &'i str>) -> Self {
        let ids: BTreeSet<&str> = ids.collect();
        let short: BTreeSet<String> = ids.iter().map(|id| shorten(id)).collect();
        Self { is_unique: short.len() == ids.len() }
    }

    fn show(&self, id: &str) -> String {
        if self.is_unique { shorten(id) } else { id.to_owned() }
    }
}

fn shorten(id: &str) -> String {
    let Some((kind, digits)) = id.split_once('-').filter(|(_, digits)| digits.len() > 8 && digits.is_ascii()) else {
        return id.to_owned();
    };
    let (start, end) = (digits.get(..2).unwrap_or_default(), digits.get(digits.len() - 2..).unwrap_or_default());
    format!("{kind}-{start}…{end}")
}
