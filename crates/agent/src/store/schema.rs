//! Migrations: forward only, embedded in the binary.

use sqlx::migrate::{Migrate as _, MigrateError, Migrator};

use tokio::time::{Instant, sleep_until};

use super::{BUSY_PAUSE, PATIENCE, Store, StoreError, is_busy, sql};

pub(super) static MIGRATOR: Migrator = sqlx::migrate!("src/store/migrations");

impl Store {
    /// Applies what is missing; returns how many migrations were applied.
    ///
    /// Errors with [`StoreError::TooNew`] when a newer version of the program has been at the database; nothing is changed
    /// then.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let pending = self.pending_migrations().await?;
            if pending == 0 {
                return Ok(0);
            }
            let Err(error) = MIGRATOR.run(&self.write).await else { return Ok(pending) };
            // `SQLite` has no lock for migrations: a second process may have done part of our work meanwhile.
            let overtaken = self.pending_migrations().await? < pending;
            let wait = overtaken || (is_busy_migration(&error) && Instant::now() < until);
            if !wait {
                return Err(explain(&error));
            }
            sleep_until(Instant::now() + BUSY_PAUSE).await;
        }
    }

    /// Migrations that are known but not applied.
    ///
    /// Errors with [`StoreError::TooNew`] when the database holds one that this binary does not know.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        let has_table: i64 = sqlx::query_scalar(sql::SQLITE_HAS_MIGRATIONS).fetch_one(&self.read).await?;
        if has_table == 0 {
            return Ok(MIGRATOR.iter().count());
        }
        let mut connection = self.read.acquire().await?;
        let applied = connection.list_applied_migrations(&MIGRATOR.table_name).await.map_err(|error| explain(&error))?;
        for migration in &applied {
            match MIGRATOR.iter().find(|known| known.version == migration.version) {
                None => return Err(StoreError::TooNew { applied: migration.version, known: newest_known() }),
                Some(known) if known.checksum != migration.checksum => {
                    return Err(explain(&MigrateError::VersionMismatch(migration.version)));
                }
                Some(_) => {}
            }
        }
        Ok(MIGRATOR.iter().filter(|known| applied.iter().all(|migration| migration.version != known.version)).count())
    }
}

fn newest_known() -> i64 {
    MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn is_busy_migration(error: &MigrateError) -> bool {
    matches!(error, MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) if is_busy(cause))
}

fn explain(error: &MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(applied) => StoreError::TooNew { applied: *applied, known: newest_known() },
        MigrateError::VersionMismatch(version) => StoreError::Migrate(format!(
            "migration {version} stands in the database with another content than in this program: the database was made by \
             a build that was never released; use the build that made it, or a fresh database"
        )),
        MigrateError::Dirty(version) => StoreError::Migrate(format!(
            "migration {version} was begun and did not end; restore the backup from before the upgrade and migrate again"
        )),
        other => StoreError::Migrate(other.to_string()),
    }
}
