"""Filters and pages, for all Describe calls."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from . import errors

T = TypeVar("T")
SMALLEST_PAGE, LARGEST_PAGE = 5, 1000


def select(items: Iterable[T], filters: Mapping[str, Sequence[str]], values_of: Callable[[T, str], Iterable[str]]) -> list[T]:
    """Several filters are joined by AND, the values of one by OR.

    "List and filter using the CLI and API", https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
    """
    return [item for item in items if all(_any_matches(values_of(item, name), patterns) for name, patterns in filters.items())]


def _any_matches(values: Iterable[str], patterns: Sequence[str]) -> bool:
    return any(_wildcard(pattern).fullmatch(value) for value in values for pattern in patterns)


@lru_cache(maxsize=1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    """``*`` matches any characters, ``?`` exactly one; a backslash makes the next character literal."""
    parts = re.findall(r"\\[\s\S]|[\s\S]", pattern)
    return re.compile("".join({"*": ".*", "?": "."}.get(part) or re.escape(part[-1]) for part in parts), re.DOTALL)


def as_texts(value: Any) -> list[str]:
    """The value of a moto model's filter as the texts that AWS compares."""
    if value is None:
        return []
    if isinstance(value, bool):
        return [str(value).lower()]
    return [value] if isinstance(value, str) else [str(each) for each in value]


def page(
    items: Sequence[T], max_results: int | None, next_token: str | None, largest: int = LARGEST_PAGE
) -> tuple[Sequence[T], str | None]:
    """One page and the token of the next. Without MaxResults everything is one page, as on AWS."""
    start = _offset(next_token) if next_token else 0
    if max_results is None:
        return items[start:], None
    if not SMALLEST_PAGE <= max_results <= largest:
        raise errors.invalid_value(
            f"Value ( {max_results} ) for parameter maxResults is invalid. Expecting {SMALLEST_PAGE}..{largest}."
        )
    end = start + max_results
    return items[start:end], _token(end) if end < len(items) else None


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"offset:{offset}".encode()).decode()


def _offset(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("offset:"))
    except (binascii.Error, ValueError):
        raise errors.invalid_value("Unable to parse pagination token") from None
