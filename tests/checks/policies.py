"""The policy check: actions, resources and condition keys exist and fit together, and wildcards have reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from checks.cloudformation_yaml import load
from checks.service_authorization import Action, action, is_global
from checks.source import Finding, Source
from checks.statements import Statement, Target, policies_by_name, statements

NEVER_GRANTED = {"ec2:ReplaceRoute": "it overwrites routes that are not ours, and no condition key can prevent that"}

# EC2 authorizes a request on each of its required resources. For other services the data marks alternatives as required
# too: DescribeExecution of Step Functions "requires" an execution and an express execution.
NEEDS_ALL_REQUIRED = ("ec2:",)

Complaint = tuple[int, str]
Rule = Callable[[Statement], Iterator[Complaint]]


def check(source: Source) -> Iterator[Finding]:
    template = load(source)
    if isinstance(template, Finding):
        yield template
        return
    yield from policies_by_name(source, template)
    found = list(statements(source, template))
    yield from (item for item in found if isinstance(item, Finding))
    readable = [item for item in found if isinstance(item, Statement)]
    complaints = [complaint for statement in readable for rule in RULES for complaint in rule(statement)]
    for _, own in groupby(readable, key=lambda statement: statement.owner):
        complaints += required_resources_are_covered(list(own))
    # A statement shared by an anchor belongs to several functions, but is reported once.
    yield from (source.finding(line, message) for line, message in dict.fromkeys(complaints))


def _known(statement: Statement) -> Iterator[tuple[Action, int]]:
    for name, line in statement.actions:
        if found := action(name):
            yield found, line


def nothing_is_inverted(statement: Statement) -> Iterator[Complaint]:
    for key, line in statement.inverted:
        yield line, f"{key} grants everything that it does not name"


def actions_exist(statement: Statement) -> Iterator[Complaint]:
    for name, line in statement.actions:
        if "*" in name or "?" in name:
            if statement.allows:
                yield line, f"{name}: an action with a wildcard also grants actions that AWS adds later"
        elif not action(name):
            yield line, f"{name}: no such action"


def nothing_forbidden(statement: Statement) -> Iterator[Complaint]:
    for name, line in statement.actions:
        if statement.allows and name in NEVER_GRANTED:
            yield line, f"{name} is never granted: {NEVER_GRANTED[name]}"


def resources_fit_actions(statement: Statement) -> Iterator[Complaint]:
    """Every resource is accepted by an action, and every action accepts a resource. Otherwise the grant has no effect."""
    known = list(_known(statement))
    if not known or not statement.resources:
        return
    for target in statement.resources:
        for arn in target.arns:
            if not any(each.accepts(arn) for each, _ in known):
                names = "; ".join(f"{each.name} accepts {each.type_names}" for each, _ in known)
                yield target.line, f"no action of the statement accepts {arn}: {names}"
    for each, line in known:
        if not any(each.accepts(arn) for arn in statement.arns):
            yield line, f"{each.name} accepts none of the statement's resources, only {each.type_names}"


def conditions_apply(statement: Statement) -> Iterator[Complaint]:
    """A condition on a key that the request does not contain is never met, so the statement never allows the request."""
    for operator, key, line in statement.conditions:
        if is_global(key):
            continue
        pairs = [
            (each, arn, each.supports(key, arn))
            for each, _ in _known(statement)
            for arn in statement.arns or ["*"]
            if each.accepts(arn)
        ]
        # AWS's data does not list keys for the claims of an identity provider's token.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
        if key.startswith("token.actions.githubusercontent.com:") and all(
            each.name == "sts:AssumeRoleWithWebIdentity" for each, _, _ in pairs
        ):
            continue
        # These operators are met if the key is missing, so one request with the key is enough.
        lenient = operator.endswith("IfExists") or operator.startswith("ForAllValues:") or not statement.allows
        if lenient and any(applies for _, _, applies in pairs):
            continue
        for each, arn, applies in pairs:
            if not applies:
                yield line, f"condition key {key} doesn't apply to {each.name} on {arn}"


def wildcards_have_reasons(statement: Statement) -> Iterator[Complaint]:
    if not statement.allows:
        return
    for target in (*statement.resources, *statement.principals):
        if not target.has_reason and (wide := _wide(target)):
            yield target.line, f"{wide} without a comment `# why *: …`"


def _wide(target: Target) -> str | None:
    """The part of the target that includes other accounts or any role."""
    for arn in target.arns:
        if arn == "*":
            return '"*"'
        parts = arn.split(":", 5)
        if len(parts) < 6:
            continue
        if "*" in parts[4]:
            return f"any account in {arn}"
        if parts[2] == "iam" and parts[5].startswith("role/") and "*" in parts[5]:
            return f"any role in {arn}"
    return None


def required_resources_are_covered(own: list[Statement]) -> Iterator[Complaint]:
    """Some actions are authorized on several resources at once: the request is denied if one of them is not granted."""
    granted: dict[Action, list[str]] = {}
    lines: dict[Action, int] = {}
    for statement in own:
        if statement.allows and statement.resources:
            for each, line in _known(statement):
                granted.setdefault(each, []).extend(statement.arns)
                lines.setdefault(each, line)
    for each, arns in granted.items():
        for kind in each.types if each.name.startswith(NEEDS_ALL_REQUIRED) else ():
            if kind.required and not any(kind.matches(arn) for arn in arns):
                yield lines[each], f"{own[0].owner}: {each.name} also needs a {kind.name}, which no statement grants"


RULES: list[Rule] = [
    nothing_is_inverted,
    actions_exist,
    nothing_forbidden,
    resources_fit_actions,
    conditions_apply,
    wildcards_have_reasons,
]
