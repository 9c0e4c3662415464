//! The network, as EC2 has it: one method, one kind of call, every page followed.

mod pages;
mod reads;
mod region;
mod writes;

use crate::accounts::Accounts;
use isthmus_peering::connection::End;
use isthmus_peering::ports::{CallError, CallErrorKind};

/// EC2 in every account and Region that the stack may act in.
pub struct Ec2Network {
    accounts: Accounts,
}

impl Ec2Network {
    /// The network as these accounts' clients reach it.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

/// AWS answered, but without the thing asked for.
fn empty_answer(action: &str, end: &End, kind: CallErrorKind) -> CallError {
    CallError {
        kind,
        action: action.to_owned(),
        owner_id: end.owner_id.clone(),
        region: end.region.clone(),
        code: "EmptyAnswer".into(),
    }
}
