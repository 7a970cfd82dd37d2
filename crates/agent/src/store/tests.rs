//! The store on a real `SQLite` file. `queue`, `reviews`, `spending` and `outcomes` are conformance suites: one function per behaviour, each taking
//! any `&Store`, so that another engine can run the same.

mod chat;
mod commands;
mod concurrency;
mod model;
mod outcomes;
mod own_changes;
mod queue;
mod reviews;
mod spending;

use std::time::Duration;

use review_core::pull_request::{CommitId, PullRequestKey, RepositoryKey};
use secrecy::SecretString;
use sqlx::{Executor as _, SqlSafeStr as _};
use tempfile::TempDir;

use super::{
    Accepted, ClaimedJob, JobKind, Millis, NewEvent, NewJob, Store, StoreError,
    schema::MIGRATOR,
    sql::{self, SQLITE_BEGIN},
};

/// Some afternoon; tests count from here.
pub(crate) const T0: Millis = 1_700_000_000_000;
pub(crate) const LEASE: Duration = Duration::from_mins(1);

/// Runs each named behaviour on a fresh `SQLite` file.
macro_rules! on_sqlite {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $behaviour() {
                let (store, _folder) = crate::store::tests::fresh().await;
                super::$behaviour(&store).await;
            })*
        }
    };
}
pub(crate) use on_sqlite;

pub(crate) fn url(folder: &TempDir) -> SecretString {
    format!("sqlite://{}", folder.path().join("nested/agent.db").display()).into()
}

/// A migrated store; the folder goes away with the second value.
pub(crate) async fn fresh() -> (Store, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&url(&folder)).await.unwrap();
    store.migrate().await.unwrap();
    (store, folder)
}

pub(crate) fn pull_request(number: u64) -> PullRequestKey {
    let repository = RepositoryKey {
        collection: "https://dev.azure.com/contoso".to_owned(),
        project: "Shop".to_owned(),
        repository: "web".to_owned(),
    };
    PullRequestKey { repository, id: number }
}

/// A commit id made of one repeated hexadecimal digit.
pub(crate) fn commit(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// A review of pull request `number`, due at once.
pub(crate) fn review(number: u64, now: Millis) -> NewJob {
    NewJob {
        kind: JobKind::Review { pull_request: pull_request(number) },
        dedup_key: format!("review {number}"),
        serial_key: format!("pr {number}"),
        priority: 0,
        run_at: now,
        head: None,
        closes: false,
    }
}

pub(crate) fn event(key: &str, now: Millis) -> NewEvent {
    NewEvent { dedup_key: key.to_owned(), kind: "git.pullrequest.updated".to_owned(), received_at: now }
}

pub(crate) async fn accept(store: &Store, key: &str, job: &NewJob, now: Millis) {
    assert_eq!(store.accept(&event(key, now), Some(job)).await.unwrap(), Accepted::Stored);
}

pub(crate) async fn claim(store: &Store, now: Millis) -> Option<ClaimedJob> {
    store.claim("worker", LEASE, now).await.unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn a_new_database_is_made_with_its_folder_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let (store, folder) = fresh().await;
    accept(&store, "e1", &review(1, T0), T0).await;

    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("nested"), 0o700);
    assert_eq!(mode("nested/agent.db"), 0o600);
    assert_eq!(mode("nested/agent.db-wal"), 0o600);
}

#[tokio::test]
async fn what_is_committed_is_flushed_to_disk_and_keys_are_enforced() {
    let (store, _folder) = fresh().await;
    let pragma = async |name: &'static str| {
        let text: String = sqlx::query_scalar(name).fetch_one(&store.write).await.unwrap();
        text
    };
    assert_eq!(pragma("select journal_mode from pragma_journal_mode").await, "wal");
    assert_eq!(pragma("select cast(synchronous as text) from pragma_synchronous").await, "2");
    assert_eq!(pragma("select cast(foreign_keys as text) from pragma_foreign_keys").await, "1");
}

#[tokio::test]
async fn migrations_are_applied_once_and_counted() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&url(&folder)).await.unwrap();
    let all = MIGRATOR.iter().count();
    assert!(all >= 1);
    assert_eq!(store.pending_migrations().await.unwrap(), all);
    assert_eq!(store.migrate().await.unwrap(), all);
    assert_eq!(store.pending_migrations().await.unwrap(), 0);
    assert_eq!(store.migrate().await.unwrap(), 0);

    store.close().await;
    let again = Store::open(&url(&folder)).await.unwrap();
    assert_eq!(again.pending_migrations().await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_recorded_before_there_were_prices_is_of_unknown_cost() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&url(&folder)).await.unwrap();
    let first = MIGRATOR.iter().find(|migration| migration.version == 1).unwrap();
    store.write.execute(first.sql.clone()).await.unwrap();
    sqlx::query("insert into answer values ('abc', 'x', 2, 100, 0, 10, 0)").execute(&store.write).await.unwrap();
    let second = MIGRATOR.iter().find(|migration| migration.version == 2).unwrap();
    store.write.execute(second.sql.clone()).await.unwrap();

    let usage = store.answer("abc").await.unwrap().unwrap().usage;
    assert_eq!((usage.calls, usage.unpriced_calls, usage.cost.micros()), (2, 2, 0));
}

