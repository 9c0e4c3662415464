"""Tags that somebody else may write make nothing ours: neither a connection nor a route, and no teardown follows from them."""

import pytest
from iam.recorded import Record

from .clients import client, output
from .executions import Machine
from .ledger import Ledger
from .network import HERE, HUB, MEMBER, THERE, Network, Vpc, request, wait_until
from .sweeping import Sweep, drift, started
from .tagging import Peerings

OTHER_MEMBER = "111111111111"
BLOCK, PEER_BLOCK = "10.1.0.0/16", "10.2.0.0/16"


@pytest.fixture
def installation(environment: dict[str, str]) -> str:
    """The installation id."""
    return output(environment, "InstallationId")


@pytest.fixture(autouse=True)
def no_delays(network: Network) -> None:
    network.remove_delays()


def test_the_installation_id_is_the_stack_s_name_region_and_account(installation: str) -> None:
    assert installation == f"isthmus.{HERE}.{HUB}"


def test_every_connection_that_we_make_carries_it(network: Network, machine: Machine, installation: str) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    execution = machine.run(request(vpc, peer)).succeeded()
    expected = {"isthmus:stack": installation, "isthmus:execution": execution.arn, "Name": f"{vpc.id}/{peer.id}"}
    for end in (vpc, peer):
        tags = end.connection(execution.output["VpcPeeringConnectionId"])["Tags"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == expected


def tag_connection(vpc: Vpc, pcx: str, **tags: str) -> None:
    """The tags of one side, written by its owner."""
    named = [{"Key": key.replace("__", ":"), "Value": value} for key, value in tags.items()]
    vpc.ec2.create_tags(Resources=[pcx], Tags=named)


def peered_by_hand(requester: Vpc, accepter: Vpc, network: Network) -> str:
    """A connection with routes on both sides, all of it made by their owners."""
    pcx = network.peer_manually(requester, accepter)
    for end, block in ((requester, accepter_block(accepter)), (accepter, accepter_block(requester))):
        end.ec2.create_route(RouteTableId=end.main_table, DestinationCidrBlock=block, VpcPeeringConnectionId=pcx)
    return pcx


def accepter_block(vpc: Vpc) -> str:
    return vpc.ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]["CidrBlock"]


@pytest.mark.parametrize("requested_by_the_member", [True, False], ids=["requested by the member", "requested by the other"])
@pytest.mark.parametrize("other_account", [HUB, OTHER_MEMBER], ids=["of the hub", "of another member"])
@pytest.mark.parametrize("first", ["member", "other"])
def test_a_member_s_forged_tags_tear_nothing_down(
    network: Network,
    machine: Machine,
    teardown: Machine,
    peerings: Peerings,
    ledger: Ledger,
    sweep: Sweep,
    installation: str,
    other_account: str,
    requested_by_the_member: bool,
    first: str,
) -> None:
    """The member tags its own side of a connection as if this stack had made it because of tags, and touches a tag of its VPC.

    `first`: whose VPC has the smaller id, for ours would be requested from there.
    """
    member, other = network.vpc(BLOCK, account=MEMBER), network.vpc(PEER_BLOCK, region=THERE, account=other_account, consents=False)
    while (member.id < other.id) != (first == "member"):
        member = network.vpc(BLOCK, account=MEMBER)
    sides = (member, other) if requested_by_the_member else (other, member)
    pcx = peered_by_hand(*sides, network)
    made_by = machine.run(request(network.vpc("10.8.0.0/16"), network.vpc("10.9.0.0/16"))).succeeded().arn
    tag_connection(
        member, pcx, isthmus__stack=installation, isthmus__execution=made_by, isthmus__requested_by="tags",
        **{f"isthmus__routed__{member.main_table}": PEER_BLOCK, f"isthmus__routed__{other.main_table}": BLOCK},
    )  # fmt: skip
    with network.untouched(member, other):
        record = network.record()
        member.tag(isthmus__dns="on")
        wait_until(lambda: describes(record, member), "the event has been acted on")
        assert drift(sweep(DryRun=True), member) == []
        assert started(sweep(), member) == []
        for ends in ((member, other), (other, member)):
            cause = teardown.run(ends[0].end() | ends[1].end("Peer")).failed("NotOurs").cause
            assert cause["VpcPeeringConnectionId"] == pcx
    assert peerings.teardown.executions(member.id) == [] == peerings.set_up.executions(member.id)
    assert "Connection" not in ledger.assert_free(member, other)


