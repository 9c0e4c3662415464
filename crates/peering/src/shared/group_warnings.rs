//! What people have to correct about groups, or to know.

use crate::groups::{GroupName, GroupPlan, Role};
use crate::shared::grouped::Grouped;
use crate::shared::snapshot::Snapshot;
use crate::stack::Stack;
use crate::tags::{GROUP, key};

/// All warnings, where they are about one group only of those that are asked for.
pub(crate) fn warnings(
    snapshot: &Snapshot,
    grouped: &Grouped,
    stack: &Stack,
    is_asked: impl Fn(&GroupName) -> bool,
) -> Vec<String> {
    let unread =
        snapshot.unreachable().into_iter().map(|reason| format!("not read, so nothing there counts: {reason}"));
    let chosen = grouped.plan.groups.iter().filter(|(name, _)| is_asked(name));
    let groups = chosen.filter_map(|(name, group)| without_pairs(grouped, name, group));
    unread.chain(accounts(stack)).chain(invalid_words(snapshot, stack)).chain(groups).collect()
}

/// The words of `group` tags that mean nothing, by VPC.
fn invalid_words(snapshot: &Snapshot, stack: &Stack) -> Vec<String> {
    let group = key(&stack.tag_prefix, GROUP);
    let invalid = snapshot.sides().flat_map(|side| {
        let of_group = side.intent.invalid.iter().filter(|(key, _)| key.starts_with(&group));
        of_group.map(|(key, reason)| format!("{}: {key}: {reason}", side.end().vpc_id))
    });
    invalid.collect()
}

/// The accounts of `GroupAccounts` that can't have members.
fn accounts(stack: &Stack) -> impl Iterator<Item = String> + '_ {
    let reason = |account| match stack.is_external(account) {
        true => Some("is in ExternalAccounts: VPCs of such an account are never members"),
        false if !stack.acts_in(account) => {
            Some("is none of the stack's accounts: its owner has to add it to MemberAccounts")
        }
        false => None,
    };
    let named = stack.group_accounts.named().into_iter();
    named.filter_map(move |account| Some(format!("GroupAccounts names {account}, which {}", reason(account)?)))
}

fn without_pairs(grouped: &Grouped, name: &GroupName, group: &GroupPlan) -> Option<String> {
    if group.rule > 0 {
        return None;
    }
    let member = grouped.members.iter().find(|member| member.groups.contains_key(name))?;
    let count: usize = group.roles.values().sum();
    Some(match count {
        1 => format!("{name} has one member, {}: there is nothing to peer it with", member.end.vpc_id),
        _ if group.roles.contains_key(&Role::Mesh) => {
            format!("{name} has one mesh member, and no hub: its spokes have nothing to peer with")
        }
        _ => format!("{name} has {count} spokes and no hub: there is nothing to peer them with"),
    })
}
