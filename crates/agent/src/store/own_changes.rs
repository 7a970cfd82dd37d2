//! Changes of the agent's own that were decided and may not be written yet.

use review_core::{own_change::OwnChange, pull_request::PullRequestKey};

use super::{Lease, Millis, Store, StoreError, lease::fence, sql, stored_number};

/// Which request a change was made for.
#[derive(Debug, Clone, Copy)]
pub struct AskedBy<'a> {
    pub pull_request: &'a PullRequestKey,
    pub thread: u64,
    pub comment: u64,
    /// The command's.
    pub word: &'static str,
}

impl Store {
    /// The change that was decided for a request. One that this version cannot read counts as none: then it is decided anew.
    pub async fn own_change(&self, asked: AskedBy<'_>) -> Result<Option<OwnChange>, StoreError> {
        let repository = &asked.pull_request.repository;
        let change: Option<String> = sqlx::query_scalar(sql::OWN_CHANGE)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(asked.pull_request.id, "the pull request number")?)
            .bind(stored_number(asked.thread, "a thread's number")?)
            .bind(stored_number(asked.comment, "a comment's number")?)
            .bind(asked.word)
            .fetch_optional(&self.read)
            .await?;
        Ok(change.and_then(|change| match serde_json::from_str(&change) {
            Ok(change) => Some(change),
            Err(error) => {
                tracing::warn!(pull_request = %asked.pull_request, %error, "a stored change cannot be read; it is decided anew");
                None
            }
        }))
    }

    /// Stores what was decided, before anything of it is written; fenced. What was stored before stays.
    pub async fn decide_own_change(
        &self,
        lease: &Lease,
        asked: AskedBy<'_>,
        change: &OwnChange,
        now: Millis,
    ) -> Result<(), StoreError> {
        let change = serde_json::to_string(change)
            .map_err(|error| StoreError::Corrupt(format!("a change cannot be written as JSON: {error}")))?;
        let repository = &asked.pull_request.repository;
        let number = stored_number(asked.pull_request.id, "the pull request number")?;
        let (thread, comment) =
            (stored_number(asked.thread, "a thread's number")?, stored_number(asked.comment, "a comment's number")?);
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        sqlx::query(sql::OWN_CHANGE_INSERT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(thread)
            .bind(comment)
            .bind(asked.word)
            .bind(change)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// It was written and told of, or nothing can come of it.
    pub async fn end_own_change(&self, asked: AskedBy<'_>) -> Result<(), StoreError> {
        let repository = &asked.pull_request.repository;
        sqlx::query(sql::OWN_CHANGE_END)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(asked.pull_request.id, "the pull request number")?)
            .bind(stored_number(asked.thread, "a thread's number")?)
            .bind(stored_number(asked.comment, "a comment's number")?)
            .bind(asked.word)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
