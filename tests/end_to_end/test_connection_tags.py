"""`ConnectionTags`: what every connection of the stack carries from its creation on, such as an organization's cost tags."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from iam.cost_tags import denying_without
from iam.evaluator import Evaluator
from local_cloud.deployed import REPOSITORY

from .clients import setting
from .executions import Machine
from .network import HERE, HUB, THERE, Network, Vpc, request, wait_until
from .places import PLACES
from .vendors import assert_untouched, our_vpc, vendor_vpc

GIVEN = {"CostCenter": "4711", "team": "network"}


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.fixture
def tagged(environment: dict[str, str], network: Network) -> Iterator[None]:
    with setting(environment, CONNECTION_TAGS=",".join(f"{key}={value}" for key, value in GIVEN.items())):
        yield
        network.settle()


def tags_of(vpc: Vpc, pcx: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in vpc.connection(pcx)["Tags"]}


def sent(call: dict[str, Any]) -> dict[str, str]:
    """The tags of a call that creates a connection."""
    parameters = call["Parameters"]
    keys = [name for name in parameters if name.startswith("TagSpecification.1.") and name.endswith(".Key")]
    return {parameters[key]: parameters[key.removesuffix("Key") + "Value"] for key in keys}


@PLACES
@pytest.mark.usefixtures("tagged")
def test_a_connection_has_them_from_its_creation_and_on_both_sides(
    network: Network, machine: Machine, peer_region: str, peer_account: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=peer_region, account=peer_account)
    with network.calls() as calls:
        execution = machine.run(request(vpc, peer, Tags={"team": "payments", "other": "kept"})).succeeded()
    pcx = execution.output["VpcPeeringConnectionId"]
    [created] = [call for call in calls.made if call["Action"] == "CreateVpcPeeringConnection"]
    assert sent(created).items() >= GIVEN.items(), "in the call that creates it; they win over the request's own"
    for end in (vpc, peer):
        assert tags_of(end, pcx).items() >= GIVEN.items()
        assert ("other" in tags_of(end, pcx)) is (end.account == HUB), "a request's own tags are for the asker's account"
        assert tags_of(end, pcx)["isthmus:execution"] == execution.arn

    with network.calls() as calls:
        machine.run(request(vpc, peer, Tags={"team": "payments", "other": "kept"})).succeeded()
    assert calls.writes() == []


@pytest.mark.usefixtures("tagged")
def test_what_tags_ask_for_has_them_too(network: Network) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE)
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}")
    wait_until(lambda: vpc.status(peer).startswith("active pcx-"), "it is peered")
    [connection] = vpc.connections("active")
    for end in (vpc, peer):
        assert tags_of(end, connection["VpcPeeringConnectionId"]).items() >= GIVEN.items()


@pytest.mark.usefixtures("tagged")
def test_a_request_to_a_vendor_has_them(network: Network, machine: Machine) -> None:
    vpc, vendor = our_vpc(network), vendor_vpc(network)
    pcx = machine.run(request(vpc, vendor)).succeeded().output["VpcPeeringConnectionId"]
    assert tags_of(vpc, pcx).items() >= GIVEN.items()
    assert_untouched(vendor, pcx)


@pytest.mark.usefixtures("tagged")
def test_a_connection_of_somebody_else_s_does_not_get_them(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    pcx = network.peer_manually(vpc, peer)
    machine.run(request(vpc, peer)).succeeded()
    assert tags_of(vpc, pcx) == {}


def denied(evaluator: Evaluator, call: dict[str, Any], policy: dict[str, Any]) -> list[str]:
    """The questions about a call that IAM answers with no, under that policy."""
    role = evaluator.roles[call["Caller"]]
    bound = replace(role, policies=(*role.policies, policy))
    questions = [(each["Action"], each["Resource"], each["Context"]) for each in call["Authorization"]]
    return [action for action, resource, context in questions if not evaluator.evaluate(bound, action, resource, context).allowed]


@pytest.mark.parametrize("given", [GIVEN, {}], ids=["with the parameter", "without"])
def test_an_organization_that_demands_a_tag_lets_it_be_created(
    environment: dict[str, str], network: Network, machine: Machine, evaluator: Evaluator, given: dict[str, str]
) -> None:
    """What the call asks IAM is compared with an SCP that denies untagged connections."""
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=HERE)
    with setting(environment, CONNECTION_TAGS=",".join(f"{key}={value}" for key, value in given.items())):
        with network.calls() as calls:
            machine.run(request(vpc, peer)).succeeded()
    [created] = [call for call in calls.made if call["Action"] == "CreateVpcPeeringConnection"]
    refused = [] if given else ["ec2:CreateVpcPeeringConnection", "ec2:CreateTags"]
    assert denied(evaluator, created, denying_without("CostCenter")) == refused


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        *((value, True) for value in ("", "a=1", "CostCenter=4711,owner of it=network team", "Names=1", "empty=")),
        *((value, False) for value in ("isthmus:stack=mine", "Isthmus:Stack=mine", "a=1,Name=mine", "aws:cost=1", "AWS:cost=1")),
        *((value, False) for value in ("CostCenter", "=1", "a=1,")),
        *((value, False) for value in ("k" * 129 + "=1", "k=" + "v" * 257, "a=b=c,")),
    ],
)
def test_tags_that_ec2_or_the_stack_would_not_take_are_refused_at_deployment(value: str, is_taken: bool) -> None:
    [pattern] = re.findall(r"\n  ConnectionTags:\n.*\n.*\n    AllowedPattern: (.*)\n", (REPOSITORY / "template.yaml").read_text())
    assert bool(re.fullmatch(json.loads(pattern), value)) == is_taken
