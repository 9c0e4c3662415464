"""Plans the routes in the tables of one VPC, before anything is written."""

from typing import Any

from isthmus import stack
from isthmus.errors import InvalidRequest
from isthmus.vpcs import connection, destination_of, target_of

LIVE = ("initiating-request", "pending-acceptance", "provisioning", "active")
End = dict[str, str]


class Plan:
    """The planned routes of one side: `routes` maps (table, destination) to an action."""

    def __init__(self, end: End) -> None:
        self.end = end
        self.routes: dict[tuple[str, Any], str] = {}
        self.conflicts: list[dict[str, str]] = []
        self.full: list[str] = []
        self.warnings: list[str] = []

    def as_json(self) -> dict[str, Any]:
        """Tables that get the same routes are grouped, so that the plan is small."""
        by_table: dict[tuple[str, str], list[str]] = {}
        for (table, destination), action in self.routes.items():
            by_table.setdefault((table, action), []).append(str(destination))
        groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for (table, action), destinations in by_table.items():
            groups.setdefault((action, tuple(destinations)), []).append(table)
        return self.end | {
            "Routes": [
                {"Action": action, "Destinations": list(destinations), "RouteTableIds": tables}
                for (action, destinations), tables in groups.items()
            ]
        }


def destinations(field: str, selection: dict[str, Any], other: End, blocks: list[Any]) -> list[Any]:
    """The destinations to route: those of the selection, which must be inside the other VPC, or all its blocks."""
    selected = selection.get("Destinations")
    if selected is None:
        return blocks
    for destination in selected:
        if not any(block.version == destination.version and destination.subnet_of(block) for block in blocks):
            listed = ", ".join(str(block) for block in blocks)
            message = f"{destination} is not inside {other['VpcId']}: its blocks are {listed}"
            raise InvalidRequest(f"{field}.Destinations", message)
    return selected


def select(field: str, selection: dict[str, Any], end: End, tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The selected tables."""
    main = [table for table in tables if any(each.get("Main") for each in table["Associations"])]
    if "TableTags" in selection:
        required = selection["TableTags"].items()
        return [table for table in tables if required <= stack.tags_of(table).items()]
    if "Subnets" in selection:
        return _used_by(field, selection["Subnets"], end, tables, main)
    match selection.get("Tables", "all"):
        case "all":
            return tables
        case "main":
            return main
        case "none":
            return []
        case ids:
            return [_by_id(field, table_id, tables) for table_id in dict.fromkeys(ids)]


def _by_id(field: str, table_id: str, tables: list[dict[str, Any]]) -> dict[str, Any]:
    for table in tables:
        if table["RouteTableId"] == table_id:
            if is_edge(table):
                raise InvalidRequest(f"{field}.Tables", f"{edge_warning(table_id)}; name another table")
            return table
    raise InvalidRequest(f"{field}.Tables", f"{table_id} is not a route table of that VPC: name one of its own")


def _used_by(field: str, subnets: list[str], end: End, tables: list[Any], main: list[Any]) -> list[dict[str, Any]]:
    of = {each["SubnetId"]: table for table in tables for each in table["Associations"] if "SubnetId" in each}
    if unassociated := [subnet for subnet in subnets if subnet not in of]:
        filters = [{"Name": "vpc-id", "Values": [end["VpcId"]]}, {"Name": "subnet-id", "Values": unassociated}]
        pages = stack.ec2(end).get_paginator("describe_subnets").paginate(Filters=filters)
        known = {subnet["SubnetId"] for page in pages for subnet in page["Subnets"]}
        for subnet in unassociated:
            if subnet not in known:
                message = f"{subnet} is not a subnet of {end['VpcId']}: name one of its own"
                raise InvalidRequest(f"{field}.Subnets", message)
    used = {table["RouteTableId"] for subnet in subnets for table in ([of[subnet]] if subnet in of else main)}
    return [table for table in tables if table["RouteTableId"] in used]


def is_edge(table: dict[str, Any]) -> bool:
    return any(each.get("GatewayId") for each in table["Associations"])


def edge_warning(table_id: str) -> str:
    return f"{table_id} is a gateway route table, which can't hold a route to a peering connection"


def plan(end: End, tables: list[dict[str, Any]], desired: list[Any], pcx: str | None, statuses: dict[str, str]) -> Plan:
    """Plans every desired route. `statuses` are those of the connections that have been read already."""
    made = Plan(end)
    for table in tables:
        if is_edge(table):
            made.warnings.append(edge_warning(table["RouteTableId"]))
            continue
        routes = [(destination_of(route), route) for route in table["Routes"] if destination_of(route)]
        added = [block for block in desired if _decide(made, table["RouteTableId"], block, routes, pcx, statuses) == "Created"]
        _check_quota(made, table["RouteTableId"], routes, added)
    return made


def _decide(made: Plan, table: str, block: Any, routes: list[Any], pcx: str | None, statuses: dict[str, str]) -> str:
    there = [route for destination, route in routes if destination == block]
    there.sort(key=is_propagated)  # a static route has priority
    action = "Created"
    if there and not is_propagated(there[0]):
        target = there[0].get("VpcPeeringConnectionId")
        if target and target == pcx:
            action = "Unchanged"
        elif target and there[0]["State"] == "blackhole" and is_gone(made.end, target, statuses):
            action = "Repaired"
        else:
            conflict = {"RouteTableId": table, "DestinationCidrBlock": str(block), "Target": target_of(there[0])}
            made.conflicts.append(conflict)
            return "Conflict"
    for destination, route in routes:
        if pcx and route.get("VpcPeeringConnectionId") == pcx:
            continue
        if destination == block and is_propagated(route):
            made.warnings.append(f"{table}: the route to {block} overrides one propagated by {target_of(route)}")
        elif destination != block and destination.version == block.version and destination.subnet_of(block):
            drops = ", a blackhole" if route["State"] == "blackhole" else ""
            shadow = f"{table}: the more specific route {destination} to {target_of(route)}{drops} shadows part of {block}"
            made.warnings.append(shadow)
    made.routes[table, block] = action
    return action


def is_propagated(route: dict[str, Any]) -> bool:
    return route.get("Origin") == "EnableVgwRoutePropagation"


def is_gone(end: End, pcx: str, statuses: dict[str, str]) -> bool:
    """Whether the target of a blackhole no longer exists. A pending connection does."""
    if pcx not in statuses:
        found = connection(end, pcx)
        statuses[pcx] = found["Status"]["Code"] if found else "deleted"
    return statuses[pcx] not in LIVE


def _check_quota(made: Plan, table: str, routes: list[Any], added: list[Any]) -> None:
    for version in (4, 6):
        new = [block for block in added if block.version == version]
        existing = [1 for destination, route in routes if destination.version == version and not is_propagated(route)]
        total, limit = len(existing) + len(new), stack.ROUTES_PER_TABLE
        if new and total > limit:
            made.full.append(table)
        elif new and total * 10 >= limit * 9:
            made.warnings.append(f"{table}: {total} of the {limit} IPv{version} routes that its quota allows")
