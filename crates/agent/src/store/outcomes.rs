//! What became of the findings that were posted.
//!
//! A row is written when a finding is posted, or when its thread is first seen; what was posted is never changed by what is
//! read later, since others may write to a thread and its properties. How the thread stands is written over at each reading.

use std::collections::HashMap;

use review_core::{
    finding::{Category, Fingerprint},
    learning::{History, Label, Outcome, PostedFinding, Reaction, SeenFinding},
    pull_request::{PullRequestKey, PullRequestStatus, RepositoryKey, ThreadStatus},
};
use sqlx::{FromRow, Sqlite, Transaction};

use super::{
    Lease, Millis, NamedRepository, Store, StoreError, lease::fence, read_number, spending::NamedRow, sql, stored_number,
};

/// The newest findings of a repository that are learned from.
const MAX_OUTCOMES: u32 = 1_000;
/// A status that this version does not know is kept in so many characters.
const MAX_WORD_CHARS: usize = 50;

/// A finding whose outcome became another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    pub category: Category,
    pub label: Label,
}

/// What is known of a finding of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOutcome {
    pub posted: PostedFinding,
    /// None: its thread was not seen yet.
    pub thread: Option<u64>,
    pub reaction: Reaction,
    /// When its category was woken, since when it counts no more for that.
    pub woken_at: Option<Millis>,
    /// Whether it counts for nothing any more.
    pub is_forgotten: bool,
}

