//! EC2's error codes, as what they mean to a step: one table.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use isthmus_peering::error::Quota;
use isthmus_peering::network::{Location, Refusal, Refused};
use std::error::Error;

const MEANINGS: &[(&str, Refusal)] = &[
    ("InvalidVpcID.NotFound", Refusal::NoSuchVpc),
    ("InvalidVpcID.Malformed", Refusal::NoSuchVpc),
    ("InvalidVpcPeeringConnectionID.NotFound", Refusal::NoSuchConnection),
    ("InvalidRouteTableID.NotFound", Refusal::NoSuchRouteTable),
    ("InvalidRoute.NotFound", Refusal::NoSuchRoute),
    ("RouteAlreadyExists", Refusal::RouteExists),
    ("InvalidStateTransition", Refusal::WrongState),
    ("VpcPeeringConnectionAlreadyExists", Refusal::ConnectionExists),
    ("InvalidVpcPeeringConnectionState", Refusal::WrongState),
    ("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", Refusal::DnsUnavailable),
    ("TagLimitExceeded", Refusal::TooManyTags),
    ("RouteLimitExceeded", Refusal::Quota(Quota::RoutesPerRouteTable)),
    ("VpcPeeringConnectionsPerVpcLimitExceeded", Refusal::Quota(Quota::ActivePeeringsPerVpc)),
    ("PendingVpcPeeringConnectionLimitExceeded", Refusal::Quota(Quota::OutstandingPeeringRequests)),
    ("OutstandingVpcPeeringConnectionLimitExceeded", Refusal::Quota(Quota::OutstandingPeeringRequests)),
    ("UnauthorizedOperation", Refusal::Denied),
    ("AccessDenied", Refusal::Denied),
    ("AccessDeniedException", Refusal::Denied),
    ("OperationNotPermitted", Refusal::Denied),
    ("AuthFailure", Refusal::Denied),
    ("OptInRequired", Refusal::Denied),
    ("RequestLimitExceeded", Refusal::Unavailable),
    ("Throttling", Refusal::Unavailable),
    ("ThrottlingException", Refusal::Unavailable),
    ("InternalError", Refusal::Unavailable),
    ("InternalFailure", Refusal::Unavailable),
    ("ServiceUnavailable", Refusal::Unavailable),
    ("Unavailable", Refusal::Unavailable),
];

/// What a failed call of `action` means. A call that never reached AWS, or got no answer, is unavailable.
pub(crate) fn refused<E>(action: &str, at: impl Into<Location>, error: SdkError<E>) -> Refused
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let Location { owner_id, region } = at.into();
    let refused =
        |refusal, action: &str, code: String| Refused { refusal, action: action.to_owned(), owner_id, region, code };
    if let Some(code) = assume_role_code(&error) {
        return refused(meaning(&code).unwrap_or(Refusal::Denied), "sts:AssumeRole", code);
    }
    match error.as_service_error().and_then(|service| service.meta().code()) {
        // "Peering pcx-… is not active. Peering options can be added only to active peerings."
        // <https://github.com/cloudposse/terraform-aws-vpc-peering-multi-account/issues/8>
        Some(code @ "OperationNotPermitted") if action == "ec2:ModifyVpcPeeringConnectionOptions" => {
            refused(Refusal::WrongState, action, code.to_owned())
        }
        Some(code) => refused(meaning(code).unwrap_or(Refusal::Other), action, code.to_owned()),
        None => {
            // A recorded failure says more than its outermost sentence.
            tracing::warn!(action, error = %aws_sdk_ec2::error::DisplayErrorContext(&error), "no answer from AWS");
            refused(Refusal::Unavailable, action, "NoAnswer".into())
        }
    }
}

fn meaning(code: &str) -> Option<Refusal> {
    MEANINGS.iter().find(|(name, _)| *name == code).map(|(_, refusal)| *refusal)
}

/// Credentials are fetched while another call is under way, so STS's refusal hides among that call's causes.
fn assume_role_code(error: &(dyn Error + 'static)) -> Option<String> {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let refusals = causes.filter_map(|cause| cause.downcast_ref::<AssumeRoleError>());
    refusals.filter_map(|refusal| refusal.meta().code()).next().map(str::to_owned)
}
