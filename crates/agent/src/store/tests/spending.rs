//! What the store promises about money.

use review_core::{
    money::Money,
    pull_request::{PullRequestKey, RepositoryKey},
    usage::Usage,
};

use super::{T0, on_sqlite, pull_request};
use crate::store::{Millis, Store};

on_sqlite!(
    calls_add_up_by_pull_request_repository_and_day,
    a_day_begins_at_midnight_in_utc,
    what_was_spent_is_listed_by_day_model_repository_and_pull_request,
    nothing_spent_is_nothing,
    absurd_counts_never_make_a_sum_overflow,
    purging_keeps_the_account,
);

const DAY: Millis = 86_400_000;
const CALL: Usage = Usage {
    calls: 1,
    input_tokens: 1_000,
    cached_tokens: 400,
    cache_write_tokens: 0,
    output_tokens: 50,
    cost: Money::from_micros(1_700),
    unpriced_calls: 0,
};

fn in_repository(repository: &str, number: u64) -> PullRequestKey {
    let other = pull_request(number);
    PullRequestKey { repository: RepositoryKey { repository: repository.to_owned(), ..other.repository }, id: number }
}

/// Calls and micro-dollars.
fn told(usage: Usage) -> (u64, u64) {
    (usage.calls, usage.cost.micros())
}

async fn calls_add_up_by_pull_request_repository_and_day(store: &Store) {
    let (one, two, elsewhere) = (pull_request(1), pull_request(2), in_repository("other", 1));
    for (key, role, now) in [
        (&one, "light", T0),
        (&one, "heavy", T0),
        (&one, "heavy", T0 + 1),
        (&one, "heavy", T0 + DAY),
        (&two, "heavy", T0),
        (&elsewhere, "heavy", T0),
    ] {
        store.record_spending(key, role, "o3", CALL, now).await.unwrap();
    }
    store.record_spending(&one, "heavy", "local", Usage { unpriced_calls: 1, cost: Money::ZERO, ..CALL }, T0).await.unwrap();

    let spent = store.spent_on_pull_request(&one).await.unwrap();
    let expected = Usage {
        calls: 5,
        input_tokens: 5_000,
        cached_tokens: 2_000,
        cache_write_tokens: 0,
        output_tokens: 250,
        cost: Money::from_micros(6_800),
        unpriced_calls: 1,
    };
    assert_eq!(spent, expected);
    assert_eq!(told(store.spent_on_pull_request(&two).await.unwrap()), (1, 1_700));
    assert_eq!(told(store.spent_on_day(T0).await.unwrap()), (6, 8_500), "of every repository");
    assert_eq!(told(store.spent_on_day(T0 + DAY).await.unwrap()), (1, 1_700));
}

async fn what_was_spent_is_listed_by_day_model_repository_and_pull_request(store: &Store) {
    let (one, two, elsewhere) = (pull_request(1), pull_request(2), in_repository("other", 1));
    let day = T0 / DAY;
    for (key, model, now) in
        [(&one, "o3", T0), (&one, "gpt-4.1", T0 + DAY), (&two, "o3", T0 + DAY), (&two, "o3", T0 + DAY), (&elsewhere, "o3", T0)]
    {
        store.record_spending(key, "heavy", model, CALL, now).await.unwrap();
    }
    store.name_repository(&one.repository, "Shop", "orders").await.unwrap();
    store.name_repository(&one.repository, "Web Shop", "orders").await.unwrap();

    let days = store.spending_by_day(None).await.unwrap();
    assert_eq!(days.iter().map(|spent| (spent.on, spent.usage.calls)).collect::<Vec<_>>(), [(day, 2), (day + 1, 3)]);
    let models = store.spending_by_model(Some(day + 1)).await.unwrap();
    let models: Vec<_> = models.iter().map(|spent| (spent.on.as_str(), spent.usage.cost.micros())).collect();
    assert_eq!(models, [("o3", 3_400), ("gpt-4.1", 1_700)], "the most expensive first, and nothing from the day before");

    let repositories = store.spending_by_repository(None).await.unwrap();
    let [orders, other] = &repositories[..] else { panic!("{repositories:?}") };
    assert_eq!((orders.on.project_name.as_str(), orders.on.repository_name.as_str()), ("Web Shop", "orders"));
    assert_eq!((orders.on.key.clone(), orders.usage.calls), (one.repository.clone(), 4));
    assert_eq!((other.on.repository_name.as_str(), other.usage.calls), ("other", 1), "without a name it is called by its id");

    let pull_requests = store.spending_by_pull_request(None).await.unwrap();
    let told: Vec<_> =
        pull_requests.iter().map(|spent| (spent.on.0.key.repository.as_str(), spent.on.1, told(spent.usage))).collect();
    let orders = one.repository.repository.as_str();
    let first = [(orders, 1, (2, 3_400)), (orders, 2, (2, 3_400)), ("other", 1, (1, 1_700))];
    assert_eq!(told, first);
    assert_eq!(store.spending_by_day(Some(day + 2)).await.unwrap(), []);
}

async fn a_day_begins_at_midnight_in_utc(store: &Store) {
    let midnight = T0 - T0 % DAY;
    for now in [midnight - 1, midnight, midnight + DAY - 1, midnight + DAY] {
        store.record_spending(&pull_request(1), "light", "o3", CALL, now).await.unwrap();
    }
    assert_eq!(told(store.spent_on_day(T0).await.unwrap()), (2, 3_400));
}

async fn nothing_spent_is_nothing(store: &Store) {
    let none = Usage::default();
    assert_eq!(store.spent_on_pull_request(&pull_request(1)).await.unwrap(), none);
    assert_eq!(store.spending_by_day(None).await.unwrap(), []);
    assert_eq!(store.spent_on_day(T0).await.unwrap(), none);
}

async fn absurd_counts_never_make_a_sum_overflow(store: &Store) {
    let absurd = Usage { input_tokens: u64::MAX, cost: Money::from_micros(u64::MAX), ..CALL };
    for role in ["light", "medium", "heavy", "heavy"] {
        store.record_spending(&pull_request(1), role, "o3", absurd, T0).await.unwrap();
    }
    let spent = store.spent_on_day(T0).await.unwrap();
    assert_eq!((spent.calls, spent.cost.to_string()), (4, "$4000000.00".to_owned()));
}

async fn purging_keeps_the_account(store: &Store) {
    store.record_spending(&pull_request(1), "light", "o3", CALL, T0).await.unwrap();
    store.purge(T0 + 400 * DAY).await.unwrap();
    assert_eq!(told(store.spent_on_pull_request(&pull_request(1)).await.unwrap()), (1, 1_700));
}
