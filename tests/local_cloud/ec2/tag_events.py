"""EventBridge's "Tag Change on Resource", which AWS sends for every actual change of a VPC's tags.

"AWS tag change events on EventBridge",
https://docs.aws.amazon.com/tag-editor/latest/userguide/monitor-tags-cloudwatch-events.html
"""

import itertools
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses.tags import TagResponse
from moto.ec2.responses.vpcs import VPCs

from .event_outbox import outbox
from .state import clock

_versions = itertools.count(1)


class TaggingActions(TagResponse, VPCs):
    """The calls that change a VPC's tags. One call sends at most one event for each VPC."""

    def create_tags(self) -> ActionResult:
        with self._reporting(self._get_param("Resources", [])):
            return super().create_tags()

    def delete_tags(self) -> ActionResult:
        with self._reporting(self._get_param("Resources", [])):
            result = super().delete_tags()
            if not self._get_param("Tags", []):
                self._delete_every_tag()
            return result

    def create_vpc(self) -> ActionResult:
        known = set(self.ec2_backend.vpcs)
        result = super().create_vpc()
        for vpc_id in set(self.ec2_backend.vpcs) - known:
            self._report(vpc_id, before={})
        return result

    def _delete_every_tag(self) -> None:
        """AWS: "If you omit this parameter, we delete all user-defined tags for the specified resources."

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
        """
        for resource_id in self._get_param("Resources", []):
            self.ec2_backend.delete_tag_keys([resource_id], list(self._tags_of(resource_id)))

    @contextmanager
    def _reporting(self, resource_ids: list[str]) -> Iterator[None]:
        before = {each: self._tags_of(each) for each in resource_ids if each in self.ec2_backend.vpcs}
        yield
        for vpc_id, tags in before.items():
            self._report(vpc_id, tags)

    def _report(self, vpc_id: str, before: Mapping[str, str]) -> None:
        after = self._tags_of(vpc_id)
        changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        if changed:
            arn = f"arn:{self.partition}:ec2:{self.region}:{self.current_account}:vpc/{vpc_id}"
            outbox.put(_event(self.current_account, self.region, arn, changed, after))

    def _tags_of(self, resource_id: str) -> dict[str, str]:
        return dict(self.ec2_backend.tags.get(resource_id, {}))


def _event(account: str, region: str, arn: str, changed: list[str], tags: dict[str, str]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Tag Change on Resource",
        "source": "aws.tag",
        "account": account,
        "time": datetime.fromtimestamp(clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [arn],
        "detail": {
            "changed-tag-keys": changed,
            "tags": tags,
            "service": "ec2",
            "resource-type": "vpc",
            "version": next(_versions),
        },
    }
