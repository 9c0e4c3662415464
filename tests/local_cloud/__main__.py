"""Command line of the local cloud: start, stop, status, outputs, members."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local_cloud import launcher
from local_cloud.members import deploy_members
from local_cloud.outputs import record_outputs


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return arguments.run(arguments)
    except launcher.LocalCloudError as error:
        print(f"local cloud: {error}", file=sys.stderr)
        return 1


def _start(arguments: argparse.Namespace) -> int:
    return launcher.start(arguments.state, arguments.port, arguments.ec2_port)


def _stop(arguments: argparse.Namespace) -> int:
    return launcher.stop(arguments.state)


def _status(arguments: argparse.Namespace) -> int:
    return launcher.status(arguments.state)


def _outputs(arguments: argparse.Namespace) -> int:
    return record_outputs(arguments.state, arguments.stack)


def _members(arguments: argparse.Namespace) -> int:
    return deploy_members(arguments.state, arguments.stack)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_cloud", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run, help_text: str) -> argparse.ArgumentParser:
        subparser = commands.add_parser(name, help=help_text, description=help_text)
        subparser.add_argument(
            "--state",
            type=_directory,
            required=True,
            metavar="DIR",
            help="directory for this cloud's processes, logs and env file",
        )
        subparser.set_defaults(run=run)
        return subparser

    start = command("start", _start, "start the cloud and write DIR/env")
    start.add_argument(
        "--port",
        type=int,
        default=_port_from("LOCAL_CLOUD_PORT"),
        help="MiniStack's port (default: $LOCAL_CLOUD_PORT, else a free one)",
    )
    start.add_argument(
        "--ec2-port",
        type=int,
        default=_port_from("LOCAL_CLOUD_EC2_PORT"),
        help="the port of EC2 and STS (default: $LOCAL_CLOUD_EC2_PORT, else a free one)",
    )
    command("stop", _stop, "stop the cloud; does nothing if it is not running")
    command("status", _status, "say what is running; exit 0 if all of it, 3 if not")
    outputs = command("outputs", _outputs, "add a deployed stack's outputs to DIR/env")
    outputs.add_argument("--stack", default="isthmus", help="the stack's name (default: %(default)s)")
    members = command("members", _members, "deploy the member template to other accounts and Regions")
    members.add_argument("--stack", default="isthmus", help="the hub stack's name (default: %(default)s)")
    return parser


def _directory(text: str) -> Path:
    """An absolute path: it is the mark by which our processes are recognised later, from any directory."""
    return Path(text).resolve()


def _port_from(variable: str) -> int | None:
    return int(os.environ[variable]) if os.environ.get(variable) else None


if __name__ == "__main__":
    sys.exit(main())
