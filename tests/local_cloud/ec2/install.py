"""All patches of moto."""

from collections.abc import Callable
from functools import cache
from typing import Any

from moto import backends
from moto.core import responses
from moto.ec2 import urls
from moto.ec2.models import EC2Backend, ec2_backends, route_tables
from moto.ec2.responses import EC2Response

from .listing_actions import RouteTableActions, VpcActions
from .peering_actions import PeeringActions
from .peering_rules import PeeringRules
from .route_rules import RouteRules, StrictRoute, StrictRouteTable
from .tag_events import TaggingActions
from .tag_lookup import TagLookup
from .vpc_rules import VpcRules


class StrictEC2Response(TaggingActions, PeeringActions, RouteTableActions, VpcActions, EC2Response):
    """The EC2 API: parsing requests and writing answers."""


class StrictEC2Backend(PeeringRules, RouteRules, VpcRules, TagLookup, EC2Backend):
    """The state and rules of EC2 in one account and Region."""

    @property
    def url_bases(self) -> list[str]:
        return urls.url_bases

    @property
    def url_paths(self) -> dict[str, Callable[..., Any]]:
        return {"/": StrictEC2Response.dispatch}


def install() -> None:
    """Must be called before the first EC2 request: moto then creates its backends from these classes."""
    ec2_backends.backend = StrictEC2Backend
    route_tables.Route = StrictRoute  # type: ignore[misc]
    route_tables.RouteTable = StrictRouteTable  # type: ignore[misc]
    # What moto looks up anew for every request, and never changes.
    modules = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: modules
    responses.method_names_from_class = cache(responses.method_names_from_class)
