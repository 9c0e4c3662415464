"""Two VPCs are peered: in one Region, across Regions, across accounts, by StartExecution and by a tag."""

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, THERE, Network, request, wait_until

STATES = ["CreateRequest", "FollowPlan", "AcceptInPeerRegion", "WaitActive", "UpdateRoutes", "PeeringActive"]


@pytest.mark.parametrize(
    ("region", "peer_region", "peer_account"),
    [(HERE, HERE, HUB), (HERE, THERE, HUB), (HERE, HERE, MEMBER), (THERE, "ap-southeast-2", MEMBER)],
    ids=["one Region", "two Regions", "two accounts", "two accounts in two other Regions"],
)
def test_every_block_of_each_is_routed_in_every_table_of_the_other(
    network: Network, machine: Machine, region: str, peer_region: str, peer_account: str
) -> None:
    vpc = network.vpc("10.1.0.0/16", "10.11.0.0/16", "2600:1f00:1::/56", region=region)
    peer = network.vpc("10.2.0.0/16", "10.12.0.0/16", "2600:1f00:2::/56", region=peer_region, account=peer_account)
    tables = [vpc.main_table, vpc.table(), vpc.table()]
    peer_tables = [peer.main_table, peer.table()]

    execution = machine.run(request(vpc, peer)).succeeded()

    assert execution.states == STATES
    [connection] = vpc.connections("active")
    pcx = connection["VpcPeeringConnectionId"]
    assert [found["VpcPeeringConnectionId"] for found in peer.connections("active")] == [pcx]
    assert vpc.routes_to(pcx) == {
        (table, block, "active") for table in tables for block in ("10.2.0.0/16", "10.12.0.0/16", "2600:1f00:2::/56")
    }
    assert peer.routes_to(pcx) == {
        (table, block, "active") for table in peer_tables for block in ("10.1.0.0/16", "10.11.0.0/16", "2600:1f00:1::/56")
    }

    output = execution.output
    assert (output["VpcPeeringConnectionId"], output["Status"], output["Created"]) == (pcx, "active", True)
    ends = {end["VpcId"]: (end["Region"], end["OwnerId"]) for end in (output["Requester"], output["Accepter"])}
    assert ends == {vpc.id: (region, HUB), peer.id: (peer_region, peer_account)}
    assert execution.actions() == {"Created": 3 * 3 + 2 * 3}
    assert output["Warnings"] == []


def test_the_accepter_s_calls_are_made_in_its_account_and_region(network: Network, machine: Machine) -> None:
    vpc = network.vpc("10.1.0.0/16")
    peer = network.vpc("10.2.0.0/16", region=THERE, account=MEMBER)
    with network.calls() as calls:
        output = machine.run(request(vpc, peer)).succeeded().output
    [accepted] = [call for call in calls.made if call["Action"] == "AcceptVpcPeeringConnection" and not call["Error"]]
    assert (accepted["Region"], accepted["Account"]) == (output["Accepter"]["Region"], output["Accepter"]["OwnerId"])
    routed = {(call["Region"], call["Account"]) for call in calls.made if call["Action"] == "CreateRoute"}
    assert routed == {(HERE, HUB), (THERE, MEMBER)}
    assumed = {call["Parameters"]["RoleArn"] for call in calls.made if call["Action"] == "AssumeRole"}
    assert assumed == {f"arn:aws:iam::{MEMBER}:role/isthmus-member"} or assumed == set()  # empty: still cached


def test_a_tag_is_enough(network: Network, machine: Machine) -> None:
    vpc = network.vpc("10.1.0.0/16")
    peer = network.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    wait_until(lambda: bool(machine.executions(f"{vpc.id}_{peer.id}")), "the tag started an execution")
    [arn] = machine.executions(f"{vpc.id}_{peer.id}")
    machine.wait(arn).succeeded()
    [connection] = vpc.connections("active")
    pcx = connection["VpcPeeringConnectionId"]
    assert vpc.routes_to(pcx) == {(vpc.main_table, "10.2.0.0/16", "active")}
    assert peer.routes_to(pcx) == {(peer.main_table, "10.1.0.0/16", "active")}


def test_defaults_are_the_stack_s_region_and_account(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    output = machine.run({"VpcId": vpc.id, "PeerVpcId": peer.id}).succeeded().output
    assert {output[side]["Region"] for side in ("Requester", "Accepter")} == {HERE}
    assert {output[side]["OwnerId"] for side in ("Requester", "Accepter")} == {HUB}
