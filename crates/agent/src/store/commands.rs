//! Commands: taken once, with their effect, in one transaction; and what they have changed about a pull request.

use review_core::{
    pull_request::{Person, PullRequestKey},
    scope::ReviewRequest,
};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Sqlite, Transaction};
use uuid::Uuid;

use super::{
    Lease, Millis, NewJob, Store, StoreError,
    intake::{cancel_running, put_job},
    lease::fence,
    sql, stored_number,
};

/// A request as it is taken on.
#[derive(Debug, Clone)]
pub struct NewCommand<'a> {
    pub thread: u64,
    pub comment: u64,
    pub word: &'static str,
    pub by: &'a Person,
    /// The comment that answers it.
    pub reply: String,
    pub effect: Effect,
}

/// What a command changes before it is answered.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Nothing that is stored.
    None,
    Pause,
    /// With the job that reviews what came meanwhile.
    Resume(Option<NewJob>),
    Review(ReviewRequest, NewJob),
    /// A job that does it, and that answers when it is done.
    Work(NewJob),
}

/// A command that was taken on, now or before.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TakenCommand {
    pub reply: String,
    /// When its answer stood.
    pub answered_at: Option<Millis>,
}

/// What people have asked for by commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Steering {
    pub paused_by: Option<String>,
    pub requests: Requests,
}

/// Reviews that were asked for and not made yet, by the ids of their requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    pub incremental: Option<String>,
    pub full: Option<String>,
}

impl Requests {
    /// A full review is an incremental one as well.
    pub fn wanted(&self) -> Option<ReviewRequest> {
        let incremental = self.incremental.as_ref().map(|_| ReviewRequest::Incremental);
        self.full.as_ref().map(|_| ReviewRequest::Full).or(incremental)
    }

    fn entries(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let incremental = self.incremental.iter().map(|id| (word(ReviewRequest::Incremental), id));
        incremental.chain(self.full.iter().map(|id| (word(ReviewRequest::Full), id)))
    }
}

fn word(request: ReviewRequest) -> &'static str {
    match request {
        ReviewRequest::Incremental => "incremental",
        ReviewRequest::Full => "full",
    }
}

impl Store {
    /// Takes a request on, with its effect; fenced. One that was taken on before changes nothing, and the answer that it was
    /// given then is returned.
    pub async fn take_command(
        &self,
        lease: &Lease,
        pull_request: &PullRequestKey,
        command: &NewCommand<'_>,
        now: Millis,
    ) -> Result<TakenCommand, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let number = stored_number(*id, "the pull request number")?;
        let (thread, comment) =
            (stored_number(command.thread, "a thread's number")?, stored_number(command.comment, "a comment's number")?);
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        let inserted = sqlx::query(sql::COMMAND_INSERT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(thread)
            .bind(comment)
            .bind(command.word)
            .bind(&command.by.display_name)
            .bind(&command.reply)
            .bind(now)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if inserted > 0 {
            take_effect(&mut transaction, pull_request, command, now).await?;
        }
        let taken: TakenCommand = sqlx::query_as(sql::COMMAND)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(thread)
            .bind(comment)
            .bind(command.word)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(taken)
    }

    /// The answer stands.
    pub async fn command_answered(
        &self,
        pull_request: &PullRequestKey,
        command: &NewCommand<'_>,
        now: Millis,
    ) -> Result<(), StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        sqlx::query(sql::COMMAND_ANSWERED)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .bind(stored_number(command.thread, "a thread's number")?)
            .bind(stored_number(command.comment, "a comment's number")?)
            .bind(command.word)
            .bind(now)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// What people have asked for about the pull request.
    pub async fn steering(&self, pull_request: &PullRequestKey) -> Result<Steering, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let number = stored_number(*id, "the pull request number")?;
        let paused_by: Option<Option<String>> = sqlx::query_scalar(sql::PAUSED_BY)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .fetch_optional(&self.read)
            .await?;
        let asked: Vec<(String, String)> = sqlx::query_as(sql::REVIEW_REQUESTS)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .fetch_all(&self.read)
            .await?;
        let mut requests = Requests::default();
        for (kind, id) in asked {
            if kind == word(ReviewRequest::Full) { requests.full = Some(id) } else { requests.incremental = Some(id) }
        }
        Ok(Steering { paused_by: paused_by.flatten(), requests })
    }

    /// The requests were met, or nothing can come of them. Newer ones stay.
    pub async fn end_requests(&self, pull_request: &PullRequestKey, requests: &Requests) -> Result<(), StoreError> {
        if requests.wanted().is_none() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        end_requests(&mut transaction, pull_request, requests).await?;
        transaction.commit().await?;
        Ok(())
    }
}

pub(super) async fn end_requests(
    transaction: &mut Transaction<'static, Sqlite>,
    pull_request: &PullRequestKey,
    requests: &Requests,
) -> Result<(), StoreError> {
    let PullRequestKey { repository, id } = pull_request;
    let number = stored_number(*id, "the pull request number")?;
    for (kind, request) in requests.entries() {
        sqlx::query(sql::REVIEW_REQUEST_END)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(kind)
            .bind(request)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

async fn take_effect(
    transaction: &mut Transaction<'static, Sqlite>,
    pull_request: &PullRequestKey,
    command: &NewCommand<'_>,
    now: Millis,
) -> Result<(), StoreError> {
    let PullRequestKey { repository, id } = pull_request;
    let number = stored_number(*id, "the pull request number")?;
    let (paused_by, resumed_at, job) = match &command.effect {
        Effect::None => return Ok(()),
        Effect::Work(job) => return queue(transaction, job, now).await,
        Effect::Pause => (Some(&command.by.display_name), None, None),
        Effect::Resume(job) => (None, Some(now), job.as_ref()),
        Effect::Review(request, job) => {
            sqlx::query(sql::REVIEW_REQUEST_UPSERT)
                .bind(&repository.collection)
                .bind(&repository.project)
                .bind(&repository.repository)
                .bind(number)
                .bind(word(*request))
                .bind(Uuid::now_v7().to_string())
                .execute(&mut **transaction)
                .await?;
            return queue(transaction, job, now).await;
        }
    };
    sqlx::query(sql::STEERING_UPSERT)
        .bind(&repository.collection)
        .bind(&repository.project)
        .bind(&repository.repository)
        .bind(number)
        .bind(paused_by)
        .bind(resumed_at)
        .execute(&mut **transaction)
        .await?;
    match job {
        Some(job) => queue(transaction, job, now).await,
        None => Ok(()),
    }
}

async fn queue(transaction: &mut Transaction<'static, Sqlite>, job: &NewJob, now: Millis) -> Result<(), StoreError> {
    let _id: String = put_job(sql::JOB_UPSERT, job, now)?.fetch_one(&mut **transaction).await?;
    cancel_running(transaction, job).await
}
