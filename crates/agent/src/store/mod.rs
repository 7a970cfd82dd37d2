//! Everything durable, in SQL that `SQLite` and `PostgreSQL` both take.
//!
//! One connection writes, a few read. `SQLite` has one writer anyway; queueing for it here is fair and never ends in
//! `SQLITE_BUSY` within the process. Another process on the same file (a `migrate`, a second server) is waited for by the
//! busy timeout, which cannot fail halfway because every write transaction begins as `immediate`.

mod chat;
mod checks;
mod commands;
mod dead_letters;
mod intake;
mod learnings;
mod lease;
mod outcomes;
mod own_changes;
mod queue;
mod reviews;
mod schema;
mod spending;
mod sql;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

pub use chat::{NewChat, PlannedChat, PlannedItem, TakenChat};
pub use commands::{Effect, NewCommand, Requests, Steering, TakenCommand};
pub use dead_letters::DeadLetter;
pub use learnings::{KnownLearning, Reaches};
pub use outcomes::{KnownOutcome, Turn};
pub use own_changes::AskedBy;
pub use queue::{Accepted, ClaimedJob, Heartbeat, JobKind, Lease, NewEvent, NewJob, QueueCounts, Writing};
pub use reviews::{PastReview, PlannedReview, ReviewRecord, StoredAnswer};
use secrecy::{ExposeSecret as _, SecretString};
pub use spending::{KnownProject, NamedRepository, Spending};
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::{Instant, sleep_until};

/// How long a statement waits for the writer before the caller is told that the database is not there.
const PATIENCE: Duration = Duration::from_secs(5);
const BUSY_PAUSE: Duration = Duration::from_millis(20);
const READERS: u32 = 4;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database cannot be opened: {0}")]
    Open(String),
    #[error("the database does not answer: {0}")]
    Database(#[from] sqlx::Error),
    /// Like `Database`, where the cause is known only as text (it was shared by several callers, or was a wait that ended).
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    #[error("the database's migrations failed: {0}")]
    Migrate(String),
    #[error(
        "the database was written by a newer version of this program: it has migration {applied}, this version knows up to \
         {known}; start the newer version again, or restore the backup from before the upgrade"
    )]
    TooNew { applied: i64, known: i64 },
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
    /// The lease was lost: another worker has the job. Nothing was written.
    #[error("the lease on job {0} is lost")]
    LeaseLost(String),
}

/// Milliseconds since the epoch, as every time in the database.
pub type Millis = i64;

#[derive(Debug, Clone)]
pub struct Store {
    /// One connection.
    write: SqlitePool,
    /// The same pool as `write` for a database in memory, which lives in its one connection: never acquire from it while
    /// holding a transaction.
    read: SqlitePool,
    intake: intake::Intake,
}

impl Store {
    /// Opens (and creates) the database; WAL, `synchronous=FULL`, busy timeout. Does not migrate.
    ///
    /// `database_url` is `sqlite://path` (relative to the working directory, or absolute with three slashes); the folder is
    /// created if need be, and a new file is readable by its owner only. `sqlite::memory:` lives as long as the store.
    /// Call within a tokio runtime: the task that stores webhook deliveries starts here and ends with the last clone.
    pub async fn open(database_url: &SecretString) -> Result<Self, StoreError> {
        let place = Place::parse(database_url.expose_secret())?;
        let (write, read) = match &place {
            Place::Memory => {
                let pool = one_connection().connect_with(durable(in_memory()?)).await.map_err(|error| place.refuse(&error))?;
                (pool.clone(), pool)
            }
            Place::File(path, options) => {
                make_private(path).await?;
                let options = durable((**options).clone());
                let write = connect(&options).await.map_err(|error| place.refuse(&error))?;
                let read = SqlitePoolOptions::new()
                    .max_connections(READERS)
                    .acquire_timeout(PATIENCE)
                    .test_before_acquire(false)
                    .connect_lazy_with(options.pragma("query_only", "on"));
                (write, read)
            }
        };
        Ok(Self { intake: intake::Intake::start(write.clone()), write, read })
    }

