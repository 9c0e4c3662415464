//! What can be read, from memory.

use crate::memory::{Memory, call_error};
use isthmus_peering::connection::{Connection, End, Status, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcPeeringConnectionId};
use isthmus_peering::ports::{CallErrorKind, CallResult, NetworkReads};
use isthmus_peering::route_tables::RouteTable;
use std::collections::BTreeSet;

impl NetworkReads for Memory {
    async fn vpc(&self, end: &End) -> CallResult<Vpc> {
        self.called("vpc").await;
        self.vpcs.borrow().get(end).cloned().ok_or_else(|| call_error(end, CallErrorKind::NoSuchVpc))
    }

    async fn connections_between(&self, end: &End, peer: &End) -> CallResult<Vec<Connection>> {
        self.called("connections_between").await;
        let mut between = self.connections_seen_from(end);
        between.retain(|Connection { identity, .. }| {
            let ids = [&identity.requester, &identity.accepter].map(|end| &end.vpc_id);
            ids.contains(&&end.vpc_id) && ids.contains(&&peer.vpc_id) && self.is_visible(&identity.id)
        });
        Ok(between)
    }

    async fn connections_of(&self, end: &End) -> CallResult<Vec<Connection>> {
        self.called("connections_of").await;
        let mut own = self.connections_seen_from(end);
        own.retain(|c| c.identity.requester == *end || c.identity.accepter == *end);
        Ok(own)
    }

    async fn count_active_peerings(&self, end: &End) -> CallResult<usize> {
        self.called("count_active_peerings").await;
        let joins = |c: &&Connection| c.identity.requester == *end || c.identity.accepter == *end;
        let counts = |c: &&Connection| matches!(c.status, Status::Provisioning | Status::Active);
        Ok(self.connections().iter().filter(joins).filter(counts).count())
    }

    async fn connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<Option<Connection>> {
        self.called("connection").await;
        let found = self.connections_seen_from(end).into_iter().find(|connection| connection.id() == id);
        Ok(found.filter(|connection| self.is_visible(connection.id())))
    }

    async fn has_dns_hostnames(&self, _: &End) -> CallResult<bool> {
        self.called("has_dns_hostnames").await;
        Ok(*self.dns_hostnames.borrow())
    }

    async fn route_tables(&self, end: &End) -> CallResult<Vec<RouteTable>> {
        self.called("route_tables").await;
        Ok(self.tables(end))
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> CallResult<Vec<RouteTable>> {
        self.called("route_tables_by_id").await;
        Ok(self.tables(end).into_iter().filter(|table| ids.contains(&table.id)).collect())
    }

    async fn subnets(&self, _: &End, _: &BTreeSet<SubnetId>) -> CallResult<BTreeSet<SubnetId>> {
        self.called("subnets").await;
        Ok(BTreeSet::new())
    }

    async fn regions(&self, _: &End) -> CallResult<BTreeSet<Region>> {
        self.called("regions").await;
        Ok(BTreeSet::new())
    }
}
