//! What EC2's error codes mean to a step: one table.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use isthmus_peering::error::Quota;
use isthmus_peering::ports::{CallError, CallErrorKind, Location};
use std::error::Error;

const MEANINGS: &[(&str, CallErrorKind)] = &[
    ("InvalidVpcID.NotFound", CallErrorKind::NoSuchVpc),
    ("InvalidVpcID.Malformed", CallErrorKind::NoSuchVpc),
    ("InvalidVpcPeeringConnectionID.NotFound", CallErrorKind::NoSuchConnection),
    ("InvalidRouteTableID.NotFound", CallErrorKind::NoSuchRouteTable),
    ("InvalidRoute.NotFound", CallErrorKind::NoSuchRoute),
    ("RouteAlreadyExists", CallErrorKind::RouteExists),
    ("InvalidStateTransition", CallErrorKind::WrongState),
    ("VpcPeeringConnectionAlreadyExists", CallErrorKind::ConnectionExists),
    ("InvalidVpcPeeringConnectionState", CallErrorKind::WrongState),
    ("InvalidVpcPeeringConnectionState.DnsHostnamesDisabled", CallErrorKind::DnsUnavailable),
    ("TagLimitExceeded", CallErrorKind::TooManyTags),
    ("RouteLimitExceeded", CallErrorKind::Quota(Quota::RoutesPerRouteTable)),
    ("VpcPeeringConnectionsPerVpcLimitExceeded", CallErrorKind::Quota(Quota::ActivePeeringsPerVpc)),
    ("PendingVpcPeeringConnectionLimitExceeded", CallErrorKind::Quota(Quota::OutstandingPeeringRequests)),
    ("OutstandingVpcPeeringConnectionLimitExceeded", CallErrorKind::Quota(Quota::OutstandingPeeringRequests)),
    ("UnauthorizedOperation", CallErrorKind::Denied),
    ("AccessDenied", CallErrorKind::Denied),
    ("AccessDeniedException", CallErrorKind::Denied),
    ("OperationNotPermitted", CallErrorKind::Denied),
    ("AuthFailure", CallErrorKind::Denied),
    ("OptInRequired", CallErrorKind::Denied),
    ("RegionDisabledException", CallErrorKind::Denied),
    ("RequestLimitExceeded", CallErrorKind::Throttled),
    ("Throttling", CallErrorKind::Throttled),
    ("ThrottlingException", CallErrorKind::Throttled),
    ("InternalError", CallErrorKind::Unavailable),
    ("InternalFailure", CallErrorKind::Unavailable),
    ("ServiceUnavailable", CallErrorKind::Unavailable),
    ("Unavailable", CallErrorKind::Unavailable),
    // A clock that is off, or a session that ended between two calls: the next attempt signs anew.
    ("RequestExpired", CallErrorKind::Unavailable),
    ("ExpiredToken", CallErrorKind::Unavailable),
];

/// What a failed call of `action` means. A call that never reached AWS, or got no answer, is unavailable.
pub(crate) fn call_error<E>(action: &str, at: impl Into<Location>, error: SdkError<E>) -> CallError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let Location { owner_id, region } = at.into();
    let message: Box<str> =
        error.as_service_error().and_then(|service| service.meta().message()).unwrap_or_default().into();
    let call_error = |kind, action: &str, code: String| CallError {
        kind,
        action: action.to_owned(),
        owner_id,
        region,
        code,
        message,
    };
    if let Some(code) = assume_role_code(&error) {
        return call_error(meaning(&code).unwrap_or(CallErrorKind::Denied), "sts:AssumeRole", code);
    }
    // AWS's own failures have a status of 5xx, whatever their code.
    let is_aws_failing = error.raw_response().is_some_and(|response| response.status().is_server_error());
    match error.as_service_error().and_then(|service| service.meta().code()) {
        // "Peering pcx-… is not active. Peering options can be added only to active peerings."
        // <https://github.com/cloudposse/terraform-aws-vpc-peering-multi-account/issues/8>
        Some(code @ "OperationNotPermitted") if action == "ec2:ModifyVpcPeeringConnectionOptions" => {
            call_error(CallErrorKind::WrongState, action, code.to_owned())
        }
        Some(code) => {
            let unknown = if is_aws_failing { CallErrorKind::Unavailable } else { CallErrorKind::Other };
            call_error(meaning(code).unwrap_or(unknown), action, code.to_owned())
        }
        None => {
            // The causes say more than the outermost error.
            tracing::warn!(action, error = %aws_sdk_ec2::error::DisplayErrorContext(&error), "no answer from AWS");
            call_error(CallErrorKind::Unavailable, action, "NoAnswer".into())
        }
    }
}

/// APIs of EC2 spell one code in different cases: `InvalidRouteTableID.NotFound`, `InvalidRouteTableId.NotFound`.
fn meaning(code: &str) -> Option<CallErrorKind> {
    MEANINGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(code)).map(|(_, kind)| *kind)
}

/// Credentials are fetched during another call, so STS's error is among the causes of that call's error.
fn assume_role_code(error: &(dyn Error + 'static)) -> Option<String> {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let errors = causes.filter_map(|cause| cause.downcast_ref::<AssumeRoleError>());
    errors.filter_map(|error| error.meta().code()).next().map(str::to_owned)
}
