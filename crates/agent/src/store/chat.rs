//! Talk: each comment is taken on once, with its answer and what somebody taught in it, in one transaction.

use review_core::{
    learning::Learning,
    pull_request::{Person, PullRequestKey},
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Lease, Millis, Store, StoreError, learnings::add, lease::fence, sql, stored_number};

/// A comment as it is taken on.
#[derive(Debug, Clone)]
pub struct NewChat<'a> {
    pub thread: u64,
    pub comment: u64,
    pub by: &'a Person,
    /// None: nothing needs to be said.
    pub answer: Option<PlannedChat>,
    /// What the comment teaches; kept together with the answer that announces it.
    pub learning: Option<Learning>,
}

/// What is to be said and done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChat {
    /// The comment that answers it; of a work item it says nothing yet.
    pub text: String,
    /// The finding of the thread is given up, and the thread closed.
    #[serde(default)]
    pub closes: bool,
    /// To be created before the answer, which tells of it.
    #[serde(default)]
    pub item: Option<PlannedItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedItem {
    pub title: String,
    /// Plain text.
    pub description: String,
}

/// A comment that was taken on, now or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenChat {
    pub answer: Option<PlannedChat>,
    /// When its answer stood; where nothing is to be said, when that was decided.
    pub answered_at: Option<Millis>,
}

impl Store {
    /// Takes a comment on; fenced. One that was taken on before changes nothing, and what was decided then is returned.
    pub async fn take_chat(
        &self,
        lease: &Lease,
        pull_request: &PullRequestKey,
        chat: &NewChat<'_>,
        now: Millis,
    ) -> Result<TakenChat, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let number = stored_number(*id, "the pull request number")?;
        let (thread, comment) =
            (stored_number(chat.thread, "a thread's number")?, stored_number(chat.comment, "a comment's number")?);
        let answer = chat.answer.as_ref().map(serde_json::to_string).transpose();
        let answer = answer.map_err(|error| StoreError::Corrupt(format!("an answer cannot be written as JSON: {error}")))?;
        let answered_at = if answer.is_none() { Some(now) } else { None };
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        let inserted = sqlx::query(sql::CHAT_INSERT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(thread)
            .bind(comment)
            .bind(&chat.by.display_name)
            .bind(answer)
            .bind(now)
            .bind(answered_at)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if let Some(learning) = chat.learning.as_ref().filter(|_| inserted > 0) {
            add(&mut transaction, pull_request, (thread, comment), learning).await?;
        }
        let row: ChatRow = sqlx::query_as(sql::CHAT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(thread)
            .bind(comment)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        row.taken()
    }

    /// What was decided about a comment; None: nothing yet.
    pub async fn chat(&self, pull_request: &PullRequestKey, thread: u64, comment: u64) -> Result<Option<TakenChat>, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let row: Option<ChatRow> = sqlx::query_as(sql::CHAT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .bind(stored_number(thread, "a thread's number")?)
            .bind(stored_number(comment, "a comment's number")?)
            .fetch_optional(&self.read)
            .await?;
        row.map(ChatRow::taken).transpose()
    }

    /// The answer stands.
    pub async fn chat_answered(
        &self,
        pull_request: &PullRequestKey,
        thread: u64,
        comment: u64,
        now: Millis,
    ) -> Result<(), StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        sqlx::query(sql::CHAT_ANSWERED)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .bind(stored_number(thread, "a thread's number")?)
            .bind(stored_number(comment, "a comment's number")?)
            .bind(now)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}

#[derive(FromRow)]
struct ChatRow {
    answer: Option<String>,
    answered_at: Option<Millis>,
}

impl ChatRow {
    fn taken(self) -> Result<TakenChat, StoreError> {
        let answer = self.answer.as_deref().map(serde_json::from_str).transpose();
        let answer = answer.map_err(|error| StoreError::Corrupt(format!("an answer that was decided: {error}")))?;
        Ok(TakenChat { answer, answered_at: self.answered_at })
    }
}
