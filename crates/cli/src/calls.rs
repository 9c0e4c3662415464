//! What a failed call of AWS means to the person who made it.

use crate::failure::Failure;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::fmt::Debug;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Called {
    /// STS, about the caller.
    Account,
    /// A machine or function of the stack.
    Stack,
}

/// AWS's codes for credentials that are missing, malformed or no longer valid.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
const BAD_CREDENTIALS: [&str; 10] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// The failure, as one sentence.
pub(crate) fn call_failure<E, R>(
    action: &str,
    called: Called,
    stack: &str,
    region: &str,
    error: &SdkError<E, R>,
) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug + 'static,
{
    let message = error.message().unwrap_or_default();
    match error.code() {
        _ if lacks_credentials(error) => no_credentials(&why_none(error)),
        Some(code) if BAD_CREDENTIALS.contains(&code) => no_credentials(&format!("AWS answered {code}")),
        Some("AccessDenied" | "AccessDeniedException") => Failure::new(
            "NotAllowed",
            format!("AWS denied {action}: {message}: ask for the stack's policies for people, or use another profile"),
        ),
        Some("StateMachineDoesNotExist" | "StateMachineDeleting" | "ResourceNotFoundException")
            if called == Called::Stack =>
        {
            Failure::new(
                "StackNotFound",
                format!(
                    "there is no stack {stack} in {region} of this account, or it is older than this program ({action} found nothing): check --stack, --region and --profile"
                ),
            )
        }
        Some(code) => Failure::other(format!("AWS answered {code} to {action}: {message}")),
        None => Failure::other(format!("AWS could not be reached for {action}: {}", innermost(error))),
    }
}

fn no_credentials(why: &str) -> Failure {
    Failure::new("NotAllowed", format!("no valid credentials ({why}): log in, or choose another --profile"))
}

/// One source of credentials tells why it failed; where none was found, the list of all sources helps nobody.
fn why_none(error: &(dyn Error + 'static)) -> String {
    let found = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>());
    match found {
        Some(CredentialsError::CredentialsNotLoaded(_)) | None => "none were found".to_owned(),
        Some(_) => innermost(error),
    }
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<CredentialsError>())
}

/// The last cause has what a person can act on; the others only say where it happened.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}
