"""CloudFormation: event bus policies, conditions on account and Region, names that are taken, invalid state machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, iam, lambda_svc, stepfunctions
from ministack.services.cloudformation import engine, provisioners

from local_cloud.distributed_map.definitions import of_type
from local_cloud.environment import REGION

Properties = dict[str, Any]


def name_in_region(original: Callable[..., str], *arguments: Any, **options: Any) -> str:
    """Stacks of one name in two Regions have different names for their resources, of which some, as roles, know no Regions.

    MiniStack derives a name from those of the stack and the resource alone. CloudFormation draws a part of it.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
    """
    if provisioners._NAME_SEED.get() or get_region() == REGION:
        return original(*arguments, **options)
    token = provisioners._NAME_SEED.set(get_region())
    try:
        return original(*arguments, **options)
    finally:
        provisioners._NAME_SEED.reset(token)


def refuse_aliases(original: Callable[[str], dict[str, Any]], body: str) -> dict[str, Any]:
    """CloudFormation reads YAML without aliases. MiniStack, like every YAML library, resolves them.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """
    parsed = original(body)
    if not body.startswith("{") and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(body, yaml.CSafeLoader)):
        raise ValueError("Template error: YAML aliases are not allowed in CloudFormation templates")
    return parsed


def resolve_in_conditions(
    original: Callable[..., dict[str, bool]], template: dict[str, Any], params: dict[str, Any]
) -> dict[str, bool]:
    """A condition may refer to the account or the Region, and join or split a text. MiniStack compares the unresolved text.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html
    """
    conditions = _resolved(template.get("Conditions", {}), params)
    return original({**template, "Conditions": conditions}, params)


def _resolved(value: Any, params: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, params) for item in value]
    if not isinstance(value, dict):
        return value
    if {"Fn::Join", "Fn::Select"} & set(value) or str(value.get("Ref", "")).startswith("AWS::"):
        return engine._resolve_refs(value, {}, params, {}, {}, "", "")
    return {key: _resolved(item, params) for key, item in value.items()}


def _create_state_machine(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, Any]]:
    """A state machine fails its stack if its name is taken or its definition invalid. MiniStack replaces it and checks nothing."""
    taken = f"arn:aws:states:{get_region()}:{get_account_id()}:stateMachine:{properties.get('StateMachineName')}"
    if taken in stepfunctions._state_machines:
        raise ValueError(f"State Machine Already Exists: '{taken}'")
    arn, attributes = provisioners._sfn_state_machine_create(logical_id, properties, stack)
    with of_type(properties.get("StateMachineType", "STANDARD")):
        fault = stepfunctions._validate_definition_jsonata(stepfunctions._state_machines[arn]["definition"])
    if fault:
        del stepfunctions._state_machines[arn]
        raise ValueError(f"InvalidDefinition: {fault}")
    return arn, attributes


def _create_function(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, Any]]:
    """A function whose name is taken fails its stack. MiniStack replaces the function."""
    if properties.get("FunctionName") in lambda_svc._functions:
        raise ValueError(f"Function already exist: {properties['FunctionName']}")
    return provisioners._lambda_create(logical_id, properties, stack)


def _create_bus_policy(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, Any]]:
    """Put one statement into a bus's policy. MiniStack rejects the resource type.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-events-eventbuspolicy.html
    """
    bus, statement_id = _bus_name(properties), properties["StatementId"]
    taken = {statement.get("Sid") for policy in eventbridge._event_bus_policies.values() for statement in policy["Statement"]}
    if statement_id in taken:
        # It is the resource's physical id, in the account and Region: https://github.com/aws/aws-cdk/issues/29627
        raise ValueError(f"{statement_id} already exists")
    fields = properties.get("Statement") or {
        field: properties[field] for field in ("Action", "Principal", "Condition") if field in properties
    }
    policy = eventbridge._event_bus_policies.get(bus) or {"Version": "2012-10-17", "Statement": []}
    statement = {"Effect": "Allow", **fields, "Sid": statement_id}
    eventbridge._event_bus_policies[bus] = {**policy, "Statement": [*policy["Statement"], statement]}
    return statement_id, {}


def _create_rule(logical_id: str, properties: Properties, stack: str) -> tuple[str, dict[str, Any]]:
    """EventBridge checks a target's role when the target is put, so the role has to be there. MiniStack doesn't look.

    Wording: https://github.com/zappa/Zappa/issues/381
    """
    for target in properties.get("Targets", []):
        role = str(target.get("RoleArn", ""))
        if role and role.rpartition("/")[2] not in iam._roles:
            raise ValueError(f"Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.")
    return provisioners._eb_rule_create(logical_id, properties, stack)


def _update_bus_policy(identifier: str, old: Properties, new: Properties, stack: str) -> tuple[str, dict[str, Any]]:
    _delete_bus_policy(identifier, old)
    return _create_bus_policy("", new, stack)


def _delete_bus_policy(identifier: str, properties: Properties) -> None:
    _remove_statement(_bus_name(properties), identifier)


def _remove_statement(bus: str, statement_id: str) -> None:
    eventbridge._remove_permission({"EventBusName": bus, "StatementId": statement_id})


def _bus_name(properties: Properties) -> str:
    return properties.get("EventBusName") or "default"


RESOURCE_TYPES = {
    "AWS::StepFunctions::StateMachine": {
        **provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"],
        "create": _create_state_machine,
    },
    "AWS::Lambda::Function": {
        **provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"],
        "create": _create_function,
    },
    "AWS::Events::Rule": {
        **provisioners._RESOURCE_HANDLERS["AWS::Events::Rule"],
        "create": _create_rule,
    },
    "AWS::Events::EventBusPolicy": {
        "create": _create_bus_policy,
        "update": _update_bus_policy,
        "delete": _delete_bus_policy,
    },
}
