"""Invalid input is refused with the name of the field and a message that helps, and without a write."""

from typing import Any

import pytest

from .executions import Machine
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request, unknown_vpc_id

REFUSED = ["CreateRequest", "RollBack", "RecordFailure", "PublishFailure", "ChooseEnding", "PeeringFailed"]
OTHER_VPC = "vpc-0123456789abcdef0"


@pytest.fixture
def pair(network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc("10.1.0.0/16", "2600:1f00:1::/56"), network.vpc("10.2.0.0/16", "2600:1f00:2::/56")


def assert_refused(network: Network, machine: Machine, pair: tuple[Vpc, Vpc], given: Any, field: str, *helpful: str) -> None:
    with network.untouched(*pair):
        execution = machine.run(given).failed("InvalidRequest")
    assert execution.states == REFUSED
    assert execution.cause["Field"] == field, execution.cause
    for text in helpful:
        assert text in execution.cause["Message"], execution.cause


@pytest.mark.parametrize(
    ("fields", "field", "helpful"),
    [
        ({"Colour": "red"}, "Colour", "unknown field `Colour`"),
        ({"vpcId": OTHER_VPC}, "vpcId", "unknown field `vpcId`"),
        ({"RoleArn": "arn:aws:iam::123456789012:role/admin"}, "RoleArn", "unknown field"),
        ({"Routes": {"Table": "all"}}, "Routes.Table", "unknown field `Table`"),
        ({"PeerRoutes": {"Destination": ["10.1.0.0/16"]}}, "PeerRoutes.Destination", "unknown field"),
        ({"VpcId": 7}, "VpcId", "expected a string"),
        ({"VpcId": None}, "VpcId", "expected a string"),
        ({"OwnerId": 123456789012}, "OwnerId", "expected a string"),
        ({"PeerOwnerId": "12345"}, "PeerOwnerId", "12 digits"),
        ({"DryRun": "true"}, "DryRun", "expected a boolean"),
        ({"DnsResolution": 1}, "DnsResolution", "expected a boolean"),
        ({"RequestedBy": "tag"}, "RequestedBy", "execution"),
        ({"RequestedBy": "Tags"}, "RequestedBy", "execution"),
        ({"RequestedBy": None}, "RequestedBy", "expected"),
        ({"RequestedBy": ["tags"]}, "RequestedBy", "expected"),
        ({"Name": ["a"]}, "Name", "expected a string"),
        ({"Name": "n" * 257}, "Name", "256"),
        ({"Tags": "team=net"}, "Tags", "expected a map"),
        ({"Tags": {"team": 7}}, "Tags.team", "expected a string"),
        ({"VpcId": "vpc-1"}, "VpcId", "write vpc- and 8 or 17 hexadecimal digits"),
        ({"PeerVpcId": "subnet-0123456789abcdef0"}, "PeerVpcId", "write vpc- and 8 or 17 hexadecimal digits"),
        ({"PeerVpcId": "vpc-0123456789ABCDEF0"}, "PeerVpcId", "write vpc- and 8 or 17 hexadecimal digits"),
        ({"Region": "mars-north-1"}, "Region", "AWS has no Region mars-north-1"),
        ({"PeerRegion": "mars-north-1"}, "PeerRegion", "AWS has no Region mars-north-1"),
        ({"Region": "Frankfurt"}, "Region", "write one such as eu-central-1"),
        ({"PeerRegion": "us-east-1.evil.example"}, "PeerRegion", "write one such as eu-central-1"),
        ({"PeerRegion": ""}, "PeerRegion", "write one such as eu-central-1"),
        ({"Tags": {"Name": "n"}}, "Tags.Name", "the field Name"),
        ({"Tags": {"": "n"}}, "Tags.", "empty"),
        ({"Tags": {"aws:n": "n"}}, "Tags.aws:n", "AWS keeps keys"),
        ({"Tags": {"AWS:n": "n"}}, "Tags.AWS:n", "AWS keeps keys"),
        ({"Tags": {"isthmus:stack": "n"}}, "Tags.isthmus:stack", "the stack's own"),
        ({"Tags": {"k" * 129: "n"}}, "Tags." + "k" * 129, "128"),
        ({"Tags": {"k": "n" * 257}}, "Tags.k", "256"),
        ({"Tags": {f"k{n}": "" for n in range(48)}}, "Tags", "at most 47"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_invalid_field_is_named(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], fields: dict[str, Any], field: str, helpful: str
) -> None:
    assert_refused(network, machine, pair, request(*pair) | fields, field, helpful)


@pytest.mark.parametrize("side", ["Routes", "PeerRoutes"])
@pytest.mark.parametrize(
    ("selection", "field", "helpful"),
    [
        ("main", "", "expected"),
        (["main"], "", "expected"),
        ({"Tables": "some"}, ".Tables", '"all", "main", "none" or a list of rtb-'),
        ({"Tables": []}, ".Tables", "the list is empty"),
        ({"Tables": ["rtb-1"]}, ".Tables", "write rtb- and 8 or 17 hexadecimal digits"),
        ({"Tables": ["rtb-0123456789abcdef0"]}, ".Tables", "not a route table of that VPC"),
        ({"Subnets": "subnet-0123456789abcdef0"}, ".Subnets", "expected a sequence"),
        ({"Subnets": []}, ".Subnets", "the list is empty"),
        ({"Subnets": ["subnet-1"]}, ".Subnets[0]", "write subnet- and 8 or 17 hexadecimal digits"),
        ({"Subnets": ["subnet-0123456789abcdef0"]}, ".Subnets", "not a subnet of"),
        ({"TableTags": {}}, "", "TableTags is empty"),
        ({"TableTags": {"tier": 1}}, ".TableTags.tier", "expected a string"),
        ({"Tables": "main", "TableTags": {"tier": "app"}}, "", "at most one of Tables, Subnets and TableTags"),
        (
            {"Tables": "all", "Subnets": ["subnet-0123456789abcdef0"]},
            "",
            "at most one of Tables, Subnets and TableTags",
        ),
        ({"Destinations": []}, ".Destinations", "the list is empty"),
        ({"Destinations": "10.2.0.0/16"}, ".Destinations", "expected a sequence"),
        ({"Destinations": ["10.2.0.0/33"]}, ".Destinations[0]", "neither a CIDR block nor an address"),
        ({"Destinations": ["example.com"]}, ".Destinations[0]", "write one such as 10.0.0.0/24"),
        ({"Destinations": ["10.2.0.0/24", "10.2.0.7/24"]}, ".Destinations[1]", "write 10.2.0.0/24"),
        ({"Destinations": ["2600:1f00:2::7/64"]}, ".Destinations[0]", "write 2600:1f00:2::/64"),
        ({"Destinations": ["10.3.0.0/24"]}, ".Destinations", "10.3.0.0/24 is not inside vpc-"),
        ({"Destinations": ["10.0.0.0/8"]}, ".Destinations", "10.0.0.0/8 is not inside vpc-"),
        ({"Destinations": ["2600:1f00:3::/64"]}, ".Destinations", "2600:1f00:3::/64 is not inside vpc-"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_invalid_selection_is_named(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc], side: str, selection: Any, field: str, helpful: str
) -> None:
    assert_refused(network, machine, pair, request(*pair, **{side: selection}), side + field, helpful)


def test_a_destination_outside_the_other_vpc_is_refused_with_the_blocks_of_that_vpc(
    network: Network, machine: Machine, pair: tuple[Vpc, Vpc]
) -> None:
    vpc, peer = pair
    given = request(vpc, peer, Routes={"Destinations": ["10.1.0.0/24"]})  # a block of the VPC itself
    assert_refused(network, machine, pair, given, "Routes.Destinations", "10.1.0.0/24", peer.id, "10.2.0.0/16, 2600:1f00:2::/56")


def test_a_table_or_a_subnet_of_the_other_vpc_is_refused(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    vpc, peer = pair
    subnet = peer.subnet("10.2.1.0/24")
    assert_refused(
        network, machine, pair, request(vpc, peer, Routes={"Tables": [peer.main_table]}), "Routes.Tables", peer.main_table
    )
    assert_refused(network, machine, pair, request(vpc, peer, Routes={"Subnets": [subnet]}), "Routes.Subnets", subnet, vpc.id)


@pytest.mark.parametrize("field", ["VpcId", "PeerVpcId"])
def test_both_ends_are_required(network: Network, machine: Machine, pair: tuple[Vpc, Vpc], field: str) -> None:
    given = request(*pair)
    del given[field]
    assert_refused(network, machine, pair, given, field, f"missing field `{field}`")


def test_a_vpc_is_not_peered_with_itself(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    assert_refused(network, machine, pair, request(pair[0], pair[0]), "PeerVpcId", "can't be peered with itself")


def test_a_region_that_aws_does_not_have_is_never_called(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    """The name of its endpoint does not resolve: each call would take minutes of retries."""
    given = request(*pair) | {"Region": "mars-north-1", "PeerRegion": "mars-north-1"}
    with network.calls() as calls:
        execution = machine.run(given).failed("InvalidRequest")
    assert execution.cause["Field"] == "Region"
    assert "mars-north-1" not in {call["Region"] for call in calls.made}
    assert "LeftBehind" not in execution.cause["RolledBack"], execution.cause


@pytest.mark.parametrize("given", [[], [{}], "vpc", 7, True, None], ids=str)
def test_input_that_is_not_an_object_is_refused(network: Network, machine: Machine, pair: tuple[Vpc, Vpc], given: Any) -> None:
    assert_refused(network, machine, pair, given, "$")


def test_a_list_of_values_is_refused(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    """Even in the order of the documented fields."""
    vpc, peer = pair
    assert_refused(network, machine, pair, [vpc.id, vpc.region, vpc.account, peer.id, peer.region, peer.account], "$")


@pytest.mark.parametrize("missing", ["", "Peer"], ids=["VpcId", "PeerVpcId"])
@pytest.mark.parametrize(("region", "account"), [(HERE, HUB), (THERE, HUB), (THERE, MEMBER)])
def test_a_vpc_that_does_not_exist_is_named_with_its_region_and_account(
    network: Network, machine: Machine, missing: str, region: str, account: str
) -> None:
    vpc = network.vpc("10.1.0.0/16")
    absent = {"VpcId": unknown_vpc_id(), "Region": region, "OwnerId": account}
    other = "" if missing else "Peer"
    given = vpc.end(other) | {missing + key: value for key, value in absent.items()}
    with network.untouched(vpc):
        execution = machine.run(given).failed("VpcNotFound")
    assert execution.states == REFUSED
    assert {key: execution.cause[key] for key in absent} == absent


def test_a_vpc_of_another_region_or_account_is_not_found(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    with network.untouched(vpc, peer):
        cause = machine.run(request(vpc, peer, PeerRegion=HERE)).failed("VpcNotFound").cause
        other_cause = machine.run(request(vpc, peer, PeerOwnerId=MEMBER)).failed("VpcNotFound").cause
    assert (cause["VpcId"], cause["Region"], cause["OwnerId"]) == (peer.id, HERE, HUB)
    assert (other_cause["VpcId"], other_cause["Region"], other_cause["OwnerId"]) == (peer.id, THERE, MEMBER)
