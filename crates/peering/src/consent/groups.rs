//! Which groups make a pair of two VPCs, and whether both owners consent to it there.

use crate::groups::{GroupName, Role};
use crate::intent::VpcIntent;
use crate::stack::Stack;

/// The groups whose rule makes the pair, with the roles of both.
pub(crate) fn groups_of_pair<'i>(
    one: &'i VpcIntent,
    other: &'i VpcIntent,
) -> impl Iterator<Item = (&'i GroupName, [Role; 2])> {
    one.groups.iter().filter_map(|(name, role)| {
        let peer_role = other.groups.get(name)?;
        role.peers_with(*peer_role).then_some((name, [*role, *peer_role]))
    })
}

/// Why the pair lacks consent in that group, if it does: whom `GroupAccounts` doesn't have, and what to do. There is consent where
/// both VPCs are of one account, where the stack admits both accounts in their roles, or where each owner consents to the other's
/// VPC as for any pair.
pub(crate) fn missing_admission(group: &GroupName, [one, other]: [&VpcIntent; 2], stack: &Stack) -> Option<String> {
    if one.end.owner_id == other.end.owner_id {
        return None;
    }
    let missing = |intent: &VpcIntent| {
        let role = intent.groups.get(group)?;
        let owner = &intent.end.owner_id;
        (!stack.group_accounts.admits(group, *role, owner)).then(|| format!("{group}:{role}={owner}"))
    };
    let missing: Vec<String> = [one, other].into_iter().filter_map(missing).collect();
    (!missing.is_empty() && !consent_to_each_other(one, other, stack)).then(|| {
        format!("GroupAccounts doesn't have {}: add that, or each owner has to consent to the other", missing.join(" "))
    })
}

fn consent_to_each_other(one: &VpcIntent, other: &VpcIntent, stack: &Stack) -> bool {
    one.consents(&other.end, stack) && other.consents(&one.end, stack)
}

/// The groups that ask for the pair, and to which both owners consent.
pub(crate) fn asking_groups<'i>(
    one: &'i VpcIntent,
    other: &'i VpcIntent,
    stack: &Stack,
) -> impl Iterator<Item = &'i GroupName> {
    let groups = groups_of_pair(one, other).map(|(name, _)| name);
    groups.filter(move |name| missing_admission(name, [one, other], stack).is_none())
}

/// Whether a word that can't be understood may have been meant to name a group of the other VPC, to which both owners consent.
pub(super) fn may_share_group(one: &VpcIntent, other: &VpcIntent, stack: &Stack) -> bool {
    let is_unclear_of =
        |one: &VpcIntent, other: &VpcIntent| one.unclear.groups && (other.unclear.groups || !other.groups.is_empty());
    let may_consent = || {
        let owners = [&one.end.owner_id, &other.end.owner_id];
        owners[0] == owners[1] || stack.group_accounts.admits_both(owners) || consent_to_each_other(one, other, stack)
    };
    (is_unclear_of(one, other) || is_unclear_of(other, one)) && may_consent()
}
