//! Each change of an item by itself: when it may be made, and what it leaves recorded.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use isthmus_peering::ledger::{
    AskedBy, Condition, LedgerItem, Outcome, PairKey, RecordedConnection, RecordedRoutes, Update, VERSION, Withdrawal,
    WithdrawalState, Withdrawer, Withdrawn,
};
use isthmus_peering::ports::{LedgerWrites, Updated};
use isthmus_testing::MemoryLedger;
use isthmus_testing::pair::ends;
use serde_json::{Value, json};

fn key() -> PairKey {
    PairKey::of([&ends().0, &ends().1])
}

/// The item with these attributes.
fn ledger(attributes: Value) -> MemoryLedger {
    let ledger = MemoryLedger::default();
    ledger.set(&key(), "V", json!(VERSION));
    for (name, value) in attributes.as_object().expect("attributes") {
        ledger.set(&key(), name, value.clone());
    }
    ledger
}

fn item(ledger: &MemoryLedger) -> LedgerItem {
    ledger.get(&key()).expect("an item")
}

async fn is_made(ledger: &MemoryLedger, update: &Update) -> bool {
    matches!(ledger.update(&key(), update).await.expect("an answer"), Updated::Done(_))
}

fn connection() -> Value {
    json!({"Id": "pcx-0000000a", "Made": true})
}

fn routes() -> Value {
    json!([{"Destinations": ["10.2.0.0/16"], "RouteTableIds": ["rtb-0000000a"]}])
}

fn withdrawal(at: i64, of: Withdrawn) -> Withdrawal {
    Withdrawal { at, state: WithdrawalState::Waiting, of }
}

#[test]
fn an_item_of_a_newer_version_is_acquired_by_nobody() {
    let acquire = Update::acquire("one", "now", None);
    let of_version = |v: u32| LedgerItem { v, ..LedgerItem::empty(key()) };
    assert!(acquire.condition.holds(Some(&of_version(VERSION))));
    assert!(!acquire.condition.holds(Some(&of_version(VERSION + 1))));
}

#[tokio::test]
async fn a_pair_is_acquired_from_nobody_from_itself_or_from_a_dead_execution() {
    let held_by = |holder: &str| ledger(json!({"Holder": holder}));
    let acquire = |dead| Update::acquire("one", "now", dead);
    assert!(is_made(&MemoryLedger::default(), &acquire(None)).await);
    assert!(is_made(&held_by("one"), &acquire(None)).await, "its step is called again");
    assert!(is_made(&held_by("dead"), &acquire(Some("dead"))).await);
    assert!(!is_made(&held_by("another"), &acquire(None)).await);
    assert!(!is_made(&held_by("another"), &acquire(Some("dead"))).await);
}

#[tokio::test]
async fn only_its_holder_changes_an_item() {
    let update = || Update::ask("one", &AskedBy::default());
    assert!(is_made(&ledger(json!({"Holder": "one"})), &update()).await);
    assert!(!is_made(&ledger(json!({"Holder": "another"})), &update()).await);
    assert!(!is_made(&ledger(json!({})), &update()).await, "it was given back");
    assert!(!is_made(&MemoryLedger::default(), &update()).await);
}

#[tokio::test]
async fn another_execution_is_asked_for_only_while_one_works() {
    assert!(is_made(&ledger(json!({"Holder": "another"})), &Update::again()).await);
    let free = ledger(json!({}));
    assert!(!is_made(&free, &Update::again()).await);
    assert_eq!(item(&free).again, None, "nobody would start it");
}

#[tokio::test]
async fn what_is_set_up_again_doesn_t_expire() {
    let ledger = ledger(json!({"Removed": "long ago", "Expires": 1, "Again": true}));
    assert!(is_made(&ledger, &Update::acquire("one", "now", None)).await);
    let LedgerItem { removed, expires, again, .. } = item(&ledger);
    assert_eq!((removed, expires, again), (None, None, None));
}

#[tokio::test]
async fn a_release_keeps_what_a_dead_execution_made() {
    for (makers, pending, is_kept) in [
        (json!(["one"]), json!([]), false),
        (json!(["one", "dead"]), json!([]), true),
        (json!(["one"]), routes(), true),
        (json!(["one", "dead"]), routes(), true),
    ] {
        let ledger = ledger(json!({"Holder": "one", "Makers": makers, "PendingB": pending}));
        let before = item(&ledger);
        assert!(is_made(&ledger, &Update::release("one", &before)).await);
        let after = item(&ledger);
        assert_eq!(after.holder, None);
        assert_eq!((&after.makers, &after.pending_b) == (&before.makers, &before.pending_b), is_kept, "{before:?}");
        assert_eq!(after.makers.is_empty() && after.pending_b.is_empty(), !is_kept);
    }
}

