"""The policy check: what each statement grants exists, fits together, and is no more than it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from checks.cloudformation_yaml import load
from checks.service_authorization import Action, action, is_global
from checks.source import Finding, Source
from checks.statements import Statement, Target, policies_by_name, statements

NEVER_GRANTED = {"ec2:ReplaceRoute": "it overwrites routes that aren't ours, and no condition key can tell which"}

# EC2 authorizes a request on each of its required resources. Elsewhere the data marks alternatives so, too: Step
# Functions' DescribeExecution "requires" an execution and an express execution.
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
    # An anchored statement belongs to several functions, but is wrong in one place.
    yield from (source.finding(line, message) for line, message in dict.fromkeys(complaints))


def _known(statement: Statement) -> Iterator[tuple[Action, int]]:
    for name, line in statement.actions:
        if found := action(name):
            yield found, line


def nothing_is_inverted(statement: Statement) -> Iterator[Complaint]:
    for key, line in statement.inverted:
        yield line, f"{key} grants whatever it doesn't name"


def actions_exist(statement: Statement) -> Iterator[Complaint]:
    for name, line in statement.actions:
        if "*" in name or "?" in name:
            if statement.allows:
                yield line, f"{name}: an action with a wildcard grants what AWS adds tomorrow"
        elif not action(name):
            yield line, f"{name}: no such action"


def nothing_forbidden(statement: Statement) -> Iterator[Complaint]:
    for name, line in statement.actions:
        if statement.allows and name in NEVER_GRANTED:
            yield line, f"{name} is never granted: {NEVER_GRANTED[name]}"


def resources_fit_actions(statement: Statement) -> Iterator[Complaint]:
    """No resource without an action, and no action without a resource: either would be granted in vain."""
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
    """A request that doesn't carry the key fails the condition, so that the statement never allows it."""
    for operator, key, line in statement.conditions:
        if is_global(key):
            continue
        pairs = [
            (each, arn, each.knows(key, arn))
            for each, _ in _known(statement)
            for arn in statement.arns or ["*"]
            if each.accepts(arn)
        ]
        # What the token of an identity provider claims is known by the provider's name, not by AWS's data.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
        if key.startswith("token.actions.githubusercontent.com:") and all(
            each.name == "sts:AssumeRoleWithWebIdentity" for each, _, _ in pairs
        ):
            continue
        # These two hold when the key is missing, so it is enough if one request carries it.
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
    """What in the target reaches beyond the stack's own account, or to any role."""
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
    """Some actions are authorized on several resources at once; one of them missing denies the request."""
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
