//! When a sweep tries again what failed: ever more rarely, for as long as the error is the same.

use serde_json::{Map, Value};

/// Once a day in the end.
const LONGEST: i64 = 24 * HOUR;
const HOUR: i64 = 60 * 60;

/// For so long no sweep tries again after the `count`-th failure in a row; `None` where the next one does: planning sees
/// whether the reason is gone, or AWS itself failed, for the first time. `planned`: it failed in planning.
pub(crate) fn seconds_until_retry(error: &str, cause: &Map<String, Value>, planned: bool, count: u32) -> Option<i64> {
    let failures = match error {
        "InvalidRequest" | "VpcNotFound" | "OverlappingCidrs" | "PeerNotTrusted" | "RouteConflict" | "Excluded"
        | "TeardownHeld" => 0,
        // Where EC2 refused what planning had room for, planning doesn't see when there is room.
        "QuotaExceeded" if cause.contains_key("RouteTableId") && planned => 0,
        "RefusedByAws" => return Some(LONGEST),
        "ServiceFault" | "PairBusy" => count.saturating_sub(1),
        _ => count,
    };
    seconds_after(failures)
}

/// The same after so many executions in a row that succeeded and left something undone.
pub(crate) fn seconds_after(count: u32) -> Option<i64> {
    count.checked_sub(1).map(|doublings| HOUR.saturating_mul(1 << doublings.min(5)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_error_is_tried_again_ever_more_rarely() {
        let hours = |error, counts: &[u32]| -> Vec<i64> {
            let seconds = counts.iter().map(|count| seconds_until_retry(error, &Map::new(), true, *count));
            seconds.map(|seconds| seconds.unwrap_or_default() / HOUR).collect()
        };
        assert_eq!(hours("AccessDenied", &[1, 2, 3, 5, 6, 999]), [1, 2, 4, 16, 24, 24]);
        assert_eq!(hours("ServiceFault", &[1, 2, 3, 6, 7, u32::MAX]), [0, 1, 2, 16, 24, 24]);
        assert_eq!(hours("RouteConflict", &[1, 2, 999]), [0, 0, 0]);
    }
}
