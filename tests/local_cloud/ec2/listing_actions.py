"""DescribeVpcs and DescribeRouteTables with AWS's pages and filters, and IPv6 blocks that the caller chooses."""

from moto.core.responses import ActionResult
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses.route_tables import RouteTables
from moto.ec2.responses.vpcs import VPCs

from . import listing
from .route_rules import StrictRouteTable

LARGEST_PAGE_OF_TABLES = 100


class VpcActions(VPCs):
    def describe_vpcs(self) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html"""
        self.error_on_dryrun()
        vpcs = self.ec2_backend.describe_vpcs(vpc_ids=self._get_param("VpcIds", []))
        matching = listing.select(vpcs, self._filters_from_querystring(), _vpc_filter_texts)
        items, token = listing.page(matching, self._get_int_param("MaxResults"), self._get_param("NextToken"))
        return ActionResult({"Vpcs": items, "NextToken": token})

    def associate_vpc_cidr_block(self) -> ActionResult:
        block = self._get_param("Ipv6CidrBlock")
        if not block:
            return super().associate_vpc_cidr_block()
        vpc_id, pool = self._get_param("VpcId"), self._get_param("Ipv6Pool")
        association = self.ec2_backend.associate_ipv6_pool_block(vpc_id, block, pool)
        result = {
            "AssociationId": association["association_id"],
            "Ipv6CidrBlock": block,
            "Ipv6CidrBlockState": {"State": "associating"},
            "Ipv6Pool": pool,
        }
        return ActionResult({"VpcId": vpc_id, "Ipv6CidrBlockAssociation": result})


class RouteTableActions(RouteTables):
    def describe_route_tables(self) -> ActionResult:
        """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html"""
        tables = self.ec2_backend.describe_route_tables(self._get_param("RouteTableIds", []))
        matching = listing.select(tables, self._filters_from_querystring(), StrictRouteTable.filter_texts)
        size, token = self._get_int_param("MaxResults"), self._get_param("NextToken")
        items, token = listing.page(matching, size, token, LARGEST_PAGE_OF_TABLES)
        return ActionResult({"RouteTables": items, "NextToken": token})


def _vpc_filter_texts(vpc: VPC, name: str) -> list[str]:
    return listing.as_texts(vpc.get_filter_value(name))
