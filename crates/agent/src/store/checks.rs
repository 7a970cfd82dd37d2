//! What came of the checks of the iteration that was reviewed last.

use review_core::{
    checks::CheckReport,
    pull_request::{Iteration, PullRequestKey},
};

use super::{Lease, Millis, Store, StoreError, lease::fence, sql, stored_number};

impl Store {
    /// The report of this very iteration. One that this version cannot read counts as none: then the checks wait for the next
    /// push.
    pub async fn check_report(
        &self,
        pull_request: &PullRequestKey,
        iteration: &Iteration,
    ) -> Result<Option<CheckReport>, StoreError> {
        let PullRequestKey { repository, id } = pull_request;
        let report: Option<String> = sqlx::query_scalar(sql::CHECK_REPORT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(stored_number(*id, "the pull request number")?)
            .bind(i64::from(iteration.id))
            .bind(iteration.head.as_str())
            .bind(iteration.base.as_str())
            .fetch_optional(&self.read)
            .await?;
        Ok(report.and_then(|report| match serde_json::from_str(&report) {
            Ok(report) => Some(report),
            Err(error) => {
                tracing::warn!(%pull_request, %error, "the stored report of checks cannot be read; they wait for the next push");
                None
            }
        }))
    }

    /// Takes the place of what came of the checks of an earlier iteration; fenced.
    pub async fn record_checks(
        &self,
        lease: &Lease,
        pull_request: &PullRequestKey,
        iteration: &Iteration,
        report: &CheckReport,
        now: Millis,
    ) -> Result<(), StoreError> {
        let report = serde_json::to_string(report)
            .map_err(|error| StoreError::Corrupt(format!("a report of checks cannot be written as JSON: {error}")))?;
        let PullRequestKey { repository, id } = pull_request;
        let number = stored_number(*id, "the pull request number")?;
        let mut transaction = self.begin().await?;
        fence(&mut transaction, lease).await?;
        sqlx::query(sql::CHECK_REPORT_UPSERT)
            .bind(&repository.collection)
            .bind(&repository.project)
            .bind(&repository.repository)
            .bind(number)
            .bind(i64::from(iteration.id))
            .bind(iteration.head.as_str())
            .bind(iteration.base.as_str())
            .bind(report)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}
