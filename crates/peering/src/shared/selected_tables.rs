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

impl Side<'_> {
    /// Leaves out the tables that the owner's own tag doesn't select, whoever asks for them.
    pub(super) async fn keep_to_owner_s_selection(
        &self,
        network: &impl NetworkReads,
        tables: &mut Vec<(&RouteTable, BTreeSet<IpNet>)>,
    ) -> Result<Option<String>, Error> {
        let allowed: BTreeSet<&RouteTableId> = match self.owner_selects {
            TagValue::Absent => return Ok(None),
            TagValue::Invalid => {
                tables.clear();
                let vpc = &self.end.vpc_id;
                return Ok(Some(format!(
                    "isthmus:routes of {vpc} can't be understood: nothing is changed in its tables"
                )));
            }
            TagValue::Valid(selection) => {
                self.existing(network, selection).await?.tables.into_iter().map(|table| &table.id).collect()
            }
        };
        let left_out: Vec<_> = tables.extract_if(.., |(table, _)| !allowed.contains(&table.id)).collect();
        let ids: Vec<&str> = left_out.iter().map(|(table, _)| table.id.as_str()).collect();
        let vpc = &self.end.vpc_id;
        Ok((!ids.is_empty())
            .then(|| format!("the tags of {vpc} don't select {}: no route is written there", ids.join(", "))))
    }

    /// The tables of the request. In an established peering, what it names and can't be had is left out with a warning.
    pub(super) async fn select(&self, network: &impl NetworkReads, established: bool) -> Result<Selected<'_>, Error> {
        if established && (self.is_lenient || self.unknown_tables().is_empty()) {
            return self.existing(network, &self.selection.tables).await;
        }
        if let Some(unknown) = self.unknown_subnets(network, &self.selection.tables).await?.first() {
            let message = format!("{unknown} is not a subnet of {}: name one of its own", self.end.vpc_id);
            return Err(Error::invalid(format!("{}.Subnets", self.field), message));
        }
        let selected = self.selection.tables.pick(self.tables);
        selected.map_err(|error| Error::invalid(format!("{}.{}", self.field, error.key), error.message))
    }

    /// The tables that the request names, and that the VPC neither has nor had when routes of ours were written there: most
    /// likely mistyped.
    pub(super) fn unknown_tables(&self) -> Vec<&RouteTableId> {
        let TableSelection::Ids(ids) = &self.selection.tables else { return Vec::new() };
        let is_known = |id: &RouteTableId| {
            self.tables.iter().any(|table| table.id == *id) || self.recorded.deletions().any(|route| route.table == *id)
        };
        ids.iter().filter(|id| !is_known(id)).collect()
    }

    pub(super) async fn existing(
        &self,
        network: &impl NetworkReads,
        selection: &TableSelection,
    ) -> Result<Selected<'_>, Error> {
        let unknown = self.unknown_subnets(network, selection).await?;
        let TableSelection::Subnets(subnets) = selection else { return Ok(selection.pick_existing(self.tables)) };
        let known = TableSelection::Subnets(subnets.difference(&unknown).cloned().collect());
        let mut selected = known.pick_existing(self.tables);
        let vpc = &self.end.vpc_id;
        selected.warnings.extend(unknown.iter().map(|id| format!("{id} is not a subnet of {vpc}: it was left out")));
        Ok(selected)
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
