"""Evaluates whether a role may make a call: by its own policies and, for a role or a bus, also by the resource's policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from local_cloud.members import MEMBERS

from iam.simulator import Decision, simulator
from iam.stacks import HERE, HUB, Policy, Role, Stack, deploy

Context = Mapping[str, str | list[str]]

STACK_ID = f"arn:aws:cloudformation:{HERE}:{HUB}:stack/isthmus/6f1b7c2e-0000-4000-8000-000000000000"


def member(hub: Stack, account: str) -> Stack:
    """The member template in another account, with the hub's outputs as its parameters. Its roles are made in `HERE`."""
    outputs = {name: str(hub.value(output["Value"])) for name, output in hub.template["Outputs"].items()}
    return deploy(
        "member/template.yaml",
        account,
        HERE,
        STACK_ID,
        HubAccount=hub.account,
        HubRegion=hub.region,
        HubBusName=outputs["EventBusArn"].rpartition("/")[2],
        HubRoleArns=outputs["FunctionRoleArns"],
        ExternalId=outputs["ExternalId"],
        MemberRoleName=outputs["MemberRoleName"],
        TagPrefix=outputs["TagPrefix"],
        RoleRegion=HERE,
    )


def hub(stack_id: str = STACK_ID, region: str = HERE, ledger: str | None = None, **parameters: str) -> Stack:
    """The stack with those members. Its `ExternalId` is derived from its id. `ledger` is the name of its table."""
    names = {"Ledger": ledger} if ledger else {}
    return deploy("template.yaml", HUB, region, stack_id, names, MemberAccounts=",".join(MEMBERS), **parameters)


class Evaluator:
    """IAM's decisions about some roles, by their policies, their trust policies and the policies of a bus."""

    def __init__(self, roles: Iterable[Role], resource_policies: Mapping[str, Policy] | None = None) -> None:
        self.roles = {role.arn: role for role in roles}
        self._resource_policies = {**{arn: role.trust for arn, role in self.roles.items()}, **(resource_policies or {})}

    @classmethod
    def of_templates(cls, stack_id: str = STACK_ID, **deployment: str) -> Evaluator:
        """The roles of the hub and of its members. See `hub`."""
        own = hub(stack_id, **deployment)
        members = [member(own, account) for account in MEMBERS]
        roles = [role for stack in (own, *members) for role in (*stack.roles(), *stack.people())]
        return cls(roles, {arn: policy for stack in (own, *members) for arn, policy in stack.bus_policies().items()})

    def add(self, other: Evaluator) -> None:
        """The roles of another installation as well."""
        self.roles |= other.roles
        self._resource_policies |= other._resource_policies

    def evaluate(self, role: Role, action: str, resource: str, context: Context) -> Decision:
        name = role.arn.rpartition("/")[2]
        principal = {"aws:PrincipalArn": role.arn, "aws:PrincipalAccount": role.account}
        owner = _account(resource)
        principal |= {"aws:ResourceAccount": owner} if owner else {}
        simulation: dict[str, Any] = {
            "request": {
                "principal": f"arn:aws:sts::{role.account}:assumed-role/{name}/session",
                "action": action,
                "resource": {"resource": resource, "accountId": _account(resource) or role.account},
                "contextVariables": {**principal, **context},
            },
            "identityPolicies": [{"name": str(number), "policy": policy} for number, policy in enumerate(role.policies)],
        }
        if policy := self._resource_policy(role, action, resource):
            simulation["resourcePolicy"] = policy
        return simulator().evaluate(simulation)

    def _resource_policy(self, role: Role, action: str, resource: str) -> Policy | None:
        """A role or a bus that is not ours is assumed to let the caller's account in, so that the caller's own policies decide."""
        if resource in self._resource_policies or action not in ("sts:AssumeRole", "events:PutEvents"):
            return self._resource_policies.get(resource)
        trusted = {
            "Sid": "CallersAccount",
            "Effect": "Allow",
            "Action": action,
            "Resource": resource,
            "Principal": {"AWS": f"arn:aws:iam::{role.account}:root"},
        }
        if action == "sts:AssumeRole":
            del trusted["Resource"]
        return {"Version": "2012-10-17", "Statement": [trusted]}


def _account(resource: str) -> str | None:
    return resource.split(":")[4] if resource.startswith("arn:") else None
