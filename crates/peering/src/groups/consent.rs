//! Which groups make a pair of two VPCs, and whether both owners consent to it there.

use crate::groups::membership::{GroupName, Role};
use crate::intent::VpcIntent;
use crate::stack::Stack;

/// The groups whose rule makes the pair, with the roles of both.
pub fn groups_of_pair<'i>(
    one: &'i VpcIntent,
    other: &'i VpcIntent,
) -> impl Iterator<Item = (&'i GroupName, [Role; 2])> {
    one.groups.iter().filter_map(|(name, role)| {
        let peer_role = other.groups.get(name)?;
        role.peers_with(*peer_role).then_some((name, [*role, *peer_role]))
    })
}

/// Whose consent the pair lacks in that group: who isn't admitted, and what to do. `None` where there is consent: both VPCs are of
/// one account, the stack admits both accounts in their roles, or each owner consents to the other's VPC as for any pair.
pub fn not_admitted(
    group: &GroupName,
    [one, other]: [&VpcIntent; 2],
    [role, peer_role]: [Role; 2],
    stack: &Stack,
) -> Option<String> {
    if one.end.owner_id == other.end.owner_id {
        return None;
    }
    let is_refused =
        |(intent, role): &(&VpcIntent, Role)| !stack.group_accounts.admits(group, *role, &intent.end.owner_id);
    let refused: Vec<String> = [(one, role), (other, peer_role)]
        .into_iter()
        .filter(is_refused)
        .map(|(intent, role)| format!("{group}:{role}={}", intent.end.owner_id))
        .collect();
    let consent = one.consents(&other.end, stack) && other.consents(&one.end, stack);
    (!refused.is_empty() && !consent).then(|| {
        format!("GroupAccounts doesn't have {}: add that, or each owner has to consent to the other", refused.join(" "))
    })
}

/// The group that asks for the pair and to which both owners consent, if there is one.
pub fn asking_group<'i>(one: &'i VpcIntent, other: &'i VpcIntent, stack: &Stack) -> Option<&'i GroupName> {
    let consented = |(name, roles): &(&GroupName, [Role; 2])| not_admitted(name, [one, other], *roles, stack).is_none();
    groups_of_pair(one, other).find(consented).map(|(name, _)| name)
}
