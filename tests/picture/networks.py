"""Networks to draw: as the function `topology` would answer them, the same for the same size."""

from __future__ import annotations

import random
from typing import Any

REGIONS = ("eu-central-1", "eu-west-1", "us-east-1")
TEAMS = ("data", "identity", "ledger", "ml", "network", "payments", "search", "web")
STAGES = ("prod", "stage", "dev")
ACCOUNTS = tuple(str(digit) * 12 for digit in (1, 2, 3, 4, 5, 6, 7, 8)) + tuple(f"{n}" * 6 for n in (12, 34, 56, 78))
# What goes wrong among so many peerings.
FINDINGS = ("Waiting", "Drift", "Failed", "Missing", "Waiting", "Drift", "Failed", "Missing", "Waiting", "Drift", "Waiting")

Json = dict[str, Any]


def hexadecimal(chance: random.Random) -> str:
    return f"0{chance.getrandbits(64):016x}"


def vpc(chance: random.Random, place: int, region: str, account: str, name: str, *, is_hub: bool) -> Json:
    more = [f"100.{64 + place % 64}.{place // 64}.0/24"] if chance.random() < 0.2 else []
    more += [f"2600:1f{chance.randrange(10, 99)}:{place:x}00::/56"] if chance.random() < 0.1 else []
    return {
        "VpcId": f"vpc-{hexadecimal(chance)}",
        "Region": region,
        "OwnerId": account,
        "Name": name,
        "CidrBlocks": [f"10.{place // 2 % 256}.{place % 2 * 128}.0/17", *more],
        "RouteTables": [f"rtb-{hexadecimal(chance)}" for _ in range(chance.randrange(1, 4))],
        "Excluded": False,
        "Groups": ["core:hub" if is_hub else "core:spoke"],
        "Peers": [],
        "Accepts": [],
    }


def vpcs(chance: random.Random, count: int) -> list[Json]:
    regions, accounts = REGIONS[: max(1, min(3, count // 2))], ACCOUNTS[: max(2, min(12, count // 6 + 1))]
    if count == 2:
        regions, accounts = REGIONS[:2], ACCOUNTS[:2]
    made = []
    for place in range(count):
        region = regions[place % len(regions)]
        is_hub = place < len(regions) and count > 2
        account = accounts[0] if is_hub else accounts[chance.randrange(len(accounts)) if count > 2 else place]
        name = f"shared-{region[:-2]}" if is_hub else f"{TEAMS[place * 5 % 8]}-{STAGES[place // 8 % 3]}"
        same = sum(other["Name"].startswith(name) for other in made)
        name += f"-{same + 1}" if same else ""
        made.append(vpc(chance, place, region, account, name, is_hub=is_hub))
    return made


def end(vpc: Json) -> Json:
    return {key: vpc[key] for key in ("VpcId", "Region", "OwnerId")}


def peering(chance: random.Random, one: Json, other: Json, finding: str) -> Json:
    made: Json = {
        "VpcPeeringConnectionId": f"pcx-{hexadecimal(chance)}",
        "Status": "active",
        "Requester": end(one),
        "Accepter": end(other),
        "Ours": True,
        "RequestedBy": {"Tags": [one["VpcId"], other["VpcId"]][: chance.randrange(1, 3)]},
        "Finding": finding,
        "Routes": {side["VpcId"]: {"Wanted": 6, "Present": 6} for side in (one, other)},
        "DnsResolution": True,
    }
    table = one["RouteTables"][0]
    if finding == "Waiting":
        made |= {
            "Status": None,
            "VpcPeeringConnectionId": None,
            "Error": "PeerNotTrusted",
            "Message": f"{other['VpcId']} of {other['OwnerId']} has not consented: its owner has to tag it "
            f"isthmus:accept={one['VpcId']} (or {one['OwnerId']})",
            "WaitsFor": other["VpcId"],
            "Routes": {},
        }
    elif finding == "Drift":
        missing = [{"RouteTableId": table, "DestinationCidrBlock": block} for block in other["CidrBlocks"][:2]]
        made["Differs"] = "Routes"
        made["Routes"][one["VpcId"]] |= {"Present": 6 - len(missing), "Missing": missing}
    elif finding == "Failed":
        overlap = f"{one['CidrBlocks'][0]} overlaps {one['CidrBlocks'][0]}"
        other["CidrBlocks"].append(one["CidrBlocks"][0])
        made |= {
            "Status": None,
            "VpcPeeringConnectionId": None,
            "Error": "OverlappingCidrs",
            "Message": f"{overlap}: remove one block of each pair, or choose another VPC",
            "Routes": {},
        }
    elif finding == "Missing":
        made |= {"Status": None, "VpcPeeringConnectionId": None, "Differs": "Missing", "Routes": {}}
    return made


def peerings(chance: random.Random, made: list[Json]) -> list[Json]:
    if len(made) == 2:
        return [peering(chance, *made, "InPlace")]
    hubs = [vpc for vpc in made if "core:hub" in vpc["Groups"]]
    spokes = [vpc for vpc in made if vpc not in hubs]
    home = {hub["Region"]: hub for hub in hubs}
    pairs = [(spoke, home[spoke["Region"]]) for spoke in spokes if chance.random() < 0.85]
    pairs += [(one, other) for place, one in enumerate(hubs) for other in hubs[:place]]
    for _ in range(10 * len(made)):
        if len(pairs) >= len(made) * 1.2:
            break
        one, other = chance.sample(spokes, 2)
        if (one, other) not in pairs and (other, one) not in pairs:
            pairs.append((one, other))
    wrong = chance.sample(range(len(pairs)), max(1, min(44, len(pairs) // 6)))
    findings = {place: FINDINGS[order % len(FINDINGS)] for order, place in enumerate(wrong)}
    return [peering(chance, *pair, findings.get(place, "InPlace")) for place, pair in enumerate(pairs)]


def foreign(chance: random.Random, made: list[Json]) -> Json:
    """A connection with a VPC of an account that the stack doesn't read."""
    partner = {"VpcId": f"vpc-{hexadecimal(chance)}", "Region": made[-1]["Region"], "OwnerId": "999999999999"}
    return {
        "VpcPeeringConnectionId": f"pcx-{hexadecimal(chance)}",
        "Status": "active",
        "Requester": end(made[-1]),
        "Accepter": partner,
        "Finding": "Foreign",
    }


def network(count: int, seed: int = 7) -> Json:
    """A network of so many VPCs."""
    chance = random.Random(seed * 1000 + count)
    made = vpcs(chance, count)
    listed = peerings(chance, made)
    unreachable = []
    if count > 20:
        listed.append(foreign(chance, made))
        message = "UnauthorizedOperation to ec2:DescribeVpcs"
        unreachable.append({"Region": "us-east-1", "OwnerId": "888888888888", "Message": message})
        unreachable.append({"Region": "ap-southeast-2", "OwnerId": "222222222222", "Message": message})
    return {
        "Version": 1,
        "Stack": "isthmus",
        "TagPrefix": "isthmus",
        "Time": "2026-11-25T22:14:07.123Z",
        "Vpcs": made,
        "Peerings": listed,
        "Unreachable": unreachable,
    }
