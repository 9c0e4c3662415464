"""`UpdateRoutes`: writes the planned routes on both sides, then turns on DNS resolution."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from isthmus import ledger, stack
from isthmus import peering as peerings
from isthmus.diagnose import diagnose
from isthmus.errors import PeeringPending, QuotaExceeded, RouteConflict, RoutesRemaining, code_of, failure
from isthmus.peering import Peering
from isthmus.plan import LIVE, is_gone, is_propagated
from isthmus.report import routes_of
from isthmus.vpcs import connection, destination_of, ip_network, route_tables, target_of

ENOUGH_FOR_A_CALL = 22_000  # milliseconds: a call and all its retries
THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException", "InternalError", "Unavailable", "ServiceUnavailable")
End = dict[str, str]
Change = tuple[End, str, str, str]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    stack.check_time("UpdateRoutes", event["Started"])
    peering, execution = event["Peering"], event["Execution"]
    pair, sides = ledger.pair_of(peerings.ends(peering)), peerings.in_request_order(peering)
    if not ledger.has_ended(item := ledger.read(pair), execution):
        item = ledger.intend(pair, execution, ledger.connection_of(peering), sides, item)
        try:
            update_routes(peering, event["Attempt"], context)
        except (ClientError, BotoCoreError) as error:
            raise failure(error, stack.end_of(peering["Requester"])) from error
        ledger.complete(pair, execution, peering, sides, item)
    return {"Output": peerings.output(peering, "active"), "Resources": []}


def update_routes(peering: Peering, attempt: int, context: Any) -> None:
    """Writes what is planned, and enters into `peering` what has changed."""
    pcx, sides = peering["VpcPeeringConnectionId"], peerings.in_request_order(peering)
    changes, deleted = planned(sides) if attempt == 0 else remaining_routes(pcx, sides)
    for written, change in enumerate(changes):
        remaining = len(changes) - written
        if context.get_remaining_time_in_millis() < ENOUGH_FOR_A_CALL:
            raise RoutesRemaining(pcx, f"has {remaining} routes remaining to be done")
        try:
            write(pcx, change)
        except (ClientError, BotoCoreError) as error:
            if written and code_of(error) in THROTTLED:
                raise RoutesRemaining(pcx, f"has {remaining} routes remaining to be done") from error
            explain(peering, change, error)
    off = [warning for side in peerings.SIDES if (warning := allow_dns_resolution(peering, side))]
    tables = [f"deleted during the execution, so without routes: {', '.join(sorted(deleted))}"] if deleted else []
    peering["Warnings"] = [*tables, *off, *peering["Warnings"]]
    peering["DnsResolution"] = peering["DnsResolution"] and not off
    for side in sides:
        for group in side["Routes"]:
            group["RouteTableIds"] = [table for table in group["RouteTableIds"] if table not in deleted]


def planned(sides: list[dict[str, Any]]) -> tuple[list[Change], set[str]]:
    every = [(stack.end_of(side), *route) for side in sides for route in routes_of(side)]
    return [change for change in every if change[3] != "Unchanged"], set()


def remaining_routes(pcx: str, sides: list[dict[str, Any]]) -> tuple[list[Change], set[str]]:
    """The routes that earlier calls did not write, and the tables that were deleted in the meantime."""
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
        elif is_stale(end, route):
            missing.append((end, table, destination, "Repaired"))
        else:
            conflicts.append({"RouteTableId": table, "DestinationCidrBlock": destination, "Target": target_of(route)})
    if conflicts:
        raise RouteConflict(conflicts)
    return missing, {table for _, table, _, _ in changes} - there.keys()


def static_route(table: dict[str, Any], destination: str) -> dict[str, Any] | None:
    block = ip_network(destination)
    return next((each for each in table["Routes"] if destination_of(each) == block and not is_propagated(each)), None)


def is_stale(end: End, route: dict[str, Any]) -> bool:
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
        if route and not is_stale(end, route):
            raise conflict_with(change, route)
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
            raise conflict_with(change, route) from error


def route_there(end: End, table: str, destination: str) -> dict[str, Any] | None:
    found = route_tables(end, [table])
    return static_route(found[0], destination) if found else None


def conflict_with(change: Change, route: dict[str, Any]) -> RouteConflict:
    _, table, destination, _ = change
    conflict = {"RouteTableId": table, "DestinationCidrBlock": destination, "Target": target_of(route)}
    return RouteConflict([conflict])


def explain(peering: Peering, change: Change, error: ClientError | BotoCoreError) -> None:
    end, table, _, _ = change
    code = code_of(error)
    if code == "RouteLimitExceeded":
        raise QuotaExceeded("Routes per route table", stack.ROUTES_PER_TABLE, RouteTableId=table) from error
    if code in ("InvalidVpcPeeringConnectionID.NotFound", "InvalidRouteTableID.NotFound", "InvalidStateTransition"):
        live_status(peering)
        if code == "InvalidRouteTableID.NotFound":
            raise RoutesRemaining(peering["VpcPeeringConnectionId"], "has routes remaining to be done") from error
    raise failure(error, end) from error


def live_status(peering: Peering) -> str:
    pcx = peering["VpcPeeringConnectionId"]
    found = connection(stack.end_of(peering["Requester"]), pcx)
    if found is None or found["Status"]["Code"] not in LIVE:
        raise diagnose(peerings.ends(peering), pcx, found and found["Status"])
    return found["Status"]["Code"]


def allow_dns_resolution(peering: Peering, side: str) -> str | None:
    """Returns a warning if the VPCs' DNS settings do not allow it. The routes work all the same."""
    if not peering[side]["AllowDnsResolution"]:
        return None
    end, pcx = stack.end_of(peering[side]), peering["VpcPeeringConnectionId"]
    option = {f"{side}PeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": True}}
    try:
        stack.ec2(end).modify_vpc_peering_connection_options(VpcPeeringConnectionId=pcx, **option)
    except ClientError as error:
        if code_of(error) == "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled":
            advice = "turn on DNS hostnames and DNS support of both VPCs, then run again"
            return f"DNS resolution is off on the side of {end['VpcId']}: {advice}"
        if code_of(error) in ("OperationNotPermitted", "InvalidStateTransition", "InvalidVpcPeeringConnectionID.NotFound"):
            status = live_status(peering)
            raise PeeringPending(pcx, f"is still {status}", Status=status) from error
        raise
    return None
