"""A connection has separate tags in each account and Region, so each side is tagged and read back separately."""

import pytest

from .executions import Execution, Machine
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request
from .places import PLACES

INSTALLATION = f"isthmus.{HERE}.{HUB}"


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@PLACES
def test_both_sides_have_the_default_name_and_the_stack_s_own_tags(
    network: Network, machine: Machine, peer_region: str, peer_account: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region, account=peer_account)
    execution = machine.run(request(vpc, peer)).succeeded()
    assert tags(vpc, execution) == {"Name": f"{vpc.id}/{peer.id}", **ownership(execution)}
    assert tags(peer, execution) == tags(vpc, execution)


def test_the_default_name_follows_the_request_not_the_direction_of_the_connection(network: Network, machine: Machine) -> None:
    smaller, larger = sorted((network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")), key=lambda vpc: vpc.id)
    execution = machine.run(request(larger, smaller)).succeeded()
    assert execution.output["Requester"]["VpcId"] == smaller.id
    assert tags(larger, execution)["Name"] == f"{larger.id}/{smaller.id}"


@PLACES
def test_both_sides_have_the_given_name_and_tags(network: Network, machine: Machine, peer_region: str, peer_account: str) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region, account=peer_account)
    given = {"Name": "payments to ledger", "Tags": {"team": "payments", "cost centre": "4711/ß", "empty": ""}}
    execution = machine.run(request(vpc, peer, **given)).succeeded()
    assert tags(vpc, execution) == {"Name": given["Name"], **given["Tags"], **ownership(execution)}
    of_peer = given["Tags"] if peer_account == HUB else {}
    assert tags(peer, execution) == {"Name": given["Name"], **of_peer, **ownership(execution)}, "not on another owner's side"


def test_every_tag_is_set_by_the_call_that_creates_the_connection(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer, Name="payments", Tags={"team": "a"})).succeeded()
    [created] = [call["Parameters"] for call in calls.made if call["Action"] == "CreateVpcPeeringConnection"]
    assert created["TagSpecification.1.ResourceType"] == "vpc-peering-connection"
    keys = [name for name in created if name.endswith(".Key")]
    sent = {created[key]: created[key.removesuffix("Key") + "Value"] for key in keys}
    assert sent == {"Name": "payments", "team": "a", **ownership(execution)}
    assert calls.count("CreateTags") == 0, "within one account and Region both sides share their tags"


def test_the_other_side_is_tagged_in_its_own_account_and_region(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER)
    with network.calls() as calls:
        output = machine.run(request(vpc, peer)).succeeded().output
    [tagged] = [call for call in calls.made if call["Action"] == "CreateTags" and not call["Error"]]
    assert (tagged["Account"], tagged["Region"]) == (output["Accepter"]["OwnerId"], output["Accepter"]["Region"])
    assert tagged["Parameters"]["ResourceId.1"] == output["VpcPeeringConnectionId"]


@PLACES
def test_running_it_again_with_another_name_renames_both_sides(
    network: Network, machine: Machine, peer_region: str, peer_account: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region, account=peer_account)
    first = machine.run(request(vpc, peer, Name="old", Tags={"team": "a", "kept": "yes"})).succeeded()
    second = machine.run(request(vpc, peer, Name="new", Tags={"team": "b"})).succeeded()
    assert second.output["Created"] is False
    named = {"Name": "new", **ownership(first)}
    of_stack = {**named, "team": "b", "kept": "yes"}
    assert (tags(vpc, second), tags(peer, second)) == (of_stack, of_stack if peer_account == HUB else named)

    with network.calls() as calls:
        machine.run(request(vpc, peer, Name="new", Tags={"team": "b"})).succeeded()
    assert calls.writes() == []
    third = machine.run(request(vpc, peer, Name="new", Tags={"team": "c"})).succeeded()
    assert tags(vpc, third)["team"] == "c", "whichever side requested the connection"


@pytest.mark.parametrize("region", [HERE, THERE])
def test_an_interrupted_rename_is_completed_by_the_next_run(network: Network, machine: Machine, region: str) -> None:
    vpc, peer = network.vpc("10.1.0.0/16", region=HERE), network.vpc("10.2.0.0/16", region=THERE)
    machine.run(request(vpc, peer, Name="old")).succeeded()
    network.control.plant_faults({"Action": "CreateTags", "Region": region, "Code": "UnauthorizedOperation", "HttpStatus": 403})
    machine.run(request(vpc, peer, Name="new")).failed("AccessDenied")
    execution = machine.run(request(vpc, peer, Name="new")).succeeded()
    assert (tags(vpc, execution)["Name"], tags(peer, execution)["Name"]) == ("new", "new")


@pytest.mark.parametrize("name", [{}, {"Name": "payments"}], ids=["the default name", "a given name"])
def test_a_run_from_the_other_end_does_not_rename(network: Network, machine: Machine, name: dict[str, str]) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    first = machine.run(request(vpc, peer, **name)).succeeded()
    before = tags(vpc, first), tags(peer, first)
    with network.calls() as calls:
        machine.run(request(peer, vpc, **name)).succeeded()
    assert calls.writes() == []
    assert (tags(vpc, first), tags(peer, first)) == before


@pytest.mark.parametrize("accepted", [True, False], ids=["active", "pending"])
@PLACES
def test_an_adopted_connection_keeps_its_own_tags(
    network: Network, machine: Machine, peer_region: str, peer_account: str, accepted: bool
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region, account=peer_account)
    pcx = network.peer_manually(vpc, peer, accept=accepted)
    vpc.ec2.create_tags(Resources=[pcx], Tags=[{"Key": "Name", "Value": "manual"}])
    if (peer.region, peer.account) != (vpc.region, vpc.account):
        peer.ec2.create_tags(Resources=[pcx], Tags=[{"Key": "Name", "Value": "manual, other side"}])
    before = vpc.connection(pcx)["Tags"], peer.connection(pcx)["Tags"]

    execution = machine.run(request(vpc, peer, Name="another", Tags={"team": "payments"})).succeeded()

    assert execution.output["VpcPeeringConnectionId"] == pcx
    assert (vpc.connection(pcx)["Tags"], peer.connection(pcx)["Tags"]) == before


def test_what_a_member_puts_on_its_own_side_is_not_written_on_ours(network: Network, machine: Machine) -> None:
    """A connection requested manually with this installation's tag is not ours: nothing is written on either side."""
    vpc = network.vpc("10.1.0.0/16", account=MEMBER)
    while (peer := network.vpc("10.2.0.0/16", region=THERE)).id < vpc.id:
        pass  # the side of the smaller id is the one that decides whose connection it is
    pcx = network.peer_manually(vpc, peer, accept=False)
    forged = {"isthmus:stack": INSTALLATION, "Access": "admin"}
    vpc.ec2.create_tags(Resources=[pcx], Tags=[{"Key": key, "Value": value} for key, value in forged.items()])
    execution = machine.run(request(peer, vpc)).succeeded()
    assert execution.output["VpcPeeringConnectionId"] == pcx
    assert tags(peer, execution) == {}
    assert tags(vpc, execution) == forged


def tags(vpc: Vpc, execution: Execution) -> dict[str, str]:
    """The connection's tags, as EC2 shows them to that VPC's own account and Region."""
    found = vpc.connection(execution.output["VpcPeeringConnectionId"]).get("Tags", [])
    return {tag["Key"]: tag["Value"] for tag in found}


def ownership(execution: Execution) -> dict[str, str]:
    """The tags that say which installation and which execution created a connection."""
    return {"isthmus:stack": INSTALLATION, "isthmus:execution": execution.arn}
