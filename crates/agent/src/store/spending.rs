//! What calls of models cost, summed up by pull request, day, role and model.
//!
//! Kept apart from the reviews: those that were cut, cancelled or failed have no record, and were paid for all the same; and
//! a review that takes up stored answers records what they cost, though nothing is paid again.

use review_core::{
    money::Money,
    pull_request::{PullRequestKey, RepositoryKey},
    usage::Usage,
};
use sqlx::{FromRow, sqlite::SqliteRow};

use super::{Millis, Store, StoreError, read_number, sql, stored_number};

const DAY: Millis = 24 * 60 * 60 * 1_000;
/// What one call may add to any sum: a million dollars, a trillion tokens. A server that counts nonsense must not make sums
/// overflow, which would fail every question after it.
const MOST_OF_A_CALL: i64 = 1_000_000_000_000;

/// A project that the agent has worked in.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KnownProject {
    pub collection: String,
    /// Its id.
    pub project: String,
    pub project_name: String,
}

impl KnownProject {
    /// Whether this is its id or its name.
    pub fn is_called(&self, name: &str) -> bool {
        self.project.eq_ignore_ascii_case(name) || self.project_name.eq_ignore_ascii_case(name)
    }
}

impl Store {
    /// Adds answered calls to the account of a pull request, on the day (UTC) of `now`.
    pub async fn record_spending(
        &self,
        pull_request: &PullRequestKey,
        role: &str,
        model: &str,
        usage: Usage,
        now: Millis,
    ) -> Result<(), StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let mut insert = sqlx::query(sql::SPENDING_ADD)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .bind(day_of(now))
            .bind(role)
            .bind(model);
        for number in numbers(usage) {
            insert = insert.bind(number.min(MOST_OF_A_CALL));
        }
        insert.execute(&self.write).await?;
        Ok(())
    }

    /// By all runs on the pull request.
    pub async fn spent_on_pull_request(&self, pull_request: &PullRequestKey) -> Result<Usage, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let sums = sqlx::query_as(sql::SPENT_ON_PULL_REQUEST)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?);
        let sums: UsageRow = sums.fetch_one(&self.read).await?;
        sums.try_into()
    }

    /// By all runs on the day (UTC) that `moment` is in.
    pub async fn spent_on_day(&self, moment: Millis) -> Result<Usage, StoreError> {
        let sums: UsageRow = sqlx::query_as(sql::SPENT_ON_DAY).bind(day_of(moment)).fetch_one(&self.read).await?;
        sums.try_into()
    }

    /// Keeps what people call a repository, for [`Store::spending_by_repository`] and its like.
    pub async fn name_repository(&self, key: &RepositoryKey, project: &str, repository: &str) -> Result<(), StoreError> {
        sqlx::query(sql::REPOSITORY_NAME_UPSERT)
            .bind(&key.collection)
            .bind(&key.project)
            .bind(&key.repository)
            .bind(project)
            .bind(repository)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Projects in which anything was reviewed.
    pub async fn known_projects(&self) -> Result<Vec<KnownProject>, StoreError> {
        Ok(sqlx::query_as(sql::KNOWN_PROJECTS).fetch_all(&self.read).await?)
    }

    /// Days (since 1970-01-01, UTC) on which anything was asked, from the day `since` on, in their order.
    pub async fn spending_by_day(&self, since: Option<i64>) -> Result<Vec<Spending<i64>>, StoreError> {
        let rows: Vec<DayRow> = self.spending(sql::SPENDING_BY_DAY, since).await?;
        rows.into_iter().map(|row| Ok(Spending { on: row.day, usage: row.usage.try_into()? })).collect()
    }

    /// Models by their names, from the day `since` on, the most expensive first.
    pub async fn spending_by_model(&self, since: Option<i64>) -> Result<Vec<Spending<String>>, StoreError> {
        let rows: Vec<ModelRow> = self.spending(sql::SPENDING_BY_MODEL, since).await?;
        rows.into_iter().map(|row| Ok(Spending { on: row.model, usage: row.usage.try_into()? })).collect()
    }

    /// From the day `since` on, the most expensive first.
    pub async fn spending_by_repository(&self, since: Option<i64>) -> Result<Vec<Spending<NamedRepository>>, StoreError> {
        let rows: Vec<RepositoryRow> = self.spending(sql::SPENDING_BY_REPOSITORY, since).await?;
        rows.into_iter().map(|row| Ok(Spending { usage: row.usage.try_into()?, on: row.named.into() })).collect()
    }

    /// Pull requests by their repository and number, from the day `since` on, the most expensive first.
    pub async fn spending_by_pull_request(
        &self,
        since: Option<i64>,
    ) -> Result<Vec<Spending<(NamedRepository, u64)>>, StoreError> {
        let rows: Vec<PullRequestRow> = self.spending(sql::SPENDING_BY_PULL_REQUEST, since).await?;
        let spending = rows.into_iter().map(|row| {
            let number = read_number(row.number, "the pull request number")?;
            Ok(Spending { usage: row.usage.try_into()?, on: (row.named.into(), number) })
        });
        spending.collect()
    }

    async fn spending<R>(&self, statement: &'static str, since: Option<i64>) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        Ok(sqlx::query_as(statement).bind(since.unwrap_or(i64::MIN)).fetch_all(&self.read).await?)
    }
}

