//! What every step needs besides its task.

use crate::stack::Stack;

/// The network, the ledger and the stack. `N` and `L` say what the holder may do: with `NetworkReads` alone it can't write.
#[derive(Debug)]
pub struct Context<'c, N, L> {
    /// EC2, everywhere.
    pub network: &'c N,
    /// What is ours.
    pub ledger: &'c L,
    /// What the stack's owner decided.
    pub stack: &'c Stack,
    /// When the invocation began, in seconds since 1970.
    pub now: i64,
}

// Derived, these would demand the same of network and ledger.
impl<N, L> Clone for Context<'_, N, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N, L> Copy for Context<'_, N, L> {}
