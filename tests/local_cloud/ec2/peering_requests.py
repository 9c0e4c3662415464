"""Requesting a peering connection: CreateVpcPeeringConnection.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcPeeringConnection.html
"""

from moto.ec2.utils import random_vpc_peering_connection_id

from . import errors, ids, timeline
from .peering_lookup import PeeringLookup, backend_at
from .peering_model import PeeringConnection, Side
from .state import clock, settings
from .tag_lookup import check_lengths


class PeeringRequests(PeeringLookup):
    def request_peering(
        self, vpc_id: str, peer_owner_id: str, peer_region: str, peer_vpc_id: str, tags: dict[str, str]
    ) -> PeeringConnection:
        requester = Side(*self._place, vpc_id, self.get_vpc(vpc_id))  # type: ignore[attr-defined]
        accepter = self._find_accepter(peer_owner_id, peer_region, peer_vpc_id)
        if requester.key == accepter.key:
            # AWS documents no code for this. InvalidParameterValue is its code for values in general.
            raise errors.invalid_value(f"{vpc_id} cannot be peered with itself")
        existing = self._live_connection(requester, accepter)
        if existing:
            # The same id again, and nothing changes: https://github.com/hashicorp/terraform-provider-aws/issues/27750
            return existing
        self._check_outstanding_requests()
        check_lengths(tags)
        return self._add(requester, accepter, tags)

    def _find_accepter(self, owner_id: str, region: str, vpc_id: str) -> Side:
        """A VPC that is missing here, in the caller's account, is an error. If it is elsewhere, the request fails later."""
        ids.check_vpc_id(vpc_id)
        backend = backend_at(owner_id, region)
        vpc = backend.vpcs.get(vpc_id)
        if vpc is None and backend is self:
            raise errors.vpc_not_found(vpc_id)
        return Side(owner_id, region, vpc_id, vpc)

    def _live_connection(self, requester: Side, accepter: Side) -> PeeringConnection | None:
        return next((each for each in self._live() if each.joins(requester, accepter)), None)

    def _check_outstanding_requests(self) -> None:
        """The quota "Outstanding VPC peering connection requests"."""
        limit, now = settings.quotas.outstanding_requests, clock.now()
        mine = [each for each in self._live() if each.requester.place == self._place]
        if sum(each.status(now).code in timeline.WAITING for each in mine) >= limit:
            raise errors.limit_exceeded("OutstandingVpcPeeringConnectionLimitExceeded", limit)

    def _add(self, requester: Side, accepter: Side, tags: dict[str, str]) -> PeeringConnection:
        now = clock.now()
        connection = PeeringConnection(
            id=random_vpc_peering_connection_id(),
            requester=requester,
            accepter=accepter,
            created_at=now,
            visible_to_requester_at=now + settings.requester_visible_after,
            visible_to_accepter_at=now + settings.visible_after,
            timeline=timeline.requested(now, accepter.owner_id, settings.pending_after),
        )
        if accepter.vpc is None or connection.overlaps():
            connection.timeline = timeline.failing(now, accepter.owner_id, settings.pending_after)
        for side in connection.sides:
            backend_at(*side.place).vpc_pcxs[connection.id] = connection
        self.tags[connection.id].update(tags)  # type: ignore[attr-defined]
        return connection
