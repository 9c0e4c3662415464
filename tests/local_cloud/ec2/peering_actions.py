"""The peering actions of the EC2 API: reading parameters and writing answers."""

from moto.core.responses import ActionResult
from moto.ec2.responses.vpc_peering_connections import VPCPeeringConnections

from . import errors, listing
from .peering_model import PeeringConnection, filter_values


class PeeringActions(VPCPeeringConnections):
    def create_vpc_peering_connection(self) -> ActionResult:
        tags = self._parse_tag_specification("vpc-peering-connection").get("vpc-peering-connection", {})
        connection = self.ec2_backend.request_peering(
            self._get_param("VpcId"),
            self._get_param("PeerOwnerId") or self.current_account,
            self._get_param("PeerRegion") or self.region,
            self._get_param("PeerVpcId"),
            tags,
        )
        return self._connection_result(connection)

    def accept_vpc_peering_connection(self) -> ActionResult:
        return self._connection_result(self.ec2_backend.accept_vpc_peering_connection(self._connection_id))

    def describe_vpc_peering_connections(self) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcPeeringConnections.html"""
        backend = self.ec2_backend
        found = backend.visible_connections(self._get_param("VpcPeeringConnectionIds", []))
        matching = listing.select(map(backend.describe_connection, found), self._filters_from_querystring(), _known_filter_values)
        items, token = listing.page(matching, self._get_int_param("MaxResults"), self._get_param("NextToken"))
        return ActionResult({"VpcPeeringConnections": items, "NextToken": token})

    def modify_vpc_peering_connection_options(self) -> ActionResult:
        """The answer contains the options of the sides that were sent, and not of the other side."""
        sent = {side: self._get_param(f"{side}PeeringConnectionOptions", {}) or {} for side in ("Accepter", "Requester")}
        connection = self.ec2_backend.modify_vpc_peering_connection_options(
            self._connection_id, sent["Accepter"], sent["Requester"]
        )
        options = {"Accepter": connection.accepter.options, "Requester": connection.requester.options}
        return ActionResult({f"{side}PeeringConnectionOptions": options[side] for side in sent if sent[side]})

    @property
    def _connection_id(self) -> str:
        return self._get_param("VpcPeeringConnectionId")

    def _connection_result(self, connection: PeeringConnection) -> ActionResult:
        return ActionResult({"VpcPeeringConnection": self.ec2_backend.describe_connection(connection)})


def _known_filter_values(description: dict, name: str) -> list[str]:
    values = filter_values(description, name)
    if values is None:
        raise errors.invalid_value(f"The filter '{name}' is invalid")
    return list(values)
