"""What can't be understood in `isthmus:group` changes nothing and is told by name; the other words count."""

import json
import re

import pytest
from local_cloud.deployed import REPOSITORY

from .clients import setting
from .grouping import Groups, refused, why
from .network import HUB, MEMBER, THERE, Network, Vpc, wait_until


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Payments", '"Payments" is not a group\'s name'),
        ("pay.ments", '"pay.ments" is not a group\'s name'),
        ("-payments", '"-payments" is not a group\'s name'),
        ("payments:owner", '"owner" is not a role'),
        ("payments:", '"" is not a role'),
        ("a" * 33, f'"{"a" * 33}" has more than 32 characters'),
        ("payments:hub payments:spoke", '"payments" is named in two roles'),
    ],
    ids=["capitals", "a dot", "a dash first", "an unknown role", "an empty role", "too long", "two roles"],
)
def test_a_word_that_means_nothing_is_told_and_the_others_count(
    network: Network, groups: Groups, group: str, words: str, told: str
) -> None:
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16")
    groups.join(group, peer)
    groups.join(f"{words} {group}", vpc, heard=True)
    wait_until(lambda: told in vpc.tags().get("isthmus:status:invalid", ""), "it is told on the VPC")
    report = groups.report(group)
    assert (report["Mesh"], report["Pairs"], report["SetUp"]) == (2, 1, 1)
    assert any(vpc.id in warning and told in warning for warning in report["Warnings"]), report["Warnings"]
    assert not any(peer.id in warning for warning in report["Warnings"])


def test_a_key_with_an_ending_is_told(network: Network, groups: Groups, group: str) -> None:
    vpc = network.vpc("10.1.0.0/16")
    groups.join(group, vpc)
    vpc.ec2.create_tags(Resources=[vpc.id], Tags=[{"Key": "isthmus:group:more", "Value": group}])
    report = groups.report(group)
    assert any(vpc.id in warning and "isthmus:group:more" in warning for warning in report["Warnings"]), report["Warnings"]


def test_a_group_of_one_is_told(network: Network, groups: Groups, group: str) -> None:
    vpc = network.vpc("10.1.0.0/16")
    groups.join(group, vpc)
    report = groups.report(group)
    assert (report["Mesh"], report["Pairs"]) == (1, 0)
    assert f"{group} has one member, {vpc.id}: there is nothing to peer it with" in report["Warnings"]


def test_spokes_without_a_hub_are_told(network: Network, groups: Groups, group: str) -> None:
    groups.join(group, network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16"), role="spoke")
    report = groups.report(group)
    assert (report["Spokes"], report["Pairs"]) == (2, 0)
    assert f"{group} has 2 spokes and no hub: there is nothing to peer them with" in report["Warnings"]


@pytest.fixture
def hub_and_member(network: Network, groups: Groups, group: str) -> tuple[Vpc, Vpc]:
    """A hub of the stack's account, and a VPC of a member that nobody consents to."""
    hub = network.vpc("10.1.0.0/16")
    groups.join(group, hub, role="hub")
    return hub, network.vpc("10.2.0.0/16", region=THERE, account=MEMBER, consents=False)


def test_a_stranger_that_carries_the_name_is_refused(groups: Groups, group: str, hub_and_member: tuple[Vpc, Vpc]) -> None:
    hub, stranger = hub_and_member
    groups.join(group, stranger, role="spoke")
    report = groups.report(group)
    assert refused(report) == {frozenset((hub.id, stranger.id)): "PeerNotTrusted"}
    assert f"{group}:spoke={MEMBER}" in why(report, hub, stranger)


def test_an_admitted_spoke_that_claims_to_be_a_hub_is_refused(
    environment: dict[str, str], groups: Groups, group: str, hub_and_member: tuple[Vpc, Vpc]
) -> None:
    hub, spoke = hub_and_member
    groups.join(group, spoke, role="hub")
    with setting(environment, GROUP_ACCOUNTS=f"{group}:hub={HUB} {group}:spoke={MEMBER}"):
        report = groups.report(group)
    assert refused(report) == {frozenset((hub.id, spoke.id)): "PeerNotTrusted"}
    assert f"{group}:hub={MEMBER}" in why(report, hub, spoke)


def test_accounts_that_can_t_have_members_are_named(environment: dict[str, str], groups: Groups, group: str) -> None:
    with setting(environment, GROUP_ACCOUNTS=f"{group}:mesh=555555555555,666666666666,{MEMBER}"):
        output = groups.machine.run({"DryRun": True}).succeeded().output
    named = [warning for warning in output["Warnings"] if warning.startswith("GroupAccounts names")]
    assert len(named) == 2 and "555555555555" in named[0] and "ExternalAccounts" in named[0]
    assert "666666666666" in named[1] and "MemberAccounts" in named[1]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"Group": ["a"]}, "Group"), ({"Groups": "a"}, "Groups"), ({"Groups": ["A"]}, "Groups"), ({"DryRun": "yes"}, "DryRun")],
)
def test_an_input_that_can_t_be_understood_fails_by_name(groups: Groups, given: dict[str, object], field: str) -> None:
    failed = groups.machine.run(given).failed("InvalidRequest")
    assert failed.cause["Field"] == field


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        *((value, True) for value in ("", "a:hub=123456789012", "a:spoke=* b-2:mesh=123456789012,222222222222")),
        *((value, True) for value in ("a:spoke=123456789012  a:spoke=222222222222",)),
        *((value, False) for value in ("a:hub=*", "a:mesh=*", "a=123456789012", "a:owner=123456789012", "A:hub=123456789012")),
        *((value, False) for value in ("a:hub=1234", "a:hub=", "a:hub=123456789012,", "-a:spoke=*", "a" * 33 + ":spoke=*")),
        *((value, False) for value in ("a:hub=123456789012b:mesh=123456789012", "a:spoke=*,123456789012", "*:spoke=*")),
    ],
)
def test_a_parameter_that_no_function_could_read_is_refused_at_deployment(value: str, is_taken: bool) -> None:
    [pattern] = re.findall(r"\n  GroupAccounts:\n.*\n.*\n    AllowedPattern: (.*)\n", (REPOSITORY / "template.yaml").read_text())
    assert bool(re.fullmatch(json.loads(pattern), value)) == is_taken
