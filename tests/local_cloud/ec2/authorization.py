"""What AWS asks IAM before it carries out a call: actions, resources, and the values of the condition keys.

It is only logged. Tests evaluate the functions' policies against what the functions did. From "Actions, resources, and
condition keys for Amazon EC2", https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends

from .api_call import ApiCall

Context = dict[str, Any]

# A connection that is being created has no id yet: EC2 asks for vpc-peering-connection/*. A pattern for ids matches this, too.
NEW_CONNECTION = "pcx-00000000000000000"


@dataclass(frozen=True)
class Question:
    """A call is allowed if IAM allows every one of its questions."""

    action: str
    resource: str
    context: Context

    def as_dict(self) -> dict[str, Any]:
        return {"Action": self.action, "Resource": self.resource, "Context": self.context}


def questions(call: ApiCall) -> list[Question]:
    if call.service == "sts":
        return _sts(call)
    return list(_Ec2(call).questions()) if call.service == "ec2" else []


def _sts(call: ApiCall) -> list[Question]:
    if call.action != "AssumeRole":
        return []
    keys = {"sts:ExternalId": "ExternalId", "sts:RoleSessionName": "RoleSessionName"}
    context = {key: call.parameters[name] for key, name in keys.items() if name in call.parameters}
    return [Question("sts:AssumeRole", call.parameters["RoleArn"], context)]


class _Ec2:
    def __init__(self, call: ApiCall) -> None:
        self._call = call
        self._parameters = call.parameters

    def questions(self) -> Iterator[Question]:
        action = self._call.action
        match action:
            case "CreateVpcPeeringConnection":
                yield self._question(self._vpc(self._parameters.get("VpcId", "")))
                tags = self._tags("TagSpecification.1.Tag.")
                requested = {**self._requested_ends(), **_request_tags(tags)}
                yield self._question((self._arn("vpc-peering-connection", NEW_CONNECTION), requested))
                if tags:
                    created = {**_request_tags(tags), "ec2:CreateAction": action}
                    yield self._question((self._arn("vpc-peering-connection", NEW_CONNECTION), created), "CreateTags")
            case "AcceptVpcPeeringConnection":
                connection = self._backend.vpc_pcxs.get(self._connection_id)
                if connection:
                    yield self._question(self._vpc(connection.accepter.vpc_id))
                yield self._question(self._connection(self._connection_id))
            case "DeleteVpcPeeringConnection" | "RejectVpcPeeringConnection" | "ModifyVpcPeeringConnectionOptions":
                yield self._question(self._connection(self._connection_id))
            case "CreateRoute" | "DeleteRoute" | "ReplaceRoute":
                yield self._question(self._table(self._parameters.get("RouteTableId", "")))
            case "CreateTags" | "DeleteTags":
                tags = self._tags("Tag.")
                for resource_id in self._listed("ResourceId."):
                    resource, context = self._any(resource_id)
                    yield self._question((resource, {**context, **_request_tags(tags)}))
            case "DescribeVpcAttribute":
                yield self._question(self._vpc(self._parameters.get("VpcId", "")))
            case "GetManagedPrefixListEntries":
                yield self._question((self._arn("prefix-list", self._parameters.get("PrefixListId", "")), {}))
            case _:
                yield Question(f"ec2:{action}", "*", {"ec2:Region": self._call.region})

    @property
    def _backend(self) -> Any:
        return ec2_backends[self._call.account][self._call.region]

    def _question(self, about: tuple[str, Context], action: str | None = None) -> Question:
        resource, context = about
        return Question(f"ec2:{action or self._call.action}", resource, {**context, "ec2:Region": self._call.region})

    def _any(self, resource_id: str) -> tuple[str, Context]:
        """VPCs, connections and route tables with their tags. For any other resource the type in the ARN is the id's prefix."""
        prefix = resource_id.partition("-")[0]
        kinds = {"vpc": self._vpc, "pcx": self._connection, "rtb": self._table}
        return kinds[prefix](resource_id) if prefix in kinds else (self._arn(prefix, resource_id), {})

    def _vpc(self, vpc_id: str) -> tuple[str, Context]:
        return self._arn("vpc", vpc_id), self._resource_tags(vpc_id)

    def _table(self, table_id: str) -> tuple[str, Context]:
        table = self._backend.route_tables.get(table_id)
        vpc = {"ec2:Vpc": self._arn("vpc", table.vpc_id)} if table else {}
        return self._arn("route-table", table_id), {**self._resource_tags(table_id), **vpc}

    def _connection(self, connection_id: str) -> tuple[str, Context]:
        connection = self._backend.vpc_pcxs.get(connection_id)
        sides = {"ec2:RequesterVpc": connection.requester, "ec2:AccepterVpc": connection.accepter} if connection else {}
        ends = {key: _vpc_arn(side.region, side.owner_id, side.vpc_id) for key, side in sides.items()}
        return self._arn("vpc-peering-connection", connection_id), {**self._resource_tags(connection_id), **ends}

    def _requested_ends(self) -> Context:
        asked, here = self._parameters, self._call
        region, owner = asked.get("PeerRegion", here.region), asked.get("PeerOwnerId", here.account)
        return {
            "ec2:RequesterVpc": self._arn("vpc", asked.get("VpcId", "")),
            "ec2:AccepterVpc": _vpc_arn(region, owner, asked.get("PeerVpcId", "")),
        }

    def _resource_tags(self, resource_id: str) -> Context:
        return {f"aws:ResourceTag/{key}": value for key, value in self._backend.tags.get(resource_id, {}).items()}

    def _tags(self, prefix: str) -> dict[str, str]:
        """The tags in a query by key. DeleteTags may leave out the value."""
        keys = {
            name.removesuffix(".Key"): key
            for name, key in self._parameters.items()
            if name.startswith(prefix) and name.endswith(".Key")
        }
        return {key: self._parameters.get(f"{place}.Value", "") for place, key in keys.items()}

    def _listed(self, prefix: str) -> list[str]:
        return [value for name, value in self._parameters.items() if name.startswith(prefix)]

    @property
    def _connection_id(self) -> str:
        return self._parameters.get("VpcPeeringConnectionId", "")

    def _arn(self, kind: str, resource_id: str) -> str:
        return f"arn:aws:ec2:{self._call.region}:{self._call.account}:{kind}/{resource_id}"


def _vpc_arn(region: str, account: str, vpc_id: str) -> str:
    return f"arn:aws:ec2:{region}:{account}:vpc/{vpc_id}"


def _request_tags(tags: dict[str, str]) -> Context:
    """Without tags the context has no aws:TagKeys, as on AWS."""
    named = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {**named, "aws:TagKeys": list(tags)} if tags else {}
