"""Reads one resource's tags directly, and checks how long tags may be. moto searches the tags of all resources for every
resource that it lists, and takes tags of any length.
"""

from moto.ec2.models.tags import TagBackend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from . import errors

KEY, VALUE = 128, 256  # characters
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions"""


def check_lengths(tags: dict[str, str]) -> None:
    for key, value in tags.items():
        if len(key) > KEY:
            raise errors.invalid_value(f"Tag key exceeds the maximum length of {KEY} characters")
        if len(value or "") > VALUE:
            raise errors.invalid_value(f"Tag value exceeds the maximum length of {VALUE} characters")


class TagLookup(TagBackend):
    def create_tags(self, resource_ids: list[str], tags: dict[str, str]) -> bool:
        check_lengths(tags)
        return super().create_tags(resource_ids, tags)

    def describe_tags(self, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        resource_ids = _plain_resource_ids(filters or {})
        if resource_ids is None:
            return super().describe_tags(filters)
        return [
            {
                "resource_id": resource_id,
                "key": key,
                "value": value,
                "resource_type": EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource_id), ""),
            }
            for resource_id in resource_ids
            for key, value in self.tags.get(resource_id, {}).items()
        ]


def _plain_resource_ids(filters: dict[str, list[str]]) -> list[str] | None:
    """The ids, if the only filter is resource-id, without wildcards."""
    resource_ids = filters.get("resource-id", [])
    is_plain = list(filters) == ["resource-id"] and not any(set("*?") & set(each) for each in resource_ids)
    return resource_ids if is_plain else None
