"""Tables in templates: what CloudFormation makes of the ledger's table.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

import json
from typing import Any

from local_cloud.environment import ACCOUNT, REGION
from local_cloud.ministack_test.cloud import Cloud, unique, until
from local_cloud.ministack_test.ledger_table import ATTRIBUTES, INDEX, KEYS, key, refused
from local_cloud.ministack_test.test_cloudformation import deploy

LEDGER: dict[str, Any] = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {
        "KeySchema": KEYS,
        "AttributeDefinitions": ATTRIBUTES,
        "GlobalSecondaryIndexes": [INDEX],
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "Expires", "Enabled": True},
    },
}
OUTPUTS = {"Name": {"Value": {"Ref": "Ledger"}}, "Arn": {"Value": {"Fn::GetAtt": ["Ledger", "Arn"]}}}


def ledger(**properties: Any) -> dict[str, Any]:
    return {**LEDGER, "Properties": {**LEDGER["Properties"], **properties}}


def outputs(cloud: Cloud, stack: str) -> dict[str, str]:
    [found] = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def delete(cloud: Cloud, stack: str) -> str:
    """Delete a stack; returns its last status."""
    stacks = cloud.client("cloudformation")
    [found] = stacks.describe_stacks(StackName=stack)["Stacks"]
    stacks.delete_stack(StackName=stack)

    def settled() -> str | None:
        [now] = stacks.describe_stacks(StackName=found["StackId"])["Stacks"]
        return None if now["StackStatus"].endswith(("IN_PROGRESS", "CREATE_COMPLETE")) else now["StackStatus"]

    return until(settled)


def update(cloud: Cloud, stack: str, resource: dict[str, Any]) -> str:
    stacks = cloud.client("cloudformation")
    stacks.update_stack(StackName=stack, TemplateBody=json.dumps({"Resources": {"Ledger": resource}, "Outputs": OUTPUTS}))

    def settled() -> str | None:
        status = stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        return None if status.endswith(("IN_PROGRESS", "CREATE_COMPLETE")) else status

    return until(settled)


def test_a_table_has_all_its_properties(cloud: Cloud) -> None:
    stack, status = deploy(cloud, {"Ledger": LEDGER}, Outputs=OUTPUTS)
    assert status == "CREATE_COMPLETE"
    tables, made = cloud.client("dynamodb"), outputs(cloud, stack)
    name = made["Name"]
    assert made["Arn"] == f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
    assert name.startswith(f"{stack}-Ledger-")

    table = tables.describe_table(TableName=name)["Table"]
    assert (table["TableArn"], table["TableStatus"], table["KeySchema"]) == (made["Arn"], "ACTIVE", KEYS)
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert (table["SSEDescription"]["Status"], table["SSEDescription"]["SSEType"]) == ("ENABLED", "KMS")
    [index] = table["GlobalSecondaryIndexes"]
    assert {field: index[field] for field in INDEX} == INDEX
    assert (index["IndexStatus"], index["IndexArn"]) == ("ACTIVE", f"{made['Arn']}/index/Owes")
    expiry = tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "Expires"}
    backups = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_table_without_these_properties_has_none_of_them(cloud: Cloud) -> None:
    plain = {field: LEDGER["Properties"][field] for field in ("KeySchema", "BillingMode")} | {
        "AttributeDefinitions": ATTRIBUTES[:1]
    }
    stack, status = deploy(cloud, {"Ledger": {"Type": LEDGER["Type"], "Properties": plain}}, Outputs=OUTPUTS)
    assert status == "CREATE_COMPLETE"
    tables, name = cloud.client("dynamodb"), outputs(cloud, stack)["Name"]
    assert "SSEDescription" not in tables.describe_table(TableName=name)["Table"]
    assert tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    backups = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}
    assert delete(cloud, stack) == "DELETE_COMPLETE"
    assert refused(tables.describe_table, TableName=name)["Error"]["Code"] == "ResourceNotFoundException"


def test_a_retained_table_stays_and_the_next_stack_has_its_own(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html"""
    tables, stacks = cloud.client("dynamodb"), cloud.client("cloudformation")
    stack, _ = deploy(cloud, {"Ledger": LEDGER}, Outputs=OUTPUTS)
    first = outputs(cloud, stack)["Name"]
    tables.put_item(TableName=first, Item=key("kept"))
    assert delete(cloud, stack) == "DELETE_COMPLETE"

    template = json.dumps({"Resources": {"Ledger": LEDGER}, "Outputs": OUTPUTS})
    stacks.create_stack(StackName=stack, TemplateBody=template)
    until(lambda: stacks.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE")
    second = outputs(cloud, stack)["Name"]
    assert second != first
    assert tables.scan(TableName=second)["Items"] == []
    assert tables.get_item(TableName=first, Key=key("kept"))["Item"] == key("kept")
    assert tables.describe_time_to_live(TableName=first)["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


def test_an_update_keeps_the_table_and_its_items(cloud: Cloud) -> None:
    tables = cloud.client("dynamodb")
    stack, _ = deploy(cloud, {"Ledger": LEDGER}, Outputs=OUTPUTS)
    name = outputs(cloud, stack)["Name"]
    tables.put_item(TableName=name, Item=key("kept"))
    changed = ledger(
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
        TimeToLiveSpecification={"AttributeName": "Expires", "Enabled": False},
        SSESpecification={"SSEEnabled": False},
        Tags=[{"Key": "isthmus:installation", "Value": "abc"}],
    )
    assert update(cloud, stack, changed) == "UPDATE_COMPLETE"
    assert outputs(cloud, stack)["Name"] == name
    assert tables.get_item(TableName=name, Key=key("kept"))["Item"] == key("kept")
    assert tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    backups = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert tables.describe_table(TableName=name)["Table"].get("SSEDescription", {}).get("Status") != "ENABLED"


def test_a_name_that_is_taken_fails_the_stack(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html"""
    tables, name = cloud.client("dynamodb"), unique("kept")
    tables.create_table(TableName=name, KeySchema=KEYS, AttributeDefinitions=ATTRIBUTES[:1], BillingMode="PAY_PER_REQUEST")
    tables.put_item(TableName=name, Item=key("kept"))
    _, status = deploy(cloud, {"Ledger": ledger(TableName=name)})
    assert status.startswith("ROLLBACK")
    assert tables.get_item(TableName=name, Key=key("kept"))["Item"] == key("kept")


def test_a_faulty_table_fails_its_stack(cloud: Cloud) -> None:
    """Every attribute of a key must be defined, and no other.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html (AttributeDefinitions)
    """
    for attributes in (ATTRIBUTES[:1], [*ATTRIBUTES, {"AttributeName": "Holder", "AttributeType": "S"}]):
        _, status = deploy(cloud, {"Ledger": ledger(AttributeDefinitions=attributes)})
        assert status.startswith("ROLLBACK"), attributes


def test_a_protected_table_is_not_deleted(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html (deletion protection)"""
    protected = {**ledger(DeletionProtectionEnabled=True), "DeletionPolicy": "Delete"}
    stack, _ = deploy(cloud, {"Ledger": protected}, Outputs=OUTPUTS)
    name = outputs(cloud, stack)["Name"]
    assert delete(cloud, stack) == "DELETE_FAILED"
    assert cloud.client("dynamodb").describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
