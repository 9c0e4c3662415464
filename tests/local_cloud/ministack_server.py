"""MiniStack with patches where it differs from AWS: ``python -m local_cloud.ministack_server``.

``PATCHES`` lists all changes. Each line has a function of MiniStack and the function that replaces it, which receives the
original as its first argument. If a later MiniStack renames a function, the start fails.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ministack import app
from ministack.core import lambda_runtime, responses
from ministack.core.lambda_runtime import ProvidedWorker
from ministack.services import dynamodb, eventbridge, lambda_svc, stepfunctions
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

from local_cloud import (
    function_calls,
    patch_accounts,
    patch_branches,
    patch_bus_policies,
    patch_cloudformation,
    patch_cloudwatch,
    patch_definitions,
    patch_distributed_map,
    patch_dynamodb,
    patch_eventbridge,
    patch_executions,
    patch_jsonata,
    patch_lambda,
    patch_put_events,
    patch_retries,
    patch_status_events,
    patch_task_limits,
    patch_waits,
    routes,
    service_faults,
)
from local_cloud.environment import STATE_MARK

# In the order in which they are applied: of two patches of one function, the later one calls the earlier one.
PATCHES: list[tuple[ModuleType | type, str, Callable[..., Any]]] = [
    (responses, "_account_from_sts_session", patch_accounts.account_of_session),
    (stepfunctions, "_start_execution", patch_executions.answer_the_running_execution),
    (stepfunctions, "_start_execution", patch_task_limits.limit_execution_input),
    (stepfunctions, "_run_execution", patch_executions.time_out),
    (stepfunctions, "_fail_execution", patch_executions.fail_only_what_runs),
    (stepfunctions, "_add_event", patch_executions.name_task_timeouts),
    (stepfunctions, "_add_event", patch_task_limits.limit_data),
    (stepfunctions, "_add_event", patch_distributed_map.end_with_the_parent),
    (stepfunctions, "_add_event", patch_executions.stop_what_is_closed),
    (stepfunctions, "_emit_execution_status_event", patch_status_events.remember_execution),
    (stepfunctions, "_validate_definition_jsonata", patch_definitions.validate),
    (stepfunctions, "_create_state_machine", patch_distributed_map.remember_type),
    (stepfunctions, "_update_state_machine", patch_distributed_map.remember_type),
    (stepfunctions, "_stop_execution", patch_distributed_map.refuse_express),
    (stepfunctions, "_get_execution_history", patch_distributed_map.refuse_express),
    (stepfunctions, "_find_matching_retrier", patch_retries.delay_as_written),
    (stepfunctions, "_error_matches", patch_retries.spare_terminal_errors),
    (stepfunctions, "_execute_task", patch_task_limits.evaluate_timeout),
    (stepfunctions, "_execute_task", patch_put_events.remember_execution),
    (stepfunctions, "_invoke_resource", patch_put_events.apply_faults),
    (stepfunctions, "_invoke_resource", patch_put_events.name_the_execution),
    (stepfunctions, "_execute_wait", patch_waits.remember_wait_state),
    (stepfunctions, "_scaled_sleep", patch_waits.shorten_long_waits),
    (stepfunctions, "_execute_choice", patch_jsonata.output_of_choice_default),
    (stepfunctions, "_apply_output_path", patch_jsonata.output_of_succeed),
    (stepfunctions, "_run_parallel_branches", patch_jsonata.arguments_and_output_of_parallel),
    (stepfunctions, "_run_sub_machine", patch_branches.run_branch),
    (stepfunctions, "_run_map_items", patch_distributed_map.run_map),
    (eventbridge, "_dispatch_to_event_bus", patch_eventbridge.deliver_to_any_bus),
    (eventbridge, "_put_permission", patch_bus_policies.put_permission),
    (eventbridge, "_put_events", patch_eventbridge.put_on_another_accounts_bus),
    (eventbridge, "_put_events", patch_status_events.describe_the_end),
    (dynamodb, "_update_item", patch_dynamodb.refuse_contradictions),
    *(
        (module, "_evaluate_conditions", patch_cloudformation.resolve_in_conditions)
        for module in (engine, changesets, handlers, stacks)
    ),
    (provisioners, "_physical_name", patch_cloudformation.name_in_region),
    *((module, "_parse_template", patch_cloudformation.refuse_aliases) for module in (handlers, changesets)),
    (ProvidedWorker, "_await_init", patch_lambda.name_exit_during_init),
    (lambda_runtime, "execution_credentials", patch_lambda.name_the_role),
    (lambda_svc, "execution_credentials", patch_lambda.name_the_role),
    (lambda_svc, "_emit_lambda_logs", patch_cloudwatch.extract_metrics),
    (lambda_svc, "_emit_lambda_logs", patch_lambda.filter_logs),
    (provisioners, "_cw_metric_alarm_record", patch_cloudwatch.keep_expression),
]


def install() -> None:
    """Apply every patch."""
    for owner, name, patch in PATCHES:
        original = getattr(owner, name)
        setattr(owner, name, _around(original, patch))
    provisioners._RESOURCE_HANDLERS |= patch_cloudformation.RESOURCE_TYPES | patch_dynamodb.RESOURCE_TYPES
    log = Path(os.environ[STATE_MARK]) / function_calls.FILE
    app.app = function_calls.in_front_of(service_faults.in_front_of(routes.in_front_of(app.app)), log)


def _around(original: Callable[..., Any], patch: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def patched(*arguments: Any, **options: Any) -> Any:
        return patch(original, *arguments, **options)

    return patched


if __name__ == "__main__":
    install()
    sys.argv[1:] = []  # MiniStack's main reads the command line, too.
    app.main()
