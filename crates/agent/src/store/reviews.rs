//! What was reviewed, what is to stand on the pull request, and the model's answers.

use review_core::{
    finding::{DropReason, Dropped},
    publication::DesiredState,
    pull_request::{CommitId, PullRequestKey, RepositoryKey},
    scope::Reviewed,
    usage::Usage,
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Sqlite, Transaction};
use uuid::Uuid;

use super::{
    Lease, Millis, Requests, Store, StoreError,
    commands::end_requests,
    lease::fence,
    read_number,
    spending::{UsageRow, numbers},
    sql, stored_number,
};

/// A model answer that was paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub content: String,
    pub usage: Usage,
}

/// A run whose models have answered: what it wants to stand on the pull request, and what its record will say. Kept until
/// all of it is written, so that a run that takes up a cut one asks no model and forgets nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedReview {
    pub desired: DesiredState,
    pub is_incremental: bool,
    /// Candidates that are not posted.
    pub dropped: Vec<Dropped>,
    pub usage: Usage,
    pub started_at: Millis,
    /// What people had asked for, and get with it.
    #[serde(default)]
    pub requests: Requests,
}

/// One ended run.
#[derive(Debug, Clone)]
pub struct ReviewRecord {
    pub pull_request: PullRequestKey,
    pub iteration: u32,
    pub head: CommitId,
    pub base: CommitId,
    /// `full`, `incremental`.
    pub mode: String,
    /// `complete`, `partial`, `skipped`, `failed`.
    pub outcome: String,
    pub posted: u32,
    pub dropped: Vec<Dropped>,
    pub usage: Usage,
    pub started_at: Millis,
    pub ended_at: Millis,
    /// Requests that the run met.
    pub requests: Requests,
}

/// One ended run as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastReview {
    pub id: String,
    pub pull_request: PullRequestKey,
    pub iteration: u32,
    pub head: CommitId,
    pub base: CommitId,
    pub mode: String,
    pub outcome: String,
    pub posted: u32,
    /// How many candidates were not posted; `dropped_findings` lists them.
    pub dropped: u32,
    pub usage: Usage,
    pub started_at: Millis,
    pub ended_at: Millis,
}

