"""EC2 shows a fresh connection to its requester only a moment later: the roll-back finds it all the same, or names it."""

import pytest

from .executions import Execution, Machine
from .ledger import Ledger
from .network import HERE, HUB, MEMBER, NEVER, THERE, Network, Vpc, request, wait_until

BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"
DENIED = {"Code": "UnauthorizedOperation", "HttpStatus": 403}


@pytest.fixture(params=[HUB, MEMBER], ids=["one account", "two accounts"])
def pair(request: pytest.FixtureRequest, network: Network) -> tuple[Vpc, Vpc]:
    return network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=request.param)


def live(pair: tuple[Vpc, Vpc]) -> list[str]:
    """Every live connection of the two, once each is visible to both."""
    return sorted({found["VpcPeeringConnectionId"] for vpc in pair for found in vpc.connections()})


def assert_nothing_is_left(network: Network, ledger: Ledger, execution: Execution, pair: tuple[Vpc, Vpc]) -> None:
    network.control.advance(NEVER)
    undone = execution.cause["RolledBack"]
    [connection] = undone["ConnectionsDeleted"]
    assert "LeftBehind" not in undone and live(pair) == []
    assert {found["VpcPeeringConnectionId"] for vpc in pair for found in vpc.everything()["connections"]} == {connection}
    assert "Connection" not in ledger.assert_free(*pair)


@pytest.mark.parametrize("hidden", [0.2, 3])
@pytest.mark.parametrize("action", ["CreateTags", "AcceptVpcPeeringConnection"])
def test_what_the_requester_can_t_see_yet_is_deleted(
    network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc], hidden: float, action: str
) -> None:
    network.control.set(requester_visible_after=hidden, visible_after=0, pending_after=0)
    network.control.plant_faults({"Action": action, **DENIED})
    execution = machine.run(request(*pair)).failed("AccessDenied")
    assert execution.cause["Action"] == f"ec2:{action}"
    assert_nothing_is_left(network, ledger, execution, pair)


def test_one_that_stays_hidden_is_named(network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc]) -> None:
    """For longer than the roll-back looks: somebody has to look after it, and the next execution finds it by the ledger."""
    network.control.set(requester_visible_after=NEVER, visible_after=0, pending_after=0)
    network.control.plant_faults({"Action": "CreateTags", **DENIED})
    execution = machine.run(request(*pair)).failed("AccessDenied")
    [left] = execution.cause["RolledBack"]["LeftBehind"]
    network.control.set(requester_visible_after=0)
    network.control.advance(NEVER)
    [connection] = live(pair)
    assert connection in left
    item = ledger.item(*pair)
    assert "Holder" not in item and item["Makers"] == [execution.arn], "it stays recorded who made it"

    later = machine.run(request(*pair)).succeeded()
    assert later.output["VpcPeeringConnectionId"] == connection
    assert ledger.assert_free(*pair)["Connection"] == {"Id": connection, "Made": True}, "it is known to be ours"


@pytest.mark.parametrize("hidden", [0, 3])
def test_one_whose_creation_was_not_answered_is_found_by_its_tag(
    network: Network, machine: Machine, ledger: Ledger, pair: tuple[Vpc, Vpc], hidden: float
) -> None:
    """CreateRequest never learns the id, and gives up in the end."""
    network.control.set(requester_visible_after=hidden, visible_after=0, pending_after=0)
    lost = {"Code": "InternalError", "HttpStatus": 500}
    network.control.plant_faults(
        {"Action": "CreateVpcPeeringConnection", "Effect": "execute-then-fail", **lost},
        {"Action": "CreateVpcPeeringConnection", "Times": 999, **lost},
        {"Action": "DescribeVpcPeeringConnections", "AfterCalls": 1, "Times": 23, **lost},
    )
    arn = machine.start(request(*pair))
    machine.reaches(arn, "RollBack")
    network.control.clear_faults()
    execution = machine.wait(arn).failed("ServiceFault")
    assert execution.cause["Action"].startswith("ec2:")
    assert_nothing_is_left(network, ledger, execution, pair)


def test_a_hidden_connection_is_waited_for_and_then_peered(network: Network, machine: Machine, pair: tuple[Vpc, Vpc]) -> None:
    network.control.set(requester_visible_after=3, visible_after=3, pending_after=0)
    execution = machine.run(request(*pair)).succeeded()
    wait_until(lambda: live(pair) == [execution.output["VpcPeeringConnectionId"]], "it is the only one")
    assert pair[0].region == HERE
