"""The routes of an execution's output: at most 500, changed ones first."""

from typing import Any

REPORTED = 500


def routes_of(side: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Table, destination and action of every planned route of one side."""
    return [
        (table, destination, group["Action"])
        for group in side["Routes"]
        for table in group["RouteTableIds"]
        for destination in group["Destinations"]
    ]


def report(sides: list[dict[str, Any]], warnings: list[str]) -> list[dict[str, str]]:
    routes = [
        {
            "RouteTableId": table,
            "VpcId": side["VpcId"],
            "Region": side["Region"],
            "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock": destination,
            "Action": action,
        }
        for side in sides
        for table, destination, action in routes_of(side)
    ]
    if len(routes) > REPORTED:
        warning = f"{len(routes)} routes in all, of which Routes lists {REPORTED}: read the tables for the others"
        warnings.insert(0, warning)
        routes.sort(key=lambda route: route["Action"] == "Unchanged")
    return routes[:REPORTED]
