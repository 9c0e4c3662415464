"""AssumeRole is checked against the trust policy that the role has in MiniStack's IAM.

moto itself lets any caller assume any role, whether it exists or not.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from functools import lru_cache
from typing import Any

import boto3
from botocore.exceptions import ClientError
from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy

from .api_call import ApiCall
from .state import settings

# The roles as which tests act in a member account. They need not be created, and trust every caller.
OWNERS = "owner-of-"


class Trust:
    """The roles of every account, as IAM at ``iam_url`` has them. Without ``iam_url`` every role trusts every caller.

    So do all roles of an account in which no role was created: trying something there needs no preparation. A caller without
    a session token is the user of the local cloud, who owns all its accounts and may assume every role.
    """

    def __init__(self, iam_url: str | None = None) -> None:
        self._iam_url = iam_url
        self._iam = lru_cache(maxsize=None)(self._client)

    def refusal(self, call: ApiCall) -> str | None:
        """The error message of STS, or None. It is the same whether the role does not exist or does not trust the caller."""
        role_arn = call.parameters.get("RoleArn", "")
        if call.action != "AssumeRole" or self._iam_url is None or call.is_anybody or _name(role_arn).startswith(OWNERS):
            return None
        if not self._has_roles(role_arn):
            return None
        policy = self._trust_policy(role_arn)
        for action in _actions(call):
            if policy is None or not evaluate_trust_policy(policy, call.caller, _context(call, action, role_arn)):
                return f"User: {call.caller} is not authorized to perform: {action} on resource: {role_arn}"
        return None

    def _has_roles(self, role_arn: str) -> bool:
        _, _, _, _, account, *_ = [*role_arn.split(":"), "", "", "", "", ""]
        return bool(self._iam(account).list_roles(MaxItems=1)["Roles"]) if account.isdigit() else True

    def _trust_policy(self, role_arn: str) -> dict[str, Any] | None:
        try:
            role = self._iam(role_arn.split(":")[4]).get_role(RoleName=_name(role_arn))["Role"]
        except (ClientError, IndexError):
            return None
        return role["AssumeRolePolicyDocument"] if role["Arn"] == role_arn else None

    def _client(self, account: str) -> Any:
        """A client of that account, which is its access key."""
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "local"}
        return boto3.client("iam", endpoint_url=self._iam_url, region_name="us-east-1", **keys)


def account_of_role(call: ApiCall) -> str:
    return [*call.parameters.get("RoleArn", "").split(":"), "", "", "", "", ""][4]


def is_off(call: ApiCall) -> bool:
    """Whether the role's account has not enabled the Region that its session is to be made in.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_Errors
    """
    return call.action == "AssumeRole" and call.region in settings.regions_off.get(account_of_role(call), [])


def _name(role_arn: str) -> str:
    return role_arn.rpartition("/")[2]


def _actions(call: ApiCall) -> list[str]:
    """Session tags need a further permission.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
    """
    tags = any(name.startswith("Tags.") for name in call.parameters)
    return ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]


def _context(call: ApiCall, action: str, role_arn: str) -> EvalContext:
    account = call.caller.split(":")[4]
    external_id = call.parameters.get("ExternalId")
    return EvalContext(
        principal_arn=call.caller,
        principal_type="Root" if call.caller.endswith(":root") else "AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=role_arn,
        region=call.region,
        service_context={"sts:externalid": external_id} if external_id else {},
    )
