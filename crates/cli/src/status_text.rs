//! Topologies as a person reads them at a terminal.

use crate::text::{CHANGED, FAINT, Line, clean, counted};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use isthmus_picture::topology::{Finding, Peering, Topology};
use isthmus_picture::{Row, rows};
use std::collections::BTreeSet;

/// The order in which findings are counted: from nothing to do to a failure.
const COUNTED: [Finding; 6] =
    [Finding::InPlace, Finding::Waiting, Finding::Drift, Finding::Failed, Finding::Missing, Finding::Foreign];

/// Whether a peering isn't as it is asked for. One that waits has nothing to repair.
pub fn differs(peering: &Peering) -> bool {
    matches!(peering.finding, Finding::Missing | Finding::Drift | Finding::Failed)
}

/// What is there, how it is, and a table of what is `listed`. The table is at most that wide, in columns of the terminal.
pub fn status_lines(seen: &Topology, listed: &Topology, width: Option<u16>) -> Vec<Line> {
    let mut lines = vec![summary(seen), counts(seen)];
    lines.extend(unreachable(seen));
    let rows = rows(listed);
    if !rows.is_empty() {
        let head = ["PEERING", "STATE", "WHY", "REQUESTED BY", "WHAT TO DO"];
        lines.extend(table(&head, rows.iter().map(cells), width));
        lines.extend(rows.iter().flat_map(below));
    }
    lines
}

/// What is there, and a table of all VPCs.
pub fn topology_lines(topology: &Topology, width: Option<u16>) -> Vec<Line> {
    let peerings = |vpc_id: &str| {
        let has_end =
            |peering: &&Peering| [&peering.requester, &peering.accepter].iter().any(|end| end.vpc_id == vpc_id);
        topology.peerings.iter().filter(has_end).count()
    };
    let row = |vpc: &isthmus_picture::topology::Vpc| {
        let end = &vpc.end;
        let [name, id, region, owner_id] = [&vpc.name, &end.vpc_id, &end.region, &end.owner_id].map(Clone::clone);
        [name, id, region, owner_id, vpc.cidr_blocks.join(" "), peerings(&end.vpc_id).to_string()]
    };
    let mut lines = vec![summary(topology)];
    lines.extend(unreachable(topology));
    lines.extend(table(
        &["NAME", "VPC", "REGION", "ACCOUNT", "BLOCKS", "PEERINGS"],
        topology.vpcs.iter().map(row),
        width,
    ));
    lines
}

/// A longer command would leave no room for the other columns.
const SHORT: usize = 48;

fn cells(row: &Row) -> [String; 5] {
    let Row { pair, finding, why, requested_by, command, who } = row;
    let what_to_do = match command {
        Some(command) if has_short_command(row) => command,
        Some(_) if who.is_empty() => "see below",
        Some(_) => "its owner: see below",
        None => "",
    };
    [pair, finding.label(), why, requested_by, what_to_do].map(str::to_owned)
}

fn has_short_command(row: &Row) -> bool {
    row.who.is_empty() && row.command.as_ref().is_some_and(|command| command.len() <= SHORT)
}

/// What is long, or for somebody else to run, is on a line of its own: cut to the width of a column it could not be copied.
fn below(row: &Row) -> Vec<Line> {
    match &row.command {
        Some(command) if !has_short_command(row) => {
            let who = format!("{}: {}", row.pair, row.who);
            vec![Line::default(), Line::of(who.trim_end()), Line::of("  ").and(command)]
        }
        _ => Vec::new(),
    }
}

/// `50 VPCs, 61 peerings, 8 accounts, 3 Regions; seen 22:14:07 UTC`
fn summary(topology: &Topology) -> Line {
    let ends = || topology.vpcs.iter().map(|vpc| &vpc.end);
    let accounts = ends().map(|end| &end.owner_id).collect::<BTreeSet<_>>().len();
    let regions = ends().map(|end| &end.region).collect::<BTreeSet<_>>().len();
    let time = topology.time.split_once('T').map_or(topology.time.as_str(), |(_, time)| time);
    let time = time.trim_end_matches('Z').split('.').next().unwrap_or_default();
    Line::of(format!(
        "{}, {}, {}, {}; seen {time} UTC",
        counted(topology.vpcs.len(), "VPC"),
        counted(topology.peerings.len(), "peering"),
        counted(accounts, "account"),
        counted(regions, "Region")
    ))
}

/// `50 in place · 4 waiting · 3 drift`
fn counts(topology: &Topology) -> Line {
    let count = |finding: &Finding| topology.peerings.iter().filter(|peering| peering.finding == *finding).count();
    let said = COUNTED.iter().filter(|finding| **finding == Finding::InPlace || count(finding) > 0);
    let said: Vec<String> = said.map(|finding| format!("{} {}", count(finding), finding.label())).collect();
    Line::of(said.join(" · "))
}

fn unreachable(topology: &Topology) -> impl Iterator<Item = Line> {
    topology.unreachable.iter().map(|place| {
        let at = [place.region.as_deref(), place.owner_id.as_deref()];
        let at: Vec<&str> = at.into_iter().flatten().collect();
        let at = if at.is_empty() { "the ledger".to_owned() } else { at.join(" of ") };
        Line::default().styled(CHANGED, "!").and(format!(" {at} could not be read: {}", place.message))
    })
}

/// A table without borders. In a pipe, where no width limits it, a row is one line.
fn table<const N: usize>(head: &[&str; N], rows: impl Iterator<Item = [String; N]>, width: Option<u16>) -> Vec<Line> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head.to_vec());
    match width {
        Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for cells in rows {
        table.add_row(cells.map(|cell| clean(&cell)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // Commands, which are to be copied, are not cut. They are short.
    if let Some(last) = table.column_mut(N - 1) {
        last.set_constraint(ColumnConstraint::ContentWidth);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let [first, rest @ ..] = lines.as_slice() else { return Vec::new() };
    [Line::default().styled(FAINT, first)].into_iter().chain(rest.iter().map(Line::of)).collect()
}
