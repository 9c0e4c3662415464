"""Other accounts and Regions: what they say reaches the hub, the hub acts there by the member role, and nobody else does either."""

import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .callers import assume, client, deliver, function, output
from .executions import Machine
from .listening import Listener
from .world import HERE, HUB, MEMBER, THERE, Vpc, World, wait_until

OTHER_MEMBER, STRANGER = "111111111111", "999999999999"
SYDNEY = "ap-southeast-2"
MEMBER_ROLE = f"arn:aws:iam::{MEMBER}:role/isthmus-member"


def wish(vpc: Vpc, peer: Vpc) -> None:
    """Each end wishes the other, and so consents. The hint of either is enough, so the peer's come first and unheard."""
    peer.tag(isthmus__accept=vpc.account, isthmus__peer=f"{vpc.id}@{vpc.region}@{vpc.account}")
    vpc.tag(isthmus__accept=peer.account, isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")


def peered(machine: Machine, vpc: Vpc, peer: Vpc) -> str:
    """The connection that the tags' executions made, after all of them have ended."""
    wait_until(lambda: bool(machine.executions(f"{vpc.id}_{peer.id}")), "the tag started an execution")
    for arn in machine.executions(f"{vpc.id}_{peer.id}") + machine.executions(f"{peer.id}_{vpc.id}"):
        machine.wait(arn)
    wait_until(lambda: bool(vpc.connections("active")), "the peering is active")
    [connection] = vpc.connections("active")
    return connection["VpcPeeringConnectionId"]


@pytest.mark.parametrize(
    ("place", "peer_place"),
    [
        ((THERE, MEMBER), (HERE, HUB)),
        ((SYDNEY, MEMBER), (THERE, OTHER_MEMBER)),
        ((HERE, OTHER_MEMBER), (SYDNEY, OTHER_MEMBER)),
        ((SYDNEY, HUB), (THERE, HUB)),
    ],
    ids=["a member with the hub", "two members", "one member's two Regions", "the hub's other Regions"],
)
def test_a_tag_elsewhere_is_heard_and_carried_out(
    world: World, machine: Machine, place: tuple[str, str], peer_place: tuple[str, str]
) -> None:
    vpc = world.vpc("10.1.0.0/16", region=place[0], account=place[1])
    peer = world.vpc("10.2.0.0/16", region=peer_place[0], account=peer_place[1])
    world.control.disturb_events(drop=1)  # the peer's own word is lost
    wish(vpc, peer)
    pcx = peered(machine, vpc, peer)
    wait_until(lambda: bool(peer.routes_to(pcx)), "the peer is routed")
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}
    assert machine.executions(f"{peer.id}_{vpc.id}") == [], "only the one hint arrived"


def test_each_function_acts_there_by_its_own_name(world: World, machine: Machine) -> None:
    """A member's owner sees in CloudTrail which function of which stack it was."""
    member = "333333333333"  # where no other test has had to do, so that no function has a session there already
    vpc = world.vpc("10.1.0.0/16", region=THERE, account=member)
    peer = world.vpc("10.2.0.0/16", region=SYDNEY, account=member)
    machine.run({**vpc.end(), **peer.end("Peer")}).succeeded()
    role = f"arn:aws:iam::{member}:role/isthmus-member"
    assumed = [call for call in world.every_call() if call["Action"] == "AssumeRole" and call["Parameters"]["RoleArn"] == role]
    sessions = {call["Parameters"]["RoleSessionName"]: call for call in assumed}
    functions = {session.removeprefix("isthmus-").partition("Function")[0]: call for session, call in sessions.items()}
    assert functions.keys() >= {"CreateRequest", "AcceptInPeerRegion", "UpdateRoutes"}
    for name, call in functions.items():
        assert call["Caller"].startswith(f"arn:aws:iam::{HUB}:role/isthmus-{name}FunctionRole")
        assert call["Parameters"]["ExternalId"]


