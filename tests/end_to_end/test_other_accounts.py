"""Other accounts and Regions: their tag events reach the hub, and the hub acts there by the member role. No other account can."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .clients import assume, client, deliver, function, functions, output
from .executions import Machine
from .listening import Listener
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, wait_until

OTHER_MEMBER, STRANGER = "111111111111", "999999999999"
SYDNEY = "ap-southeast-2"
MEMBER_ROLE = f"arn:aws:iam::{MEMBER}:role/isthmus-member"


def tag_both(vpc: Vpc, peer: Vpc) -> None:
    """Each VPC requests the other and so consents. One event is enough: tests drop the peer's, which comes first."""
    peer.tag(isthmus__accept=vpc.account, isthmus__peer=f"{vpc.id}@{vpc.region}@{vpc.account}")
    vpc.tag(isthmus__accept=peer.account, isthmus__peer=f"{peer.id}@{peer.region}@{peer.account}")


def peered(machine: Machine, vpc: Vpc, peer: Vpc) -> str:
    """Waits for the executions that the tags start and returns their connection."""
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
def test_a_tag_in_another_account_or_region_peers(
    network: Network, machine: Machine, place: tuple[str, str], peer_place: tuple[str, str]
) -> None:
    vpc = network.vpc("10.1.0.0/16", region=place[0], account=place[1])
    peer = network.vpc("10.2.0.0/16", region=peer_place[0], account=peer_place[1])
    network.control.disturb_events(drop=1)  # the peer's own event is lost
    tag_both(vpc, peer)
    pcx = peered(machine, vpc, peer)
    wait_until(lambda: bool(peer.routes_to(pcx)), "the peer is routed")
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}
    assert machine.executions(f"{peer.id}_{vpc.id}") == [], "only one event arrived"


def test_each_function_acts_there_with_its_own_session_name(
    network: Network, machine: Machine, environment: dict[str, str]
) -> None:
    """CloudTrail in the member's account shows which function of which stack made a call."""
    member = "333333333333"  # no other test uses this account, so no function has a session there yet
    vpc = network.vpc("10.1.0.0/16", region=THERE, account=member)
    peer = network.vpc("10.2.0.0/16", region=SYDNEY, account=member)
    record = network.record()
    machine.run({**vpc.end(), **peer.end("Peer")}).succeeded()
    role = f"arn:aws:iam::{member}:role/isthmus-member"
    assumed = [call for call in record.calls() if call["Action"] == "AssumeRole" and call["Parameters"]["RoleArn"] == role]
    sessions = {call["Parameters"]["RoleSessionName"]: call for call in assumed}
    acting = [function(environment, state) for state in ("CreateRequest", "AcceptInPeerRegion", "UpdateRoutes")]
    assert sessions.keys() >= {each["FunctionName"] for each in acting}
    roles = {each["FunctionName"]: each["Role"] for each in functions(environment)}
    for name, call in sessions.items():
        assert call["Caller"] == roles[name]
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


@pytest.fixture
def requesting(network: Network) -> Iterator[tuple[Vpc, Vpc]]:
    """Two VPCs whose tags request a peering, without their events: any event about them that the stack accepts would peer them."""
    vpc = network.vpc("10.1.0.0/16", region=THERE, account=MEMBER)
    peer = network.vpc("10.2.0.0/16")
    network.control.disturb_events(drop=2)
    tag_both(vpc, peer)
    before = vpc.everything(), peer.everything()
    yield vpc, peer
    assert (vpc.everything(), peer.everything()) == before
    network.control.disturb_events(drop=2)
    for end in (vpc, peer):
        end.ec2.delete_tags(Resources=[end.id])


def tag_event(vpc: Vpc, **fields: Any) -> dict[str, Any]:
    """The event that AWS would deliver for a tag change, as an entry of PutEvents, with `fields` replaced."""
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
        (STRANGER, {"Source": "test"}, "AccessDeniedException"),
        (STRANGER, {"Source": "test", "DetailType": "VPC Peering Requested"}, "AccessDeniedException"),
        (STRANGER, {}, "NotAuthorizedForSourceException"),
        (MEMBER, {}, "NotAuthorizedForSourceException"),
        (MEMBER, {"Source": "test"}, "AccessDeniedException"),
        (MEMBER, {"Source": "test", "DetailType": "VPC Peering Active"}, "AccessDeniedException"),
        (HUB, {}, "NotAuthorizedForSourceException"),
        (HUB, {"Source": "test"}, None),  # an account may put any event on its own bus; no rule matches it
    ],
)
def test_events_put_on_the_bus_by_an_account_itself_change_nothing(
    network: Network,
    machine: Machine,
    environment: dict[str, str],
    requesting: tuple[Vpc, Vpc],
    account: str,
    fields: dict[str, str],
    error: str | None,
) -> None:
    entry = tag_event(requesting[0], EventBusName=environment["EVENT_BUS_ARN"], **fields)
    assert put_events(environment, account, entry) == error
    assert_nothing_started(network, machine, requesting)


