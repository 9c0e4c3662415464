"""What templates may hold."""

from __future__ import annotations

import json
from typing import Any

from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud, jsonata, unique, until


def deploy(cloud: Cloud, resources: dict[str, Any], **sections: Any) -> tuple[str, str]:
    """Create a stack; answer its name and final status."""
    stacks, name = cloud.client("cloudformation"), unique("stack")
    stacks.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, **sections}))

    def settled() -> str | None:
        status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    return name, until(settled)


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


def test_conditions_on_account_region_and_lists(cloud: Cloud) -> None:
    joined = {"Fn::Join": ["", {"Ref": "Names"}]}
    conditions = {
        "Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, REGION]},
        "Ours": {"Fn::Equals": [ACCOUNT, {"Ref": "AWS::AccountId"}]},
        "Both": {"Fn::And": [{"Condition": "Here"}, {"Condition": "Ours"}]},
        "Elsewhere": {"Fn::Not": [{"Condition": "Both"}]},
        "Unnamed": {"Fn::Equals": [joined, ""]},
    }
    queues = {name: {"Type": "AWS::SQS::Queue", "Condition": name} for name in conditions}
    names = {"Names": {"Type": "CommaDelimitedList", "Default": ""}}
    stack, status = deploy(cloud, queues, Conditions=conditions, Parameters=names)
    assert status == "CREATE_COMPLETE"
    made = cloud.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    assert {each["LogicalResourceId"] for each in made} == {"Here", "Ours", "Both", "Unnamed"}