def test_the_member_role_trusts_the_hub_s_functions_with_the_external_id_alone(environment: dict[str, str]) -> None:
    external_id = output(environment, "ExternalId")
    role = function(environment, "CreateRequest")["Role"]
    assert assume(environment, MEMBER_ROLE, role, ExternalId=external_id) is None
    for caller, more in (
        (role, {}),
        (role, {"ExternalId": str(uuid.uuid4())}),
        (role, {"ExternalId": external_id + "0"}),
        (role, {"ExternalId": external_id, "Tags": [{"Key": "team", "Value": "payments"}]}),
        (f"arn:aws:iam::{HUB}:role/another", {"ExternalId": external_id}),
        (f"{role}-too", {"ExternalId": external_id}),
        (f"arn:aws:iam::{HUB}:root", {"ExternalId": external_id}),
        (role.replace(HUB, STRANGER), {"ExternalId": external_id}),
    ):
        assert assume(environment, MEMBER_ROLE, caller, **more) == "AccessDenied", (caller, more)


def test_an_account_without_the_member_role_is_named(world: World, machine: Machine, environment: dict[str, str]) -> None:
    nobody = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]}
    iam = client(environment, "iam", STRANGER)
    with suppress(iam.exceptions.EntityAlreadyExistsException):  # an account with roles, but not with ours
        iam.create_role(RoleName="somebody-s-own", AssumeRolePolicyDocument=json.dumps(nobody))
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16", region=THERE, account=STRANGER)
    with world.untouched(vpc, peer):
        cause = machine.run({**vpc.end(), **peer.end("Peer")}).failed("AccessDenied").cause
    assert (cause["Action"], cause["OwnerId"], cause["Region"]) == ("sts:AssumeRole", STRANGER, THERE)


@pytest.fixture
def wished(world: World) -> Iterator[tuple[Vpc, Vpc]]:
    """Two VPCs whose owners wish to be peered, of which nobody has heard: any event that gets through would peer them."""
    vpc = world.vpc("10.1.0.0/16", region=THERE, account=MEMBER)
    peer = world.vpc("10.2.0.0/16")
    world.control.disturb_events(drop=2)
    wish(vpc, peer)
    before = vpc.everything(), peer.everything()
    yield vpc, peer
    assert (vpc.everything(), peer.everything()) == before
    world.control.disturb_events(drop=2)
    for end in (vpc, peer):
        end.ec2.delete_tags(Resources=[end.id])


def hint(vpc: Vpc, **fields: Any) -> dict[str, Any]:
    """The event that AWS would have delivered, as PutEvents takes it, but for what is told otherwise."""
    detail = {"service": "ec2", "resource-type": "vpc", "changed-tag-keys": ["isthmus:peer"], "tags": {}}
    return {
        "Source": "aws.tag",
        "DetailType": "Tag Change on Resource",
        "Detail": json.dumps(detail),
        "Resources": [f"arn:aws:ec2:{vpc.region}:{vpc.account}:vpc/{vpc.id}"],
    } | fields


@pytest.mark.parametrize(
    ("account", "fields", "error"),
    [
        (STRANGER, {"Source": "somebody"}, "AccessDeniedException"),
        (STRANGER, {"Source": "somebody", "DetailType": "VPC Peering Requested"}, "AccessDeniedException"),
        (STRANGER, {}, "NotAuthorizedForSourceException"),
        (MEMBER, {}, "NotAuthorizedForSourceException"),
        (MEMBER, {"Source": "somebody"}, "AccessDeniedException"),
        (MEMBER, {"Source": "somebody", "DetailType": "VPC Peering Active"}, "AccessDeniedException"),
        (HUB, {}, "NotAuthorizedForSourceException"),
        (HUB, {"Source": "somebody"}, None),  # on its own bus an account may put what it likes; no rule hears it
    ],
)
def test_what_is_put_on_the_bus_by_hand_changes_nothing(
    world: World,
    machine: Machine,
    environment: dict[str, str],
    wished: tuple[Vpc, Vpc],
    account: str,
    fields: dict[str, str],
    error: str | None,
) -> None:
    entry = hint(wished[0], EventBusName=environment["EVENT_BUS_ARN"], **fields)
    assert put_events(environment, account, entry) == error
    assert_nothing_started(world, machine, wished)


