//! The port, answered from memory.

use super::{Memory, refused, route};
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, End, Record, Status, Vpc};
use isthmus_peering::ids::{Region, RouteTableId, SubnetId, VpcPeeringConnectionId};
use isthmus_peering::network::{Answer, Network, Refusal, Tags};
use isthmus_peering::tables::{RouteTable, Target};
use std::collections::BTreeSet;

impl Network for Memory {
    async fn vpc(&self, end: &End) -> Answer<Vpc> {
        self.called("vpc");
        self.vpcs.borrow().get(end).cloned().ok_or_else(|| refused(end, Refusal::NoSuchVpc))
    }

    async fn connections_between(&self, end: &End, peer: &End) -> Answer<Vec<Connection>> {
        self.called("connections_between");
        Ok(self.connections().into_iter().filter(|connection| connection.record.joins(end, peer)).collect())
    }

    async fn connections_of(&self, end: &End, (key, value): (&str, &str)) -> Answer<Vec<Connection>> {
        self.called("connections_of");
        let mut own = self.connections();
        own.retain(|c| c.record.requester == *end || c.record.accepter == *end);
        own.retain(|c| c.tags.get(key).map(String::as_str) == Some(value));
        Ok(own)
    }

    async fn peerings_of(&self, end: &End) -> Answer<usize> {
        self.called("peerings_of");
        let joins = |c: &&Connection| c.record.requester == *end || c.record.accepter == *end;
        let counts = |c: &&Connection| matches!(c.status, Status::Provisioning | Status::Active);
        Ok(self.connections().iter().filter(joins).filter(counts).count())
    }

    async fn connection(&self, _: &End, id: &VpcPeeringConnectionId) -> Answer<Option<Connection>> {
        self.called("connection");
        Ok(self.connections().into_iter().find(|connection| connection.id() == id))
    }

    async fn has_dns_names(&self, _: &End) -> Answer<bool> {
        self.called("has_dns_names");
        Ok(*self.dns_names.borrow())
    }

    async fn tag_vpc(&self, end: &End, tags: &Tags) -> Answer<()> {
        self.called("tag_vpc");
        match self.vpcs.borrow_mut().get_mut(end) {
            Some(vpc) => vpc.tags.extend(tags.clone()),
            None => return Err(refused(end, Refusal::NoSuchVpc)),
        }
        Ok(())
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> Answer<()> {
        self.called("untag_vpc");
        match self.vpcs.borrow_mut().get_mut(end) {
            Some(vpc) => vpc.tags.retain(|key, _| !keys.contains(key)),
            None => return Err(refused(end, Refusal::NoSuchVpc)),
        }
        Ok(())
    }

    async fn route_tables(&self, end: &End) -> Answer<Vec<RouteTable>> {
        self.called("route_tables");
        Ok(self.tables(end))
    }

    async fn route_tables_by_id(&self, end: &End, ids: &BTreeSet<RouteTableId>) -> Answer<Vec<RouteTable>> {
        self.called("route_tables_by_id");
        Ok(self.tables(end).into_iter().filter(|table| ids.contains(&table.id)).collect())
    }

    async fn subnets(&self, _: &End, _: &BTreeSet<SubnetId>) -> Answer<BTreeSet<SubnetId>> {
        self.called("subnets");
        Ok(BTreeSet::new())
    }

    async fn regions(&self, _: &End) -> Answer<BTreeSet<Region>> {
        self.called("regions");
        Ok(BTreeSet::new())
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> Answer<Connection> {
        self.called("create_connection");
        let same_direction = |connection: &&Connection| {
            connection.status.is_live()
                && (&connection.record.requester, &connection.record.accepter) == (requester, accepter)
        };
        if let Some(live) = self.connections().iter().find(same_direction) {
            return Ok(live.clone());
        }
        let id = self.add_connection(requester, accepter, Status::PendingAcceptance);
        self.with_connection(requester, &id, |connection| {
            connection.tags = tags.clone();
            Ok(())
        })
    }

    async fn accept_connection(&self, record: &Record) -> Answer<Connection> {
        self.called("accept_connection");
        self.with_connection(&record.accepter, &record.vpc_peering_connection_id, |connection| {
            match connection.status {
                Status::PendingAcceptance => {
                    connection.status = Status::Active;
                    Ok(())
                }
                _ => Err(Refusal::WrongState),
            }
        })
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> Answer<()> {
        self.called("delete_connection");
        let deleted = self.with_connection(end, id, |connection| match connection.status.is_live() {
            true => {
                connection.status = Status::Deleted;
                Ok(())
            }
            false => Err(Refusal::WrongState),
        });
        self.blacken(id);
        deleted.map(drop)
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> Answer<()> {
        self.called("tag_connection");
        let put = |connection: &mut Connection| {
            connection.tags.extend(tags.clone());
            Ok(())
        };
        self.with_connection(end, id, put).map(drop)
    }

    async fn allow_dns_resolution(&self, end: &End, record: &Record) -> Answer<()> {
        self.called("allow_dns_resolution");
        let allow = |connection: &mut Connection| {
            match *end == record.requester {
                true => connection.dns_resolution.requester = true,
                false => connection.dns_resolution.accepter = true,
            }
            Ok(())
        };
        self.with_connection(end, &record.vpc_peering_connection_id, allow).map(drop)
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> Answer<()> {
        self.called("create_route");
        self.with_table(end, table, |table| {
            match table.routes.iter().any(|route| route.destination == destination && !route.propagated) {
                true => Err(Refusal::RouteExists),
                false => {
                    table.routes.push(route(destination, Target::Peering(to.clone())));
                    Ok(())
                }
            }
        })
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> Answer<()> {
        self.called("delete_route");
        self.with_table(end, table, |table| {
            let before = table.routes.len();
            table.routes.retain(|route| route.destination != destination || route.propagated);
            if table.routes.len() == before { Err(Refusal::NoSuchRoute) } else { Ok(()) }
        })
    }
}
