"""The demonstration's second part: a hub with three spokes in two Regions, of which one overlaps the hub."""

import os
import subprocess

from end_to_end.network import HERE, THERE, Network, Vpc
from local_cloud.deployed import REPOSITORY

NAME = "payments"


class Unfinished(Exception):
    """The group isn't as it should be."""


def set_up_a_group(network: Network, environment: dict[str, str]) -> None:
    """Tags four VPCs, runs the groups machine by the program, and shows the report and the status of each."""
    hub = network.vpc("10.21.0.0/16", region=HERE)
    spokes = [
        network.vpc(block, region=region)
        for block, region in [("10.22.0.0/16", HERE), ("10.23.0.0/16", THERE), ("10.21.128.0/20", THERE)]
    ]
    print()
    for vpc, role in [(hub, "hub"), *((spoke, "spoke") for spoke in spokes)]:
        vpc.tag(isthmus__group=f"{NAME}:{role}")
        print(f"tagging {vpc.id} in {vpc.region:10}  isthmus:group = {NAME}:{role}")
    print(f"\nisthmus groups {NAME}  (a minute later the tags alone would have started it)\n", flush=True)
    program = [REPOSITORY / "target" / "cli" / "isthmus", "groups", NAME, "--region", HERE]
    subprocess.run(program, env={**os.environ, **environment}, check=True)
    print()
    for vpc in (hub, *spokes):
        print(f"{vpc.id}  isthmus:status:group:{NAME} = {status(vpc)}")
    check(hub, spokes)


def check(hub: Vpc, spokes: list[Vpc]) -> None:
    *peered, same = spokes
    for spoke in peered:
        [connection] = spoke.connections("active")
        pcx = connection["VpcPeeringConnectionId"]
        if not (hub.routes_to(pcx) and spoke.routes_to(pcx)):
            raise Unfinished(f"{spoke.id} and the hub are not routed to each other")
    if same.connections() or not status(same).startswith("failed OverlappingCidrs "):
        raise Unfinished(f"{same.id} overlaps the hub and is not refused for that")


def status(vpc: Vpc) -> str:
    return vpc.tags().get(f"isthmus:status:group:{NAME}", "")