#[tokio::test]
async fn two_processes_may_migrate_at_the_same_time() {
    let folder = TempDir::new().unwrap();
    let first = Store::open(&url(&folder)).await.unwrap();
    let second = Store::open(&url(&folder)).await.unwrap();
    let (one, two) = tokio::join!(first.migrate(), second.migrate());
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(second.pending_migrations().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_processes_may_make_a_new_database_at_once() {
    for _ in 0..10 {
        let folder = TempDir::new().unwrap();
        let starts = (0..4).map(|_| {
            let url = url(&folder);
            tokio::spawn(async move {
                let store = Store::open(&url).await?;
                store.migrate().await?;
                store.pending_migrations().await
            })
        });
        for started in futures::future::join_all(starts).await {
            assert_eq!(started.unwrap().unwrap(), 0);
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let (store, _folder) = fresh().await;
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (9000, 'from the future', true, x'00', 0)",
    )
    .execute(&store.write)
    .await
    .unwrap();

    let migrated = store.migrate().await;
    assert!(matches!(migrated, Err(StoreError::TooNew { applied: 9000, .. })), "{migrated:?}");
    assert!(refusal(store.pending_migrations().await).contains("newer version"));
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
    let (store, _folder) = fresh().await;
    sqlx::query("update _sqlx_migrations set checksum = x'00' where version = 1").execute(&store.write).await.unwrap();
    assert!(refusal(store.migrate().await).contains("migration 1 stands in the database with another content"));
}

/// A migration file that is new since the last build is not seen by the compiler by itself.
#[test]
fn every_migration_file_is_in_the_binary() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations");
    let mut files: Vec<i64> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .map(|name| name.split('_').next().unwrap().parse().unwrap())
        .collect();
    files.sort_unstable();
    let embedded: Vec<i64> = MIGRATOR.iter().map(|migration| migration.version).collect();
    assert_eq!(embedded, files, "touch src/store/schema.rs and build again");
}

#[tokio::test]
async fn every_statement_is_one_that_the_engine_takes() {
    let (store, _folder) = fresh().await;
    let mut connection = store.write.acquire().await.unwrap();
    for (name, statement) in sql::ALL {
        let prepared = connection.prepare(statement.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {prepared:?}");
    }
}

/// `PostgreSQL` takes them too as far as can be told by reading: nothing that only `SQLite` knows.
#[test]
fn no_statement_uses_what_only_sqlite_has() {
    for (name, statement) in sql::ALL.iter().filter(|(name, _)| !name.starts_with("SQLITE_")) {
        let lower = statement.to_lowercase();
        for word in
            ["insert or", "replace into", "ifnull", "datetime(", "?1", "rowid", "glob ", "pragma", "autoincrement", "blob"]
        {
            assert!(!lower.contains(word), "{name} uses {word}");
        }
    }
}

#[tokio::test]
async fn unusable_urls_are_refused_with_what_to_write_instead_and_without_repeating_a_password() {
    let open = async |url: &str| refusal(Store::open(&url.to_owned().into()).await);

    let postgres = open("postgres://agent:hunter2@db/agent").await;
    assert!(postgres.contains("PostgreSQL") && postgres.contains("sqlite:///"), "{postgres}");
    assert!(!postgres.contains("hunter2"), "{postgres}");
    assert!(open("agent.db").await.contains("does not begin with `sqlite:`"));
    assert!(open("sqlite://").await.contains("names no file"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_its_name() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "milk, bread, and a good deal more text than a database header has\n".repeat(20)).unwrap();
    let text = refusal(Store::open(&format!("sqlite://{}", path.display()).into()).await);
    assert!(text.contains("notes.txt") && text.contains("SQLite database"), "{text}");

    let under_a_file = refusal(Store::open(&format!("sqlite://{}/x/agent.db", path.display()).into()).await);
    assert!(under_a_file.contains("cannot be made"), "{under_a_file}");
}

#[tokio::test]
async fn a_database_in_memory_works_alike() {
    let store = Store::open(&"sqlite::memory:".to_owned().into()).await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), MIGRATOR.iter().count());
    accept(&store, "e1", &review(1, T0), T0).await;
    assert!(claim(&store, T0).await.is_some());
    store.ping(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn a_ping_ends_in_time_while_another_process_keeps_the_database() {
    let (store, folder) = fresh().await;
    store.ping(Duration::from_secs(5)).await.unwrap();

    let other = Store::open(&url(&folder)).await.unwrap();
    let kept = other.write.begin_with(SQLITE_BEGIN).await.unwrap();
    let text = refusal(store.ping(Duration::from_millis(50)).await);
    assert!(text.contains("no round trip within 50 ms"), "{text}");

    kept.rollback().await.unwrap();
    store.ping(Duration::from_secs(10)).await.unwrap();
}

#[tokio::test]
async fn a_closed_database_is_an_error_and_nothing_worse() {
    let (store, folder) = fresh().await;
    store.close().await;
    assert!(store.accept(&event("e1", T0), Some(&review(1, T0))).await.is_err());
    assert!(store.claim("worker", LEASE, T0).await.is_err());

    let again = Store::open(&url(&folder)).await.unwrap();
    assert_eq!(again.queue_counts(T0).await.unwrap().queued, 0);
}
