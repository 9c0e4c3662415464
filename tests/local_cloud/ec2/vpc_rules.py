"""VPCs: address blocks and deletion, where they concern peering."""

from typing import Any

from moto.ec2.models.vpcs import VPC, VPCBackend

from . import cidrs, errors, ids, timeline


class VpcRules(VPCBackend):
    def get_vpc(self, vpc_id: str) -> VPC:
        ids.check_vpc_id(vpc_id)
        return super().get_vpc(vpc_id)

    def describe_vpcs(self, vpc_ids: list[str] | None = None, filters: Any = None) -> list[VPC]:
        if vpc_ids:
            return [self.get_vpc(each) for each in dict.fromkeys(vpc_ids)]
        return super().describe_vpcs(filters=filters)

    def delete_vpc(self, vpc_id: str) -> VPC:
        self.get_vpc(vpc_id)
        self.check_no_foreign_request(vpc_id)  # type: ignore[attr-defined]
        vpc = super().delete_vpc(vpc_id)
        self.delete_peerings_of(vpc_id)  # type: ignore[attr-defined]
        return vpc

    def associate_vpc_cidr_block(self, vpc_id: str, cidr_block: str, amazon_provided_ipv6_cidr_block: bool) -> dict[str, Any]:
        if cidr_block:
            self._check_against_peers(vpc_id, cidr_block)
        association = super().associate_vpc_cidr_block(vpc_id, cidr_block, amazon_provided_ipv6_cidr_block)
        self.fail_overlapping_requests(vpc_id)  # type: ignore[attr-defined]
        return association

    def associate_ipv6_pool_block(self, vpc_id: str, block: str, pool: str) -> dict[str, Any]:
        """A block from the account's own address pool: the only way to choose an IPv6 block, and so to have two that overlap.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateVpcCidrBlock.html
        """
        self._check_against_peers(vpc_id, block)
        association = self.get_vpc(vpc_id).associate_vpc_cidr_block("", amazon_provided_ipv6_cidr_block=True)
        association |= {"cidr_block": block, "ipv6_pool": pool}
        for table in self.route_tables.values():  # type: ignore[attr-defined]
            if table.vpc_id == vpc_id:
                self.create_route(table.id, None, destination_ipv6_cidr_block=block, local=True)  # type: ignore[attr-defined]
        self.fail_overlapping_requests(vpc_id)  # type: ignore[attr-defined]
        return association

    def _check_against_peers(self, vpc_id: str, block: str) -> None:
        """A block that overlaps an active peer's is rejected. AWS documents this, but no error code for it.

        "VPC CIDR blocks", https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
        """
        added = [cidrs.canonical(block)]
        for connection in self.peerings_of(vpc_id, timeline.ACCEPTED):  # type: ignore[attr-defined]
            if cidrs.overlap(added, connection.other_side(vpc_id).blocks()):
                raise errors.invalid_range(block, connection.id)
