"""`CreateRequest`: reads both sides, plans everything, and only then creates or adopts the connection."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from isthmus import ledger, stack
from isthmus import peering as peerings
from isthmus import request as requests
from isthmus.errors import Failure, InvalidRequest, QuotaExceeded, RouteConflict, VpcNotFound, code_of, failure
from isthmus.peering import Peering
from isthmus.plan import LIVE, Plan, destinations, plan, select
from isthmus.vpcs import NOT_FOUND, blocks_of, connections, refuse_overlaps, route_tables

QUOTAS = {
    "VpcPeeringConnectionsPerVpcLimitExceeded": ("Active VPC peering connections per VPC", stack.PEERINGS_PER_VPC),
    "PendingVpcPeeringConnectionLimitExceeded": ("Outstanding VPC peering connection requests", stack.OUTSTANDING_REQUESTS),
    "OutstandingVpcPeeringConnectionLimitExceeded": ("Outstanding VPC peering connection requests", stack.OUTSTANDING_REQUESTS),
}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    request = requests.parse(event["Request"])
    try:
        return create_request(request, event)
    except (ClientError, BotoCoreError) as error:
        raise failure(error, request.end) from error


def create_request(request: requests.Request, event: dict[str, Any]) -> dict[str, Any]:
    execution, item = event["Execution"], {}
    if not request.dry_run:
        stack.check_time("CreateRequest", event["Started"])
        item = ledger.acquire(ledger.pair_of(request.canonical()), execution, event["Time"])
    for field, end in (("Region", request.end), ("PeerRegion", request.peer)):
        check_region(field, end["Region"])
    requester, accepter = request.canonical()
    blocks, peer_blocks = blocks_of(request.end), blocks_of(request.peer)
    refuse_overlaps(blocks, peer_blocks)
    between = connections_between(requester, accepter)
    found = adopt(between, requester)
    plans = plan_both(request, blocks, peer_blocks, found, between)
    warnings = shorten([warning for side in plans for warning in side.warnings])
    if request.dry_run:
        planned = peering_of(request, plans, warnings, found) | {"Created": found is None}
        return {"Peering": None, "Output": peerings.output(planned, "planned")}
    connection = found or create(request, requester, accepter, execution)
    made = request.take_over or is_ours(connection, item)
    if made:
        refresh_tags(connection, request.tags)
    tags = stack.tags_of(connection)
    other_side = tags_for_the_other_side(tags, request.tags) if made else {}
    created = tags.get(stack.EXECUTION_TAG) == execution
    peering = peering_of(request, plans, warnings, connection) | {"Created": created, "Made": made, "Tags": other_side}
    return {"Peering": peering, "Output": None}


def is_ours(connection: dict[str, Any], item: ledger.Item) -> bool:
    """By the execution that made it, or by its id once that is recorded."""
    maker = stack.tags_of(connection).get(stack.EXECUTION_TAG)
    recorded = {"Id": connection["VpcPeeringConnectionId"], "Made": True}
    return maker in item.get("Makers", ()) or item.get("Connection") == recorded


def check_region(field: str, region: str) -> None:
    """EC2 is only asked for a Region that botocore does not list: it may be newer than botocore."""
    partition = stack.session(stack.ACCOUNT).get_partition_for_region(stack.REGION)
    if region in stack.session(stack.ACCOUNT).get_available_regions("ec2", partition_name=partition):
        return
    described = stack.client(stack.ACCOUNT, stack.REGION).describe_regions(AllRegions=True)["Regions"]
    if region not in {each["RegionName"] for each in described}:
        raise InvalidRequest(field, f"AWS has no Region {region}: write one such as eu-central-1")


def connections_between(requester: dict[str, str], accepter: dict[str, str]) -> list[dict[str, Any]]:
    both = [requester["VpcId"], accepter["VpcId"]]
    found = connections(requester, requester_vpc_info__vpc_id=both, accepter_vpc_info__vpc_id=both)
    return [each for each in found if {ends_of(each)[0]["VpcId"], ends_of(each)[1]["VpcId"]} == set(both)]


def ends_of(connection: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    return stack.end_of(connection["RequesterVpcInfo"]), stack.end_of(connection["AccepterVpcInfo"])


def adopt(between: list[dict[str, Any]], requester: dict[str, str]) -> dict[str, Any] | None:
    """The live connection with the latest status; of two opposite requests the earlier, as EC2 accepts only that one."""

    def rank(connection: dict[str, Any]) -> tuple[Any, ...]:
        expires = connection.get("ExpirationTime")
        stage = LIVE.index(connection["Status"]["Code"])
        return stage, -expires.timestamp() if expires else 0, ends_of(connection)[0] == requester

    return max((each for each in between if each["Status"]["Code"] in LIVE), key=rank, default=None)


def plan_both(
    request: requests.Request, blocks: list[Any], peer_blocks: list[Any], found: dict[str, Any] | None, between: list[Any]
) -> list[Plan]:
    pcx = found and found["VpcPeeringConnectionId"]
    statuses = {each["VpcPeeringConnectionId"]: each["Status"]["Code"] for each in between}
    plans = []
    for field, selection, end, other, other_blocks in (
        ("Routes", request.routes, request.end, request.peer, peer_blocks),
        ("PeerRoutes", request.peer_routes, request.peer, request.end, blocks),
    ):
        desired = destinations(field, selection, other, other_blocks)
        tables = select(field, selection, end, route_tables(end))
        plans.append(plan(end, tables, desired, pcx, statuses))
        if "TableTags" in selection and not tables:
            warning = "no route table has all the tags of TableTags: no route is written on that side"
            plans[-1].warnings.insert(0, warning)
    if conflicts := [conflict for side in plans for conflict in side.conflicts]:
        raise RouteConflict(conflicts[:100])
    if full := [table for side in plans for table in side.full]:
        raise QuotaExceeded("Routes per route table", stack.ROUTES_PER_TABLE, RouteTableId=full[0])
    return plans


def create(request: requests.Request, requester: dict[str, str], accepter: dict[str, str], execution: str) -> dict[str, Any]:
    tags = request.tags_at_creation() | {stack.STACK_TAG: stack.INSTALLATION, stack.EXECUTION_TAG: execution}
    try:
        made = stack.ec2(requester).create_vpc_peering_connection(
            VpcId=requester["VpcId"],
            PeerVpcId=accepter["VpcId"],
            PeerOwnerId=accepter["OwnerId"],
            PeerRegion=accepter["Region"],
            TagSpecifications=[{"ResourceType": "vpc-peering-connection", "Tags": stack.tag_list(tags)}],
        )
    except ClientError as error:
        raise refused(error, requester) from error
    return made["VpcPeeringConnection"]


def refused(error: ClientError, requester: dict[str, str]) -> Failure:
    if code_of(error) in NOT_FOUND:
        return VpcNotFound(requester)
    if quota := QUOTAS.get(code_of(error)):
        return QuotaExceeded(*quota, VpcId=requester["VpcId"])
    return failure(error, requester)


def refresh_tags(connection: dict[str, Any], desired: dict[str, str]) -> None:
    """Updates the tags of a connection of ours, the requester's side last."""
    tags = stack.tags_of(connection)
    desired = desired | {stack.STACK_TAG: stack.INSTALLATION}
    if desired.items() <= tags.items():
        return
    requester, accepter = ends_of(connection)
    ids = [connection["VpcPeeringConnectionId"]]
    if connection["Status"]["Code"] == "active" and stack.have_separate_tags(requester, accepter):
        other_side = tags_for_the_other_side(tags, desired)
        stack.ec2(accepter).create_tags(Resources=ids, Tags=stack.tag_list(other_side))
    stack.ec2(requester).create_tags(Resources=ids, Tags=stack.tag_list(desired))


