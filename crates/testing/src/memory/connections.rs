//! The connections in memory, and the tags that each side gives them.

use crate::VirtualClock;
use crate::memory::{Memory, call_error, parse};
use isthmus_peering::connection::{Connection, ConnectionIdentity, DnsSides, End, Status};
use isthmus_peering::ids::VpcPeeringConnectionId;
use isthmus_peering::ports::Clock;
use isthmus_peering::ports::{CallErrorKind, CallResult, Location};
use isthmus_peering::route_tables::Target;
use isthmus_peering::tags::Tags;
use std::collections::BTreeSet;
use std::time::Duration;

/// AWS's limit.
pub(super) const TAGS_PER_RESOURCE: usize = 50;

impl Memory {
    /// Deletes a connection by hand: its routes turn to blackholes.
    pub fn delete(&self, connection: &Connection) {
        for known in self.connections.borrow_mut().iter_mut().filter(|known| known.id() == connection.id()) {
            known.status = Status::Deleted;
        }
        self.blacken(connection.id());
    }

    pub(super) fn blacken(&self, id: &VpcPeeringConnectionId) {
        for table in self.tables.borrow_mut().values_mut().flatten() {
            for route in &mut table.routes {
                route.blackhole |= route.target == Target::Peering(id.clone());
            }
        }
    }

    /// Sets the status of every live connection.
    pub fn set_status(&self, status: Status) {
        for connection in self.connections.borrow_mut().iter_mut().filter(|connection| connection.status.is_live()) {
            connection.status = status;
        }
    }

    /// Shows every connection as active that there ever was: EC2 may do so for a while.
    pub fn show_all_as_active(&self) {
        self.connections.borrow_mut().iter_mut().for_each(|connection| connection.status = Status::Active);
    }

    /// Adds a connection that somebody else made.
    pub fn add_connection(&self, requester: &End, accepter: &End, status: Status) -> VpcPeeringConnectionId {
        let number = self.connections.borrow().len();
        let id: VpcPeeringConnectionId = parse(&format!("pcx-{number:08x}"));
        self.connections.borrow_mut().push(Connection {
            identity: ConnectionIdentity { id: id.clone(), requester: requester.clone(), accepter: accepter.clone() },
            status,
            status_message: format!("is {status}"),
            tags: Tags::new(),
            dns_resolution: DnsSides::default(),
            cidr_blocks: [Vec::new(), Vec::new()],
            expires_at: None,
        });
        id
    }

    /// Answers the next creation with a connection of another requester.
    pub fn answer_creation_with(&self, requester: &End) {
        self.other_requester.replace(Some(requester.clone()));
    }

    /// Makes new connections invisible to their requester for so many calls: EC2 is eventually consistent there too.
    pub fn hide_new_connections(&self, calls: usize) {
        self.invisible_for.replace(calls);
    }

    /// Lets connections be provisioning for so long, in virtual time.
    pub fn provision_for(&self, time: Duration) {
        self.provisioning_for.set(time);
    }

    /// Those that have been provisioning for long enough.
    pub(super) fn activate(&self) {
        let now = VirtualClock.now();
        let due: Vec<VpcPeeringConnectionId> =
            self.active_at.borrow_mut().extract_if(.., |_, at| *at <= now).map(|(id, _)| id).collect();
        if due.is_empty() {
            return;
        }
        let due: BTreeSet<VpcPeeringConnectionId> = due.into_iter().collect();
        for connection in self.connections.borrow_mut().iter_mut().filter(|found| due.contains(found.id())) {
            if connection.status == Status::Provisioning {
                connection.status = Status::Active;
            }
        }
    }

    /// Lets that VPC accept no connection: its quota is used up.
    pub fn refuse_acceptances(&self, end: &End) {
        self.full.borrow_mut().insert(end.clone());
    }

    /// Lets every VPC accept connections again.
    pub fn allow_acceptances(&self) {
        self.full.borrow_mut().clear();
    }

    /// Denies to tag the accepter's side of connections.
    pub fn deny_accepter_tags(&self) {
        self.denies_accepter_tags.set(true);
    }

    /// Puts a tag on that end's side of a connection, as its owner.
    pub fn tag_side(&self, end: &End, id: &VpcPeeringConnectionId, key: &str, value: &str) {
        let tags = Tags::from([(key.to_owned(), value.to_owned())]);
        self.put_tags(end, id, &tags).expect("the connection");
    }

    /// Takes all tags off all connections, on both sides.
    pub fn clear_connection_tags(&self) {
        self.accepter_tags.borrow_mut().clear();
        for connection in self.connections.borrow_mut().iter_mut() {
            connection.tags.clear();
        }
    }

    /// Every connection there is or was, as that end sees it.
    pub fn connections_seen_from(&self, end: &End) -> Vec<Connection> {
        self.connections().into_iter().map(|connection| self.seen_from(end, connection)).collect()
    }

    pub(super) fn seen_from(&self, end: &End, mut connection: Connection) -> Connection {
        if Location::from(end) != Location::from(&connection.identity.requester) {
            connection.tags = self.accepter_tags.borrow().get(connection.id()).cloned().unwrap_or_default();
        }
        if connection.status == Status::Active {
            let vpcs = self.vpcs.borrow();
            let blocks = |end: &End| vpcs.get(end).map(|vpc| vpc.cidr_blocks.clone()).unwrap_or_default();
            connection.cidr_blocks = [blocks(&connection.identity.requester), blocks(&connection.identity.accepter)];
        }
        connection
    }

    /// Whether a call finds the connection; counts the calls that don't.
    pub(super) fn is_visible(&self, id: &VpcPeeringConnectionId) -> bool {
        match self.invisible.borrow_mut().get_mut(id) {
            Some(calls) if *calls > 0 => {
                *calls -= 1;
                false
            }
            _ => true,
        }
    }

    pub(super) fn put_tags(&self, end: &End, id: &VpcPeeringConnectionId, tags: &Tags) -> CallResult<()> {
        let requester = self.with_connection(end, id, |_| Ok(()))?.identity.requester;
        let put = |known: &mut Tags| {
            let keys: BTreeSet<&String> = known.keys().chain(tags.keys()).collect();
            match keys.len() > TAGS_PER_RESOURCE {
                true => Err(CallErrorKind::TooManyTags),
                false => {
                    known.extend(tags.clone());
                    Ok(())
                }
            }
        };
        match Location::from(end) == Location::from(&requester) {
            true => self.with_connection(end, id, |connection| put(&mut connection.tags)).map(drop),
            false => {
                let mut all = self.accepter_tags.borrow_mut();
                put(all.entry(id.clone()).or_default()).map_err(|kind| call_error(end, kind))
            }
        }
    }

    /// Every connection there is or was, as its requester sees it.
    pub fn connections(&self) -> Vec<Connection> {
        self.connections.borrow().clone()
    }

    pub(super) fn with_connection(
        &self,
        end: &End,
        id: &VpcPeeringConnectionId,
        change: impl FnOnce(&mut Connection) -> Result<(), CallErrorKind>,
    ) -> CallResult<Connection> {
        let mut connections = self.connections.borrow_mut();
        match connections.iter_mut().find(|connection| connection.id() == id) {
            Some(connection) => change(connection).map(|()| connection.clone()).map_err(|kind| call_error(end, kind)),
            None => Err(call_error(end, CallErrorKind::NoSuchConnection)),
        }
    }
}
