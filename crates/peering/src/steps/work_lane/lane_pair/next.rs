//! What comes next for a pair in a lane, decided from what is known of it.

use super::LanePair;
use crate::connection::{Connection, ConnectionIdentity, End, Status};
use crate::groups::Work;
use crate::ids::VpcPeeringConnectionId;
use crate::steps::work_lane::acts::Act;

/// For what a pair waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::steps::work_lane) enum Waits {
    /// The lane of the other end has to make the connection, or to record it.
    ForOtherLane,
    /// The connection has to become active.
    ForActive,
}

impl LanePair {
    /// What can be done next, if anything can be now.
    pub(in crate::steps::work_lane) fn next(&self) -> Option<Act> {
        if self.is_over() {
            return None;
        }
        match self.work {
            Work::SetUp => self.next_of_set_up(),
            Work::DeleteRoutes => self.next_deletion(),
            Work::DeleteConnection => {
                let (requester, id) = self.to_delete().filter(|_| self.running == 0)?;
                Some(Act::DeleteConnection(requester, id))
            }
        }
    }

    fn next_of_set_up(&self) -> Option<Act> {
        let is_idle = self.running == 0;
        let Some(Connection { identity, status, .. }) = &self.connection else {
            return (is_idle && self.own.contains_key(&self.requester)).then_some(Act::Create);
        };
        if !self.item.records(&identity.id) {
            return (is_idle && self.own.contains_key(&self.requester)).then_some(Act::Record);
        }
        match status {
            Status::InitiatingRequest | Status::PendingAcceptance => {
                let is_possible = is_idle && !self.too_early && self.own.contains_key(&identity.accepter);
                is_possible.then(|| Act::Accept(identity.clone()))
            }
            _ if self.too_early => None,
            Status::Active if !self.is_intended() => is_idle.then_some(Act::Record),
            Status::Active => match (self.writes.last(), self.dns.last()) {
                (Some(write), _) => Some(Act::CreateRoute(write.clone(), identity.id.clone())),
                // What is stale goes once what takes its place is there.
                (None, _) if self.running > 0 => None,
                (None, Some(end)) if !self.allows_dns(identity, end) => {
                    Some(Act::AllowDns(end.clone(), identity.clone()))
                }
                (None, _) => self.next_deletion(),
            },
            _ => None,
        }
    }

    /// The connection to be deleted: ours as it is seen, or else the recorded one, which may not be visible yet.
    fn to_delete(&self) -> Option<(End, VpcPeeringConnectionId)> {
        let seen = self.connection.as_ref().map(|found| (found.identity.requester.clone(), found.id().clone()));
        seen.or_else(|| Some((self.requester.clone(), self.item.own_connection()?.clone())))
    }

    fn next_deletion(&self) -> Option<Act> {
        let ((end, table), destinations) = self.stale.last_key_value()?;
        Some(Act::DeleteRoutes(end.clone(), table.clone(), destinations.clone()))
    }

    fn is_intended(&self) -> bool {
        self.own.iter().all(|(end, additions)| additions.is_subset(&self.item.routes_at(end)))
    }

    fn allows_dns(&self, identity: &ConnectionIdentity, end: &End) -> bool {
        let allowed = self.connection.as_ref().map(|connection| connection.dns_resolution).unwrap_or_default();
        if identity.requester == *end { allowed.requester } else { allowed.accepter }
    }

    /// Whether nothing is left to be done here.
    pub(in crate::steps::work_lane) fn is_over(&self) -> bool {
        let is_done = match self.work {
            Work::SetUp => {
                let is_active = self.connection.as_ref().is_some_and(|found| found.status == Status::Active);
                is_active && self.is_intended() && self.writes.is_empty() && self.has_dns() && self.stale.is_empty()
            }
            Work::DeleteRoutes => self.stale.is_empty(),
            Work::DeleteConnection => self.to_delete().is_none(),
        };
        self.is_left || (is_done && self.running == 0)
    }

    fn has_dns(&self) -> bool {
        let identity = self.connection.as_ref().map(|connection| &connection.identity);
        identity.is_some_and(|identity| self.dns.iter().all(|end| self.allows_dns(identity, end)))
    }

    /// Whether its request counts for the quota of outstanding ones.
    pub(in crate::steps::work_lane) fn is_outstanding(&self) -> bool {
        let is_requested = |found: &Connection| found.status <= Status::PendingAcceptance;
        !self.is_left && self.own.contains_key(&self.requester) && self.connection.as_ref().is_some_and(is_requested)
    }

    /// For what it waits.
    pub(in crate::steps::work_lane) fn waits(&self) -> Option<Waits> {
        if self.is_over() || self.work != Work::SetUp || self.running > 0 {
            return None;
        }
        let is_own = |end: &End| self.own.contains_key(end);
        match &self.connection {
            None => (!is_own(&self.requester)).then_some(Waits::ForOtherLane),
            Some(found) if !self.item.records(found.id()) => (!is_own(&self.requester)).then_some(Waits::ForOtherLane),
            Some(Connection { status: Status::InitiatingRequest | Status::PendingAcceptance, identity, .. })
                if is_own(&identity.accepter) =>
            {
                self.too_early.then_some(Waits::ForOtherLane)
            }
            Some(found) => (found.status != Status::Active || self.too_early).then_some(Waits::ForActive),
        }
    }
}