def describes(record: Record, vpc: Vpc) -> bool:
    """Whether the function that events start has read that VPC."""
    calls = record.calls()
    return any("StartPeering" in (call["SessionName"] or call["Caller"]) and vpc.id in str(call["Parameters"]) for call in calls)


def test_a_forged_tag_makes_a_connection_no_more_ours_when_it_is_adopted(
    network: Network, machine: Machine, teardown: Machine, ledger: Ledger, installation: str
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    pcx = network.peer_manually(vpc, peer)
    vpc.ec2.create_route(RouteTableId=vpc.main_table, DestinationCidrBlock=PEER_BLOCK, VpcPeeringConnectionId=pcx)
    for end in (vpc, peer):
        tag_connection(end, pcx, isthmus__stack=installation)
    execution = machine.run(request(vpc, peer, Tags={"team": "payments"})).succeeded()
    assert execution.output["Created"] is False
    assert execution.actions() == {"Created": 1, "Unchanged": 1}
    assert ledger.item(vpc, peer)["Connection"] == {"Id": pcx, "Made": False}
    assert ledger.routes(vpc, peer) == {(peer.main_table, BLOCK)}, "the route that was there is not ours"

    assert teardown.run(vpc.end() | peer.end("Peer")).succeeded().output["Status"] == "released"
    assert vpc.connection(pcx)["Status"]["Code"] == "active"
    assert vpc.routes_to(pcx) == {(vpc.main_table, PEER_BLOCK, "active")} and peer.routes_to(pcx) == set()


def test_an_execution_does_not_tag_what_it_adopts(network: Network, machine: Machine) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE, account=MEMBER)
    pcx = network.peer_manually(peer, vpc)
    before = vpc.connection(pcx)["Tags"], peer.connection(pcx)["Tags"]
    machine.run(request(vpc, peer, Tags={"team": "payments"})).succeeded()
    assert (vpc.connection(pcx)["Tags"], peer.connection(pcx)["Tags"]) == before


def test_the_route_tables_that_were_routed_are_remembered_not_how_they_were_selected(
    network: Network, peerings: Peerings, ledger: Ledger, sweep: Sweep
) -> None:
    vpc, peer = network.vpc(BLOCK), network.vpc(PEER_BLOCK, region=THERE)
    kept, changed = vpc.table(tier="private"), vpc.table(tier="private")
    vpc.tag(isthmus__peer=f"{peer.id}@{THERE}", isthmus__routes="tag:tier=private")
    pcx = peerings.wait_until_active(vpc, peer)
    peerings.wait_for_executions(vpc, peer)
    assert {table for table, *_ in vpc.routes_to(pcx)} == {kept, changed}
    vpc.ec2.create_tags(Resources=[changed], Tags=[{"Key": "tier", "Value": "public"}])
    assert drift(sweep(DryRun=True), vpc) == ["Routes"]
    sweep()
    peerings.wait_for_executions(vpc, peer, at_least=2)
    assert {table for table, *_ in vpc.routes_to(pcx)} == {kept}
    assert ledger.routes(vpc, peer) == {(kept, PEER_BLOCK), (peer.main_table, BLOCK)}
    assert drift(sweep(DryRun=True), vpc) == []


def test_the_table_is_kept_when_the_stack_goes(environment: dict[str, str]) -> None:
    """Without it every connection of ours would count as somebody else's."""
    body = client(environment, "cloudformation").get_template(StackName="isthmus", TemplateStage="Original")["TemplateBody"]
    text = body if isinstance(body, str) else str(body)
    assert "DeletionPolicy: Retain" in text or "'DeletionPolicy': 'Retain'" in text or '"DeletionPolicy": "Retain"' in text
    described = client(environment, "dynamodb").describe_table(TableName=environment["LEDGER_TABLE_NAME"])["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert [index["IndexName"] for index in described["GlobalSecondaryIndexes"]] == ["Owes", "WithdrawnBy"]
