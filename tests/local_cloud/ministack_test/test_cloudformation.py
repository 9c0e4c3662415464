"""What templates may contain."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud, jsonata, unique, until


def deploy(cloud: Cloud, resources: dict[str, Any], **sections: Any) -> tuple[str, str]:
    """Create a stack; returns its name and final status."""
    stacks, name = cloud.client("cloudformation"), unique("stack")
    stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, **sections}))

    def settled() -> str | None:
        status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    return name, until(settled)


def test_yaml_aliases_are_refused(cloud: Cloud) -> None:
    stacks, name = cloud.client("cloudformation"), unique("stack")
    body = "Resources:\n  One: &same { Type: AWS::SQS::Queue }\n  Two: *same\n"
    with pytest.raises(ClientError, match="YAML aliases are not allowed in CloudFormation templates"):
        stacks.create_stack(StackName=name, TemplateBody=body)
    stacks.create_stack(StackName=name, TemplateBody=body.replace("*same", "{ Type: AWS::SQS::Queue }"))
    stacks.delete_stack(StackName=name)


def test_an_event_bus_policy(cloud: Cloud) -> None:
    bus = unique("bus")
    stack, status = deploy(
        cloud,
        {
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": bus}},
            "Policy": {
                "Type": "AWS::Events::EventBusPolicy",
                "Properties": {
                    "EventBusName": {"Ref": "Bus"},
                    "StatementId": "members",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"AWS": "222222222222"},
                        "Action": "events:PutEvents",
                        "Resource": {"Fn::GetAtt": ["Bus", "Arn"]},
                    },
                },
            },
        },
    )
    assert status == "CREATE_COMPLETE"
    policy = json.loads(cloud.client("events").describe_event_bus(Name=bus)["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["members"]
    cloud.client("cloudformation").delete_stack(StackName=stack)


def test_a_faulty_state_machine_fails_its_stack(cloud: Cloud) -> None:
    definition = json.dumps(jsonata({"A": {"Type": "Pass", "Next": "Gone"}}))
    _, status = deploy(
        cloud,
        {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/any", "DefinitionString": definition},
            }
        },
    )
    assert status.startswith("ROLLBACK")


NAMED = {
    "Machine": {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": {"Fn::Sub": "${AWS::StackName}-peering"},
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/any",
            "DefinitionString": json.dumps(jsonata({"A": {"Type": "Pass", "End": True}})),
        },
    },
    "Sweep": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": {"Fn::Sub": "${AWS::StackName}-sweep"},
            "Role": f"arn:aws:iam::{ACCOUNT}:role/any",
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Code": {"ZipFile": "def handler(event, context): return 1"},
        },
    },
}


def test_names_of_machines_and_functions_are_those_of_the_template(cloud: Cloud) -> None:
    stack, status = deploy(cloud, NAMED)
    assert status == "CREATE_COMPLETE"
    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{stack}-peering"
    assert cloud.client("stepfunctions").describe_state_machine(stateMachineArn=machine)["name"] == f"{stack}-peering"
    assert cloud.client("lambda").get_function(FunctionName=f"{stack}-sweep")["Configuration"]["FunctionName"] == f"{stack}-sweep"

    stacks, changed = cloud.client("cloudformation"), json.loads(json.dumps(NAMED))
    changed["Machine"]["Properties"]["DefinitionString"] = json.dumps(jsonata({"B": {"Type": "Pass", "End": True}}))
    stacks.update_stack(StackName=stack, TemplateBody=json.dumps({"Resources": changed}))
    until(lambda: stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE")
    updated = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    assert json.loads(updated["definition"])["StartAt"] == "B"

    stacks.delete_stack(StackName=stack)
    gone = cloud.client("stepfunctions").exceptions.StateMachineDoesNotExist
    until(lambda: _raises(gone, cloud.client("stepfunctions").describe_state_machine, stateMachineArn=machine))


def test_a_name_that_is_taken_fails_the_stack(cloud: Cloud) -> None:
    definition = json.dumps(jsonata({"Own": {"Type": "Pass", "End": True}}))
    machines, name = cloud.client("stepfunctions"), unique("taken")
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    machine = machines.create_state_machine(name=f"{name}-peering", definition=definition, roleArn=role)["stateMachineArn"]
    function = cloud.create_function("def handle(event, context): return 'own'")
    for logical_id, property_name, taken in (
        ("Machine", "StateMachineName", f"{name}-peering"),
        ("Sweep", "FunctionName", function),
    ):
        resource = json.loads(json.dumps(NAMED[logical_id]))
        resource["Properties"][property_name] = taken
        _, status = deploy(cloud, {logical_id: resource})
        assert status.startswith("ROLLBACK"), (logical_id, status)
    assert machines.describe_state_machine(stateMachineArn=machine)["definition"] == definition
    assert cloud.invoke(function) == "own"


def _raises(error: type[Exception], call: Any, **arguments: Any) -> bool:
    try:
        call(**arguments)
    except error:
        return True
    return False


def test_conditions_on_account_region_lists_and_words(cloud: Cloud) -> None:
    joined = {"Fn::Join": ["", {"Ref": "Names"}]}
    conditions = {
        "Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, REGION]},
        "Ours": {"Fn::Equals": [ACCOUNT, {"Ref": "AWS::AccountId"}]},
        "Both": {"Fn::And": [{"Condition": "Here"}, {"Condition": "Ours"}]},
        "Elsewhere": {"Fn::Not": [{"Condition": "Both"}]},
        "Unnamed": {"Fn::Equals": [joined, ""]},
        "Hourly": {"Fn::Equals": ["hour)", {"Fn::Select": [1, {"Fn::Split": [" ", {"Ref": "Rate"}]}]}]},
        "Daily": {"Fn::Equals": ["day)", {"Fn::Select": [1, {"Fn::Split": [" ", {"Ref": "Rate"}]}]}]},
    }
    queues = {name: {"Type": "AWS::SQS::Queue", "Condition": name} for name in conditions}
    names = {"Names": {"Type": "CommaDelimitedList", "Default": ""}, "Rate": {"Type": "String", "Default": "rate(1 hour)"}}
    stack, status = deploy(cloud, queues, Conditions=conditions, Parameters=names)
    assert status == "CREATE_COMPLETE"
    made = cloud.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    assert {each["LogicalResourceId"] for each in made} == {"Here", "Ours", "Both", "Unnamed", "Hourly"}


def bus_policy(bus: str, statement_id: str) -> dict[str, Any]:
    fields = {"Action": "events:PutEvents", "Principal": "222222222222"}
    return {"Type": "AWS::Events::EventBusPolicy", "Properties": {"EventBusName": bus, "StatementId": statement_id, **fields}}


def test_the_id_of_a_bus_s_statement_is_unique_across_all_buses(cloud: Cloud) -> None:
    buses, taken = [unique("bus"), unique("bus")], unique("statement")
    for bus in buses:
        cloud.client("events").create_event_bus(Name=bus)
    first, status = deploy(cloud, {"Policy": bus_policy(buses[0], taken)})
    assert status == "CREATE_COMPLETE"
    assert deploy(cloud, {"Policy": bus_policy(buses[1], taken)})[1].startswith(("ROLLBACK", "CREATE_FAILED"))
    cloud.client("cloudformation").delete_stack(StackName=first)
    assert deploy(cloud, {"Policy": bus_policy(buses[1], taken)})[1] == "CREATE_COMPLETE"


def test_the_role_of_a_rule_s_target_must_exist(cloud: Cloud) -> None:
    name = unique("role")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": name, "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}},
    }
    target = {
        "Id": "bus",
        "Arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:event-bus/default",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
    }
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["any"]}, "Targets": [target]}}
    assert deploy(cloud, {"Rule": rule})[1].startswith(("ROLLBACK", "CREATE_FAILED"))
    assert deploy(cloud, {"Rule": rule | {"DependsOn": "Role"}, "Role": role})[1] == "CREATE_COMPLETE"
