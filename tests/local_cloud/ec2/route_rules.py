"""Routes: what CreateRoute rejects, and when a route is a blackhole."""

from collections.abc import Iterable
from typing import Any

from moto.ec2.exceptions import InvalidDestinationCIDRBlockParameterError
from moto.ec2.models.route_tables import Route, RouteBackend, RouteTable
from moto.ec2.utils import generate_route_id

from . import cidrs, errors
from .listing import as_texts
from .state import clock, settings


class StrictRoute(Route):
    propagated_by: str | None = None
    """The virtual private gateway, or the route server endpoint's network interface, that this route comes from."""
    propagated_as = "EnableVgwRoutePropagation"
    overridden: "StrictRoute | None" = None
    """The propagated route for the same destination, which this static route overrides."""

    @property
    def propagated(self) -> bool:
        return self.propagated_by is not None

    @property
    def gateway_id(self) -> str | None:
        return self.propagated_by or super().gateway_id

    @property
    def destination(self) -> str | None:
        return self.destination_cidr_block or self.destination_ipv6_cidr_block

    @property
    def origin(self) -> str:
        return self.propagated_as if self.propagated else super().origin

    @property
    def state(self) -> str:
        """A route to a connection is a blackhole unless the connection is active.

        "Update your route tables", https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
        """
        if self.vpc_pcx is None or self.vpc_pcx.status(clock.now()).code == "active":  # type: ignore[operator]
            return "active"
        return "blackhole"


class StrictRouteTable(RouteTable):
    """Adds the associations with virtual private gateways, and the filters of DescribeRouteTables, that moto lacks.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
    """

    @property
    def associations(self) -> list[dict[str, Any]]:
        found = super().associations
        for each in found:
            target = self._associations.get(each["RouteTableAssociationId"], "")
            if target.startswith("vgw-"):
                each["GatewayId"] = target
        return found

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        match filter_name:
            case "route.state":
                return [route.state for route in self.routes]
            case "route.origin":
                return [route.origin for route in self.routes]
            case "route.destination-ipv6-cidr-block":
                return [each.destination_ipv6_cidr_block for each in self.routes if each.destination_ipv6_cidr_block]
            case "route.gateway-id":
                return [route.gateway_id for route in self.routes if route.gateway_id]
            case "association.gateway-id":
                return [target for target in self._associations.values() if not target.startswith("subnet-")]
            case "association.subnet-id":
                return [target for target in self._associations.values() if target.startswith("subnet-")]
        return super().get_filter_value(filter_name, method_name)

    def filter_texts(self, filter_name: str) -> Iterable[str]:
        return as_texts(self.get_filter_value(filter_name))


