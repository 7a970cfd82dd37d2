//! What became of each blob, kept from one run to the next: an SQLite file beside the mirror.
//!
//! Everything in it can be made again, so trouble with it is never an error of the caller: a file that cannot be read, is
//! damaged or was written by another version is dropped, and the run goes on without.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

use code_index::{FileIndex, Language, NotIndexed};
use sqlx::{
    Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// Rows of one query.
const ROWS: usize = 2000;

const SCHEMA: &str = "
    create table if not exists layout (key text not null);
    create table if not exists file (
        id integer primary key,
        object text not null,
        language text not null,
        outcome blob not null,
        unique (object, language)
    );
";

/// A blob, read as a language: two files with the same text may differ in that.
pub(super) type Key = (String, Language);
pub(super) type Outcome = Result<FileIndex, NotIndexed>;

pub(super) struct Cache {
    connection: SqliteConnection,
    path: PathBuf,
}

impl Cache {
    /// None, told in the log, when there can be no such file.
    pub(super) async fn open(path: &Path, layout: &str) -> Option<Self> {
        match Self::try_open(path, layout).await {
            Ok(cache) => return Some(cache),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "the cache of the code index is of no use and is made anew");
            }
        }
        remove(path);
        let opened = Self::try_open(path, layout).await;
        let told = |error: &sqlx::Error| tracing::warn!(file = %path.display(), %error, "the code index has no cache");
        opened.inspect_err(told).ok()
    }

    async fn try_open(path: &Path, layout: &str) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What a crash of the machine takes is made again.
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(PATIENCE);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        sqlx::raw_sql(SCHEMA).execute(&mut connection).await?;
        let known: Option<String> = sqlx::query_scalar("select key from layout").fetch_optional(&mut connection).await?;
        if known.as_deref() != Some(layout) {
            let mut writing = connection.begin_with("begin immediate").await?;
            sqlx::query("delete from file").execute(&mut *writing).await?;
            sqlx::query("delete from layout").execute(&mut *writing).await?;
            sqlx::query("insert into layout (key) values (?)").bind(layout).execute(&mut *writing).await?;
            writing.commit().await?;
        }
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Gives `take` the stored outcomes of those of the keys that are known, until it says that it has enough.
    pub(super) async fn load(&mut self, keys: &[Key], mut take: impl FnMut(Key, Vec<u8>) -> bool) {
        let wanted: HashSet<&Key> = keys.iter().collect();
        for some in keys.chunks(ROWS) {
            let objects: Vec<&str> = some.iter().map(|(object, _)| object.as_str()).collect();
            let objects = serde_json::to_string(&objects).unwrap_or_default();
            let query = "select object, language, outcome from file where object in (select value from json_each(?))";
            let rows = match sqlx::query(query).bind(objects).fetch_all(&mut self.connection).await {
                Ok(rows) => rows,
                Err(error) => return self.told(&error),
            };
            for row in rows {
                let columns = (row.try_get::<String, _>(0), row.try_get::<String, _>(1), row.try_get::<Vec<u8>, _>(2));
                let (Ok(object), Ok(language), Ok(outcome)) = columns else { continue };
                let language = Language::ALL.into_iter().find(|known| known.name() == language);
                let Some(key) = language.map(|language| (object, language)).filter(|key| wanted.contains(key)) else { continue };
                if !take(key, outcome) {
                    return;
                }
            }
        }
    }

    /// Stores outcomes, all or none.
    pub(super) async fn store(&mut self, outcomes: &[(Key, Vec<u8>)]) {
        if let Err(error) = self.try_store(outcomes).await {
            self.told(&error);
        }
    }

    async fn try_store(&mut self, outcomes: &[(Key, Vec<u8>)]) -> Result<(), sqlx::Error> {
        let mut writing = self.connection.begin_with("begin immediate").await?;
        for ((object, language), outcome) in outcomes {
            let query = sqlx::query("insert or replace into file (object, language, outcome) values (?, ?, ?)");
            query.bind(object).bind(language.name()).bind(outcome).execute(&mut *writing).await?;
        }
        writing.commit().await
    }

    /// Drops what was stored first, but for what `used` names, until the outcomes are below `limit_bytes`.
    pub(super) async fn evict(&mut self, limit_bytes: u64, used: &HashSet<&str>) {
        if let Err(error) = self.try_evict(limit_bytes, used).await {
            self.told(&error);
        }
    }

    async fn try_evict(&mut self, limit_bytes: u64, used: &HashSet<&str>) -> Result<(), sqlx::Error> {
        let total: i64 =
            sqlx::query_scalar("select coalesce(sum(length(outcome)), 0) from file").fetch_one(&mut self.connection).await?;
        let mut surplus = u64::try_from(total).unwrap_or(0).saturating_sub(limit_bytes);
        if surplus == 0 {
            return Ok(());
        }
        let rows =
            sqlx::query("select id, object, length(outcome) from file order by id").fetch_all(&mut self.connection).await?;
        let mut dropped: Vec<i64> = Vec::new();
        for row in rows {
            let (id, object, length): (i64, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if surplus > 0 && !used.contains(object.as_str()) {
                dropped.push(id);
                surplus = surplus.saturating_sub(u64::try_from(length).unwrap_or(0));
            }
        }
        tracing::debug!(file = %self.path.display(), dropped = dropped.len(), "the cache of the code index is above its limit");
        let ids = serde_json::to_string(&dropped).unwrap_or_default();
        let query = sqlx::query("delete from file where id in (select value from json_each(?))");
        query.bind(ids).execute(&mut self.connection).await?;
        // Gives the room back to the disk.
        sqlx::query("vacuum").execute(&mut self.connection).await.map(drop)
    }

    /// Writes what is still open into the one file.
    pub(super) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(file = %self.path.display(), %error, "the cache of the code index did not close cleanly");
        }
    }

    /// A damaged file goes, so that the next run begins anew; who else has it open keeps what they have.
    fn told(&self, error: &sqlx::Error) {
        tracing::warn!(file = %self.path.display(), %error, "the cache of the code index does not answer");
        if is_damage(error) {
            remove(&self.path);
        }
    }
}

/// SQLite's codes for a damaged file, and for one that is none of its own: <https://sqlite.org/rescode.html>.
fn is_damage(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("11" | "26"))
}

fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        if let Err(error) = std::fs::remove_file(&name)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::debug!(file = %Path::new(&name).display(), %error, "a file of the cache cannot be removed");
        }
    }
}
