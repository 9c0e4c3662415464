"""The fields of a Distributed Map state that are numbers, or JSONata that results in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions

from local_cloud.distributed_map.definitions import State

Context = dict[str, Any]

# "If you don't specify a concurrency value or set it to zero, Step Functions doesn't limit concurrency and runs 10,000 parallel
# child workflow executions." Each child is a thread here, so that fewer run at once; nothing else depends on the number.
# https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
CHILDREN_AT_ONCE = 1_000


@dataclass(frozen=True)
class Settings:
    max_concurrency: int
    """0 is no limit."""
    tolerated_count: float | None
    """None where the state has no such field."""
    tolerated_percentage: float | None

    @classmethod
    def of(cls, state: State, data: Any, context: Context) -> Settings:
        """Errors: States.Runtime for a number outside its range, with AWS's wording.

        Wording recorded on AWS by the tests of https://github.com/localstack/localstack (test_map_state_tolerated_failure_…).
        """
        concurrency = number(state, "MaxConcurrency", data, context) or 0
        count = number(state, "ToleratedFailureCount", data, context)
        percentage = number(state, "ToleratedFailurePercentage", data, context)
        if concurrency < 0 or concurrency != int(concurrency):
            raise _runtime(context, "MaxConcurrency must be a non-negative integer.")
        if count is not None and count < 0:
            raise _runtime(context, "ToleratedFailureCount cannot be negative.")
        if percentage is not None and not 0 <= percentage <= 100:
            raise _runtime(context, "ToleratedFailurePercentage must be between 0 and 100.")
        return cls(int(concurrency), count, percentage)

    def exceeded_by(self, failed: int, items: int) -> bool:
        """Whether so many failed items of all are more than tolerated, by either threshold. Without any, one is.

        https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html#maprun-fail-threshold
        A count alone suffices: https://github.com/floci-io/floci/pull/2694 (measured on AWS).
        """
        if self.tolerated_count is None and self.tolerated_percentage is None:
            return failed > 0
        too_many = self.tolerated_count is not None and failed > self.tolerated_count
        return too_many or (self.tolerated_percentage is not None and failed * 100 > self.tolerated_percentage * items)


def number(fields: State, field: str, data: Any, context: Context) -> float | None:
    """The value of a field, None if it is absent. Another type is States.QueryEvaluationError."""
    return stepfunctions._jsonata_state_field(fields, field, "number", data, context) if field in fields else None


def _runtime(context: Context, what: str) -> stepfunctions._ExecutionError:
    where = f"An error occurred while executing the state '{context['State']['Name']}'."
    return stepfunctions._ExecutionError("States.Runtime", f"{where} {what}")
