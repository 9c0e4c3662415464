//! The stack of all tests.

use isthmus_peering::groups::GroupAccounts;
use isthmus_peering::ids::Region;
use isthmus_peering::stack::{Mode, Quotas, Stack};
use isthmus_peering::tags::Tags;
use std::collections::BTreeSet;

/// The installation of all tests.
pub const INSTALLATION: &str = "isthmus.us-east-1.123456789012";

/// A stack for tests.
pub fn stack() -> Stack {
    Stack {
        installation: INSTALLATION.into(),
        account: "123456789012".parse().unwrap_or_else(|_| unreachable!("twelve digits")),
        region: region("us-east-1"),
        tag_prefix: "isthmus".into(),
        partition: "aws".into(),
        member_accounts: ["222222222222", "333333333333"].iter().filter_map(|account| account.parse().ok()).collect(),
        has_organization: false,
        external_accounts: ["555555555555"].iter().filter_map(|account| account.parse().ok()).collect(),
        trusted_accounts: BTreeSet::new(),
        group_accounts: GroupAccounts::default(),
        connection_tags: Tags::new(),
        routable_blocks: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::/0"]
            .iter()
            .filter_map(|block| block.parse().ok())
            .collect(),
        teardown_on_untag: true,
        teardown_delay: 0,
        mode: Mode::Apply,
        quotas: Quotas { routes_per_table: 500, peerings_per_vpc: 50, outstanding_requests: 25 },
    }
}

fn region(code: &str) -> Region {
    code.parse().unwrap_or_else(|_| unreachable!("a Region"))
}
