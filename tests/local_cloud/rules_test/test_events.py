"""Tag Change on Resource."""

from typing import Any

from .cloud import HERE, HUB, MEMBER, Cloud, eventually


def events_of(cloud: Cloud, vpc: str) -> list[dict[str, Any]]:
    return [each for each in cloud.events if each["event"]["resources"][0].endswith(vpc)]


def tag(cloud: Cloud, vpc: str, account: str = HUB, **tags: str) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    cloud.ec2(account=account).create_tags(Resources=[vpc], Tags=pairs)


def test_a_tag_on_a_vpc_makes_an_event_in_its_account_and_region(cloud: Cloud) -> None:
    vpc = cloud.vpc(account=MEMBER)
    tag(cloud, vpc, MEMBER, peer="vpc-1", team="blue")
    eventually(lambda: events_of(cloud, vpc))
    [delivered] = events_of(cloud, vpc)
    event = delivered["event"]
    assert (delivered["account"], delivered["region"]) == (event["account"], event["region"]) == (MEMBER, HERE)
    assert (event["source"], event["detail-type"]) == ("aws.tag", "Tag Change on Resource")
    assert event["resources"] == [f"arn:aws:ec2:{HERE}:{MEMBER}:vpc/{vpc}"]
    assert event["detail"].pop("version") > 0
    assert event["detail"] == {
        "changed-tag-keys": ["peer", "team"],
        "tags": {"peer": "vpc-1", "team": "blue"},
        "service": "ec2",
        "resource-type": "vpc",
    }


def test_a_removed_tag_is_only_among_the_changed_keys(cloud: Cloud) -> None:
    vpc = cloud.vpc(peer="vpc-1", team="blue")
    cloud.ec2().delete_tags(Resources=[vpc], Tags=[{"Key": "peer"}])
    eventually(lambda: len(events_of(cloud, vpc)) == 2)
    created, removed = (each["event"]["detail"] for each in events_of(cloud, vpc))
    assert created["changed-tag-keys"] == ["peer", "team"]
    assert (removed["changed-tag-keys"], removed["tags"]) == (["peer"], {"team": "blue"})


def test_deleting_tags_without_naming_any_deletes_all(cloud: Cloud) -> None:
    vpc = cloud.vpc(peer="vpc-1", team="blue")
    cloud.ec2().delete_tags(Resources=[vpc])
    assert cloud.ec2().describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == []


def test_nothing_changed_means_no_event(cloud: Cloud) -> None:
    vpc = cloud.vpc(team="blue")
    tag(cloud, vpc, team="blue")
    tag(cloud, vpc, team="red")
    eventually(lambda: len(events_of(cloud, vpc)) == 2)
    assert [each["event"]["detail"]["tags"]["team"] for each in events_of(cloud, vpc)] == ["blue", "red"]


def test_events_can_be_lost_and_repeated(cloud: Cloud) -> None:
    vpc = cloud.vpc()
    cloud.control.disturb_events(drop=1, duplicate=1)
    for value in ("lost", "twice", "once"):
        tag(cloud, vpc, value=value)
    eventually(lambda: len(events_of(cloud, vpc)) == 3)
    assert [each["event"]["detail"]["tags"]["value"] for each in events_of(cloud, vpc)] == ["twice", "twice", "once"]
