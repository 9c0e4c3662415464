//! What can be written, in memory.

use crate::VirtualClock;
use crate::memory::connections::TAGS_PER_RESOURCE;
use crate::memory::{Memory, call_error, route};
use ipnet::IpNet;
use isthmus_peering::connection::{Connection, ConnectionIdentity, End, Status};
use isthmus_peering::error::Quota;
use isthmus_peering::ids::{RouteTableId, VpcId, VpcPeeringConnectionId};
use isthmus_peering::ports::Clock;
use isthmus_peering::ports::{CallErrorKind, CallResult, Location, NetworkWrites};
use isthmus_peering::route_tables::Target;
use isthmus_peering::tags::Tags;
use std::collections::BTreeSet;

impl Memory {
    fn put_vpc_tags(&self, end: &End, tags: &Tags) -> CallResult<()> {
        match self.vpcs.borrow_mut().get_mut(end) {
            Some(vpc) => {
                let keys: BTreeSet<&String> = vpc.tags.keys().chain(tags.keys()).collect();
                if keys.len() > TAGS_PER_RESOURCE {
                    return Err(call_error(end, CallErrorKind::TooManyTags));
                }
                vpc.tags.extend(tags.clone());
            }
            None => return Err(call_error(end, CallErrorKind::NoSuchVpc)),
        }
        Ok(())
    }

    fn take_vpc_tags(&self, end: &End, keys: &BTreeSet<String>) -> CallResult<()> {
        match self.vpcs.borrow_mut().get_mut(end) {
            Some(vpc) => vpc.tags.retain(|key, _| !keys.contains(key)),
            None => return Err(call_error(end, CallErrorKind::NoSuchVpc)),
        }
        Ok(())
    }
}

impl NetworkWrites for Memory {
    async fn tag_vpc(&self, end: &End, tags: &Tags) -> CallResult<()> {
        self.called("tag_vpc").await;
        self.put_vpc_tags(end, tags)
    }

    async fn tag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, tags: &Tags) -> CallResult<()> {
        self.called("tag_vpcs").await;
        ids.iter().try_for_each(|id| self.put_vpc_tags(&at.end(id.clone()), tags))
    }

    async fn untag_vpc(&self, end: &End, keys: &BTreeSet<String>) -> CallResult<()> {
        self.called("untag_vpc").await;
        self.take_vpc_tags(end, keys)
    }

    async fn untag_vpcs(&self, at: &Location, ids: &BTreeSet<VpcId>, keys: &BTreeSet<String>) -> CallResult<()> {
        self.called("untag_vpcs").await;
        ids.iter().try_for_each(|id| self.take_vpc_tags(&at.end(id.clone()), keys))
    }

    async fn create_connection(&self, requester: &End, accepter: &End, tags: &Tags) -> CallResult<Connection> {
        self.called("create_connection").await;
        let same_direction = |connection: &&Connection| {
            connection.status.is_live()
                && (&connection.identity.requester, &connection.identity.accepter) == (requester, accepter)
        };
        if let Some(live) = self.connections().iter().find(same_direction) {
            return Ok(live.clone());
        }
        let other = self.other_requester.take();
        let id = self.add_connection(other.as_ref().unwrap_or(requester), accepter, Status::PendingAcceptance);
        self.invisible.borrow_mut().insert(id.clone(), *self.invisible_for.borrow());
        self.with_connection(requester, &id, |connection| {
            connection.tags = tags.clone();
            Ok(())
        })
    }

    async fn accept_connection(&self, record: &ConnectionIdentity) -> CallResult<Connection> {
        self.called("accept_connection").await;
        if self.full.borrow().contains(&record.accepter) {
            return Err(call_error(&record.accepter, CallErrorKind::Quota(Quota::ActivePeeringsPerVpc)));
        }
        self.with_connection(&record.accepter, &record.id, |connection| match connection.status {
            Status::PendingAcceptance => {
                let wait = self.provisioning_for.get();
                connection.status = if wait.is_zero() { Status::Active } else { Status::Provisioning };
                if !wait.is_zero() {
                    self.active_at.borrow_mut().insert(record.id.clone(), VirtualClock.now() + wait);
                }
                Ok(())
            }
            _ => Err(CallErrorKind::WrongState),
        })
    }

    async fn delete_connection(&self, end: &End, id: &VpcPeeringConnectionId) -> CallResult<()> {
        self.called("delete_connection").await;
        if !self.is_visible(id) {
            return Err(call_error(end, CallErrorKind::NoSuchConnection));
        }
        let deleted = self.with_connection(end, id, |connection| match connection.status.is_live() {
            true => {
                connection.status = Status::Deleted;
                Ok(())
            }
            false => Err(CallErrorKind::WrongState),
        });
        self.blacken(id);
        deleted.map(drop)
    }

    async fn tag_connection(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> CallResult<()> {
        self.called("tag_connection").await;
        let is_accepter = |connection: &Connection| connection.id() == id && connection.identity.accepter == *end;
        if self.denies_accepter_tags.get() && self.connections.borrow().iter().any(is_accepter) {
            return Err(call_error(end, CallErrorKind::Denied));
        }
        self.put_tags(end, id, tags)
    }

    async fn allow_dns_resolution(&self, end: &End, record: &ConnectionIdentity) -> CallResult<()> {
        self.called("allow_dns_resolution").await;
        if !*self.dns_hostnames.borrow() {
            return Err(call_error(end, CallErrorKind::DnsUnavailable));
        }
        let allow = |connection: &mut Connection| {
            match *end == record.requester {
                true => connection.dns_resolution.requester = true,
                false => connection.dns_resolution.accepter = true,
            }
            Ok(())
        };
        self.with_connection(end, &record.id, allow).map(drop)
    }

    async fn create_route(
        &self,
        end: &End,
        table: &RouteTableId,
        destination: IpNet,
        to: &VpcPeeringConnectionId,
    ) -> CallResult<()> {
        self.called("create_route").await;
        self.with_table(end, table, |table| {
            match table.routes.iter().any(|route| route.destination == destination && !route.propagated) {
                true => Err(CallErrorKind::RouteExists),
                false => {
                    table.routes.push(route(destination, Target::Peering(to.clone())));
                    Ok(())
                }
            }
        })
    }

    async fn delete_route(&self, end: &End, table: &RouteTableId, destination: IpNet) -> CallResult<()> {
        self.called("delete_route").await;
        self.with_table(end, table, |table| {
            let before = table.routes.len();
            table.routes.retain(|route| route.destination != destination || route.propagated);
            if table.routes.len() == before { Err(CallErrorKind::NoSuchRoute) } else { Ok(()) }
        })
    }
}
