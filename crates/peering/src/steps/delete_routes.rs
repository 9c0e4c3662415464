//! `DeleteRoutes`: delete the planned routes, each only while it leads to the connection.

use crate::context::Context;
use crate::error::Error;
use crate::ports::{LedgerReads, Network};
use crate::shared::batch::Progress;
use crate::shared::lease::held;
use crate::shared::pair::Pair;
use crate::shared::removal;
use crate::steps::TeardownTask;
use serde::Serialize;

/// No planned route leads to the connection any more.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoutesDeleted {
    /// How many this call deleted.
    pub deleted: usize,
}

/// Deletes what remains of the planned routes, for as long as `has_time` says so; [`Error::StillTagged`] if a tag requests
/// the pair by now.
pub async fn delete_routes(
    context: Context<'_, impl Network, impl LedgerReads>,
    task: TeardownTask,
    has_time: impl Fn() -> bool,
) -> Result<RoutesDeleted, Error> {
    let TeardownTask { teardown, execution, .. } = task;
    context.stack.check_mode()?;
    held(context, &teardown.key(), &execution).await?;
    Pair::read(context, teardown.ends()).await?.check_untagged(context.stack)?;
    let routes = teardown.sides().map(|side| (&side.end, side.removals().collect()));
    let id = &teardown.vpc_peering_connection_id;
    let targets = teardown.replaced.iter().chain([id]).cloned().collect();
    let Progress { done, remaining, failure } =
        removal::delete_routes(context.network, routes, &targets, has_time).await?;
    match failure {
        Some(error) => Err(error.into()),
        None if remaining > 0 => Err(Error::RoutesRemaining { vpc_peering_connection_id: id.clone(), remaining }),
        None => Ok(RoutesDeleted { deleted: done }),
    }
}