/// What was spent on one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending<T> {
    pub on: T,
    pub usage: Usage,
}

/// A repository with the names that it had when it was last reviewed; its ids where none were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRepository {
    pub key: RepositoryKey,
    pub project_name: String,
    pub repository_name: String,
}

#[derive(FromRow)]
struct DayRow {
    day: i64,
    #[sqlx(flatten)]
    usage: UsageRow,
}

#[derive(FromRow)]
struct ModelRow {
    model: String,
    #[sqlx(flatten)]
    usage: UsageRow,
}

#[derive(FromRow)]
struct RepositoryRow {
    #[sqlx(flatten)]
    named: NamedRow,
    #[sqlx(flatten)]
    usage: UsageRow,
}

#[derive(FromRow)]
struct PullRequestRow {
    #[sqlx(flatten)]
    named: NamedRow,
    number: i64,
    #[sqlx(flatten)]
    usage: UsageRow,
}

#[derive(FromRow)]
pub(super) struct NamedRow {
    collection: String,
    project: String,
    repository: String,
    project_name: Option<String>,
    repository_name: Option<String>,
}

impl From<NamedRow> for NamedRepository {
    fn from(row: NamedRow) -> Self {
        let NamedRow { collection, project, repository, project_name, repository_name } = row;
        let (project_name, repository_name) =
            (project_name.unwrap_or_else(|| project.clone()), repository_name.unwrap_or_else(|| repository.clone()));
        Self { key: RepositoryKey { collection, project, repository }, project_name, repository_name }
    }
}

/// Days since the epoch.
fn day_of(moment: Millis) -> i64 {
    moment.div_euclid(DAY)
}

/// The columns of a [`Usage`].
#[derive(FromRow)]
pub(super) struct UsageRow {
    calls: i64,
    input_tokens: i64,
    cached_tokens: i64,
    output_tokens: i64,
    cost: i64,
    unpriced_calls: i64,
}

impl TryFrom<UsageRow> for Usage {
    type Error = StoreError;

    fn try_from(row: UsageRow) -> Result<Self, StoreError> {
        Ok(Self {
            calls: read_number(row.calls, "the number of model calls")?,
            input_tokens: read_number(row.input_tokens, "the number of input tokens")?,
            cached_tokens: read_number(row.cached_tokens, "the number of cached tokens")?,
            cache_write_tokens: 0,
            output_tokens: read_number(row.output_tokens, "the number of output tokens")?,
            cost: Money::from_micros(read_number(row.cost, "the cost of model calls")?),
            unpriced_calls: read_number(row.unpriced_calls, "the number of calls without a price")?,
        })
    }
}

/// The columns of a [`Usage`], in the order of [`UsageRow`]. Counts come from the model's server: an absurd one must not keep
/// the review from being recorded.
pub(super) fn numbers(usage: Usage) -> [i64; 6] {
    let Usage { calls, input_tokens, cached_tokens, output_tokens, cost, unpriced_calls, cache_write_tokens: _ } = usage;
    [calls, input_tokens, cached_tokens, output_tokens, cost.micros(), unpriced_calls]
        .map(|number| i64::try_from(number).unwrap_or(i64::MAX))
}
