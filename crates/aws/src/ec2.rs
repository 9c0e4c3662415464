//! The network, as EC2 has it: one method, one kind of call, every page followed.

mod pages;
mod prefix_lists;
mod reads;
mod region;
mod writes;

use crate::accounts::Accounts;
use aws_sdk_ec2::Client;
use isthmus_peering::connection::End;
use isthmus_peering::ports::{CallError, CallErrorKind, CallResult};
use isthmus_peering::stack::Mode;
use tokio::sync::Semaphore;

/// EC2 in every account and Region that the stack may act in.
pub struct Ec2Network {
    accounts: Accounts,
    mode: Mode,
    table_pages: Semaphore,
}

impl Ec2Network {
    /// The network as these accounts' clients reach it. In report mode it refuses every write, whoever asks for it.
    pub fn new(accounts: Accounts, mode: Mode) -> Self {
        Self { accounts, mode, table_pages: Semaphore::new(pages::PAGES_OF_TABLES_AT_ONCE) }
    }

    /// The client for a write.
    async fn writer(&self, action: &str, end: &End) -> CallResult<Client> {
        match self.mode {
            Mode::Apply => Ok(self.accounts.client(end).await),
            Mode::Report => Err(CallError {
                kind: CallErrorKind::Denied,
                action: action.to_owned(),
                owner_id: end.owner_id.clone(),
                region: end.region.clone(),
                code: "ReportMode".into(),
                message: Box::default(),
            }),
        }
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
        message: "the answer is empty".into(),
    }
}
