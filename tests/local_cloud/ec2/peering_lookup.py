"""Finding peering connections, only those that the caller may see."""

from collections.abc import Iterator, Sequence
from typing import Any

from moto.ec2.models.vpc_peering_connections import VPCPeeringConnectionBackend

from . import errors, ids
from .peering_model import PeeringConnection, Place
from .state import clock, settings


class PeeringLookup(VPCPeeringConnectionBackend):
    """One account's peering connections in one Region. The backends of both sides have the same connection object."""

    def get_vpc_peering_connection(self, vpc_pcx_id: str) -> PeeringConnection:  # type: ignore[override]
        ids.check_connection_id(vpc_pcx_id)
        connection = self.vpc_pcxs.get(vpc_pcx_id)
        if connection is None or not connection.is_visible_in(self._place, clock.now()):  # type: ignore[attr-defined]
            if connection is not None and settings.denied_while_invisible:
                raise errors.unauthorized()
            raise errors.connection_not_found(vpc_pcx_id)
        return connection  # type: ignore[return-value]

    def visible_connections(self, connection_ids: Sequence[str]) -> list[PeeringConnection]:
        if connection_ids:
            return [self.get_vpc_peering_connection(each) for each in connection_ids]
        now = clock.now()
        return [each for each in self._connections() if each.is_visible_in(self._place, now)]

    def describe_connection(self, connection: PeeringConnection) -> dict[str, Any]:
        """As seen from here: tags "are not visible to the owner of the other VPC" nor in another Region.

        https://docs.aws.amazon.com/vpc/latest/peering/create-vpc-peering-connection.html
        """
        described = connection.describe(clock.now(), self.tags.get(connection.id, {}))  # type: ignore[attr-defined]
        if settings.hides_other_options:
            for name, side in (("Requester", connection.requester), ("Accepter", connection.accepter)):
                if side.place != self._place:
                    described[f"{name}VpcInfo"].pop("PeeringOptions", None)
        return described

    def peerings_of(self, vpc_id: str, codes: frozenset[str]) -> Iterator[PeeringConnection]:
        now = clock.now()
        return (each for each in self._connections() if each.has_vpc(vpc_id) and each.status(now).code in codes)

    @property
    def _place(self) -> Place:
        return self.account_id, self.region_name  # type: ignore[attr-defined]

    def _connections(self) -> list[PeeringConnection]:
        return list(self.vpc_pcxs.values())  # type: ignore[arg-type]

    def _live(self) -> list[PeeringConnection]:
        now = clock.now()
        return [each for each in self._connections() if each.status(now).is_live]


def backend_at(account: str, region: str) -> Any:
    """moto's EC2 of an account and a Region."""
    from moto.ec2.models import ec2_backends

    try:
        return ec2_backends[account][region]
    except KeyError:
        raise errors.invalid_value(f"Invalid value '{region}' for the Region") from None
