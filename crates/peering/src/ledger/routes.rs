//! Routes as the ledger records them: tables with the same destinations are grouped, so that 2,400 routes stay far below
//! DynamoDB's 400 KB an item.

use crate::ids::{Malformed, RouteTableId};
use crate::routes::{Action, PlannedRoute};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Destinations in route tables.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Group>", into = "Vec<Group>")]
pub struct RecordedRoutes(BTreeSet<(RouteTableId, IpNet)>);

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    destinations: Vec<IpNet>,
    route_table_ids: Vec<RouteTableId>,
}

/// So many routes two hundred tables hold at the highest quota, in each family. An item of 400 KB that somebody else wrote could name
/// a hundred million.
const RECORDED: usize = 400_000;

impl TryFrom<Vec<Group>> for RecordedRoutes {
    type Error = Malformed;

    fn try_from(groups: Vec<Group>) -> Result<Self, Malformed> {
        let of_group = |group: &Group| group.route_table_ids.len().saturating_mul(group.destinations.len());
        let count = groups.iter().map(of_group).fold(0, usize::saturating_add);
        if count > RECORDED {
            return Err(Malformed(format!("{count} routes are more than {RECORDED}")));
        }
        let routes = groups.iter().flat_map(|group| {
            let tables = group.route_table_ids.iter();
            tables.flat_map(|table| group.destinations.iter().map(|block| (table.clone(), *block)))
        });
        Ok(Self(routes.collect()))
    }
}

impl From<RecordedRoutes> for Vec<Group> {
    fn from(routes: RecordedRoutes) -> Self {
        let mut by_table: BTreeMap<RouteTableId, Vec<IpNet>> = BTreeMap::new();
        for (table, destination) in routes.0 {
            by_table.entry(table).or_default().push(destination);
        }
        let mut alike: BTreeMap<Vec<IpNet>, Vec<RouteTableId>> = BTreeMap::new();
        for (table, destinations) in by_table {
            alike.entry(destinations).or_default().push(table);
        }
        let groups = alike.into_iter();
        groups.map(|(destinations, route_table_ids)| Group { destinations, route_table_ids }).collect()
    }
}

impl RecordedRoutes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether that route is among them.
    pub fn contains(&self, table: &RouteTableId, destination: IpNet) -> bool {
        self.0.contains(&(table.clone(), destination))
    }

    /// These and the others.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// Whether all of them are among the others.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    /// These without the others.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// Each of them, to be deleted.
    pub fn deletions(&self) -> impl Iterator<Item = PlannedRoute> + '_ {
        self.0.iter().map(|(table, destination)| PlannedRoute {
            table: table.clone(),
            destination: *destination,
            action: Action::Deleted,
        })
    }
}

impl FromIterator<PlannedRoute> for RecordedRoutes {
    fn from_iter<T: IntoIterator<Item = PlannedRoute>>(routes: T) -> Self {
        Self(routes.into_iter().map(|route| (route.table, route.destination)).collect())
    }
}
