//! Webhook deliveries on their way into the database: one task stores what has come in meanwhile in one transaction and
//! answers everybody after the commit, so that a burst costs one disk flush per batch and not one per delivery.

use std::time::Duration;

use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::{Accepted, Millis, NewEvent, NewJob, PATIENCE, StoreError, sql};

/// Deliveries that may wait before callers are held back.
const WAITING: usize = 4096;
/// Deliveries in one transaction; bounds how long other writers wait.
const BATCH: usize = 128;
/// What a caller waits for its answer at most: once for the writer, once for a disk that is slow.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

struct Delivery {
    event: NewEvent,
    job: Option<NewJob>,
    answer: oneshot::Sender<Result<Accepted, StoreError>>,
}

#[derive(Debug, Clone)]
pub(super) struct Intake {
    sender: mpsc::Sender<Delivery>,
}

impl Intake {
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(serve(pool, receiver));
        Self { sender }
    }

    /// Returns after the commit. An error means that nothing is known to be stored: the sender should deliver again, and
    /// the event's key makes that safe.
    pub(super) async fn accept(&self, event: &NewEvent, job: Option<&NewJob>) -> Result<Accepted, StoreError> {
        let (answer, answered) = oneshot::channel();
        let delivery = Delivery { event: event.clone(), job: job.cloned(), answer };
        self.sender
            .send_timeout(delivery, PATIENCE)
            .await
            .map_err(|_| StoreError::Unavailable(format!("{WAITING} deliveries wait to be stored already")))?;
        match tokio::time::timeout(ANSWER_WITHIN, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(StoreError::Unavailable("the delivery was not stored: the program is ending".to_owned())),
            Err(_) => Err(StoreError::Unavailable(format!("no commit within {} s", ANSWER_WITHIN.as_secs()))),
        }
    }
}

async fn serve(pool: SqlitePool, mut receiver: mpsc::Receiver<Delivery>) {
    let mut batch = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        match store_all(&pool, &batch).await {
            Ok(results) => {
                for (delivery, accepted) in batch.drain(..).zip(results) {
                    reply(delivery.answer, Ok(accepted));
                }
            }
            // One delivery that the database refuses must not take the others with it.
            Err(Refused::Within(_)) if batch.len() > 1 => {
                for delivery in batch.drain(..) {
                    let result = store_all(&pool, std::slice::from_ref(&delivery)).await;
                    let result = result.map(|accepted| accepted.first().copied().unwrap_or(Accepted::Stored));
                    reply(delivery.answer, result.map_err(|refused| StoreError::Unavailable(refused.text())));
                }
            }
            Err(refused) => {
                let text = refused.text();
                for delivery in batch.drain(..) {
                    reply(delivery.answer, Err(StoreError::Unavailable(text.clone())));
                }
            }
        }
    }
}

/// Where a batch came to grief.
enum Refused {
    /// The writer was not to be had: it is the same for everybody.
    Before(sqlx::Error),
    Within(StoreError),
}

impl Refused {
    fn text(&self) -> String {
        match self {
            Self::Before(error) | Self::Within(StoreError::Database(error)) => error.to_string(),
            Self::Within(error) => error.to_string(),
        }
    }
}

fn reply(answer: oneshot::Sender<Result<Accepted, StoreError>>, result: Result<Accepted, StoreError>) {
    if answer.send(result).is_err() {
        tracing::debug!("a delivery was stored, but its caller had gone");
    }
}

/// One result per delivery, in order; all or none are stored.
async fn store_all(pool: &SqlitePool, deliveries: &[Delivery]) -> Result<Vec<Accepted>, Refused> {
    let mut transaction = pool.begin_with(sql::SQLITE_BEGIN).await.map_err(Refused::Before)?;
    let mut results = Vec::with_capacity(deliveries.len());
    for delivery in deliveries {
        let stored = store_one(&mut transaction, &delivery.event, delivery.job.as_ref()).await;
        results.push(stored.map_err(Refused::Within)?);
    }
    transaction.commit().await.map_err(|error| Refused::Within(error.into()))?;
    Ok(results)
}

async fn store_one(
    transaction: &mut Transaction<'static, Sqlite>,
    event: &NewEvent,
    job: Option<&NewJob>,
) -> Result<Accepted, StoreError> {
    let inserted = sqlx::query(sql::EVENT_INSERT)
        .bind(&event.dedup_key)
        .bind(&event.kind)
        .bind(event.received_at)
        .execute(&mut **transaction)
        .await?
        .rows_affected();
    if inserted == 0 {
        return Ok(Accepted::Duplicate);
    }
    if let Some(job) = job {
        let id: String = put_job(sql::JOB_UPSERT, job, event.received_at)?.fetch_one(&mut **transaction).await?;
        sqlx::query(sql::EVENT_FOLD).bind(&event.dedup_key).bind(id).execute(&mut **transaction).await?;
        cancel_running(transaction, job).await?;
    }
    Ok(Accepted::Stored)
}

type PutJob<'q> = sqlx::query::QueryScalar<'q, Sqlite, String, sqlx::sqlite::SqliteArguments>;

/// `statement` is one of the two that insert a job: both take the same parameters.
pub(super) fn put_job(statement: &'static str, job: &NewJob, now: Millis) -> Result<PutJob<'static>, StoreError> {
    let payload = serde_json::to_string(&job.kind)
        .map_err(|error| StoreError::Corrupt(format!("a job cannot be written as JSON: {error}")))?;
    Ok(sqlx::query_scalar(statement)
        .bind(Uuid::now_v7().to_string())
        .bind(job.kind.word())
        .bind(payload)
        .bind(job.dedup_key.clone())
        .bind(job.serial_key.clone())
        .bind(job.priority)
        .bind(job.run_at)
        .bind(now)
        .bind(job.head.as_ref().map(|head| head.as_str().to_owned())))
}

pub(super) async fn cancel_running(transaction: &mut Transaction<'static, Sqlite>, job: &NewJob) -> Result<(), StoreError> {
    if job.closes || job.head.is_some() {
        sqlx::query(sql::CANCEL_RUNNING)
            .bind(&job.serial_key)
            .bind(i64::from(job.closes))
            .bind(job.head.as_ref().map(|head| head.as_str().to_owned()))
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}
