"""The demonstration: a local cloud, the real stack, and two VPCs in two Regions peered by one tag, and parted by its removal.

Prints each state as it is reached, then the connection, both VPCs' route tables and the status tags as EC2 describes them.
Exits non-zero, with the reason, if the connection isn't active, a route is missing, or anything is left in the end.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from end_to_end.executions import Machine
from end_to_end.world import HERE, THERE, Vpc, World, wait_until
from local_cloud.deployed import deployed


class Missing(Exception):
    """What should be there, read back from EC2, and isn't."""


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
            vpc, peer = peer_by_tag(World(environment), machine)
            part_by_untagging(vpc, peer, teardown)
    except (Missing, AssertionError, subprocess.CalledProcessError) as reason:
        print(f"\nThe demonstration failed: {reason}\nLogs are in {state}/logs", file=sys.stderr)
        return 1
    print(f"\nDone in {time.monotonic() - began:.0f} s. The local cloud is stopped; `make local-up` leaves one running.")
    return 0


def peer_by_tag(world: World, machine: Machine) -> tuple[Vpc, Vpc]:
    vpc = world.vpc("10.1.0.0/16", "10.11.0.0/16", region=HERE)
    peer = world.vpc("10.2.0.0/16", "2600:1f00:2::/56", region=THERE)
    vpc.table()
    peer.table()
    tag = f"{peer.id}@{THERE}"
    print(f"\n{describe(vpc)}\n{describe(peer)}\n\ntagging {vpc.id}:  isthmus:peer = {tag}\n")
    vpc.tag(isthmus__peer=tag)

    see_through(machine, vpc)
    read_back(vpc, peer)
    return vpc, peer


def part_by_untagging(vpc: Vpc, peer: Vpc, teardown: Machine) -> None:
    print(f"\ntaking isthmus:peer off {vpc.id}\n")
    vpc.untag("isthmus:peer")
    see_through(teardown, vpc)
    for end in (vpc, peer):
        print_tables(end)
        foreign = [route for routes in end.tables().values() for route in routes if route.get("GatewayId") != "local"]
        if foreign or end.connections() or end.tags():
            raise Missing(f"something is left of it on {end.id}: {foreign or end.connections() or end.tags()}")


def see_through(machine: Machine, vpc: Vpc) -> None:
    wait_until(lambda: bool(machine.executions(vpc.id)), "the tag started an execution")
    follow(machine, machine.executions(vpc.id)[0])
    for arn in machine.executions(vpc.id):  # the report of the set-up is a hint as well, and may start a second teardown
        execution = machine.wait(arn)
        if execution.status != "SUCCEEDED":
            raise Missing(f"the execution {execution.status}: {execution.error} {execution.cause.get('Message', '')}")


def describe(vpc: Vpc) -> str:
    found = vpc.ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]
    return f"{vpc.id} in {vpc.region:10}  {', '.join(blocks(found))}"


def blocks(vpc: dict) -> list[str]:
    v4 = [association["CidrBlock"] for association in vpc["CidrBlockAssociationSet"]]
    return v4 + [association["Ipv6CidrBlock"] for association in vpc.get("Ipv6CidrBlockAssociationSet", [])]


def follow(machine: Machine, arn: str) -> None:
    """Prints each state as it is entered, and how long the machine was in it (polls included) as it is left."""
    entered = left = 0
    while True:
        running = machine.client.describe_execution(executionArn=arn)["status"] == "RUNNING"
        history = machine.client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        states = [event for event in history if "stateEnteredEventDetails" in event]
        ends = [event["timestamp"] for event in states[1:]] + ([] if running else [history[-1]["timestamp"]])
        while left < len(states):
            if entered == left:
                print(f"  {states[entered]['stateEnteredEventDetails']['name']:20}", end="", flush=True)
                entered += 1
            if left >= len(ends):
                break
            print(f"{(ends[left] - states[left]['timestamp']).total_seconds():6.2f} s", flush=True)
            left += 1
        if not running:
            return
        time.sleep(0.1)


def read_back(vpc: Vpc, peer: Vpc) -> None:
    """Prints what EC2 says, and checks it: one active connection, and a route to every block in every table."""
    active = vpc.connections("active")
    if len(active) != 1:
        raise Missing(f"{vpc.id} has {len(active)} active connections instead of one")
    connection = active[0]["VpcPeeringConnectionId"]
    requester, accepter = active[0]["RequesterVpcInfo"], active[0]["AccepterVpcInfo"]
    print(f"\n{connection}  {active[0]['Status']['Code']}  {requester['VpcId']} -> {accepter['VpcId']}")
    for own, other in ((vpc, peer), (peer, vpc)):
        wanted = blocks(other.ec2.describe_vpcs(VpcIds=[other.id])["Vpcs"][0])
        print_tables(own)
        print(f"  isthmus:status:{other.id} = {own.status(other)}")
        missing = {(table, block, "active") for table in own.tables() for block in wanted} - own.routes_to(connection)
        if missing:
            raise Missing(f"no active route in {own.region}: {sorted(missing)}")


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