impl Store {
    /// The last run that completed (or was partial) on the pull request.
    pub async fn reviewed(&self, pull_request: &PullRequestKey) -> Result<Option<Reviewed>, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let row: Option<(i64, String, String)> = sqlx::query_as(sql::REVIEWED)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .fetch_optional(&self.read)
            .await?;
        row.map(|(iteration, head, base)| {
            Ok(Reviewed { iteration: read_number(iteration, "an iteration")?, head: commit(head)?, base: commit(base)? })
        })
        .transpose()
    }

    /// How many of the pull request's pushes were reviewed, since reviews were resumed if they were.
    pub async fn reviewed_pushes(&self, pull_request: &PullRequestKey) -> Result<u32, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let count: i64 = sqlx::query_scalar(sql::REVIEWED_HEADS)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .fetch_one(&self.read)
            .await?;
        read_number(count, "a count of reviews")
    }

    /// What a cut run wanted at this head and base, if it came so far. One that this version cannot read (another
    /// version stored it) counts as none: the run starts over.
    pub async fn planned(
        &self,
        pull_request: &PullRequestKey,
        head: &CommitId,
        base: &CommitId,
    ) -> Result<Option<PlannedReview>, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let state: Option<String> = sqlx::query_scalar(sql::DESIRED)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .bind(head.as_str())
            .bind(base.as_str())
            .fetch_optional(&self.read)
            .await?;
        Ok(state.and_then(|state| match serde_json::from_str(&state) {
            Ok(planned) => Some(planned),
            Err(error) => {
                tracing::warn!(%pull_request, %error, "the stored state of a cut run cannot be read; the run starts over");
                None
            }
        }))
    }

    /// Kept before the first write; fenced. Takes the place of what an earlier run on the pull request wanted.
    pub async fn store_planned(
        &self,
        lease: &Lease,
        pull_request: &PullRequestKey,
        planned: &PlannedReview,
        now: Millis,
    ) -> Result<(), StoreError> {
        let state = serde_json::to_string(planned)
            .map_err(|error| StoreError::Corrupt(format!("a planned review cannot be written as JSON: {error}")))?;
        let PullRequestKey { repository, id } = pull_request;
        let number = stored_number(*id, "the pull request number")?;
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        sqlx::query(sql::DESIRED_UPSERT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(planned.desired.head.as_str())
            .bind(planned.desired.base.as_str())
            .bind(state)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Records the run and what is now reviewed, drops the desired state, and ends the requests that it met, in one transaction; fenced. Only a run whose
    /// outcome is `complete` or `partial` makes its iteration the reviewed one.
    pub async fn record_review(&self, lease: &Lease, record: &ReviewRecord) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        let review = insert_review(&mut transaction, lease, record).await?;
        for (position, dropped) in (0_i64..).zip(&record.dropped) {
            insert_dropped(&mut transaction, &review, position, dropped).await?;
        }
        let PullRequestKey { repository, id } = &record.pull_request;
        let number = stored_number(*id, "the pull request number")?;
        if matches!(record.outcome.as_str(), "complete" | "partial") {
            sqlx::query(sql::REVIEWED_UPSERT)
                .bind(&repository.collection)
                .bind(&repository.project)
                .bind(&repository.repository)
                .bind(number)
                .bind(i64::from(record.iteration))
                .bind(record.head.as_str())
                .bind(record.base.as_str())
                .bind(record.ended_at)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(sql::DESIRED_DROP)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .execute(&mut *transaction)
            .await?;
        end_requests(&mut transaction, &record.pull_request, &record.requests).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The newest first.
    pub async fn recent_reviews(&self, limit: u32) -> Result<Vec<PastReview>, StoreError> {
        let rows: Vec<ReviewRow> = sqlx::query_as(sql::RECENT_REVIEWS).bind(i64::from(limit)).fetch_all(&self.read).await?;
        rows.into_iter().map(PastReview::try_from).collect()
    }

    /// Candidates of a recorded run that were not posted, in the order of the record.
    pub async fn dropped_findings(&self, review: &str) -> Result<Vec<Dropped>, StoreError> {
        let rows: Vec<DroppedRow> = sqlx::query_as(sql::DROPPED_OF_REVIEW).bind(review).fetch_all(&self.read).await?;
        rows.into_iter().map(Dropped::try_from).collect()
    }

    /// An answer to the very same request (SHA-256 of the request in hexadecimal).
    pub async fn answer(&self, request: &str) -> Result<Option<StoredAnswer>, StoreError> {
        let row: Option<AnswerRow> = sqlx::query_as(sql::ANSWER).bind(request).fetch_optional(&self.read).await?;
        row.map(|row| Ok(StoredAnswer { content: row.content, usage: row.usage.try_into()? })).transpose()
    }

    /// The first answer to a request stays.
    pub async fn store_answer(&self, request: &str, answer: &StoredAnswer, now: Millis) -> Result<(), StoreError> {
        let mut insert = sqlx::query(sql::ANSWER_INSERT).bind(request).bind(&answer.content);
        for number in numbers(answer.usage) {
            insert = insert.bind(number);
        }
        insert.bind(now).execute(&self.write).await?;
        Ok(())
    }

    /// Removes answers, desired states, reports of checks, commands, talk, events and ended jobs older than `before`; how many rows. Dead
    /// letters and what still has something to do stay. In small transactions, so that webhooks are stored in between.
    pub async fn purge(&self, before: Millis) -> Result<u64, StoreError> {
        let mut removed = 0_u64;
        // Events before the jobs that they point to.
        for statement in [
            sql::PURGE_ANSWERS,
            sql::PURGE_DESIRED,
            sql::PURGE_CHECK_REPORTS,
            sql::PURGE_COMMANDS,
            sql::PURGE_CHATS,
            sql::PURGE_OWN_CHANGES,
            sql::PURGE_EVENTS,
            sql::PURGE_JOBS,
        ] {
            loop {
                let rows = sqlx::query(statement).bind(before).execute(&self.write).await?.rows_affected();
                removed = removed.saturating_add(rows);
                if rows == 0 {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

#[derive(FromRow)]
struct AnswerRow {
    content: String,
    #[sqlx(flatten)]
    usage: UsageRow,
}

#[derive(FromRow)]
struct ReviewRow {
    id: String,
    collection: String,
    project: String,
    repository: String,
    number: i64,
    iteration: i64,
    head: String,
    base: String,
    mode: String,
    outcome: String,
    posted: i64,
    dropped: i64,
    #[sqlx(flatten)]
    usage: UsageRow,
    started_at: Millis,
    ended_at: Millis,
}

impl TryFrom<ReviewRow> for PastReview {
    type Error = StoreError;

    fn try_from(row: ReviewRow) -> Result<Self, StoreError> {
        let repository = RepositoryKey { collection: row.collection, project: row.project, repository: row.repository };
        Ok(Self {
            id: row.id,
            pull_request: PullRequestKey { repository, id: read_number(row.number, "a pull request number")? },
            iteration: read_number(row.iteration, "an iteration")?,
            head: commit(row.head)?,
            base: commit(row.base)?,
            mode: row.mode,
            outcome: row.outcome,
            posted: read_number(row.posted, "a count of posted findings")?,
            dropped: read_number(row.dropped, "a count of dropped findings")?,
            usage: row.usage.try_into()?,
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}

#[derive(FromRow)]
struct DroppedRow {
    path: String,
    claim: String,
    reason: String,
    detail: String,
    finding: Option<String>,
}

impl TryFrom<DroppedRow> for Dropped {
    type Error = StoreError;

    fn try_from(row: DroppedRow) -> Result<Self, StoreError> {
        let reason = serde_json::from_value::<DropReason>(serde_json::Value::String(row.reason))
            .map_err(|error| StoreError::Corrupt(format!("why a finding was dropped: {error}")))?;
        let finding = row
            .finding
            .map(|finding| serde_json::from_str(&finding))
            .transpose()
            .map_err(|error| StoreError::Corrupt(format!("a dropped finding: {error}")))?;
        Ok(Self { finding, claim: row.claim, path: row.path, lines: None, reason, detail: row.detail })
    }
}

/// The id of the new row.
async fn insert_review(
    transaction: &mut Transaction<'static, Sqlite>,
    lease: &Lease,
    record: &ReviewRecord,
) -> Result<String, StoreError> {
    let review = Uuid::now_v7().to_string();
    let PullRequestKey { repository, id } = &record.pull_request;
    let mut insert = sqlx::query(sql::REVIEW_INSERT)
        .bind(&review)
        .bind(&lease.job)
        .bind(&repository.collection)
        .bind(&repository.project)
        .bind(&repository.repository)
        .bind(stored_number(*id, "the pull request number")?)
        .bind(i64::from(record.iteration))
        .bind(record.head.as_str())
        .bind(record.base.as_str())
        .bind(&record.mode)
        .bind(&record.outcome)
        .bind(i64::from(record.posted))
        .bind(i64::try_from(record.dropped.len()).unwrap_or(i64::MAX));
    for number in numbers(record.usage) {
        insert = insert.bind(number);
    }
    insert.bind(record.started_at).bind(record.ended_at).execute(&mut **transaction).await?;
    Ok(review)
}

async fn insert_dropped(
    transaction: &mut Transaction<'static, Sqlite>,
    review: &str,
    position: i64,
    dropped: &Dropped,
) -> Result<(), StoreError> {
    let unwritable = |error: serde_json::Error| StoreError::Corrupt(format!("a finding cannot be written as JSON: {error}"));
    let reason = match serde_json::to_value(dropped.reason).map_err(unwritable)? {
        serde_json::Value::String(word) => word,
        other => other.to_string(),
    };
    let finding = dropped.finding.as_ref().map(serde_json::to_string).transpose().map_err(unwritable)?;
    sqlx::query(sql::DROPPED_INSERT)
        .bind(review)
        .bind(position)
        .bind(&dropped.path)
        .bind(&dropped.claim)
        .bind(reason)
        .bind(&dropped.detail)
        .bind(finding)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

fn commit(text: String) -> Result<CommitId, StoreError> {
    CommitId::try_from(text).map_err(StoreError::Corrupt)
}
