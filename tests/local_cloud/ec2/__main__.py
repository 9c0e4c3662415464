"""``python -m local_cloud.ec2 --port 5001 --call-log FILE [--events-url URL] [--iam-url URL]``"""

import argparse
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from .call_log import CallLog
from .event_outbox import outbox
from .gateway import Gateway
from .install import install
from .trust import Trust

HOST = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Prints no line for each request, since there is a call log, and sends answers at once instead of filling a packet."""

    disable_nagle_algorithm = True

    def log_request(self, *_: Any) -> None:
        pass


def main() -> None:
    arguments = _parse_arguments()
    install()
    if arguments.events_url:
        outbox.deliver_to(arguments.events_url)
    gateway = Gateway(CallLog(arguments.call_log), Trust(arguments.iam_url))
    server = make_server(HOST, arguments.port, gateway, threaded=True, request_handler=QuietHandler)  # type: ignore[arg-type]
    server.serve_forever()


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="local_cloud.ec2", description="EC2 and STS on this machine, as strict as AWS")
    parser.add_argument("--port", type=int, default=5001)
    parser.add_argument("--call-log", type=Path, metavar="FILE", help="append every call to this file, as JSON lines")
    parser.add_argument("--events-url", metavar="URL", help="POST the tag change events here")
    parser.add_argument("--iam-url", metavar="URL", help="the IAM that knows the roles which STS gives out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
