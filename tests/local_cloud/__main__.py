"""Command line of the local cloud: start, stop, status, outputs, members, sweep."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from local_cloud import launcher
from local_cloud.members import deploy_members
from local_cloud.outputs import record_outputs
from local_cloud.sweep import sweep


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


def _sweep(arguments: argparse.Namespace) -> int:
    return sweep(arguments.state, arguments.dry_run)


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
    command("status", _status, "print which servers run; exit 0 if both do, else 3")
    outputs = command("outputs", _outputs, "write a deployed stack's outputs to DIR/env")
    outputs.add_argument("--stack", default="isthmus", help="the stack's name (default: %(default)s)")
    members = command("members", _members, "deploy the member template to other accounts and Regions")
    members.add_argument("--stack", default="isthmus", help="the hub stack's name (default: %(default)s)")
    sweeping = command("sweep", _sweep, "invoke the sweep function and print its answer")
    sweeping.add_argument("--dry-run", action="store_true", help="only report what differs")
    return parser


def _directory(text: str) -> Path:
    """An absolute path: our processes are recognized by it later, from any directory."""
    return Path(text).resolve()


def _port_from(variable: str) -> int | None:
    return int(os.environ[variable]) if os.environ.get(variable) else None


if __name__ == "__main__":
    sys.exit(main())
