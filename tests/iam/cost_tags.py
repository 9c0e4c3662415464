"""A service control policy such as organizations have that allocate costs by tags."""

from iam.stacks import Policy


def denying_without(key: str) -> Policy:
    """Denies a peering connection that isn't created with that tag.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_tagging.html
    """
    statement = {
        "Sid": "DenyUntagged",
        "Effect": "Deny",
        "Action": ["ec2:CreateVpcPeeringConnection", "ec2:CreateTags"],
        "Resource": "arn:aws:ec2:*:*:vpc-peering-connection/*",
        "Condition": {"Null": {f"aws:RequestTag/{key}": "true"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