impl Store {
    /// Notes that findings were posted; fenced. Those that are known already stay as they are.
    pub async fn record_posted(
        &self,
        lease: &Lease,
        pull_request: &PullRequestKey,
        posted: &[PostedFinding],
        now: Millis,
    ) -> Result<(), StoreError> {
        if posted.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        for finding in posted {
            add(&mut transaction, pull_request, finding, now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Notes how threads stand; fenced. The findings whose label became another by it.
    ///
    /// Seeing the same again writes nothing. A finding that is not known (another database posted it) is taken as its thread
    /// tells it. One whose thread is not in `seen` keeps what is known of it.
    pub async fn record_seen(
        &self,
        lease: &Lease,
        pull_request: &PullRequestKey,
        seen: &[SeenFinding],
        now: Millis,
    ) -> Result<Vec<Turn>, StoreError> {
        let known = self.outcomes(pull_request).await?;
        let known: HashMap<&Fingerprint, &KnownOutcome> = known.iter().map(|known| (&known.posted.fingerprint, known)).collect();
        let mut turns = Vec::new();
        let mut changed = Vec::new();
        for finding in seen {
            let before = known.get(&finding.posted.fingerprint);
            let mut stands = finding.reaction.clone();
            stands.lines_changed = stands.lines_changed.or(before.and_then(|before| before.reaction.lines_changed));
            if before.is_some_and(|before| before.thread == Some(finding.thread) && before.reaction == stands) {
                continue;
            }
            changed.push(finding);
            let label = stands.label();
            if before.map_or(Label::Open, |before| before.reaction.label()) != label {
                let category = before.map_or(finding.posted.category, |before| before.posted.category);
                turns.push(Turn { category, label });
            }
        }
        if changed.is_empty() {
            return Ok(turns);
        }
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        for finding in changed {
            if !known.contains_key(&finding.posted.fingerprint) {
                add(&mut transaction, pull_request, &finding.posted, now).await?;
            }
            see(&mut transaction, pull_request, finding, now).await?;
        }
        transaction.commit().await?;
        Ok(turns)
    }

    /// What is known of the findings of a pull request, the oldest first.
    pub async fn outcomes(&self, pull_request: &PullRequestKey) -> Result<Vec<KnownOutcome>, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let rows: Vec<OutcomeRow> = sqlx::query_as(sql::OUTCOMES_OF_PULL_REQUEST)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .fetch_all(&self.read)
            .await?;
        rows.into_iter().filter_map(OutcomeRow::known).collect()
    }

    /// What the newest findings of a repository teach, forgotten ones left out.
    pub async fn history(&self, repository: &RepositoryKey) -> Result<History, StoreError> {
        let known = self.newest_outcomes(repository).await?;
        Ok(History::of(known.into_iter().map(|known| Outcome {
            label: known.reaction.label(),
            counts: known.woken_at.is_none(),
            category: known.posted.category,
            path: known.posted.path,
            claim: known.posted.claim,
        })))
    }

    /// The newest findings of a repository, forgotten ones left out, the newest first; at most 1,000.
    pub async fn newest_outcomes(&self, repository: &RepositoryKey) -> Result<Vec<KnownOutcome>, StoreError> {
        let rows: Vec<OutcomeRow> = sqlx::query_as(sql::OUTCOMES_OF_REPOSITORY)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(i64::from(MAX_OUTCOMES))
            .fetch_all(&self.read)
            .await?;
        rows.into_iter().filter_map(OutcomeRow::known).collect()
    }

    /// Repositories with findings that are not forgotten, by their names.
    pub async fn repositories_with_outcomes(&self) -> Result<Vec<NamedRepository>, StoreError> {
        let rows: Vec<NamedRow> = sqlx::query_as(sql::OUTCOME_REPOSITORIES).fetch_all(&self.read).await?;
        Ok(rows.into_iter().map(NamedRepository::from).collect())
    }

    /// Pull requests of a project with findings that were posted at `since` or later, whose end was not seen; the newest
    /// first, at most `limit`.
    pub async fn pull_requests_without_end(
        &self,
        collection: &str,
        project: &str,
        since: Millis,
        limit: u32,
    ) -> Result<Vec<PullRequestKey>, StoreError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(sql::OUTCOMES_WITHOUT_END)
            .bind(collection)
            .bind(project)
            .bind(since)
            .bind(i64::from(limit))
            .fetch_all(&self.read)
            .await?;
        let keys = rows.into_iter().map(|(repository, number, _)| {
            let repository = RepositoryKey { collection: collection.to_owned(), project: project.to_owned(), repository };
            Ok(PullRequestKey { repository, id: read_number(number, "the pull request number")? })
        });
        keys.collect()
    }

    /// Counts the outcomes of a category (None: of all) anew from now on: one that is silent in the repository is heard
    /// again. How many findings count no more for their category; what was rejected stays rejected.
    pub async fn wake(&self, repository: &RepositoryKey, category: Option<Category>, now: Millis) -> Result<u64, StoreError> {
        let woken = sqlx::query(sql::OUTCOMES_WAKE)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(now)
            .bind(category.map(Category::key))
            .execute(&self.write)
            .await?;
        Ok(woken.rows_affected())
    }

    /// Lets what was learned of a category (None: of all) count for nothing any more: neither for the category, nor against or
    /// for a finding that is near. How many findings.
    pub async fn forget(&self, repository: &RepositoryKey, category: Option<Category>) -> Result<u64, StoreError> {
        let forgotten = sqlx::query(sql::OUTCOMES_FORGET)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(category.map(Category::key))
            .execute(&self.write)
            .await?;
        Ok(forgotten.rows_affected())
    }
}

async fn add(
    transaction: &mut Transaction<'static, Sqlite>,
    pull_request: &PullRequestKey,
    posted: &PostedFinding,
    now: Millis,
) -> Result<(), StoreError> {
    let PullRequestKey { repository, id } = pull_request;
    sqlx::query(sql::OUTCOME_ADD)
        .bind(&repository.collection)
        .bind(&repository.project)
        .bind(&repository.repository)
        .bind(stored_number(*id, "the pull request number")?)
        .bind(&posted.fingerprint.0)
        .bind(posted.category.key())
        .bind(&posted.path)
        .bind(&posted.claim)
        .bind(i64::from(posted.iteration))
        .bind(now)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn see(
    transaction: &mut Transaction<'static, Sqlite>,
    pull_request: &PullRequestKey,
    finding: &SeenFinding,
    now: Millis,
) -> Result<(), StoreError> {
    let PullRequestKey { repository, id } = pull_request;
    let SeenFinding { posted, thread, reaction } = finding;
    sqlx::query(sql::OUTCOME_SEE)
        .bind(&repository.collection)
        .bind(&repository.project)
        .bind(&repository.repository)
        .bind(stored_number(*id, "the pull request number")?)
        .bind(&posted.fingerprint.0)
        .bind(stored_number(*thread, "the thread number")?)
        .bind(status_word(&reaction.status))
        .bind(i64::from(reaction.is_deleted))
        .bind(i64::from(reaction.replies))
        .bind(i64::from(reaction.likes))
        .bind(end_word(&reaction.pull_request))
        .bind(reaction.lines_changed.map(i64::from))
        .bind(now)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

#[derive(FromRow)]
struct OutcomeRow {
    fingerprint: String,
    category: String,
    path: String,
    claim: String,
    iteration: i64,
    thread: Option<i64>,
    status: String,
    is_deleted: i64,
    replies: i64,
    likes: i64,
    pull_request: String,
    lines_changed: Option<i64>,
    woken_at: Option<Millis>,
    is_forgotten: i64,
}

impl OutcomeRow {
    /// None for a category that this version does not know.
    fn known(self) -> Option<Result<KnownOutcome, StoreError>> {
        let category = Category::ALL.into_iter().find(|category| category.key() == self.category)?;
        Some(self.read(category))
    }

    fn read(self, category: Category) -> Result<KnownOutcome, StoreError> {
        Ok(KnownOutcome {
            posted: PostedFinding {
                fingerprint: Fingerprint(self.fingerprint),
                category,
                path: self.path,
                claim: self.claim,
                iteration: read_number(self.iteration, "an iteration")?,
            },
            thread: self.thread.map(|thread| read_number(thread, "the thread number")).transpose()?,
            reaction: Reaction {
                status: status_of(&self.status),
                is_deleted: self.is_deleted != 0,
                replies: read_number(self.replies, "a count of replies")?,
                likes: read_number(self.likes, "a count of likes")?,
                pull_request: end_of(&self.pull_request),
                lines_changed: self.lines_changed.map(|changed| changed != 0),
            },
            woken_at: self.woken_at,
            is_forgotten: self.is_forgotten != 0,
        })
    }
}

fn status_word(status: &ThreadStatus) -> String {
    match status {
        ThreadStatus::Active => "active".to_owned(),
        ThreadStatus::Pending => "pending".to_owned(),
        ThreadStatus::Fixed => "fixed".to_owned(),
        ThreadStatus::WontFix => "wont_fix".to_owned(),
        ThreadStatus::ByDesign => "by_design".to_owned(),
        ThreadStatus::Closed => "closed".to_owned(),
        ThreadStatus::Other(word) => format!("other:{}", word.chars().take(MAX_WORD_CHARS).collect::<String>()),
    }
}

fn status_of(word: &str) -> ThreadStatus {
    match word {
        "active" => ThreadStatus::Active,
        "pending" => ThreadStatus::Pending,
        "fixed" => ThreadStatus::Fixed,
        "wont_fix" => ThreadStatus::WontFix,
        "by_design" => ThreadStatus::ByDesign,
        "closed" => ThreadStatus::Closed,
        other => ThreadStatus::Other(other.strip_prefix("other:").unwrap_or(other).to_owned()),
    }
}

/// A word that we do not know is no end.
fn end_word(status: &PullRequestStatus) -> &'static str {
    match status {
        PullRequestStatus::Active | PullRequestStatus::Other(_) => "active",
        PullRequestStatus::Completed => "completed",
        PullRequestStatus::Abandoned => "abandoned",
    }
}

fn end_of(word: &str) -> PullRequestStatus {
    match word {
        "completed" => PullRequestStatus::Completed,
        "abandoned" => PullRequestStatus::Abandoned,
        _ => PullRequestStatus::Active,
    }
}
