"""The roles of a template as CloudFormation deploys it: with all intrinsic functions evaluated and all names assigned.

The names are those that the local cloud assigns, so calls recorded there can be evaluated by these policies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.cloudformation_yaml import load, plain
from checks.source import Finding, Source
from checks.translation import translate
from local_cloud.patch_cloudformation import name_in_region, resolve_in_conditions
from ministack.core.responses import request_scope
from ministack.services.cloudformation import engine
from ministack.services.cloudformation.provisioners import _physical_name as physical_name

REPOSITORY = Path(__file__).resolve().parents[2]
HUB, HERE = "123456789012", "us-east-1"
STACK = "isthmus"

# By resource type: the maximum length of a name, and the ARN after the partition.
KINDS = {
    "AWS::DynamoDB::Table": (255, "dynamodb:{place}:table/{name}"),
    "AWS::Events::EventBus": (256, "events:{place}:event-bus/{name}"),
    "AWS::Events::Rule": (64, "events:{place}:rule/{name}"),
    "AWS::IAM::ManagedPolicy": (128, "iam::{account}:policy/{name}"),
    "AWS::IAM::Role": (64, "iam::{account}:role/{name}"),
    "AWS::Lambda::Function": (64, "lambda:{place}:function:{name}"),
    "AWS::Logs::LogGroup": (512, "logs:{place}:log-group:{name}:*"),
    "AWS::SNS::Topic": (256, "sns:{place}:{name}"),
    "AWS::SQS::Queue": (80, "sqs:{place}:{name}"),
    "AWS::Scheduler::Schedule": (64, "scheduler:{place}:schedule/default/{name}"),
    "AWS::StepFunctions::StateMachine": (80, "states:{place}:stateMachine:{name}"),
}
REF_IS_ARN = ("AWS::IAM::ManagedPolicy", "AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")
NAMES = ("Name", "RoleName", "LogGroupName", "FunctionName", "StateMachineName", "QueueName", "TopicName")

Policy = dict[str, Any]


@dataclass(frozen=True)
class Role:
    name: str
    """The logical id of the function or state machine that has the role, of the policy that people have, else its own."""
    arn: str
    account: str
    policies: tuple[Policy, ...]
    trust: Policy

    def statements(self) -> Iterator[dict[str, Any]]:
        return (statement for policy in self.policies for statement in _list(policy["Statement"]))

    def grants(self) -> set[tuple[str, str]]:
        """Sid and action of every statement that allows something."""
        return {
            (statement.get("Sid", ""), action)
            for statement in self.statements()
            if statement["Effect"] == "Allow"
            for action in _list(statement["Action"])
        }


@dataclass(frozen=True)
class Stack:
    """A template in an account and Region."""

    template: dict[str, Any]
    account: str
    region: str
    id: str
    parameters: Mapping[str, str]
    conditions: Mapping[str, bool]
    arns: dict[str, str]
    resources: dict[str, Any]

    def value(self, expression: Any) -> Any:
        """The value of an expression of the template, as CloudFormation evaluates it."""
        with request_scope(self.account, self.region):
            return engine._resolve_refs(expression, self.resources, self.parameters, self.conditions, {}, STACK, self.id)

    def resources_of(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of the resources of that type that this deployment has, by logical id."""
        return {
            name: resource["Properties"]
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == kind and self.conditions.get(resource.get("Condition"), True)
        }

    def roles(self) -> list[Role]:
        return [self._role(name, self.value(properties)) for name, properties in self.resources_of("AWS::IAM::Role").items()]

    def people(self) -> list[Role]:
        """For each managed policy a role of a person that has it, and no other policy."""
        policies = self.resources_of("AWS::IAM::ManagedPolicy").items()
        return [
            Role(name, f"arn:aws:iam::{self.account}:role/{name}", self.account, (self.value(each["PolicyDocument"]),), {})
            for name, each in policies
        ]

    def bus_policies(self) -> dict[str, Policy]:
        """The policy of each bus by its ARN. In the template every statement is a separate resource."""
        policies: dict[str, Policy] = {}
        for properties in map(self.value, self.resources_of("AWS::Events::EventBusPolicy").values()):
            statement = {**properties["Statement"], "Sid": properties["StatementId"].replace("-", "")}
            policies.setdefault(statement["Resource"], {"Version": "2012-10-17", "Statement": []})["Statement"].append(statement)
        return policies

    def _role(self, name: str, properties: dict[str, Any]) -> Role:
        owned = name.removesuffix("Role")
        return Role(
            owned if owned in self.template["Resources"] else name,
            self.arns[name],
            self.account,
            tuple(policy["PolicyDocument"] for policy in properties.get("Policies", [])),
            properties["AssumeRolePolicyDocument"],
        )


def deploy(path: str, account: str, region: str, stack_id: str, names: Mapping[str, str] | None = None, **parameters: str) -> Stack:
    """The stack that a template of this repository would become, without a deployment.

    `names` has the names of resources by logical id, where CloudFormation draws them at random.
    """
    source = Source.read(REPOSITORY, REPOSITORY / path)
    loaded = load(source)
    if isinstance(loaded, Finding):
        raise ValueError(str(loaded))
    template = translate(plain(loaded))
    with request_scope(account, region):
        given = [{"Key": name, "Value": value} for name, value in parameters.items()]
        known = engine._resolve_parameters(template, given)
        # The evaluation of conditions expects the pseudo parameters among the parameters.
        pseudo = {"AWS::Region": region, "AWS::AccountId": account, "AWS::Partition": "aws", "AWS::StackName": STACK}
        facts = known | {name: {"Value": value} for name, value in pseudo.items()}
        conditions = resolve_in_conditions(engine._evaluate_conditions, template, facts)
        # Resources of types that are not in KINDS have no attributes, so an expression with their ARN fails.
        resources = {name: {"PhysicalResourceId": name, "Attributes": {}} for name in template["Resources"]}
        stack = Stack(template, account, region, stack_id, known, conditions, {}, resources)
        for name, resource in template["Resources"].items():
            if resource["Type"] in KINDS:
                given = [stack.value(resource["Properties"][key]) for key in NAMES if key in resource.get("Properties", {})]
                drawn = [(names or {})[name]] if name in (names or {}) else []
                _name(stack, name, resource["Type"], *(given or drawn))
    return stack


def _name(stack: Stack, logical_id: str, kind: str, given: str | None = None) -> None:
    max_length, form = KINDS[kind]
    name = given or name_in_region(physical_name, STACK, logical_id, max_len=max_length)
    arn = "arn:aws:" + form.format(name=name, account=stack.account, place=f"{stack.region}:{stack.account}")
    attributes = {"Arn": arn, "Name": name, "TopicArn": arn, "QueueName": name, "TopicName": name}
    stack.arns[logical_id] = arn
    stack.resources[logical_id] = {"PhysicalResourceId": arn if kind in REF_IS_ARN else name, "Attributes": attributes}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
