"""The environment variables of the local cloud: those of its processes, and those of its users (``DIR/env``)."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"

# Every process of a cloud has this variable, by which stopping the cloud recognizes its own processes.
STATE_MARK = "LOCAL_CLOUD_STATE"

# ``as_account 222222222222 aws ec2 describe-vpcs``: the one shell function that ``DIR/env`` defines.
AS_ACCOUNT = Path(__file__).resolve().parent / "as_account"


def endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def user_environment(state: Path, port: int, ec2_port: int) -> dict[str, str]:
    """What a user of the cloud needs: the SDKs' standard variables, and the file in which EC2 calls are logged."""
    return {
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_ENDPOINT_URL_EC2": endpoint(ec2_port),
        "AWS_ENDPOINT_URL_STS": endpoint(ec2_port),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # A 12-digit access key is the account, in EC2 and STS as in MiniStack.
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "LOCAL_CLOUD_CALL_LOG": str(state / "ec2-calls.jsonl"),
    }


def process_environment(state: Path, port: int, ec2_port: int) -> dict[str, str]:
    """What the cloud's own processes run with. Functions inherit it from MiniStack, so it refers to no real account."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return (
        inherited
        | user_environment(state, port, ec2_port)
        | {
            STATE_MARK: str(state),
            "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            # AWS's own default. MiniStack's scales with memory, and would throttle a small machine's tests.
            "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
            # Several clouds may run at once, so MiniStack writes only to this one's directory.
            "PERSIST_STATE": "0",
            "STATE_DIR": str(state / "ministack"),
            "S3_DATA_DIR": str(state / "ministack" / "s3"),
            "TMPDIR": str(state / "tmp"),
            # The caller's own profile, instance role and proxy must not be used.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
        }
    )


def read_env_file(state: Path) -> dict[str, str]:
    """The variables that ``DIR/env`` exports; none if there is no such file."""
    path = state / "env"
    if not path.exists():
        return {}
    lines = [line for line in path.read_text().splitlines() if line.startswith("export ")]
    return dict(word.split("=", 1) for line in lines for word in shlex.split(line)[1:])


def write_env_file(state: Path, variables: dict[str, str]) -> None:
    """Replace ``DIR/env`` in one step, so that no reader sees half of it."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    function = f'as_account() {{ {shlex.quote(str(AS_ACCOUNT))} "$@"; }}\n'
    draft = state / "env.new"
    draft.write_text("".join(lines) + function)
    draft.replace(state / "env")
