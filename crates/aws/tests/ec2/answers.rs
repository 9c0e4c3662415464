//! The adapter with a client that is answered by rules.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::{BehaviorVersion, Credentials as Keys, Region, retry::RetryConfig};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client};
use isthmus_aws::{Accounts, Credentials, Ec2Network};
use isthmus_peering::connection::End;
use isthmus_peering::stack::Mode;
use serde_json::json;

pub(crate) fn end() -> End {
    serde_json::from_value(json!({"VpcId": "vpc-0a1b2c3d", "Region": "us-east-1", "OwnerId": "123456789012"}))
        .expect("an end")
}

pub(crate) fn network(rules: &[&Rule]) -> Ec2Network {
    network_in(Mode::Apply, rules)
}

pub(crate) fn network_in(mode: Mode, rules: &[&Rule]) -> Ec2Network {
    let answers =
        rules.iter().fold(MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny), |i, rule| i.with_rule(rule));
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Keys::new("id", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(create_mock_http_client())
        .interceptor(answers)
        .build();
    let shared = aws_config::SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    let accounts =
        Accounts::new(shared, end().owner_id, Credentials::Own).with_client(&end(), Client::from_conf(config));
    Ec2Network::new(accounts, mode)
}

/// A failure in EC2's query protocol.
pub(crate) fn failure(status: u16, code: &str) -> aws_sdk_ec2::config::http::HttpResponse {
    let body = format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors><RequestID>1</RequestID></Response>"
    );
    aws_sdk_ec2::config::http::HttpResponse::new(status.try_into().expect("a status"), body.into())
}

/// An answer in EC2's query protocol.
pub(crate) fn xml(body: &'static str) -> impl Fn() -> aws_sdk_ec2::config::http::HttpResponse + Send + Sync + 'static {
    move || aws_sdk_ec2::config::http::HttpResponse::new(200.try_into().expect("a status"), body.into())
}
