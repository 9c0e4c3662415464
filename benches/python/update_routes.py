"""`UpdateRoutes`: write the planned routes on both sides, then turn on DNS resolution."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from isthmus import stack
from isthmus.diagnose import diagnose
from isthmus.errors import PeeringPending, QuotaExceeded, RouteConflict, RoutesRemaining, code_of, failure
from isthmus.plan import LIVE, is_gone, is_propagated
from isthmus.report import report, routes_of
from isthmus.vpcs import connection, destination_of, ip_network, route_tables, target_of

ENOUGH_FOR_A_CALL = 22_000  # milliseconds: a call and all its retries
THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "InternalError", "Unavailable", "ServiceUnavailable")
End = dict[str, str]
Change = tuple[End, str, str, str]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    try:
        return update_routes(event, context)
    except (ClientError, BotoCoreError) as error:
        raise failure(error, event["Requester"]) from error


def update_routes(event: dict[str, Any], context: Any) -> dict[str, Any]:
    pcx, sides, warnings = event["VpcPeeringConnectionId"], event["RoutePlan"], event["Warnings"]
    changes, vanished = planned(sides) if event["Attempt"] == 0 else rest(pcx, sides)
    for written, change in enumerate(changes):
        remaining = len(changes) - written
        if context.get_remaining_time_in_millis() < ENOUGH_FOR_A_CALL:
            raise RoutesRemaining(pcx, f"has {remaining} routes remaining to be done")
        try:
            write(pcx, change)
        except (ClientError, BotoCoreError) as error:
            if written and code_of(error) in THROTTLED:
                raise RoutesRemaining(pcx, f"has {remaining} routes remaining to be done") from error
            explain(event, change, error)
    refusals = [refusal for side in ("Requester", "Accepter") if (refusal := allow_dns_resolution(event, side))]
    warnings[:0] = refusals
    if vanished:
        warnings.insert(0, f"deleted under way, so without routes: {', '.join(sorted(vanished))}")
    for side in sides:
        for group in side["Groups"]:
            group["RouteTableIds"] = [table for table in group["RouteTableIds"] if table not in vanished]
    dns_resolution = event["DnsResolution"] and not refusals
    return {"Routes": report(sides, warnings), "DnsResolution": dns_resolution, "Warnings": warnings}


def planned(sides: list[dict[str, Any]]) -> tuple[list[Change], set[str]]:
    every = [(stack.end_of(side), *route) for side in sides for route in routes_of(side)]
    return [change for change in every if change[3] != "Unchanged"], set()


def rest(pcx: str, sides: list[dict[str, Any]]) -> tuple[list[Change], set[str]]:
    """What earlier calls left to be done, and the tables that somebody deleted meanwhile."""
    changes, _ = planned(sides)
    there: dict[str, dict[str, Any]] = {}
    for side in sides:
        end = stack.end_of(side)
        if ids := sorted({table for change_end, table, _, _ in changes if change_end == end}):
            there |= {table["RouteTableId"]: table for table in route_tables(end, ids)}
    missing, conflicts = [], []
    for end, table, destination, _ in changes:
        route = table in there and static_route(there[table], destination)
        if table not in there or (route and route.get("VpcPeeringConnectionId") == pcx):
            continue
        if not route:
            missing.append((end, table, destination, "Created"))
        elif is_dead(end, route):
            missing.append((end, table, destination, "Repaired"))
        else:
            conflicts.append({"RouteTableId": table, "DestinationCidrBlock": destination, "Target": target_of(route)})
    if conflicts:
        raise RouteConflict(conflicts)
    return missing, {table for _, table, _, _ in changes} - there.keys()


def static_route(table: dict[str, Any], destination: str) -> dict[str, Any] | None:
    block = ip_network(destination)
    return next((each for each in table["Routes"] if destination_of(each) == block and not is_propagated(each)), None)


def is_dead(end: End, route: dict[str, Any]) -> bool:
    target = route.get("VpcPeeringConnectionId")
    return bool(target) and route["State"] == "blackhole" and is_gone(end, target, {})


def write(pcx: str, change: Change) -> None:
    end, table, destination, action = change
    ec2 = stack.ec2(end)
    key = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    if action == "Repaired":
        route = route_there(end, table, destination)
        if route and route.get("VpcPeeringConnectionId") == pcx:
            return
        if route and not is_dead(end, route):
            raise in_the_way(change, route)
        if route:
            ec2.delete_route(RouteTableId=table, **{key: destination})
    try:
        ec2.create_route(RouteTableId=table, VpcPeeringConnectionId=pcx, **{key: destination})
    except ClientError as error:
        if code_of(error) != "RouteAlreadyExists":
            raise
        route = route_there(end, table, destination)
        if route is None:
            raise
        if route.get("VpcPeeringConnectionId") != pcx:
            raise in_the_way(change, route) from error


def route_there(end: End, table: str, destination: str) -> dict[str, Any] | None:
    found = route_tables(end, [table])
    return static_route(found[0], destination) if found else None


def in_the_way(change: Change, route: dict[str, Any]) -> RouteConflict:
    _, table, destination, _ = change
    conflict = {"RouteTableId": table, "DestinationCidrBlock": destination, "Target": target_of(route)}
    return RouteConflict([conflict])


def explain(event: dict[str, Any], change: Change, error: ClientError | BotoCoreError) -> None:
    end, table, _, _ = change
    code = code_of(error)
    if code == "RouteLimitExceeded":
        raise QuotaExceeded("Routes per route table", stack.ROUTES_PER_TABLE, RouteTableId=table) from error
    if code in ("InvalidVpcPeeringConnectionID.NotFound", "InvalidRouteTableID.NotFound", "InvalidStateTransition"):
        still_live(event)
        if code == "InvalidRouteTableID.NotFound":
            raise RoutesRemaining(event["VpcPeeringConnectionId"], "has routes remaining to be done") from error
    raise failure(error, end) from error


def still_live(event: dict[str, Any]) -> str:
    found = connection(event["Requester"], event["VpcPeeringConnectionId"])
    if found is None or found["Status"]["Code"] not in LIVE:
        raise diagnose(event["Ends"], event["VpcPeeringConnectionId"], found and found["Status"])
    return found["Status"]["Code"]


def allow_dns_resolution(event: dict[str, Any], side: str) -> str | None:
    """A VPC without DNS hostnames can't be resolved into; the routes work all the same, so that is a warning."""
    if not event["DnsToAllow"][side]:
        return None
    end, pcx = event[side], event["VpcPeeringConnectionId"]
    option = {f"{side}PeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": True}}
    try:
        stack.ec2(end).modify_vpc_peering_connection_options(VpcPeeringConnectionId=pcx, **option)
    except ClientError as error:
        if code_of(error) == "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled":
            advice = "turn on DNS hostnames and DNS support of both VPCs, then run again"
            return f"DNS resolution is off on the side of {end['VpcId']}: {advice}"
        if code_of(error) in ("OperationNotPermitted", "InvalidStateTransition", "InvalidVpcPeeringConnectionID.NotFound"):
            status = still_live(event)
            raise PeeringPending(pcx, f"is still {status}", Status=status) from error
        raise
    return None
