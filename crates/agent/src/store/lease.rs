//! A job in a worker's hands: claimed under a lease, whose token every later write must name.

use std::time::Duration;

use review_core::pull_request::CommitId;
use sqlx::{FromRow, Sqlite, Transaction};
use uuid::Uuid;

use super::{ClaimedJob, Heartbeat, JobKind, Lease, Millis, Store, StoreError, read_number, sql};

/// How often a claim starts again when another process took the serial key at the same moment.
const CLAIM_TRIES: usize = 16;
/// Characters of a problem that are kept.
const PROBLEM_CHARS: usize = 2_000;

#[derive(FromRow)]
struct ClaimedRow {
    id: String,
    payload: String,
    serial_key: String,
    attempt: i64,
    created_at: Millis,
    problem: Option<String>,
}

#[derive(FromRow)]
struct ExpiredRow {
    id: String,
    dedup_key: String,
    attempt: i64,
    worker: Option<String>,
}

impl Store {
    /// The next job whose time has come and whose serial key is free: the highest priority, then the longest due. Expired
    /// leases are returned to the queue first; the attempt that they cut counts.
    ///
    /// A job whose payload cannot be read becomes a dead letter and the next one is taken, so that it cannot hold up the
    /// queue.
    pub async fn claim(&self, worker: &str, lease: Duration, now: Millis) -> Result<Option<ClaimedJob>, StoreError> {
        self.claim_of(None, worker, lease, now).await
    }

