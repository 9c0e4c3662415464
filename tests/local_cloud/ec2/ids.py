"""Malformed ids are rejected before anything is looked up."""

import re

from . import errors

_HEX = r"(?:[0-9a-f]{8}|[0-9a-f]{17})"
_VPC = re.compile(rf"vpc-{_HEX}")
_CONNECTION = re.compile(rf"pcx-{_HEX}")


def check_vpc_id(vpc_id: str) -> None:
    if not _VPC.fullmatch(vpc_id or ""):
        raise errors.vpc_id_malformed(vpc_id)


def check_connection_id(connection_id: str) -> None:
    if not _CONNECTION.fullmatch(connection_id or ""):
        raise errors.connection_id_malformed(connection_id)
