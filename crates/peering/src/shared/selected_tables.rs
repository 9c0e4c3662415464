//! The tables that a request selects, and its owner's tag allows.

use crate::error::Error;
use crate::ids::{RouteTableId, SubnetId};
use crate::intent::TagValue;
use crate::ports::NetworkReads;
use crate::route_tables::RouteTable;
use crate::selection::{Selected, TableSelection};
use crate::shared::route_plans::side::Side;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// The tables that a selection picks.
pub(super) struct Chosen<'t> {
    pub(super) tables: Vec<&'t RouteTable>,
    pub(super) warnings: Vec<String>,
    /// Whether the selection names a table or a subnet that the VPC doesn't have: most likely mistyped.
    pub(super) names_unknown: bool,
}

impl Side<'_> {
    /// Leaves out the tables that the owner's own tag doesn't select, whoever asks for them. Answers whether the tag names what
    /// the VPC doesn't have.
    pub(super) async fn keep_to_owner_s_selection(
        &self,
        network: &impl NetworkReads,
        tables: &mut Vec<(&RouteTable, BTreeSet<IpNet>)>,
        warnings: &mut Vec<String>,
    ) -> Result<bool, Error> {
        let vpc = &self.end.vpc_id;
        let allowed = match self.owner_selects {
            TagValue::Absent => return Ok(false),
            TagValue::Invalid => {
                tables.clear();
                warnings.push(format!("isthmus:routes of {vpc} can't be understood: nothing is changed in its tables"));
                return Ok(false);
            }
            TagValue::Valid(selection) => self.existing(network, selection).await?,
        };
        let is_allowed = |table: &RouteTable| allowed.tables.iter().any(|other| other.id == table.id);
        let left_out: Vec<_> = tables.extract_if(.., |(table, _)| !is_allowed(table)).collect();
        if !left_out.is_empty() {
            let ids: Vec<&str> = left_out.iter().map(|(table, _)| table.id.as_str()).collect();
            let ids = ids.join(", ");
            warnings.push(format!("the tags of {vpc} don't select {ids}: no route is written there"));
        }
        if allowed.names_unknown {
            let others = allowed.warnings.into_iter().filter(|warning| !warnings.contains(warning)).collect::<Vec<_>>();
            warnings.extend(others);
        }
        Ok(allowed.names_unknown)
    }

    /// The tables of the request. In an established peering, what it names and can't be had is left out with a warning.
    pub(super) async fn select(&self, network: &impl NetworkReads, established: bool) -> Result<Chosen<'_>, Error> {
        let selection = &self.selection.tables;
        let unknown = self.unknown_subnets(network, selection).await?;
        let chosen = self.without(&unknown, selection);
        if established && (self.is_lenient || !chosen.names_unknown) {
            return Ok(chosen);
        }
        if let Some(unknown) = unknown.first() {
            let message = format!("{unknown} is not a subnet of {}: name one of its own", self.end.vpc_id);
            return Err(Error::invalid(format!("{}.Subnets", self.field), message));
        }
        match selection.pick(self.tables) {
            Ok(Selected { tables, warnings }) => Ok(Chosen { tables, warnings, names_unknown: false }),
            Err(error) => Err(Error::invalid(format!("{}.{}", self.field, error.key), error.message)),
        }
    }

    /// The tables that a selection picks; what it names and can't be had is left out with a warning.
    pub(super) async fn existing(
        &self,
        network: &impl NetworkReads,
        selection: &TableSelection,
    ) -> Result<Chosen<'_>, Error> {
        let unknown = self.unknown_subnets(network, selection).await?;
        Ok(self.without(&unknown, selection))
    }

    fn without(&self, unknown: &BTreeSet<SubnetId>, selection: &TableSelection) -> Chosen<'_> {
        let vpc = &self.end.vpc_id;
        let Selected { tables, mut warnings } = match selection {
            TableSelection::Subnets(subnets) => {
                TableSelection::Subnets(subnets.difference(unknown).cloned().collect()).pick_existing(self.tables)
            }
            other => other.pick_existing(self.tables),
        };
        warnings.extend(unknown.iter().map(|id| format!("{id} is not a subnet of {vpc}: it was left out")));
        let names_unknown = !unknown.is_empty()
            || matches!(selection, TableSelection::Ids(ids) if ids.iter().any(|id| !self.has_or_had(id)));
        Chosen { tables, warnings, names_unknown }
    }

    /// Whether the VPC has that table, or had it when routes of ours were written there.
    fn has_or_had(&self, id: &RouteTableId) -> bool {
        self.tables.iter().any(|table| table.id == *id) || self.recorded.deletions().any(|route| route.table == *id)
    }

    /// A subnet without an association of its own uses the main table, if it is a subnet of this VPC at all.
    async fn unknown_subnets(
        &self,
        network: &impl NetworkReads,
        selection: &TableSelection,
    ) -> Result<BTreeSet<SubnetId>, Error> {
        let TableSelection::Subnets(subnets) = selection else { return Ok(BTreeSet::new()) };
        let associated: BTreeSet<_> = self.tables.iter().flat_map(|table| &table.subnets).collect();
        let unassociated: BTreeSet<_> = subnets.iter().filter(|subnet| !associated.contains(subnet)).cloned().collect();
        if unassociated.is_empty() {
            return Ok(unassociated);
        }
        let known = network.subnets(self.end, &unassociated).await?;
        Ok(unassociated.difference(&known).cloned().collect())
    }
}