    /// The same among the jobs of one kind ([`JobKind::word`]).
    pub async fn claim_of(
        &self,
        kind: Option<&str>,
        worker: &str,
        lease: Duration,
        now: Millis,
    ) -> Result<Option<ClaimedJob>, StoreError> {
        for _ in 0..CLAIM_TRIES {
            match self.claim_once(kind, worker, lease, now).await {
                Ok(Claim::Job(job)) => return Ok(Some(*job)),
                Ok(Claim::Nothing) => return Ok(None),
                Ok(Claim::Unreadable) => {}
                // Another process claimed a job of this serial key, or queued one of this dedup key, since we looked.
                Err(StoreError::Database(sqlx::Error::Database(refusal))) if refusal.is_unique_violation() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Extends the lease to `now + extend` and tells whether the work should stop. A lease that ran out but was not yet
    /// taken by anybody is held again.
    pub async fn heartbeat(&self, lease: &Lease, extend: Duration, now: Millis) -> Result<Heartbeat, StoreError> {
        let cancel: Option<i64> = sqlx::query_scalar(sql::HEARTBEAT)
            .bind(&lease.job)
            .bind(&lease.token)
            .bind(after(now, extend))
            .fetch_optional(&self.write)
            .await?;
        Ok(match cancel {
            None => Heartbeat::Lost,
            Some(0) => Heartbeat::Held,
            Some(_) => Heartbeat::CancelRequested,
        })
    }

    /// Notes at which commit the job works, so that events about another one can cancel it; one that came since the claim
    /// does so now.
    pub async fn set_head(&self, lease: &Lease, head: &CommitId) -> Result<(), StoreError> {
        let query = sqlx::query(sql::SET_HEAD).bind(&lease.job).bind(&lease.token).bind(head.as_str());
        held(lease, query.execute(&self.write).await?.rows_affected())
    }

    /// Ends the job. `outcome` is a word for people and metrics, e.g. `reviewed`, `superseded`, `not_active`.
    pub async fn finish(&self, lease: &Lease, outcome: &str, now: Millis) -> Result<(), StoreError> {
        let query = sqlx::query(sql::FINISH).bind(&lease.job).bind(&lease.token).bind(outcome).bind(now);
        held(lease, query.execute(&self.write).await?.rows_affected())
    }

    /// Back to the queue at `run_at`; `problem` is kept for people. Ends as `superseded` instead when a newer job with the
    /// same dedup key is queued already.
    pub async fn retry(&self, lease: &Lease, run_at: Millis, problem: &str, now: Millis) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let (dedup_key, attempt) = fence(&mut transaction, lease).await?;
        let back = Back { job: &lease.job, dedup_key: &dedup_key, run_at, attempt, problem: Some(problem) };
        back.to_queue(&mut transaction, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Back to the queue at once without counting the attempt (drain). Ends as `superseded` instead when a newer job with
    /// the same dedup key is queued already.
    pub async fn release(&self, lease: &Lease, now: Millis) -> Result<(), StoreError> {
        self.uncounted(lease, now, None, now).await
    }

    /// Back to the queue at `run_at` without counting the attempt: what it needs is not there. `problem` is kept for people.
    /// Ends as `superseded` instead when a newer job with the same dedup key is queued already.
    pub async fn postpone(&self, lease: &Lease, run_at: Millis, problem: &str, now: Millis) -> Result<(), StoreError> {
        self.uncounted(lease, run_at, Some(problem), now).await
    }

    async fn uncounted(&self, lease: &Lease, run_at: Millis, problem: Option<&str>, now: Millis) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        let (dedup_key, attempt) = fence(&mut transaction, lease).await?;
        let attempt = attempt.saturating_sub(1).max(0);
        let back = Back { job: &lease.job, dedup_key: &dedup_key, run_at, attempt, problem };
        back.to_queue(&mut transaction, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Gives up: a dead letter.
    pub async fn bury(&self, lease: &Lease, problem: &str, now: Millis) -> Result<(), StoreError> {
        let query = sqlx::query(sql::BURY).bind(&lease.job).bind(&lease.token).bind(shortened(problem)).bind(now);
        held(lease, query.execute(&self.write).await?.rows_affected())
    }

    /// Extends the lease to `now + extend` before a write to the pull request. Unlike a heartbeat, it errors with `LeaseLost`
    /// when the lease ran out by `now`, so that anybody could have taken the job in the meantime.
    pub async fn renew_lease(&self, lease: &Lease, extend: Duration, now: Millis) -> Result<(), StoreError> {
        let query = sqlx::query(sql::RENEW).bind(&lease.job).bind(&lease.token).bind(after(now, extend)).bind(now);
        held(lease, query.execute(&self.write).await?.rows_affected())
    }

    async fn claim_once(&self, kind: Option<&str>, worker: &str, lease: Duration, now: Millis) -> Result<Claim, StoreError> {
        let mut transaction = self.begin().await?;
        return_expired(&mut transaction, now).await?;
        let token = Uuid::new_v4().to_string();
        let row: Option<ClaimedRow> = sqlx::query_as(sql::CLAIM)
            .bind(&token)
            .bind(after(now, lease))
            .bind(worker)
            .bind(now)
            .bind(kind)
            .fetch_optional(&mut *transaction)
            .await?;
        let claim = match row {
            None => Claim::Nothing,
            Some(row) => {
                let lease = Lease { job: row.id, token };
                match serde_json::from_str::<JobKind>(&row.payload) {
                    Ok(kind) => Claim::Job(Box::new(ClaimedJob {
                        lease,
                        kind,
                        serial_key: row.serial_key,
                        attempt: read_number(row.attempt, "a job's attempt")?,
                        created_at: row.created_at,
                        last_problem: row.problem,
                    })),
                    Err(error) => {
                        tracing::error!(job = lease.job, %error, "a queued job cannot be read; it is now a dead letter");
                        sqlx::query(sql::BURY)
                            .bind(&lease.job)
                            .bind(&lease.token)
                            .bind(shortened(&format!("the stored job cannot be read by this version: {error}")))
                            .bind(now)
                            .execute(&mut *transaction)
                            .await?;
                        Claim::Unreadable
                    }
                }
            }
        };
        transaction.commit().await?;
        Ok(claim)
    }
}

enum Claim {
    Job(Box<ClaimedJob>),
    Nothing,
    Unreadable,
}

/// Locks the job for the rest of the transaction; its dedup key and attempt. Errors with `LeaseLost`.
pub(super) async fn fence(transaction: &mut Transaction<'static, Sqlite>, lease: &Lease) -> Result<(String, i64), StoreError> {
    sqlx::query_as(sql::FENCE)
        .bind(&lease.job)
        .bind(&lease.token)
        .fetch_optional(&mut **transaction)
        .await?
        .ok_or_else(|| StoreError::LeaseLost(lease.job.clone()))
}

async fn return_expired(transaction: &mut Transaction<'static, Sqlite>, now: Millis) -> Result<(), StoreError> {
    let expired: Vec<ExpiredRow> = sqlx::query_as(sql::EXPIRED).bind(now).fetch_all(&mut **transaction).await?;
    for row in expired {
        let worker = row.worker.as_deref().unwrap_or("unknown");
        let problem = format!("attempt {} was cut: worker {worker} stopped without a word until its lease ran out", row.attempt);
        tracing::warn!(job = row.id, attempt = row.attempt, worker, "a lease ran out; the job goes back to the queue");
        let back = Back { job: &row.id, dedup_key: &row.dedup_key, run_at: now, attempt: row.attempt, problem: Some(&problem) };
        back.to_queue(transaction, now).await?;
    }
    Ok(())
}

/// A job that leaves its worker, or the dead letters, for the queue.
pub(super) struct Back<'a> {
    pub(super) job: &'a str,
    pub(super) dedup_key: &'a str,
    pub(super) run_at: Millis,
    /// Attempts that count so far.
    pub(super) attempt: i64,
    /// None keeps what stands there.
    pub(super) problem: Option<&'a str>,
}

impl Back<'_> {
    /// The caller holds the row. When a newer job with the same dedup key waits already, that one does the work: this one
    /// ends as superseded, and its events now wait for the newer one.
    pub(super) async fn to_queue(&self, transaction: &mut Transaction<'static, Sqlite>, now: Millis) -> Result<(), StoreError> {
        let newer: Option<String> =
            sqlx::query_scalar(sql::QUEUED_TWIN).bind(self.dedup_key).fetch_optional(&mut **transaction).await?;
        if let Some(newer) = newer {
            sqlx::query(sql::EVENTS_REPOINT).bind(self.job).bind(newer).execute(&mut **transaction).await?;
            sqlx::query(sql::SUPERSEDE).bind(self.job).bind(now).execute(&mut **transaction).await?;
        } else {
            sqlx::query(sql::REQUEUE)
                .bind(self.job)
                .bind(self.run_at)
                .bind(now)
                .bind(self.attempt)
                .bind(self.problem.map(shortened))
                .execute(&mut **transaction)
                .await?;
        }
        Ok(())
    }
}

fn held(lease: &Lease, rows: u64) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::LeaseLost(lease.job.clone())) } else { Ok(()) }
}

fn after(now: Millis, wait: Duration) -> Millis {
    now.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX))
}

fn shortened(problem: &str) -> String {
    match problem.char_indices().nth(PROBLEM_CHARS) {
        None => problem.to_owned(),
        Some((end, _)) => format!("{}…", problem.get(..end).unwrap_or_default()),
    }
}
