"""CloudTrail of every account says which version of Isthmus made a call: it is in the SDK's user agent."""

from pathlib import Path

from .calls import is_by_a_function
from .clients import forget_sessions
from .executions import Machine
from .network import MEMBER, THERE, Network, request

VERSION = (Path(__file__).resolve().parents[2] / "VERSION").read_text().strip()


def test_every_call_of_a_function_names_the_version(environment: dict[str, str], network: Network, machine: Machine) -> None:
    network.remove_delays()
    vpc, peer = network.vpc("10.1.0.0/16"), network.vpc("10.2.0.0/16", region=THERE, account=MEMBER)
    forget_sessions(environment)
    record = network.record()
    machine.run(request(vpc, peer)).succeeded()
    calls = [call for call in record.calls() if is_by_a_function(call)]
    assert {call["Action"] for call in calls} >= {"AssumeRole", "CreateVpcPeeringConnection", "CreateRoute"}
    assert {call["UserAgent"] for call in calls if f" app/isthmus-{VERSION}" not in call["UserAgent"]} == set()
