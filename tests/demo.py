"""The demonstration: in a local cloud with the real stack, one tag peers two VPCs in two Regions, a route table changes its
own tag and its routes go, and the removal of the first tag tears the peering down. Then a group: a hub with three spokes.

Before the teardown, the network is drawn as a page, by the program `isthmus`.

Prints each state when it is entered, then the connection, the route tables of both VPCs and the status tags from EC2, and what
the ledger knows about the pair. Exits with 1 and the reason if the connection is not active, a route is missing or stale, the
ledger doesn't know of one, or anything is left after the teardown.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from demo_of_groups import Unfinished, set_up_a_group
from end_to_end.executions import Machine
from end_to_end.ledger import Ledger
from end_to_end.network import HERE, THERE, Network, Vpc, wait_until
from end_to_end.sweeping import Sweep, drift
from local_cloud.deployed import REPOSITORY, deployed


class Unexpected(Exception):
    """EC2 does not show the expected result."""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--state", type=Path, required=True, help="where the local cloud keeps its files")
    state: Path = arguments.parse_args().state.resolve()
    began = time.monotonic()
    try:
        print("starting the local cloud and deploying the stack to it", flush=True)
        with deployed(state) as environment:
            machine = Machine(environment, environment["STATE_MACHINE_ARN"])
            teardown = Machine(environment, environment["TEARDOWN_STATE_MACHINE_ARN"])
            ledger = Ledger(environment)
            vpc, peer = peer_by_tag(Network(environment), machine, ledger)
            retag_a_table(vpc, machine, Sweep(environment))
            picture = draw(environment, state / "topology.html")
            tear_down_by_untagging(vpc, peer, teardown, ledger)
            set_up_a_group(Network(environment), environment)
    except (Unexpected, Unfinished, AssertionError, subprocess.CalledProcessError) as reason:
        print(f"\nThe demonstration failed: {reason}\nLogs are in {state}/logs", file=sys.stderr)
        return 1
    print(f"\nThe network while the two were peered: {picture}")
    print(f"Done in {time.monotonic() - began:.0f} s. The local cloud is stopped; `make local-up` leaves one running.")
    return 0


def peer_by_tag(network: Network, machine: Machine, ledger: Ledger) -> tuple[Vpc, Vpc]:
    vpc = network.vpc("10.1.0.0/16", "10.11.0.0/16", region=HERE)
    peer = network.vpc("10.2.0.0/16", "2600:1f00:2::/56", region=THERE)
    retag(vpc, vpc.main_table, "private")
    vpc.table(tier="private")
    peer.table()
    tag = f"{peer.id}@{THERE}"
    print(f"\n{describe(vpc)}\n{describe(peer)}")
    print(f"\ntagging {vpc.id}:  isthmus:peer = {tag}  isthmus:routes = tag:tier=private\n")
    vpc.tag(isthmus__peer=tag, isthmus__routes="tag:tier=private")

    follow_executions(machine, vpc)
    connection = read_back(vpc, peer)
    print_item(ledger, vpc, peer)
    written = {(table, block) for end in (vpc, peer) for table, block, _ in end.routes_to(connection)}
    if ledger.routes(vpc, peer) != written:
        raise Unexpected(f"the ledger does not know exactly the routes that were written: {sorted(written)}")
    return vpc, peer


def retag_a_table(vpc: Vpc, machine: Machine, sweep: Sweep) -> None:
    """No event says so; the next sweep finds it."""
    [table] = set(vpc.tables()) - {vpc.main_table}
    print(f"\ntagging {table}, a table of {vpc.id}:  tier = public  (it was private; the sweep compares)\n")
    retag(vpc, table, "public")
    before = machine.executions(vpc.id)
    found = drift(sweep(), vpc)
    if found != ["Routes"]:
        raise Unexpected(f"the sweep found {found} instead of the routes of that table")
    [repair] = set(machine.executions(vpc.id)) - set(before)
    follow(machine, repair)
    print_tables(vpc)
    [connection] = vpc.connections("active")
    left = {table for table, _, _ in vpc.routes_to(connection["VpcPeeringConnectionId"])}
    if left != {vpc.main_table}:
        raise Unexpected(f"the tables that lead to the peer are {sorted(left)}")


def draw(environment: dict[str, str], picture: Path) -> Path:
    """Has the program `isthmus` write what there is as a page."""
    print(f"\nisthmus topology --html {picture.name}\n", flush=True)
    program = [REPOSITORY / "target" / "cli" / "isthmus", "topology", "--html", picture, "--region", HERE]
    subprocess.run(program, env={**os.environ, **environment}, check=True)
    return picture


def retag(vpc: Vpc, table: str, tier: str) -> None:
    vpc.ec2.create_tags(Resources=[table], Tags=[{"Key": "tier", "Value": tier}])


def tear_down_by_untagging(vpc: Vpc, peer: Vpc, teardown: Machine, ledger: Ledger) -> None:
    print(f"\nuntagging {vpc.id}:  isthmus:peer\n")
    vpc.untag("isthmus:peer", "isthmus:routes")
    follow_executions(teardown, vpc)
    for end in (vpc, peer):
        print_tables(end)
        foreign = [route for routes in end.tables().values() for route in routes if route.get("GatewayId") != "local"]
        if foreign or end.connections() or end.tags():
            raise Unexpected(f"{end.id} is not as before: {foreign or end.connections() or end.tags()}")
    print_item(ledger, vpc, peer)
    if "Removed" not in ledger.item(vpc, peer) or ledger.routes(vpc, peer):
        raise Unexpected("the ledger does not know that the peering is removed")


def follow_executions(machine: Machine, vpc: Vpc) -> None:
    wait_until(lambda: bool(machine.executions(vpc.id)), "the tag started an execution")
    follow(machine, machine.executions(vpc.id)[0])
    for arn in machine.executions(vpc.id):  # the event of the set-up may start a second teardown
        execution = machine.wait(arn)
        if execution.status != "SUCCEEDED":
            raise Unexpected(f"the execution {execution.status}: {execution.error} {execution.cause.get('Message', '')}")


def describe(vpc: Vpc) -> str:
    found = vpc.ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]
    return f"{vpc.id} in {vpc.region:10}  {', '.join(blocks(found))}"


def blocks(vpc: dict) -> list[str]:
    v4 = [association["CidrBlock"] for association in vpc["CidrBlockAssociationSet"]]
    return v4 + [association["Ipv6CidrBlock"] for association in vpc.get("Ipv6CidrBlockAssociationSet", [])]


def follow(machine: Machine, arn: str) -> None:
    """Prints each state when it is entered, and its duration, retries included, when it is exited."""
    entered = exited = 0
    while True:
        running = machine.client.describe_execution(executionArn=arn)["status"] == "RUNNING"
        history = machine.client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        states = [event for event in history if "stateEnteredEventDetails" in event]
        ends = [event["timestamp"] for event in states[1:]] + ([] if running else [history[-1]["timestamp"]])
        while exited < len(states):
            if entered == exited:
                print(f"  {states[entered]['stateEnteredEventDetails']['name']:20}", end="", flush=True)
                entered += 1
            if exited >= len(ends):
                break
            print(f"{(ends[exited] - states[exited]['timestamp']).total_seconds():6.2f} s", flush=True)
            exited += 1
        if not running:
            return
        time.sleep(0.1)


def read_back(vpc: Vpc, peer: Vpc) -> str:
    """Prints and checks the result in EC2: one active connection, whose id it returns, and in every table a route to every
    block."""
    active = vpc.connections("active")
    if len(active) != 1:
        raise Unexpected(f"{vpc.id} has {len(active)} active connections instead of one")
    connection = active[0]["VpcPeeringConnectionId"]
    requester, accepter = active[0]["RequesterVpcInfo"], active[0]["AccepterVpcInfo"]
    print(f"\n{connection}  {active[0]['Status']['Code']}  {requester['VpcId']} -> {accepter['VpcId']}")
    for own, other in ((vpc, peer), (peer, vpc)):
        expected = blocks(other.ec2.describe_vpcs(VpcIds=[other.id])["Vpcs"][0])
        print_tables(own)
        if own.status(other):
            print(f"  isthmus:status:{other.id} = {own.status(other)}")
        missing = {(table, block, "active") for table in own.tables() for block in expected} - own.routes_to(connection)
        if missing:
            raise Unexpected(f"no active route in {own.region}: {sorted(missing)}")
    return connection


def print_item(ledger: Ledger, vpc: Vpc, peer: Vpc) -> None:
    """Prints what the ledger knows about the pair."""
    item = ledger.item(vpc, peer)
    ends = dict(zip("AB", item["Pair"].split("|"), strict=True))
    print("\nthe ledger's item of the pair")
    for letter, end in ends.items():
        print(f"  {f'end {letter}':12} {end.replace('@', ' in ', 1).replace('@', ' of ')}")
    for name, value in item.items():
        if name != "Pair":
            for number, line in enumerate(lines(value)):
                print(f"  {'' if number else name:12} {line}")


def lines(value: Any) -> list[str]:
    """An attribute of an item, as a person reads it."""
    if isinstance(value, list) and value and isinstance(value[0], dict):  # routes, tables with the same ones together
        return [f"{', '.join(group['Destinations'])}  in  {', '.join(group['RouteTableIds'])}" for group in value]
    if isinstance(value, dict):
        return [f"{name}: {', '.join(lines(each))}" for name, each in value.items()]
    return [", ".join(value)] if isinstance(value, list) else [str(value)]


def print_tables(vpc: Vpc) -> None:
    print(f"\n{vpc.id} in {vpc.region}")
    for table, routes in vpc.tables().items():
        main = "  (main)" if table == vpc.main_table else ""
        print(f"  {table}{main}")
        for route in routes:
            destination = route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"]
            target = route.get("VpcPeeringConnectionId") or route["GatewayId"]
            print(f"    {destination:20} {target:24} {route['State']}")


if __name__ == "__main__":
    sys.exit(main())