/// From here on stale routes are deleted: without the new ones there would be none.
#[tokio::test]
async fn what_is_settled_is_ours_and_not_to_be_rolled_back() {
    let ledger = ledger(json!({"Holder": "one", "PendingA": routes(), "PendingB": routes()}));
    let ours: RecordedRoutes = serde_json::from_value(routes()).expect("routes");
    assert!(is_made(&ledger, &Update::settle_additions("one", &[ours.clone(), ours.clone()])).await);
    let LedgerItem { pending_a, pending_b, routes_a, routes_b, holder, .. } = item(&ledger);
    assert!(pending_a.is_empty() && pending_b.is_empty());
    assert_eq!((routes_a, routes_b, holder.as_deref()), (ours.clone(), ours, Some("one")));
}

#[tokio::test]
async fn a_completed_peering_owes_no_consent() {
    let ledger = ledger(json!({"Holder": "one", "Owes": "an end"}));
    let connection: RecordedConnection = serde_json::from_value(connection()).expect("a connection");
    let routes = [RecordedRoutes::default(), RecordedRoutes::default()];
    let (asked_by, outcome) = (AskedBy::default(), Outcome::success("one"));
    assert!(is_made(&ledger, &Update::complete("one", &connection, &routes, &asked_by, &outcome, None)).await);
    assert_eq!(item(&ledger).owes, None);
}

#[tokio::test]
async fn what_a_person_tears_down_is_no_withdrawal() {
    let mark = withdrawal(1, Withdrawn::Pair);
    let by = json!({"Holder": "one", "Connection": connection(), "WithdrawnBy": "123456789012", "Withdrawal": mark});
    let by_a_person = ledger(by.clone());
    assert!(is_made(&by_a_person, &Update::tear_down("one", "now", 2, None)).await);
    assert_eq!((item(&by_a_person).withdrawn_by, item(&by_a_person).withdrawal), (None, None));
    let by_tags = ledger(by);
    assert!(is_made(&by_tags, &Update::tear_down("one", "now", 2, Some(mark.done(5)))).await);
    assert_eq!(item(&by_tags).withdrawal, Some(mark.done(5)), "it counts for an hour");
}

#[test]
fn a_withdrawal_is_marked_once_and_of_a_connection_alone() {
    let by = |account: &str| Withdrawer::Account(account.parse().expect("an account"));
    let marked = |of: Withdrawn, by: Withdrawer| {
        let connection = serde_json::from_value(connection()).expect("a connection");
        LedgerItem {
            connection: Some(connection),
            withdrawn_by: Some(by),
            withdrawal: Some(withdrawal(1, of)),
            ..LedgerItem::empty(key())
        }
    };
    let may_mark = |item: &LedgerItem| Condition::NotWithdrawn(by("123456789012"), Withdrawn::Pair).holds(Some(item));
    assert!(!may_mark(&marked(Withdrawn::Pair, by("123456789012"))), "it would begin to wait anew");
    assert!(may_mark(&marked(Withdrawn::Routes, by("123456789012"))));
    assert!(may_mark(&marked(Withdrawn::Pair, by("222222222222"))));
    let unmarked = LedgerItem { withdrawn_by: None, withdrawal: None, ..marked(Withdrawn::Pair, by("222222222222")) };
    assert!(may_mark(&unmarked));
    assert!(!may_mark(&LedgerItem { connection: None, ..unmarked }), "there is nothing to protect");
}

#[tokio::test]
async fn a_mark_that_was_changed_meanwhile_is_neither_released_nor_removed() {
    let (read, there) = (withdrawal(1, Withdrawn::Routes), withdrawal(2, Withdrawn::Pair));
    for update in [Update::release_withdrawal(read, 3), Update::forget_withdrawal(read)] {
        let changed = ledger(json!({"WithdrawnBy": "123456789012", "Withdrawal": there}));
        assert!(!is_made(&changed, &update).await);
        assert_eq!(item(&changed).withdrawal, Some(there));
        assert!(is_made(&ledger(json!({"WithdrawnBy": "123456789012", "Withdrawal": read})), &update).await);
    }
}