    /// Waits for the writer and gives it back, within `limit`: whoever passes could have stored something.
    pub async fn ping(&self, limit: Duration) -> Result<(), StoreError> {
        let round_trip = async {
            let transaction = self.begin().await?;
            transaction.rollback().await?;
            sqlx::query(sql::PING).execute(&self.read).await?;
            Ok(())
        };
        tokio::time::timeout(limit, round_trip)
            .await
            .unwrap_or_else(|_| Err(StoreError::Unavailable(format!("no round trip within {} ms", limit.as_millis()))))
    }

    /// Closes the connections and folds the write-ahead log into the database file. Other clones fail afterwards.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.write.begin_with(sql::SQLITE_BEGIN).await?)
    }
}

enum Place {
    Memory,
    File(PathBuf, Box<SqliteConnectOptions>),
}

impl Place {
    /// The URL itself is never repeated: one of another engine may hold a password.
    fn parse(url: &str) -> Result<Self, StoreError> {
        let Some(rest) = url.strip_prefix("sqlite:") else {
            let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
            let found = match scheme {
                "postgres" | "postgresql" => "it names PostgreSQL, which this version does not speak yet",
                _ => "it does not begin with `sqlite:`",
            };
            return Err(StoreError::Open(format!(
                "DATABASE_URL: {found}; give a file, e.g. `sqlite:///var/lib/coderabbit-agent/agent.db`"
            )));
        };
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        if path == ":memory:" || parameters.split('&').any(|parameter| parameter == "mode=memory") {
            return Ok(Self::Memory);
        }
        if path.is_empty() {
            return Err(StoreError::Open("DATABASE_URL names no file; e.g. `sqlite://data/agent.db`".to_owned()));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| StoreError::Open(format!("DATABASE_URL, file {path}: {error}")))?;
        Ok(Self::File(options.get_filename().to_owned(), Box::new(options)))
    }

    fn refuse(&self, error: &sqlx::Error) -> StoreError {
        match self {
            Self::Memory => StoreError::Open(format!("in memory: {error}")),
            Self::File(path, _) => StoreError::Open(format!(
                "{}: {error}; check that it is an SQLite database on a local disk and that this user may write it and its folder",
                path.display()
            )),
        }
    }
}

fn in_memory() -> Result<SqliteConnectOptions, StoreError> {
    SqliteConnectOptions::from_str("sqlite::memory:").map_err(|error| StoreError::Open(format!("in memory: {error}")))
}

fn durable(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // A burst may blow up the log; give the disk back afterwards.
        .pragma("journal_size_limit", "67108864")
}

/// Switching a new file to the write-ahead log needs it alone, and `SQLite`'s busy timeout does not cover that: two processes
/// that start together on a new database meet here.
async fn connect(options: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let until = Instant::now() + PATIENCE;
    loop {
        match one_connection().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && Instant::now() < until => sleep_until(Instant::now() + BUSY_PAUSE).await,
            connected => return connected,
        }
    }
}

/// `SQLITE_BUSY`, the low byte of the extended code (<https://www.sqlite.org/rescode.html>).
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// Never recycled: a database in memory is its connection.
fn one_connection() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
}

/// Creates folder and file for this user alone; `SQLite` gives its log files the mode of the database file. What exists
/// keeps its mode.
async fn make_private(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = tokio::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(0o700);
        builder.create(folder).await.map_err(|error| {
            StoreError::Open(format!("the folder {} cannot be made: {error}; create it for this user", folder.display()))
        })?;
    }
    let mut file = tokio::fs::OpenOptions::new();
    file.read(true).write(true).create(true);
    #[cfg(unix)]
    file.mode(0o600);
    file.open(path).await.map_err(|error| {
        StoreError::Open(format!("{}: {error}; the file must be readable and writable by this user", path.display()))
    })?;
    Ok(())
}

/// A number as the database holds it; what cannot be stored is a defect of the caller's value, not of the database.
fn stored_number(value: u64, what: &str) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Corrupt(format!("{what} {value} is out of range")))
}

fn read_number<T: TryFrom<i64>>(value: i64, what: &str) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Corrupt(format!("{what} {value} is out of range")))
}
