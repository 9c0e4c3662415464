//! The stack's parameters, as `template.yaml` puts them in the functions' environment.

use crate::accounts::Credentials;
use isthmus_peering::stack::{Quotas, Scope, Stack};
use isthmus_peering::tags::Tags;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;

/// A variable that is missing or malformed: the template and the function are not of one version.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {name}: {reason}")]
pub(crate) struct BadSetting {
    pub(crate) name: &'static str,
    reason: String,
}

/// Reads one variable.
pub(crate) fn setting<T: FromStr<Err: Display>>(name: &'static str) -> Result<T, BadSetting> {
    let text = std::env::var(name).map_err(|error| BadSetting { name, reason: error.to_string() })?;
    text.parse().map_err(|error: T::Err| BadSetting { name, reason: error.to_string() })
}

/// The stack that this function belongs to.
pub(crate) fn stack() -> Result<Stack, BadSetting> {
    Ok(Stack {
        installation: setting("INSTALLATION_ID")?,
        account: setting("STACK_ACCOUNT")?,
        region: setting("AWS_REGION")?,
        tag_prefix: setting("TAG_PREFIX")?,
        partition: setting("PARTITION")?,
        member_accounts: listed("MEMBER_ACCOUNTS")?,
        has_organization: !setting::<String>("ORGANIZATION_ID")?.is_empty(),
        external_accounts: listed("EXTERNAL_ACCOUNTS")?,
        trusted_accounts: listed("TRUSTED_ACCOUNTS")?,
        group_accounts: setting("GROUP_ACCOUNTS")?,
        connection_tags: connection_tags()?,
        routable_blocks: listed("ROUTABLE_BLOCKS")?,
        teardown_on_untag: setting("TEARDOWN_ON_UNTAG")?,
        teardown_delay: setting("TEARDOWN_DELAY")?,
        mode: setting("MODE")?,
        quotas: Quotas {
            routes_per_table: setting("ROUTES_PER_TABLE")?,
            peerings_per_vpc: setting("PEERINGS_PER_VPC")?,
            outstanding_requests: setting("OUTSTANDING_REQUESTS")?,
        },
    })
}

/// Where the functions that read beyond one pair have to read. The stack's own account and Region are always among them.
pub(crate) fn scope(stack: &Stack) -> Result<Scope, BadSetting> {
    let mut scope = Scope { accounts: stack.member_accounts.clone(), regions: listed("REGIONS")? };
    scope.accounts.insert(stack.account.clone());
    scope.regions.insert(stack.region.clone());
    Ok(scope)
}

/// A list, separated by commas; empty for none.
fn listed<T: FromStr<Err: Display> + Ord>(name: &'static str) -> Result<BTreeSet<T>, BadSetting> {
    let text: String = setting(name)?;
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|error: T::Err| BadSetting { name, reason: error.to_string() })).collect()
}

/// `key=value,…`. The template's pattern lets no word without `=` pass.
fn connection_tags() -> Result<Tags, BadSetting> {
    let name = "CONNECTION_TAGS";
    let text: String = setting(name)?;
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    let tag = |word: &str| match word.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(BadSetting { name, reason: format!("{word:?} is not key=value") }),
    };
    words.map(tag).collect()
}

/// How this function gets into other accounts.
pub(crate) fn credentials() -> Result<Credentials, BadSetting> {
    Ok(Credentials::MemberRole {
        partition: setting("PARTITION")?,
        role_name: setting("MEMBER_ROLE_NAME")?,
        external_id: setting("EXTERNAL_ID")?,
        // Lambda's own: stack and function in at most 64 letters, digits, dashes and underscores, as STS wants a name.
        session_name: setting("AWS_LAMBDA_FUNCTION_NAME")?,
    })
}
