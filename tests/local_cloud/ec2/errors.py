"""The EC2 errors that the rules raise, with AWS's codes and messages.

Codes: "Error codes for the Amazon EC2 API", https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html.
Messages that AWS does not document are quoted from the issue thread that each cites.
"""

from moto.ec2.exceptions import EC2ClientError


def connection_not_found(connection_id: str) -> EC2ClientError:
    message = f"The vpcPeeringConnection ID '{connection_id}' does not exist"
    return EC2ClientError("InvalidVpcPeeringConnectionID.NotFound", message)


def connection_id_malformed(connection_id: str) -> EC2ClientError:
    """AWS documents this code with "Id", but the NotFound code above with "ID"."""
    return EC2ClientError("InvalidVpcPeeringConnectionId.Malformed", f'Invalid id: "{connection_id}" (expecting "pcx-...")')


def vpc_not_found(vpc_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")


def vpc_id_malformed(vpc_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidVpcID.Malformed", f'Invalid id: "{vpc_id}" (expecting "vpc-...")')


def invalid_transition(connection_id: str, before: str, after: str) -> EC2ClientError:
    """Wording: https://github.com/hashicorp/terraform/issues/7465."""
    message = f"Invalid state transition for {connection_id}, attempted to transition from {before} to {after}"
    return EC2ClientError("InvalidStateTransition", message)


def connection_already_exists(connection_id: str) -> EC2ClientError:
    """Wording, which names the *new* connection: https://github.com/hashicorp/terraform-provider-aws/issues/44315."""
    message = f"The vpc peering connection identified by {connection_id} already exists."
    return EC2ClientError("VpcPeeringConnectionAlreadyExists", message)


def unauthorized() -> EC2ClientError:
    return EC2ClientError("UnauthorizedOperation", "You are not authorized to perform this operation.")


def not_permitted(message: str) -> EC2ClientError:
    return EC2ClientError("OperationNotPermitted", message)


def wrong_region(connection_id: str, region: str, right_region: str, verb: str) -> EC2ClientError:
    """Wording: https://github.com/hashicorp/terraform-provider-aws/pull/2508."""
    return not_permitted(
        f"Incorrect region ({region}) specified for this request. "
        f"VPC peering connection {connection_id} must be {verb} in region {right_region}"
    )


def wrong_account(connection_id: str, account: str, verb: str) -> EC2ClientError:
    return not_permitted(f"User ({account}) cannot {verb} peering {connection_id}")


def options_need_active(connection_id: str) -> EC2ClientError:
    """Code and wording: https://github.com/grem11n/terraform-aws-vpc-peering/issues/21."""
    return not_permitted(f"Peering {connection_id} is not active. Peering options can be added only to active peerings.")


def options_of_other_account(account: str, side: str) -> EC2ClientError:
    """Code and wording: https://github.com/hashicorp/terraform-provider-aws/issues/31068."""
    return not_permitted(f"User {account} does not have permission to modify the {side} side peering options")


def options_of_other_region(side: str) -> EC2ClientError:
    """Wording: https://github.com/hashicorp/terraform-provider-aws/issues/12113."""
    return not_permitted(f"{side.capitalize()}'s VPC Peering connection options cannot be modified for a different region")


def dns_hostnames_disabled(vpc_id: str) -> EC2ClientError:
    message = f"DNS hostname support must be enabled for {vpc_id} to enable DNS resolution over the peering connection"
    return EC2ClientError("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", message)


def limit_exceeded(code: str, limit: int) -> EC2ClientError:
    return EC2ClientError(code, f"The maximum number ({limit}) has been reached")


def route_already_exists(destination: str) -> EC2ClientError:
    return EC2ClientError("RouteAlreadyExists", f"The route identified by {destination} already exists.")


def invalid_value(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)


def dependency_violation(message: str) -> EC2ClientError:
    return EC2ClientError("DependencyViolation", message)


def invalid_range(block: str, connection_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidVpcRange", f"{block} overlaps a block of the VPC peered by {connection_id}")
