//! The stack's parameter `GroupAccounts`: which accounts' VPCs may be members, in which role. A group's name is no secret, so
//! carrying it proves nothing across accounts.

use crate::groups::membership::{GroupName, Role};
use crate::ids::{AccountId, Malformed};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// Who is admitted, by group and role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupAccounts {
    admitted: BTreeMap<GroupName, BTreeMap<Role, Admitted>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Admitted {
    /// `*`, for spokes alone: a false hub or mesh member would reach everybody.
    All,
    These(BTreeSet<AccountId>),
}

impl Admitted {
    fn includes(&self, account: &AccountId) -> bool {
        match self {
            Self::All => true,
            Self::These(accounts) => accounts.contains(account),
        }
    }
}

impl GroupAccounts {
    /// Whether VPCs of that account may have that role in the group.
    pub fn admits(&self, group: &GroupName, role: Role, account: &AccountId) -> bool {
        let admitted = self.admitted.get(group).and_then(|roles| roles.get(&role));
        admitted.is_some_and(|admitted| admitted.includes(account))
    }

    /// Whether there is a group that both accounts' VPCs may be members of, in whatever roles.
    pub fn admits_both(&self, accounts: [&AccountId; 2]) -> bool {
        let admits = |roles: &BTreeMap<Role, Admitted>, account: &AccountId| {
            roles.values().any(|admitted| admitted.includes(account))
        };
        self.admitted.values().any(|roles| accounts.into_iter().all(|account| admits(roles, account)))
    }

    /// Every account that is named.
    pub fn named(&self) -> BTreeSet<&AccountId> {
        let listed = self.admitted.values().flat_map(BTreeMap::values).filter_map(|admitted| match admitted {
            Admitted::All => None,
            Admitted::These(accounts) => Some(accounts),
        });
        listed.flatten().collect()
    }
}

/// `group:role=account,account …`, separated by spaces.
impl FromStr for GroupAccounts {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut admitted: BTreeMap<GroupName, BTreeMap<Role, Admitted>> = BTreeMap::new();
        for word in text.split_whitespace() {
            let malformed = || Malformed(format!("{word:?} is not group:role=account,account"));
            let (member, accounts) = word.split_once('=').ok_or_else(malformed)?;
            let (name, role) = member.split_once(':').ok_or_else(malformed)?;
            let (name, role): (GroupName, Role) = (name.parse()?, role.parse()?);
            let accounts = match (accounts, role) {
                ("*", Role::Spoke) => Admitted::All,
                ("*", role) => return Err(Malformed(format!("{word:?}: * is for spokes, not for {role}"))),
                (list, _) => Admitted::These(list.split(',').map(str::parse).collect::<Result<_, _>>()?),
            };
            let known = admitted.entry(name).or_default().entry(role).or_insert_with(|| accounts.clone());
            match (&mut *known, accounts) {
                (Admitted::These(known), Admitted::These(more)) => known.extend(more),
                (known, Admitted::All) => *known = Admitted::All,
                (Admitted::All, Admitted::These(_)) => {}
            }
        }
        Ok(Self { admitted })
    }
}
