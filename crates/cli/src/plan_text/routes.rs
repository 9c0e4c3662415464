//! Routes, one line for all tables that get the same.

use crate::plan_text::sign;
use crate::text::{BAD, CHANGED, FAINT, GOOD, Line};
use isthmus_peering::plan::ReportedRoute;
use isthmus_peering::routes::Action;
use std::collections::{BTreeMap, BTreeSet};

/// One line for each destination of each Region and action, with all tables.
pub(super) fn route_lines(routes: &[ReportedRoute]) -> Vec<Line> {
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
