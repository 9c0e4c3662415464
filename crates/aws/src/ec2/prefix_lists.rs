//! Prefix lists, which route tables only name.

use crate::call_errors::call_error;
use crate::convert::parsed;
use crate::ec2::Ec2Network;
use crate::ec2::pages::{FILTER_VALUES, filter};
use ipnet::IpNet;
use isthmus_peering::ids::VpcId;
use isthmus_peering::ports::{CallErrorKind, CallResult, Location};
use isthmus_peering::route_tables::RouteTable;
use std::collections::{BTreeMap, BTreeSet};

/// The owner of the lists of AWS's own services. Their blocks are public.
const AWS: &str = "AWS";
/// EC2's largest page of these.
const PAGE: i32 = 100;

/// A prefix list.
struct PrefixList {
    blocks: Option<Vec<IpNet>>,
    is_v6: bool,
    size: usize,
}

impl Ec2Network {
    /// Fills in the prefix lists of these tables. Only where a table has one is anything read.
    pub(crate) async fn read_prefix_lists(&self, at: &Location, tables: &mut [(VpcId, RouteTable)]) -> CallResult<()> {
        let routes = tables.iter().flat_map(|(_, table)| &table.prefix_lists);
        let ids: BTreeSet<String> = routes.map(|route| route.id.clone()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let lists = match self.prefix_lists(at, &ids).await {
            Err(error) if error.kind == CallErrorKind::Denied => return Ok(()),
            lists => lists?,
        };
        for route in tables.iter_mut().flat_map(|(_, table)| &mut table.prefix_lists) {
            if let Some(list) = lists.get(&route.id) {
                (route.blocks, route.is_v6, route.size) = (list.blocks.clone(), list.is_v6, list.size);
            }
        }
        Ok(())
    }

    async fn prefix_lists(&self, at: &Location, ids: &BTreeSet<String>) -> CallResult<BTreeMap<String, PrefixList>> {
        let (client, action) = (self.accounts.client(at).await, "ec2:DescribeManagedPrefixLists");
        let mut lists = BTreeMap::new();
        for some in ids.iter().collect::<Vec<_>>().chunks(FILTER_VALUES) {
            let filters = vec![filter("prefix-list-id", some.iter().map(|id| id.as_str()))];
            let call = client.describe_managed_prefix_lists().set_filters(Some(filters));
            let pages = call.into_paginator().page_size(PAGE).items().send();
            let found = pages.collect::<Result<Vec<_>, _>>().await.map_err(|error| call_error(action, at, error))?;
            for list in found {
                let Some(id) = list.prefix_list_id() else { continue };
                let blocks = match list.owner_id() == Some(AWS) {
                    true => Some(Vec::new()),
                    false => self.blocks_of_list(at, id).await?,
                };
                // AWS's own lists have no maximum; most count for one route.
                let size = list.max_entries().and_then(|most| usize::try_from(most).ok()).unwrap_or(1);
                let is_v6 = list.address_family() == Some("IPv6");
                lists.insert(id.to_owned(), PrefixList { blocks, is_v6, size });
            }
        }
        Ok(lists)
    }

    /// `None` where its owner doesn't let us read it.
    async fn blocks_of_list(&self, at: &Location, id: &str) -> CallResult<Option<Vec<IpNet>>> {
        let call = self.accounts.client(at).await.get_managed_prefix_list_entries().prefix_list_id(id);
        let pages = call.into_paginator().page_size(PAGE).items().send();
        match pages.collect::<Result<Vec<_>, _>>().await {
            Ok(entries) => Ok(Some(entries.iter().filter_map(|entry| parsed(entry.cidr()?)).collect())),
            Err(error) => match call_error("ec2:GetManagedPrefixListEntries", at, error) {
                error if error.kind == CallErrorKind::Denied => Ok(None),
                error => Err(error),
            },
        }
    }
}
