//! What people taught in words.

use review_core::{
    learning::Learning,
    pull_request::{PullRequestKey, RepositoryKey},
};
use sqlx::{FromRow, Sqlite, Transaction};

use super::{Millis, NamedRepository, Store, StoreError, read_number, spending::NamedRow, sql, stored_number};

/// The newest ones that are looked at.
const MAX_LEARNINGS: u32 = 2_000;

/// How far learnings reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaches {
    Repository,
    Project,
    Collection,
}

/// A learning with where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLearning {
    pub learning: Learning,
    /// In which it was taught.
    pub repository: RepositoryKey,
    /// When somebody let it count before its delay is over.
    pub approved_at: Option<Millis>,
}

impl Store {
    /// Those of a repository, or of its project or collection; the newest first, at most 2,000.
    pub async fn learnings(&self, repository: &RepositoryKey, reaches: Reaches) -> Result<Vec<KnownLearning>, StoreError> {
        let RepositoryKey { collection, project, repository: name } = repository;
        let (project, name) = match reaches {
            Reaches::Repository => (Some(project), Some(name)),
            Reaches::Project => (Some(project), None),
            Reaches::Collection => (None, None),
        };
        let rows: Vec<LearningRow> = sqlx::query_as(sql::LEARNINGS)
            .bind(collection)
            .bind(project)
            .bind(name)
            .bind(i64::from(MAX_LEARNINGS))
            .fetch_all(&self.read)
            .await?;
        rows.into_iter().map(LearningRow::known).collect()
    }

    /// Repositories in which somebody taught something, by their names.
    pub async fn repositories_with_learnings(&self) -> Result<Vec<NamedRepository>, StoreError> {
        let rows: Vec<NamedRow> = sqlx::query_as(sql::LEARNING_REPOSITORIES).fetch_all(&self.read).await?;
        Ok(rows.into_iter().map(NamedRepository::from).collect())
    }

    /// Lets a learning count whatever its delay; whether there is one of this id.
    pub async fn approve_learning(&self, id: &str, now: Millis) -> Result<bool, StoreError> {
        let approved = sqlx::query(sql::LEARNING_APPROVE).bind(id).bind(now).execute(&self.write).await?;
        Ok(approved.rows_affected() > 0)
    }

    /// Deletes a learning; whether there was one of this id.
    pub async fn forget_learning(&self, id: &str) -> Result<bool, StoreError> {
        let forgotten = sqlx::query(sql::LEARNING_FORGET).bind(id).execute(&self.write).await?;
        Ok(forgotten.rows_affected() > 0)
    }

    /// For a repository that wants nothing kept: deletes its learnings, and lets the outcomes of its findings count for nothing,
    /// without their words. How many learnings were deleted.
    pub async fn keep_nothing(&self, repository: &RepositoryKey) -> Result<u64, StoreError> {
        let mut transaction = self.begin().await?;
        let deleted = sqlx::query(sql::LEARNINGS_FORGET)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        sqlx::query(sql::OUTCOMES_FORGET)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(None::<&str>)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(deleted)
    }

    /// For a pull request of which nothing is to be kept: lets the outcomes of its findings count for nothing, without their words.
    pub async fn keep_nothing_of(&self, pull_request: &PullRequestKey) -> Result<(), StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        sqlx::query(sql::OUTCOMES_FORGET_OF_PULL_REQUEST)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}

/// `place`: thread and comment that it was taught in. An id that another learning has is an error: the answer that goes with it
/// would announce what is not kept.
pub(super) async fn add(
    transaction: &mut Transaction<'static, Sqlite>,
    pull_request: &PullRequestKey,
    place: (i64, i64),
    learning: &Learning,
) -> Result<(), StoreError> {
    let PullRequestKey { repository, id } = pull_request;
    let inserted = sqlx::query(sql::LEARNING_INSERT)
        .bind(&learning.id)
        .bind(&repository.collection)
        .bind(&repository.project)
        .bind(&repository.repository)
        .bind(stored_number(*id, "the pull request number")?)
        .bind(place.0)
        .bind(place.1)
        .bind(&learning.path)
        .bind(&learning.text)
        .bind(&learning.taught_by)
        .bind(learning.taught_at)
        .execute(&mut **transaction)
        .await?
        .rows_affected();
    if inserted == 0 {
        return Err(StoreError::Corrupt(format!("there is another learning {}", learning.id)));
    }
    Ok(())
}

#[derive(FromRow)]
struct LearningRow {
    id: String,
    collection: String,
    project: String,
    repository: String,
    number: i64,
    path: String,
    text: String,
    taught_by: String,
    taught_at: Millis,
    approved_at: Option<Millis>,
}

impl LearningRow {
    fn known(self) -> Result<KnownLearning, StoreError> {
        let Self { id, collection, project, repository, number, path, text, taught_by, taught_at, approved_at } = self;
        let pull_request = read_number(number, "the pull request number")?;
        Ok(KnownLearning {
            learning: Learning { id, text, path, taught_by, pull_request, taught_at },
            repository: RepositoryKey { collection, project, repository },
            approved_at,
        })
    }
}
