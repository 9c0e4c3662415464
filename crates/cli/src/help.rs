//! Commands that help after a failure.

use crate::failure::Failure;
use crate::text::quoted;
use serde_json::Value;

/// The failure with what helps: the tag that an owner has to set, and the explanation.
pub fn with_help(failure: Failure, input: &Value, home_region: &str) -> Failure {
    let tag = (failure.error == "PeerNotTrusted").then(|| consent(&failure, input, home_region)).flatten();
    let explain = failure.is_explained().then(|| format!("isthmus explain {}", failure.error));
    tag.into_iter().chain(explain).fold(failure, Failure::with_help)
}

/// The owner's command. A key of its own, so that no consent that is there is overwritten. None where consent isn't what is
/// missing: the sentence then names no tag.
fn consent(failure: &Failure, input: &Value, home_region: &str) -> Option<String> {
    let vpc_id = failure.cause.get("VpcId")?.as_str()?;
    let (_, tag) = failure.message().split_once(" has to tag it ")?;
    let (key, value) = tag.split_once('=')?;
    let peer = value.split(' ').next()?;
    let region = region_of(vpc_id, input, home_region);
    Some(format!(
        "aws ec2 create-tags --region {} --resources {} --tags {}",
        quoted(&region),
        quoted(vpc_id),
        quoted(&format!("Key={key}:{peer},Value={peer}"))
    ))
}

/// Where an input says that the VPC is.
fn region_of(vpc_id: &str, input: &Value, home_region: &str) -> String {
    let field = |name: &str| input.get(name).and_then(Value::as_str);
    let first = field("Region").unwrap_or(home_region);
    let is_peer = field("PeerVpcId") == Some(vpc_id);
    if is_peer { field("PeerRegion").unwrap_or(first) } else { first }.to_owned()
}
