"""One request to EC2 or STS, parsed for the call log, the faults and the gateway."""

import io
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from moto.iam.models import get_account_id_from, iam_backends
from moto.sts.models import sts_backends

_CREDENTIAL = re.compile(r"Credential=([^/]+)/[^/]+/([^/]+)/([^/]+)/")
_ACCOUNT = re.compile(r"[0-9]{12}")
FUNCTIONS = "aws-sdk-rust"
"""What is in the user agent of the functions' SDK alone."""


@dataclass
class ApiCall:
    service: str
    action: str
    region: str
    account: str
    access_key_id: str | None
    role_arn: str | None
    session_name: str | None
    caller: str
    is_anybody: bool
    user_agent: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def is_by_a_function(self) -> bool:
        return FUNCTIONS in self.user_agent


def read_call(environ: dict[str, Any]) -> ApiCall:
    """Reads the body of a request and restores it for moto; also tells moto the account by its own header."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    parameters = dict(parse_qsl(body.decode() or environ.get("QUERY_STRING", ""), keep_blank_values=True))
    action = parameters.pop("Action", "")
    parameters.pop("Version", None)
    credential = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
    access_key_id, region, service = credential.groups() if credential else (None, "us-east-1", "ec2")
    account = _account(access_key_id or "")
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = account
    role_arn = _assumed_role(account, access_key_id)
    acts_as = role_arn or _function_role(environ)
    return ApiCall(
        service=service,
        action=action,
        region=region,
        account=account,
        access_key_id=access_key_id,
        role_arn=role_arn,
        session_name=_session_name(account, access_key_id),
        caller=acts_as or f"arn:aws:iam::{account}:root",
        is_anybody=acts_as is None,
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        parameters=parameters,
    )


def _account(access_key_id: str) -> str:
    """A 12-digit access key is an account, as in MiniStack. The key of an assumed role belongs to the role's account.

    Any other key acts in the hub's account.
    """
    return access_key_id if _ACCOUNT.fullmatch(access_key_id) else get_account_id_from(access_key_id)


def _function_role(environ: dict[str, Any]) -> str | None:
    """Functions run with their role's ARN as session token: see ``patch_lambda.name_the_role``."""
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    return token if token.startswith("arn:") else None


def _assumed_role(account: str, access_key_id: str | None) -> str | None:
    access_keys = (backend.access_keys for backend in list(iam_backends[account].values()))
    found = next((keys[access_key_id] for keys in access_keys if access_key_id in keys), None)
    return found.role_arn if found else None


def _session_name(account: str, access_key_id: str | None) -> str | None:
    """The name that an assumed role's session was given."""
    assumed = sts_backends[account]["aws"].get_assumed_role_from_access_key(access_key_id or "")
    return assumed.session_name if assumed else None
