//! Jobs that were given up: they wait for a person.

use sqlx::FromRow;

use super::{Millis, Store, StoreError, lease::Back, sql};

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct DeadLetter {
    pub id: String,
    /// `review`, `sweep`, or a word of another version.
    pub kind: String,
    /// The job as JSON; perhaps not readable by this version.
    pub payload: String,
    pub serial_key: String,
    #[sqlx(rename = "attempt")]
    pub attempts: i64,
    /// What went wrong last.
    pub problem: Option<String>,
    pub created_at: Millis,
    #[sqlx(rename = "ended_at")]
    pub died_at: Option<Millis>,
}

impl Store {
    /// The newest first.
    pub async fn dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        Ok(sqlx::query_as(sql::DEAD_LETTERS).bind(i64::from(limit)).fetch_all(&self.read).await?)
    }

    /// Back to the queue at once, as if never tried; superseded when a job with its dedup key waits there already. False:
    /// no dead letter has this id.
    pub async fn requeue_dead(&self, id: &str, now: Millis) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let dedup_key: Option<String> = sqlx::query_scalar(sql::DEAD_FENCE).bind(id).fetch_optional(&mut *transaction).await?;
        let Some(dedup_key) = dedup_key else { return Ok(false) };
        let back = Back { job: id, dedup_key: &dedup_key, run_at: now, attempt: 0, problem: None };
        back.to_queue(&mut transaction, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Ends it as `discarded`. False: no dead letter has this id.
    pub async fn discard_dead(&self, id: &str, now: Millis) -> Result<bool, StoreError> {
        let discarded = sqlx::query(sql::DEAD_DISCARD).bind(id).bind(now).execute(&self.write).await?.rows_affected();
        Ok(discarded == 1)
    }
}