def test_a_stranger_s_rule_does_not_reach_the_bus(
    world: World, machine: Machine, environment: dict[str, str], wished: tuple[Vpc, Vpc]
) -> None:
    """A stranger's account has real tag changes, too, and a rule that forwards them as a member's does."""
    everything = Listener(environment, {"version": ["0"]})
    events = client(environment, "events", STRANGER)
    name = f"intrusion-{uuid.uuid4()}"
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.tag"]}))
    target = {"Id": "hub", "Arn": environment["EVENT_BUS_ARN"], "RoleArn": f"arn:aws:iam::{STRANGER}:role/forward"}
    events.put_targets(Rule=name, Targets=[target])
    strange = world.vpc("10.3.0.0/16", account=STRANGER)
    strange.tag(isthmus__peer=f"{wished[1].id}@{wished[1].region}@{wished[1].account}")
    assert_nothing_started(world, machine, (*wished, strange))
    senders = {event["account"] for event in everything.heard()}
    everything.stop()
    events.remove_targets(Rule=name, Ids=["hub"])
    events.delete_rule(Name=name)
    assert MEMBER in senders and STRANGER not in senders


def test_a_member_s_event_about_another_account_s_vpc_changes_nothing(
    world: World, machine: Machine, environment: dict[str, str], wished: tuple[Vpc, Vpc]
) -> None:
    """Even if AWS's own event could be forged: the account is stamped on it, and the VPC must be of that account."""
    for vpc in wished:
        arn = f"arn:aws:ec2:{vpc.region}:{vpc.account}:vpc/{vpc.id}"
        deliver(environment, OTHER_MEMBER, THERE, arn, {"isthmus:peer": wished[0].id})
    assert_nothing_started(world, machine, wished)


def test_tags_that_only_the_event_tells_change_nothing(world: World, machine: Machine, environment: dict[str, str]) -> None:
    vpc, peer = world.vpc("10.1.0.0/16", region=THERE, account=MEMBER), world.vpc("10.2.0.0/16")
    before = vpc.everything(), peer.everything()
    arn = f"arn:aws:ec2:{THERE}:{MEMBER}:vpc/{vpc.id}"
    deliver(environment, MEMBER, THERE, arn, {"isthmus:peer": f"{peer.id}@{HERE}@{HUB}", "isthmus:accept": HUB})
    assert_nothing_started(world, machine, (vpc, peer))
    assert (vpc.everything(), peer.everything()) == before


def put_events(environment: dict[str, str], account: str, entry: dict[str, Any]) -> str | None:
    try:
        answer = client(environment, "events", account).put_events(Entries=[entry])
    except ClientError as refused:
        return refused.response["Error"]["Code"]
    return answer["Entries"][0].get("ErrorCode")


def assert_nothing_started(world: World, machine: Machine, vpcs: tuple[Vpc, ...]) -> None:
    """After a later event has come through on the same way, none of an earlier one is still to come.

    Nor have the VPCs changed, as their fixture finds.
    """
    witness, peer = world.vpc("10.8.0.0/16", region=THERE, account=MEMBER), world.vpc("10.8.0.0/16")
    wish(witness, peer)  # refused for the overlap, hence never anything but an execution
    wait_until(lambda: bool(machine.executions(f"{witness.id}_{peer.id}")), "the witness was heard")
    for execution in machine.executions(witness.id):
        machine.wait(execution)
    for vpc in vpcs:
        assert machine.executions(vpc.id) == []


def test_a_stranger_s_request_is_not_accepted(world: World, machine: Machine, environment: dict[str, str]) -> None:
    """Neither by an execution, which makes a request of its own, nor by the function that accepts, told to take theirs."""
    vpc, peer = world.vpc("10.1.0.0/16"), world.vpc("10.2.0.0/16")
    stranger = world.vpc("10.3.0.0/16", account=STRANGER)
    pcx = world.peered_by_hand(stranger, vpc, accept=False)
    machine.run({**vpc.end(), **peer.end("Peer")}).succeeded()
    accept = function(environment, "AcceptInPeerRegion")["FunctionName"]
    task = {
        "VpcPeeringConnectionId": pcx,
        "Requester": stranger.end(),
        "Accepter": vpc.end(),
        "Ends": [vpc.end(), peer.end()],
        "Tags": {},
        "Attempt": 0,
    }
    answer = json.load(client(environment, "lambda").invoke(FunctionName=accept, Payload=json.dumps(task))["Payload"])
    assert answer["errorType"] == "InvalidRequest"
    assert vpc.connection(pcx)["Status"]["Code"] == "pending-acceptance"
