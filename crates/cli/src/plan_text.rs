//! What an execution does, or would do, as a person reads it.

mod routes;

use crate::failure::Failure;
use crate::text::{BAD, CHANGED, GOOD, Line, STRONG, counted};
use isthmus_peering::connection::End;
use isthmus_peering::plan::ReportedRoute;
use isthmus_peering::routes::Action;
use routes::route_lines;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The status of a connection whose accepter is of an account that is none of the stack's.
pub const PENDING_ACCEPTANCE: &str = "pending-acceptance";

/// How a plan says what would be done about routes: created, repaired, deleted.
pub const TO_DO: [&str; 3] = ["to create", "to repair", "to delete"];

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
        let id = self.vpc_peering_connection_id.as_deref().unwrap_or("a new connection");
        let is_planned = self.status == "planned";
        let verbs = if is_planned { TO_DO } else { ["created", "repaired", "deleted"] };
        let summary = match (self.summary(verbs), self.status.as_str()) {
            (summary, _) if !summary.is_empty() => summary,
            (_, PENDING_ACCEPTANCE) => "it waits to be accepted".to_owned(),
            _ => "everything was in place".to_owned(),
        };
        let pair = Line::default().styled(STRONG, format!("{from} ⇄ {to}"));
        let mut lines = vec![pair.and(format!("  {}  {id}: {summary}", self.status))];
        lines.extend(self.warnings.iter().map(|warning| sign(CHANGED, "!").and(warning)));
        if is_planned {
            lines.push(Line::of("Nothing was changed: the stack's parameter Mode is report."));
        }
        if self.status == PENDING_ACCEPTANCE {
            let region = &self.accepter.region;
            lines.push(Line::of(format!("Its owner, {}, has to accept it:", self.accepter.owner_id)));
            lines.push(Line::of(format!(
                "  aws ec2 accept-vpc-peering-connection --region {region} --vpc-peering-connection-id {id}"
            )));
        }
        lines
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
