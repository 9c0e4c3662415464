//! EC2 clients, one per account and Region: the stack's own account with the function's role, every other by assuming
//! the member role there. The role's name is the stack's; nothing in a request can choose it.

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::sts::AssumeRoleProvider;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ec2::Client;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use isthmus_peering::connection::End;
use isthmus_peering::ids::{AccountId, Region};
use isthmus_peering::ports::Location;
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

/// In the `User-Agent` of every call, and so in CloudTrail: `app/isthmus-<version>`. A slash isn't allowed in it.
const APP: &str = concat!("isthmus-", env!("CARGO_PKG_VERSION"));
/// No endpoint of AWS takes this long to connect to.
const CONNECT: Duration = Duration::from_secs(3);
/// A call that hangs this long is given up and tried again.
const ATTEMPT: Duration = Duration::from_secs(6);
/// All attempts of one call; functions stop starting new calls this long before their time is up.
pub(crate) const CALL: Duration = Duration::from_secs(20);
/// Beyond these the machine's own retries take over, minutes instead of seconds.
const ATTEMPTS: u32 = 6;
/// Between two attempts: 1, 2, and then 4 seconds at the most. All six fit into one call's time, so that a call that is throttled
/// to the end says so, and not that there was no answer.
const WAIT: Duration = Duration::from_secs(4);

/// Where credentials for an account come from.
pub enum Credentials {
    /// Member accounts by assuming this role, in this partition.
    MemberRole {
        /// `aws`, `aws-cn`, `aws-us-gov`.
        partition: String,
        /// The role's name, the same in every account.
        role_name: String,
        /// The ExternalId that the role requires: different for every installation, so that we can't be made to act in another
        /// one's members.
        /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>
        external_id: String,
        /// Who assumes it, for the member's own CloudTrail.
        session_name: String,
    },
    /// The same for every account; for tests against recorded answers.
    Own,
}

/// The EC2 clients of every account and Region that this process has used.
pub struct Accounts {
    config: SdkConfig,
    home: AccountId,
    credentials: Credentials,
    members: RefCell<HashMap<AccountId, SharedCredentialsProvider>>,
    clients: RefCell<HashMap<Location, Client>>,
}

impl Accounts {
    /// Clients that share `config`; `home` is the stack's own account.
    pub fn new(config: SdkConfig, home: AccountId, credentials: Credentials) -> Self {
        Self { config, home, credentials, members: RefCell::default(), clients: RefCell::default() }
    }

    /// Uses this client for that account and Region.
    pub fn with_client(self, end: &End, client: Client) -> Self {
        self.clients.borrow_mut().insert(end.into(), client);
        self
    }

    /// Makes the client that nearly every request needs before the first one comes: the stack's own account and Region.
    /// The others depend on the request.
    pub(crate) async fn prepare(&self, region: &Region) {
        self.client(Location { owner_id: self.home.clone(), region: region.clone() }).await;
    }

    /// The client that acts in that account and Region.
    pub(crate) async fn client(&self, at: impl Into<Location>) -> Client {
        let at = at.into();
        if let Some(client) = self.clients.borrow().get(&at) {
            return client.clone();
        }
        let mut config = aws_sdk_ec2::config::Builder::from(&self.config)
            .region(aws_sdk_ec2::config::Region::new(at.region.to_string()));
        if at.owner_id != self.home
            && let Some(member) = self.member(&at.owner_id).await
        {
            config = config.credentials_provider(member);
        }
        let client = Client::from_conf(config.build());
        self.clients.borrow_mut().entry(at).or_insert(client).clone()
    }

    /// The stack's own account and Region, for questions that any Region can answer.
    pub(crate) fn home_end(&self, end: &End) -> End {
        let own = self.config.region().and_then(|region| region.as_ref().parse().ok());
        End { region: own.unwrap_or_else(|| end.region.clone()), owner_id: self.home.clone(), ..end.clone() }
    }

    async fn member(&self, owner_id: &AccountId) -> Option<SharedCredentialsProvider> {
        let Credentials::MemberRole { partition, role_name, external_id, session_name } = &self.credentials else {
            return None;
        };
        if let Some(known) = self.members.borrow().get(owner_id) {
            return Some(known.clone());
        }
        let role = AssumeRoleProvider::builder(format!("arn:{partition}:iam::{owner_id}:role/{role_name}"))
            .external_id(external_id)
            .session_name(session_name)
            .configure(&self.config)
            .build()
            .await;
        // One for all Regions of the account: the SDK keeps a session for as long as it lasts, by provider.
        let member = SharedCredentialsProvider::new(role);
        Some(self.members.borrow_mut().entry(owner_id.clone()).or_insert(member).clone())
    }
}

/// What every client shares. Lambda hands out Region and credentials in the environment; there is nowhere else to look.
pub(crate) async fn sdk_config() -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Ok(name) = AppName::new(APP) {
        loader = loader.app_name(name);
    }
    loader
        .region(EnvironmentVariableRegionProvider::new())
        .credentials_provider(EnvironmentVariableCredentialsProvider::new())
        .http_client(http_client())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(WAIT))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(CALL)
                .build(),
        )
        .load()
        .await
}

/// One pool of connections for every account and Region, which outlives the invocation. TLS is rustls on ring: it needs
/// no C library and gathers no entropy at the first handshake.
///
/// The SDK's own HTTP client reads all root certificates once more for every client and again for the first call; with
/// one connector they are read once, before the first event.
fn http_client() -> SharedHttpClient {
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build();
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}