def test_a_stranger_s_rule_does_not_reach_the_bus(
    network: Network, machine: Machine, environment: dict[str, str], requesting: tuple[Vpc, Vpc]
) -> None:
    """The other account has real tag events, and a rule that forwards them in the same way as a member's."""
    everything = Listener(environment, {"version": ["0"]})
    events = client(environment, "events", STRANGER)
    name = f"intrusion-{uuid.uuid4()}"
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.tag"]}))
    target = {"Id": "hub", "Arn": environment["EVENT_BUS_ARN"], "RoleArn": f"arn:aws:iam::{STRANGER}:role/forward"}
    events.put_targets(Rule=name, Targets=[target])
    tagged = network.vpc("10.3.0.0/16", account=STRANGER)
    tagged.tag(isthmus__peer=f"{requesting[1].id}@{requesting[1].region}@{requesting[1].account}")
    assert_nothing_started(network, machine, (*requesting, tagged))
    senders = {event["account"] for event in everything.received()}
    everything.stop()
    events.remove_targets(Rule=name, Ids=["hub"])
    events.delete_rule(Name=name)
    assert MEMBER in senders and STRANGER not in senders


def test_a_member_s_event_about_another_account_s_vpc_changes_nothing(
    network: Network, machine: Machine, environment: dict[str, str], requesting: tuple[Vpc, Vpc]
) -> None:
    """Even if an event of AWS could be forged: EventBridge sets its account, and the VPC must belong to that account."""
    for vpc in requesting:
        arn = f"arn:aws:ec2:{vpc.region}:{vpc.account}:vpc/{vpc.id}"
        deliver(environment, OTHER_MEMBER, THERE, arn, {"isthmus:peer": requesting[0].id})
    assert_nothing_started(network, machine, requesting)


def test_tags_that_are_only_in_the_event_change_nothing(network: Network, machine: Machine, environment: dict[str, str]) -> None:
    vpc, peer = network.vpc("10.1.0.0/16", region=THERE, account=MEMBER), network.vpc("10.2.0.0/16")
    before = vpc.everything(), peer.everything()
    arn = f"arn:aws:ec2:{THERE}:{MEMBER}:vpc/{vpc.id}"
    deliver(environment, MEMBER, THERE, arn, {"isthmus:peer": f"{peer.id}@{HERE}@{HUB}", "isthmus:accept": HUB})
    assert_nothing_started(network, machine, (vpc, peer))
    assert (vpc.everything(), peer.everything()) == before


def put_events(environment: dict[str, str], account: str, entry: dict[str, Any]) -> str | None:
    try:
        answer = client(environment, "events", account).put_events(Entries=[entry])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return answer["Entries"][0].get("ErrorCode")


def assert_nothing_started(network: Network, machine: Machine, vpcs: tuple[Vpc, ...]) -> None:
    """Asserts that no execution was started for these VPCs.

    A later event of another pair, delivered in the same way, has been processed by then. The fixture of the VPCs asserts that
    they are unchanged.
    """
    later, peer = network.vpc("10.8.0.0/16", region=THERE, account=MEMBER), network.vpc("10.8.0.0/16")
    tag_both(later, peer)  # their blocks overlap, so this causes executions and nothing else
    wait_until(lambda: bool(machine.executions(f"{later.id}_{peer.id}")), "the later event was processed")
    for execution in machine.executions(later.id):
        machine.wait(execution)
    for vpc in vpcs:
        assert machine.executions(vpc.id) == []


def test_a_stranger_s_request_is_not_accepted(network: Network, machine: Machine) -> None:
    """An execution only accepts a connection between the two VPCs of its input, by their ids, Regions and owners."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    stranger = network.vpc("10.3.0.0/16", account=STRANGER)
    pcx = network.peer_manually(stranger, vpc, accept=False)
    output = machine.run({**vpc.end(), **peer.end("Peer")}).succeeded().output
    assert output["VpcPeeringConnectionId"] != pcx
    claimed = {**vpc.end(), "PeerVpcId": stranger.id, "PeerRegion": stranger.region, "PeerOwnerId": HUB}
    for given in (claimed, {**claimed, "DryRun": True}):
        cause = machine.run(given).failed("VpcNotFound").cause
        assert (cause["VpcId"], cause["OwnerId"]) == (stranger.id, HUB)
    assert vpc.connection(pcx)["Status"]["Code"] == "pending-acceptance"