class RouteRules(RouteBackend):
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html"""

    def create_route(
        self,
        route_table_id: str,
        destination_cidr_block: str | None,
        destination_ipv6_cidr_block: str | None = None,
        destination_prefix_list_id: str | None = None,
        local: bool = False,
        **target: Any,
    ) -> Route:
        block = destination_cidr_block or destination_ipv6_cidr_block
        if destination_prefix_list_id and not local:
            prefix_list = self.managed_prefix_lists.get(destination_prefix_list_id)  # type: ignore[attr-defined]
            if prefix_list:
                is_ipv6, entries = prefix_list.address_family == "IPv6", prefix_list.max_entries or 1
                _check_route_quota(self.get_route_table(route_table_id), is_ipv6, entries)
        if local or not block:
            return super().create_route(
                route_table_id,
                destination_cidr_block,
                destination_ipv6_cidr_block,
                destination_prefix_list_id,
                local,
                **target,
            )
        return self._create_static_route(self.get_route_table(route_table_id), _network(block), target)

    def _create_static_route(self, table: RouteTable, block: cidrs.Network, target: dict[str, Any]) -> Route:
        existing = _route_for(table, str(block))
        if existing and not existing.propagated:
            raise errors.route_already_exists(str(block))
        connection_id = target.get("vpc_peering_connection_id")
        if connection_id:
            self._check_connection(table, connection_id)
            _check_not_inside_local(table, block)
        _check_route_quota(table, block.version == 6, 1)
        if existing:
            table._routes.pop(existing.id)
        try:
            route = super().create_route(table.id, *_as_destination(block), **target)
        except Exception:
            if existing:
                table._routes[existing.id] = existing
            raise
        route.overridden = existing  # type: ignore[attr-defined]
        return route

    def delete_route(
        self,
        route_table_id: str,
        destination_cidr_block: str,
        destination_ipv6_cidr_block: str | None = None,
        destination_prefix_list_id: str | None = None,
    ) -> Route:
        """A propagated route can't be deleted. One that the deleted route has overridden is in force again."""
        table = self.get_route_table(route_table_id)
        route = _route_for(table, destination_cidr_block or destination_ipv6_cidr_block or "")
        if route and route.propagated:
            raise errors.invalid_value(f"cannot remove the propagated route {route.destination} in {route_table_id}")
        deleted = super().delete_route(
            route_table_id, destination_cidr_block, destination_ipv6_cidr_block, destination_prefix_list_id
        )
        if route and route.overridden:
            table._routes[route.overridden.id] = route.overridden
        return deleted

    def plant_propagated_route(self, route_table_id: str, destination: str, gateway_id: str, origin: str) -> None:
        """Add a route as a virtual private gateway does, or a VPC Route Server (origin ``Advertisement``).

        A static route for the same destination overrides it.
        """
        table, block = self.get_route_table(route_table_id), cidrs.canonical(destination)
        route = StrictRoute(table, *_as_destination(block))
        route.propagated_by, route.propagated_as = gateway_id, origin
        static = _route_for(table, str(block))
        if static:
            static.overridden = route
        else:
            table._routes[route.id] = route

    def _check_connection(self, table: RouteTable, connection_id: str) -> None:
        """A dead connection is reported as not found; one between other VPCs is rejected.

        Wording of the second: https://github.com/hashicorp/terraform/issues/2185
        """
        connection = self.get_vpc_peering_connection(connection_id)  # type: ignore[attr-defined]
        if not connection.status(clock.now()).is_live:
            raise errors.connection_not_found(connection_id)
        if not connection.has_vpc(table.vpc_id):
            raise errors.invalid_value(f"route table {table.id} and network gateway {connection_id} belong to different networks")


def _check_not_inside_local(table: RouteTable, block: cidrs.Network) -> None:
    """Inside the VPC's own blocks, more specific routes are allowed to middleboxes, not to a peer.

    "Route table concepts", https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html; wording:
    https://github.com/hashicorp/terraform-provider-aws/issues/26018
    """
    own = [cidrs.canonical(route.destination) for route in table.routes if route.local]  # type: ignore[attr-defined]
    if any(cidrs.is_more_specific(block, than=each) for each in own):
        raise errors.invalid_value("Route target is not supported. This route only supports interface and instance targets.")


def _check_route_quota(table: RouteTable, is_ipv6: bool, more: int) -> None:
    """The quota "Routes per route table": IPv4 and IPv6 are counted apart, propagated routes not at all.

    A prefix list counts with its maximum number of entries; one of AWS's own with its weight, which is 1 for most.
    https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
    """
    limit = settings.quotas.routes_per_table
    count = sum(_size(route, is_ipv6) for route in table.routes if not route.propagated)  # type: ignore[attr-defined]
    if count + more > limit:
        raise errors.limit_exceeded("RouteLimitExceeded", limit)


def _size(route: Route, is_ipv6: bool) -> int:
    """How many routes it counts for, of that address family."""
    if route.destination_prefix_list:
        prefix_list = route.destination_prefix_list
        return (prefix_list.max_entries or 1) if (prefix_list.address_family == "IPv6") == is_ipv6 else 0
    return int(bool(route.destination_ipv6_cidr_block) == is_ipv6)


def _route_for(table: RouteTable, destination: str) -> StrictRoute | None:
    return table._routes.get(generate_route_id(table.id, destination))  # type: ignore[return-value]


def _network(block: str) -> cidrs.Network:
    try:
        return cidrs.canonical(block)
    except ValueError:
        raise InvalidDestinationCIDRBlockParameterError(block) from None


def _as_destination(block: cidrs.Network) -> tuple[str | None, str | None]:
    return (str(block), None) if block.version == 4 else (None, str(block))
