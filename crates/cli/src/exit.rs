//! The exit codes. They are public: docs/REFERENCE.md lists them, and a test compares it with this.

/// Everything that was asked for is done.
pub const DONE: u8 = 0;
/// Another failure.
pub const FAILED: u8 = 1;
/// The command line is wrong, or names what can't be told apart.
pub const USAGE: u8 = 2;
/// With `--exit-code`: what is differs from what is asked for.
pub const DIFFERS: u8 = 3;
/// No credentials, or not allowed to ask.
pub const NOT_ALLOWED: u8 = 4;
/// The time given by `--timeout` has passed, and the execution goes on.
pub const STILL_RUNNING: u8 = 5;
/// The request waits for the owner of the accepter's VPC, whose account is none of the stack's.
pub const PENDING_ACCEPTANCE: u8 = 6;
/// There is no stack of that name in that account and Region.
pub const STACK_NOT_FOUND: u8 = 7;
/// The stack is of a release that this program does not understand.
pub const OTHER_RELEASE: u8 = 8;
/// Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// The names by which the program itself fails, as `error` in its JSON document.
pub const OWN: [(&str, u8); 7] = [
    ("Failed", FAILED),
    ("Usage", USAGE),
    ("NotAllowed", NOT_ALLOWED),
    ("StillRunning", STILL_RUNNING),
    ("StackNotFound", STACK_NOT_FOUND),
    ("OtherRelease", OTHER_RELEASE),
    ("Interrupted", INTERRUPTED),
];

/// The names by which an execution fails. A test compares them with the errors of the domain.
pub const ERRORS: [(&str, u8); 19] = [
    ("InvalidRequest", 10),
    ("VpcNotFound", 11),
    ("OverlappingCidrs", 12),
    ("PeerNotTrusted", 13),
    ("RouteConflict", 14),
    ("QuotaExceeded", 15),
    ("AccessDenied", 16),
    ("PeeringRejected", 17),
    ("PeeringExpired", 18),
    ("PeeringDeleted", 19),
    ("PeeringFailed", 20),
    ("PeeringTimedOut", 21),
    ("NotOurs", 22),
    ("StillTagged", 23),
    ("ServiceFault", 24),
    ("Excluded", 25),
    ("RefusedByAws", 26),
    ("PairBusy", 27),
    ("TeardownHeld", 28),
];

/// The code of a failure by its name; [`FAILED`] for one that this release doesn't know.
pub fn code_of(error: &str) -> u8 {
    let known = ERRORS.iter().chain(&OWN).find(|(name, _)| *name == error);
    known.map_or(FAILED, |(_, code)| *code)
}

/// Whether an execution can fail by that name.
pub fn is_error(name: &str) -> bool {
    ERRORS.iter().any(|(known, _)| *known == name)
}
