//! A pair of which one account is external: its owner acts in EC2 by themselves.

use crate::connection::{Connection, Status};
use crate::context::Context;
use crate::error::Error;
use crate::ledger::{LedgerItem, Outcome, RecordedConnection, Update};
use crate::peering::{Peering, PeeringOutput};
use crate::ports::{Ledger, Network};
use crate::shared::external::refusal;
use crate::shared::lease::update_held;
use crate::shared::removal::delete_own_connection;
use crate::shared::status_tags::write_status;
use crate::stack::Stack;
use crate::status::PeeringStatus;
use crate::steps::create_request::{Created, Plan};

impl Plan {
    /// A connection that an external account requested stays theirs.
    pub(super) fn check_take_over(&self, stack: &Stack) -> Result<(), Error> {
        let found = self.found(stack).filter(|_| self.asked.request.take_over);
        match found.filter(|found| stack.is_external(&found.identity.requester.owner_id)) {
            Some(theirs) => {
                let message =
                    format!("an external account requested {}, and it stays theirs: leave it out", theirs.id());
                Err(Error::invalid("TakeOver", message))
            }
            None => Ok(()),
        }
    }

    /// The error of a request of ours that the owner of the external account rejected, or let expire, unless that was told: it is not
    /// requested anew before somebody knows.
    pub(super) fn check_not_refused(&self, item: &LedgerItem, stack: &Stack) -> Result<(), Error> {
        if self.found(stack).is_some() {
            return Ok(());
        }
        let Some(error) = refusal(&self.survey.pair, &self.survey.connections, item) else { return Ok(()) };
        let (name, _) = error.name_and_cause();
        let is_told = item.outcome.as_ref().is_some_and(|outcome| outcome.error.as_ref() == Some(&name));
        if is_told { Ok(()) } else { Err(error) }
    }

    /// Deletes a request of ours that waits, where theirs is used: EC2 lets only one of the two be accepted.
    pub(super) async fn delete_opposite<L>(
        &self,
        context: Context<'_, impl Network, L>,
        used: &Connection,
        item: &LedgerItem,
    ) -> Result<(), Error> {
        if !context.stack.is_external(&used.identity.requester.owner_id) {
            return Ok(());
        }
        let is_opposite = |other: &&Connection| {
            let waits = matches!(other.status, Status::InitiatingRequest | Status::PendingAcceptance);
            waits && other.id() != used.id() && item.owns(other)
        };
        for ours in self.survey.connections.iter().filter(is_opposite) {
            delete_own_connection(context, &item.pair, &ours.identity.requester, ours.id()).await?;
        }
        Ok(())
    }
}

/// Records a request that the owner of an external account has yet to accept, and ends. Routes that lead to an earlier connection
/// stay recorded.
pub(super) async fn pending(
    context: Context<'_, impl Network, impl Ledger>,
    plan: &Plan,
    mut peering: Peering,
    reason: String,
    (item, execution, time): (&LedgerItem, &str, &str),
) -> Result<Created, Error> {
    peering.warnings.insert(0, format!("it waits {reason}; the sweep after that writes the routes"));
    if peering.requested_by_tags {
        write_status(context, &plan.survey.pair, &PeeringStatus::Waiting { reason }, time).await;
    }
    let key = peering.key();
    let routes = key.ends().map(|end| item.routes_at(end));
    let outcome = Outcome::success(execution);
    let recorded = RecordedConnection { pending: true, ..peering.recorded_connection() };
    let complete = Update::complete(execution, &recorded, &routes, &peering.asked_by, &outcome, None);
    let item = update_held(context, &key, execution, complete).await?;
    // As after a set-up: an execution of tags may have given up waiting.
    peering.requested_by_tags |= item.again == Some(true);
    let resources = peering.resources(&context.stack.partition);
    let output = PeeringOutput {
        status: Status::PendingAcceptance.as_str(),
        routes: Vec::new(),
        dns_resolution: false,
        ..peering.into_output()
    };
    Ok(Created { output: Some(output), publish: true, resources, peering: None })
}
