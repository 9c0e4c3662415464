//! Route selection: which route tables of a VPC get routes, and to which destinations of the other VPC.

mod json;

use crate::ids::{RouteTableId, SubnetId};
use crate::route_tables::RouteTable;
use crate::tags::{EXCLUDE, Tags, is_excluded};
use ipnet::IpNet;
use std::collections::BTreeSet;

/// What is selected for one side: tables of its own VPC, destinations in the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteSelection {
    /// Which route tables get routes.
    pub tables: TableSelection,
    /// The destinations to route; `None` is every CIDR block of the other VPC.
    pub destinations: Option<BTreeSet<IpNet>>,
}

/// Which route tables of a VPC get routes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TableSelection {
    /// Every route table that can hold a route to a peering connection.
    #[default]
    All,
    /// The main route table alone.
    Main,
    /// No table: that side is routed by other means.
    None,
    /// These tables.
    Ids(BTreeSet<RouteTableId>),
    /// The table that each of these subnets uses: the one associated with it, else the main table.
    Subnets(BTreeSet<SubnetId>),
    /// The tables that carry all of these tags.
    Tags(Tags),
}

/// The tables that a selection picks.
#[derive(Debug, PartialEq)]
pub struct Selected<'t> {
    /// The tables, in the order that EC2 listed them.
    pub tables: Vec<&'t RouteTable>,
    /// What is legal but surprising about the choice.
    pub warnings: Vec<String>,
}

/// A selection that names something that this VPC does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectionError {
    /// The key of the selection: `Tables` or `Subnets`.
    pub key: &'static str,
    /// One sentence: what is wrong, and what to do.
    pub message: String,
}

impl TableSelection {
    /// Picks from `tables`, which are all tables of one VPC. Fails where one is named that can't be had.
    pub fn pick<'t>(&self, tables: &'t [RouteTable]) -> Result<Selected<'t>, SelectionError> {
        let Self::Ids(ids) = self else { return Ok(self.pick_existing(tables)) };
        match ids.iter().find_map(|id| by_id(id, tables).err()) {
            None => Ok(self.pick_existing(tables)),
            Some(reason) => Err(SelectionError { key: "Tables", message: format!("{reason}: name another table") }),
        }
    }

    /// The same, where a named table that can't be had is left out with a warning.
    pub fn pick_existing<'t>(&self, tables: &'t [RouteTable]) -> Selected<'t> {
        let chosen: Vec<&RouteTable> = match self {
            Self::All => tables.iter().collect(),
            Self::Main => tables.iter().filter(|table| table.main).collect(),
            Self::None => Vec::new(),
            Self::Ids(ids) => {
                let found: Vec<_> = ids.iter().map(|id| by_id(id, tables)).collect();
                let left_out = found.iter().filter_map(|table| table.as_ref().err());
                let warnings = left_out.map(|reason| format!("{reason}: it was left out")).collect();
                return Selected { tables: found.into_iter().flatten().collect(), warnings };
            }
            Self::Subnets(subnets) => by_subnet(subnets, tables),
            Self::Tags(tags) => tables.iter().filter(|table| carries(table, tags)).collect(),
        };
        let mut warnings: Vec<String> = chosen.iter().filter_map(|table| unusable_reason(table)).collect();
        if let (true, Self::Tags(tags)) = (chosen.is_empty(), self) {
            let tags: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let tags = tags.join(" and ");
            warnings.push(format!("no route table carries {tags} (TableTags): no route is written on that side"));
        }
        Selected { tables: chosen.into_iter().filter(|table| unusable_reason(table).is_none()).collect(), warnings }
    }
}

/// The table, or why it can't be had.
fn by_id<'t>(id: &RouteTableId, tables: &'t [RouteTable]) -> Result<&'t RouteTable, String> {
    match tables.iter().find(|table| table.id == *id) {
        None => Err(format!("{id} is not a route table of that VPC")),
        Some(table) => unusable_reason(table).map_or(Ok(table), Err),
    }
}

fn by_subnet<'t>(subnets: &BTreeSet<SubnetId>, tables: &'t [RouteTable]) -> Vec<&'t RouteTable> {
    let explicit = |subnet: &SubnetId| tables.iter().find(|table| table.subnets.contains(subnet));
    let main = || tables.iter().find(|table| table.main);
    let used: BTreeSet<&RouteTableId> =
        subnets.iter().filter_map(|subnet| explicit(subnet).or_else(main)).map(|table| &table.id).collect();
    tables.iter().filter(|table| used.contains(&table.id)).collect()
}

fn carries(table: &RouteTable, tags: &Tags) -> bool {
    tags.iter().all(|(key, value)| table.tags.get(key) == Some(value))
}

/// Why a table can't hold our routes, if it can't. A gateway route table accepts only the local target, interfaces and Gateway
/// Load Balancer endpoints. <https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html>
fn unusable_reason(table: &RouteTable) -> Option<String> {
    let id = &table.id;
    if table.edge {
        Some(format!("{id} is a gateway route table, which can't hold a route to a peering connection"))
    } else if is_excluded(&table.tags) {
        Some(format!("{id} is excluded by its tag {EXCLUDE}"))
    } else {
        None
    }
}
