"""Approximate values of CloudFormation's intrinsic functions, sufficient to check policies."""

from __future__ import annotations

import re
from typing import Any

PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
    "AWS::StackName": "isthmus",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/isthmus/1",
    "AWS::URLSuffix": "amazonaws.com",
}
_HERE = "eu-west-1:111122223333"
_ARNS = {
    "AWS::Events::EventBus": f"arn:aws:events:{_HERE}:event-bus/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{_HERE}:rule/{{}}",
    "AWS::IAM::ManagedPolicy": "arn:aws:iam::111122223333:policy/{}",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/{}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_HERE}:function:{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_HERE}:log-group:{{}}:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::SNS::Topic": f"arn:aws:sns:{_HERE}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_HERE}:{{}}",
    "AWS::Serverless::Function": f"arn:aws:lambda:{_HERE}:function:{{}}",
    "AWS::Serverless::StateMachine": f"arn:aws:states:{_HERE}:stateMachine:{{}}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{_HERE}:stateMachine:{{}}",
}
# Ref returns the ARN of these, else the name.
_REF_IS_ARN = {
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
    "AWS::Serverless::StateMachine",
    "AWS::StepFunctions::StateMachine",
}


class Unresolvable(Exception):
    """A function that this module does not support, or a name that the template does not define."""


class Resolver:
    def __init__(self, template: dict[str, Any]) -> None:
        self._parameters = template.get("Parameters", {})
        self._resources = template.get("Resources", {})

    def resolve(self, value: Any) -> list[str]:
        """All strings that a value can become: several for a list; for an If those of both branches."""
        match value:
            case str():
                return [value]
            case list():
                return [text for item in value for text in self.resolve(item)]
            case {"Ref": name}:
                return [self._ref(name)]
            case {"Fn::GetAtt": [name, attribute]}:
                return [self._attribute(name, attribute)]
            case {"Fn::Sub": str() as text}:
                return [self._substitute(text, {})]
            case {"Fn::Sub": [text, variables]}:
                return [self._substitute(text, variables)]
            case {"Fn::If": [_, yes, no]}:
                return self.resolve(yes) + self.resolve(no)
            case {"Fn::Join": [separator, items]}:
                return [separator.join(self.resolve(items))]
            case {"Fn::Split": [separator, text]}:
                return self.resolve(text)[0].split(separator)
        raise Unresolvable(f"the value of {value} is unknown")

    def _ref(self, name: str) -> str:
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        if name in self._parameters and name.endswith("RoleArn"):
            return f"arn:aws:iam::444455556666:role/{name}"
        if name in self._parameters:
            # A parameter without a default can have any value: its name takes the place of it.
            return str(self._parameters[name].get("Default") or name)
        if self._type(name) in _REF_IS_ARN:
            return self._attribute(name, "Arn")
        return name

    def _attribute(self, name: str, attribute: str) -> str:
        kind = self._type(name)
        if attribute not in ("Arn", "TopicArn"):
            return name
        if kind not in _ARNS:
            raise Unresolvable(f"the ARN of a {kind} is unknown")
        return _ARNS[kind].format(name)

    def _type(self, name: str) -> str:
        if name not in self._resources:
            raise Unresolvable(f"{name} is not defined")
        return self._resources[name]["Type"]

    def _substitute(self, text: str, variables: dict[str, Any]) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in variables:
                return self.resolve(variables[name])[0]
            resource, dot, attribute = name.partition(".")
            return self._attribute(resource, attribute) if dot else self._ref(name)

        return re.sub(r"\$\{([^}]+)\}", value, text)
