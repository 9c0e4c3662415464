//! How AWS is called: credentials as other programs for people find them, TLS by rustls on ring as in the functions.

use crate::failure::Failure;
use crate::stack::Stack;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::timeout::TimeoutConfig;
use std::time::Duration;

/// No endpoint of AWS takes this long to connect to.
const CONNECT: Duration = Duration::from_secs(5);

impl Stack<'_> {
    /// Made at the first call: until then nothing is read.
    pub(super) async fn config(&self) -> Result<&SdkConfig, Failure> {
        self.config.get_or_try_init(|| self.make_config()).await
    }

    async fn make_config(&self) -> Result<SdkConfig, Failure> {
        // No timeout but that of the connection: a sweep is answered after minutes, and asked again it would run twice.
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).disable_read_timeout().build();
        let mut loader =
            aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).timeout_config(timeouts);
        // Whoever reads CloudTrail sees which program it was.
        if let Ok(name) = AppName::new(concat!("isthmus-cli-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &self.global.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.global.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
        if config.region().is_none() {
            return Err(Failure::usage("no Region: give --region, set AWS_REGION, or set one in the profile"));
        }
        match &self.global.role_arn {
            None => Ok(config),
            Some(role) => {
                let provider =
                    AssumeRoleProvider::builder(role).session_name("isthmus").configure(&config).build().await;
                Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build())
            }
        }
    }
}

/// One connector for all clients, so that root certificates are read once.
fn http_client() -> SharedHttpClient {
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}
