"""Which account may do what to a peering connection, in which Region and status."""

from typing import Any

from . import errors, timeline
from .peering_lookup import backend_at
from .peering_model import PeeringConnection, Side
from .peering_requests import PeeringRequests
from .state import clock, settings


class PeeringRules(PeeringRequests):
    def accept_vpc_peering_connection(self, vpc_pcx_id: str) -> PeeringConnection:  # type: ignore[override]
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html

        Only a request in pending-acceptance can be accepted, so not one that is still initiating.
        """
        connection = self.get_vpc_peering_connection(vpc_pcx_id)
        self._check_is_accepter(connection, "accept", "accepted")
        self._check_status(connection, {"pending-acceptance"}, "provisioning")
        self._check_no_other_connection(connection)
        for side in connection.sides:
            backend_at(*side.place)._check_active_peerings(side.vpc_id)
        now = clock.now()
        connection.timeline.redirect(now, *timeline.accepted(now, settings.provisioning_for))
        return connection

    def reject_vpc_peering_connection(self, vpc_pcx_id: str) -> PeeringConnection:  # type: ignore[override]
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RejectVpcPeeringConnection.html"""
        connection = self.get_vpc_peering_connection(vpc_pcx_id)
        self._check_is_accepter(connection, "reject", "accepted or rejected")
        self._check_status(connection, {"pending-acceptance"}, "rejected")
        now = clock.now()
        connection.timeline.redirect(now, timeline.rejected(now, self._place[0]))
        return connection

    def delete_vpc_peering_connection(self, vpc_pcx_id: str) -> PeeringConnection:  # type: ignore[override]
        """Either owner may delete a connection, from either Region; a request that waits, only the requester's owner.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcPeeringConnection.html
        """
        connection = self.get_vpc_peering_connection(vpc_pcx_id)
        unready = set() if settings.deletes_while_provisioning else {"initiating-request", "provisioning"}
        self._check_status(connection, timeline.LIVE - unready, "deleting")
        waits = connection.status(clock.now()).code in timeline.WAITING
        if waits and self._place[0] != connection.requester.owner_id:
            raise errors.wrong_account(connection.id, self._place[0], "delete")
        self._delete(connection)
        return connection

    def delete_peerings_of(self, vpc_id: str) -> None:
        """Deleting a VPC deletes its peering connections.

        "Delete a VPC peering connection", https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html
        """
        for connection in self._live():
            if connection.has_vpc(vpc_id):
                self._delete(connection)

    def check_no_foreign_request(self, vpc_id: str) -> None:
        """AWS: "You cannot delete a VPC for which you have a pending-acceptance request from a VPC in another account."

        https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html
        """
        now = clock.now()
        for connection in self._live():
            foreign = connection.accepter.vpc_id == vpc_id and not connection.within_one_account
            if foreign and connection.status(now).code == "pending-acceptance":
                raise errors.dependency_violation(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")

    def fail_overlapping_requests(self, vpc_id: str) -> None:
        """A block added to either VPC while the request waits makes the request fail.

        "VPC CIDR blocks", https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
        """
        now = clock.now()
        for connection in self.peerings_of(vpc_id, timeline.WAITING):
            if connection.overlaps():
                connection.timeline.redirect(now, timeline.failed(now))

    def modify_vpc_peering_connection_options(  # type: ignore[override]
        self,
        vpc_pcx_id: str,
        accepter_options: dict[str, Any] | None = None,
        requester_options: dict[str, Any] | None = None,
    ) -> PeeringConnection:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcPeeringConnectionOptions.html"""
        connection = self.get_vpc_peering_connection(vpc_pcx_id)
        if connection.status(clock.now()).code != "active":
            raise errors.options_need_active(connection.id)
        changes = [
            (name, side, options)
            for name, side, options in (
                ("accepter", connection.accepter, accepter_options),
                ("requester", connection.requester, requester_options),
            )
            if options
        ]
        for name, side, options in changes:
            self._check_owns_side(name, side)
            if options.get("AllowDnsResolutionFromRemoteVpc"):
                _check_dns_hostnames(connection)
        for _, side, options in changes:
            side.options.update(options)
        return connection

    def _check_is_accepter(self, connection: PeeringConnection, verb: str, done: str) -> None:
        """The request is accepted by the accepter's owner, in the accepter's Region."""
        accepter = connection.accepter
        if self._place[0] != accepter.owner_id:
            raise errors.wrong_account(connection.id, self._place[0], verb)
        if self._place[1] != accepter.region:
            raise errors.wrong_region(connection.id, self._place[1], accepter.region, done)

    def _check_status(self, connection: PeeringConnection, allowed: frozenset[str] | set[str], target: str) -> None:
        code = connection.status(clock.now()).code
        if code not in allowed:
            raise errors.invalid_transition(connection.id, code, target)

    def _check_no_other_connection(self, connection: PeeringConnection) -> None:
        """The later of two opposite requests can't be accepted, nor can a request opposite to an accepted one.

        https://github.com/hashicorp/terraform-provider-aws/issues/44315
        """
        now = clock.now()
        for other in self._live():
            is_ahead = other.status(now).code in timeline.ACCEPTED or other.created_at < connection.created_at
            if other.reverses(connection) and is_ahead:
                raise errors.connection_already_exists(connection.id)

    def _check_active_peerings(self, vpc_id: str) -> None:
        """The quota "Active VPC peering connections per VPC"."""
        limit = settings.quotas.peerings_per_vpc
        if sum(1 for _ in self.peerings_of(vpc_id, timeline.ACCEPTED)) >= limit:
            raise errors.limit_exceeded("VpcPeeringConnectionsPerVpcLimitExceeded", limit)

    def _check_owns_side(self, name: str, side: Side) -> None:
        if self._place[0] != side.owner_id:
            raise errors.options_of_other_account(self._place[0], name)
        if self._place[1] != side.region:
            raise errors.options_of_other_region(name)

    def _delete(self, connection: PeeringConnection) -> None:
        now = clock.now()
        connection.timeline.redirect(now, *timeline.deleted(now, settings.deleting_for, self._place[0]))


def _check_dns_hostnames(connection: PeeringConnection) -> None:
    for side in connection.sides:
        if not (side.vpc and side.vpc.enable_dns_hostnames and side.vpc.enable_dns_support):
            raise errors.dns_hostnames_disabled(side.vpc_id)
