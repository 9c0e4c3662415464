//! A network whose n-th call has a fault of a kind, once or more often; also its ledger, and the machines.

use crate::around::{Around, Call, Hook};
use crate::around_services::{AroundMachines, ServiceHook};
use crate::state::kill;
use crate::{HasLedger, Machines};
use isthmus_peering::ports::{CallError, CallErrorKind, CallResult, Location};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What is wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::VariantArray)]
pub enum FaultKind {
    /// AWS throttles it.
    #[strum(to_string = "throttled")]
    Throttled,
    /// AWS answers with an internal error.
    #[strum(to_string = "internal error")]
    InternalError,
    /// The connection is reset before the call arrives.
    #[strum(to_string = "connection reset")]
    Reset,
    /// It is carried out, and its answer never arrives.
    #[strum(to_string = "time-out after the effect")]
    TimedOut,
    /// It is not allowed.
    #[strum(to_string = "access denied")]
    Denied,
    /// What it is about does not exist, EC2 says, although it does.
    #[strum(to_string = "not found")]
    NotFound,
    /// It is carried out, and the function that made it is killed.
    #[strum(to_string = "function killed after the effect")]
    Killed,
}

impl FaultKind {
    fn of_ec2(self, call: &Call) -> (CallErrorKind, &'static str) {
        match self {
            Self::Throttled => (CallErrorKind::Throttled, "RequestLimitExceeded"),
            Self::InternalError => (CallErrorKind::Unavailable, "InternalError"),
            Self::Reset => (CallErrorKind::Unavailable, "DispatchFailure"),
            Self::TimedOut | Self::Killed => (CallErrorKind::Unavailable, "TimeoutError"),
            Self::Denied => (CallErrorKind::Denied, "UnauthorizedOperation"),
            Self::NotFound => (call.not_found, "NotFound"),
        }
    }

    fn of_service(self) -> &'static str {
        match self {
            Self::Throttled => "ThrottlingException",
            Self::InternalError => "InternalServerError",
            Self::Reset | Self::TimedOut | Self::Killed => "NoAnswer",
            Self::Denied => "AccessDeniedException",
            Self::NotFound => "ResourceNotFoundException",
        }
    }

    fn has_effect(self) -> bool {
        matches!(self, Self::TimedOut | Self::Killed)
    }
}

/// A fault at one call, and at every later one of that action there, up to so many.
#[derive(Debug, Clone, Copy)]
pub struct PlannedFault {
    /// The number of the call, from zero.
    pub call: usize,
    /// What is wrong with it.
    pub kind: FaultKind,
    /// How often.
    pub times: usize,
}

/// Counts the calls, and brings about the fault.
pub struct Script {
    fault: Option<PlannedFault>,
    made: RefCell<Vec<&'static str>>,
    struck: Cell<usize>,
    target: RefCell<Option<(Option<Location>, &'static str)>>,
}

/// A network with a script.
pub type Scripted<'n, N> = Around<'n, N, Script>;

impl<'n, N: HasLedger> Scripted<'n, N> {
    /// The network with that fault; without one it only counts.
    pub fn new(inner: &'n N, fault: Option<PlannedFault>) -> Self {
        Self::of(inner, Script { fault, made: RefCell::default(), struck: Cell::new(0), target: RefCell::new(None) })
    }

    /// The actions of the calls that were made, in their order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.hook.made.borrow().clone()
    }

    /// The call that had the fault.
    pub fn faulty_call(&self) -> Option<String> {
        self.hook.target.borrow().as_ref().map(|(at, action)| match at {
            Some(at) => format!("ec2:{action} in {at}"),
            None => (*action).to_owned(),
        })
    }

    /// The machines behind the same script.
    pub fn machines<'m>(&self, machines: &'m Machines) -> AroundMachines<'m, Machines, Script> {
        AroundMachines { inner: machines, hook: Rc::clone(&self.hook) }
    }
}

impl Script {
    /// What is wrong with the next call.
    fn strike(&self, at: Option<&Location>, action: &'static str) -> Option<FaultKind> {
        let number = self.made.borrow().len();
        self.made.borrow_mut().push(action);
        let PlannedFault { call, kind, times } = self.fault?;
        if number == call {
            *self.target.borrow_mut() = Some((at.cloned(), action));
        }
        let is_like_it =
            self.target.borrow().as_ref().is_some_and(|(place, name)| place.as_ref() == at && *name == action);
        (is_like_it && self.struck.get() < times).then(|| {
            self.struck.set(self.struck.get() + 1);
            kind
        })
    }
}

impl ServiceHook for Script {
    async fn around_service<T, E>(
        &self,
        action: &'static str,
        failed: impl Fn(&str) -> E,
        carry_out: impl AsyncFn() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(kind) = self.strike(None, action) else { return carry_out().await };
        if kind.has_effect() {
            carry_out().await?;
        }
        if kind == FaultKind::Killed {
            return kill().await;
        }
        Err(failed(kind.of_service()))
    }
}

impl<N> Hook<N> for Script {
    async fn around<T>(&self, inner: &N, call: Call, carry_out: impl AsyncFn(&N) -> CallResult<T>) -> CallResult<T> {
        let Some(kind) = self.strike(Some(&call.at), call.action) else { return carry_out(inner).await };
        if kind.has_effect() {
            carry_out(inner).await?;
        }
        if kind == FaultKind::Killed {
            return kill().await;
        }
        let (error, code) = kind.of_ec2(&call);
        let Call { at: Location { owner_id, region }, action, .. } = call;
        let action = format!("ec2:{action}");
        Err(CallError { kind: error, action, owner_id, region, code: code.into(), message: "a message".into() })
    }
}
