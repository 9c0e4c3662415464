"""Lambda: the error where a function's process ends, the function's credentials, and which lines of its log are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from ministack.core.lambda_runtime import ProvidedInitTimeout, ProvidedRuntimeError, ProvidedWorker


def name_exit_during_init(original: Callable[..., None], worker: ProvidedWorker, *arguments: Any) -> None:
    """A process that ends before it asks for its first event is a Runtime.ExitError, like one that ends later.

    An error that the runtime reports keeps its name. MiniStack returns Runtime.Unknown for both.
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror
    """
    try:
        original(worker, *arguments)
    except ProvidedInitTimeout:
        raise  # The process has not ended: MiniStack initializes once more, as AWS does.
    except RuntimeError as error:
        reported = worker._init_error if isinstance(worker._init_error, dict) else {}
        raise ProvidedRuntimeError(
            reported.get("errorMessage", str(error)), reported.get("errorType", "Runtime.ExitError")
        ) from error


def name_the_role(original: Callable[..., dict[str, str]], config: dict[str, Any]) -> dict[str, str]:
    """A function acts as its role, as on AWS. The role's ARN is the session token, from which the local STS and EC2 read it.

    MiniStack gives every function the same credentials, those of the account.
    """
    return {**original(config), "AWS_SESSION_TOKEN": config["Role"]}


LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


def filter_logs(
    original: Callable[..., None], func: dict[str, Any], request_id: str, text: str, *more: Any, **options: Any
) -> None:
    """With the format JSON, Lambda keeps the lines of the level that ``ApplicationLogLevel`` says, and above.

    A line without a valid level, or without a time as in RFC 3339, counts as INFO. MiniStack keeps all lines.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
    """
    logging = (func.get("config") or func).get("LoggingConfig") or {}
    if logging.get("LogFormat") == "JSON" and text:
        least = LEVELS.index(logging.get("ApplicationLogLevel", "INFO"))
        text = "\n".join(line for line in text.splitlines() if LEVELS.index(_level(line)) >= least)
    original(func, request_id, text, *more, **options)


def _level(line: str) -> str:
    try:
        entry = json.loads(line)
        datetime.fromisoformat(entry["timestamp"])
        return entry["level"] if entry["level"] in LEVELS else "INFO"
    except (ValueError, KeyError, TypeError):
        return "INFO"
