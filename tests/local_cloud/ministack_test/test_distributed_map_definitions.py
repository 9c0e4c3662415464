"""Map states in Distributed mode: what CreateStateMachine and CloudFormation refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.ministack_test.cloud import Cloud, jsonata
from local_cloud.ministack_test.map_runs import distributed, machine
from local_cloud.ministack_test.test_cloudformation import deploy
from local_cloud.ministack_test.test_events import ANY_ROLE


def refused(cloud: Cloud, definition: dict[str, Any], says: str, **options: Any) -> None:
    with pytest.raises(ClientError, match=says) as refusal:
        cloud.create_machine(definition, **options)
    assert refusal.value.response["Error"]["Code"] == "InvalidDefinition"


def test_an_express_machine_has_none(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html (the warning at `Mode`)"""
    refused(cloud, machine(distributed()), "not supported in Express", type="EXPRESS")
    nested = jsonata({"Both": {"Type": "Parallel", "End": True, "Branches": [machine(distributed())]}})
    refused(cloud, nested, "not supported in Express", type="EXPRESS")
    refused(cloud, machine(distributed({"Inner": distributed()}, kind="EXPRESS")), "not supported in Express")
    assert cloud.create_machine(machine(distributed({"Inner": distributed(kind="EXPRESS")})))


def test_an_express_machine_gets_none_by_an_update(cloud: Cloud) -> None:
    existing = cloud.create_machine(jsonata({"Done": {"Type": "Succeed"}}), type="EXPRESS")
    with pytest.raises(ClientError, match="not supported in Express"):
        cloud.client("stepfunctions").update_state_machine(stateMachineArn=existing, definition=json.dumps(machine(distributed())))


@pytest.mark.parametrize(("kind", "status"), [("STANDARD", "CREATE_COMPLETE"), ("EXPRESS", "ROLLBACK_COMPLETE")])
def test_a_stack_with_an_express_machine_that_has_one_fails(cloud: Cloud, kind: str, status: str) -> None:
    properties = {"RoleArn": ANY_ROLE, "DefinitionString": json.dumps(machine(distributed())), "StateMachineType": kind}
    stack, found = deploy(cloud, {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}})
    assert found == status
    cloud.client("cloudformation").delete_stack(StackName=stack)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"Label": "x" * 41}, "Label"),
        ({"Label": ""}, "Label"),
        ({"Label": "a b"}, "Label"),
        ({"Label": "a/b*"}, "Label"),
        ({"ToleratedFailurePercentage": 101}, "between 0 and 100"),
        ({"ToleratedFailureCount": -1}, "negative"),
        ({"ItemBatcher": {"BatchInput": 1}}, "MaxItemsPerBatch"),
        ({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject"}}, "NOT_IN_THE_LOCAL_CLOUD"),
        ({"ResultWriter": {"WriterConfig": {}}}, "NOT_IN_THE_LOCAL_CLOUD"),
        ({"QueryLanguage": "JSONPath"}, "NOT_IN_THE_LOCAL_CLOUD"),
        ({"ToleratedFailureCount": "{% $x ?? 1 %}"}, "INVALID_JSONATA_EXPRESSION"),
    ],
)
def test_faulty_fields(cloud: Cloud, fields: dict[str, Any], says: str) -> None:
    refused(cloud, machine(distributed(**fields)), says)


def test_the_execution_type_is_required(cloud: Cloud) -> None:
    state = distributed()
    del state["ItemProcessor"]["ProcessorConfig"]["ExecutionType"]
    refused(cloud, machine(state), "ExecutionType")


def test_labels_are_unique_in_a_machine(cloud: Cloud) -> None:
    first = distributed(Label="same", Next="Second")
    refused(cloud, jsonata({"First": first, "Second": distributed(Label="same")}), "unique")
    assert cloud.create_machine(jsonata({"First": first, "Second": distributed(Label="x" * 40)}))