def tags_for_the_other_side(tags: dict[str, str], desired: dict[str, str]) -> dict[str, str]:
    own = {key: value for key, value in tags.items() if key in (stack.EXECUTION_TAG, "Name")}
    return own | desired | {stack.STACK_TAG: stack.INSTALLATION}


def shorten(warnings: list[str]) -> list[str]:
    more = len(warnings) - 100
    return [*warnings[:100], f"and {more} more warnings of the same kinds"] if more > 0 else warnings


def peering_of(request: requests.Request, plans: list[Plan], warnings: list[str], connection: dict[str, Any] | None) -> Peering:
    """`connection` is the one that was found or created, if there is one."""
    requester, accepter = ends_of(connection) if connection else request.canonical()
    swapped = requester != request.end
    planned = reversed(plans) if swapped else plans
    infos = [(connection or {}).get(f"{side}VpcInfo", {}) for side in peerings.SIDES]
    allowed = [info.get("PeeringOptions", {}).get("AllowDnsResolutionFromRemoteVpc", False) for info in infos]
    sides = [
        side.as_json() | {"AllowDnsResolution": request.dns_resolution and not on, "WriteStatus": False}
        for side, on in zip(planned, allowed, strict=True)
    ]
    return {
        "VpcPeeringConnectionId": connection and connection["VpcPeeringConnectionId"],
        "Status": connection["Status"]["Code"] if connection else "initiating-request",
        "Created": False,
        **dict(zip(peerings.SIDES, sides, strict=True)),
        "Swapped": swapped,
        "Tags": {},
        "Made": False,
        "AskedBy": {"Tags": False, "Execution": asked_for(request)},
        "DnsResolution": request.dns_resolution or all(allowed),
        "Warnings": warnings,
        "RequestedByTags": False,  # these functions do not read the tags of the VPCs
    }


def asked_for(request: requests.Request) -> dict[str, Any]:
    """What the ledger records of the request, in the canonical order of the pair."""
    of_ends = sorted([(request.end, request.routes), (request.peer, request.peer_routes)], key=lambda each: ledger.key(each[0]))
    routes_a, routes_b = (
        selection | {"Destinations": [str(block) for block in selection["Destinations"]]}
        if "Destinations" in selection
        else selection
        for _, selection in of_ends
    )
    return {"RoutesA": routes_a, "RoutesB": routes_b, "DnsResolution": request.dns_resolution}
