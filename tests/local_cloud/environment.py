"""The environment variables of the local cloud: those of its processes, and those of its users (``DIR/env``)."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"

# Every process of a cloud carries this variable, so that stopping it can tell its own processes from others.
STATE_MARK = "LOCAL_CLOUD_STATE"


def endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def user_environment(state: Path, port: int, ec2_port: int) -> dict[str, str]:
    """What a user of the cloud needs: the SDKs' standard variables, and where EC2 calls are logged."""
    return {
        "AWS_ENDPOINT_URL": endpoint(port),
        "AWS_ENDPOINT_URL_EC2": endpoint(ec2_port),
        "AWS_ENDPOINT_URL_STS": endpoint(ec2_port),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # MiniStack takes a 12-digit access key for the account; moto's caller is always this account.
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "LOCAL_CLOUD_CALL_LOG": str(state / "ec2-calls.jsonl"),
    }


def process_environment(state: Path, port: int, ec2_port: int) -> dict[str, str]:
    """What the cloud's own processes run with. Functions inherit it from MiniStack, so it names no real account."""
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
            # Several clouds side by side: nothing that MiniStack writes may land outside this one's directory.
            "PERSIST_STATE": "0",
            "STATE_DIR": str(state / "ministack"),
            "S3_DATA_DIR": str(state / "ministack" / "s3"),
            "TMPDIR": str(state / "tmp"),
            # Neither the caller's own profile and instance role nor a proxy may come into play.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
        }
    )


def read_env_file(state: Path) -> dict[str, str]:
    """The variables in ``DIR/env``; none if there is no such file."""
    path = state / "env"
    if not path.exists():
        return {}
    words = shlex.split(path.read_text(), comments=True)
    return dict(word.split("=", 1) for word in words if "=" in word)


def write_env_file(state: Path, variables: dict[str, str]) -> None:
    """Replace ``DIR/env``, in one step, so that nobody ever reads half of it."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    draft = state / "env.new"
    draft.write_text("".join(lines))
    draft.replace(state / "env")
