//! What every step needs besides its task.

use crate::stack::Stack;

/// The network and the stack. `N` says what the holder may do: with `NetworkReads` alone it can't write.
#[derive(Debug)]
pub struct Context<'c, N> {
    /// EC2, everywhere.
    pub network: &'c N,
    /// What the stack's owner decided.
    pub stack: &'c Stack,
}

impl<'c, N> Context<'c, N> {
    /// Steps on that network, for that stack.
    pub fn new(network: &'c N, stack: &'c Stack) -> Self {
        Self { network, stack }
    }
}

// Derived, these would demand the same of the network.
impl<N> Clone for Context<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for Context<'_, N> {}
