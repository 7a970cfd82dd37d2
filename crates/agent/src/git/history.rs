//! What was done to a file, by the history that is here.

use jiff::Timestamp;
use review_core::{prompt::tools::PastCommit, pull_request::CommitId};

use super::{GitError, Repository};

/// What one commit may take of the output, with a long first line of its message.
const COMMIT_BYTES: u64 = 16 << 10;

impl Repository {
    /// The newest commits up to `commit` that touched a path, newest first, at most `most`. None when the history is not here:
    /// a mirror has none, and of a shallow clone the oldest commit seems to have made everything.
    pub async fn commits_of(&self, commit: &CommitId, path: &str, most: usize) -> Result<Option<Vec<PastCommit>>, GitError> {
        let shallow = self.command("ask whether the clone is shallow").args(["rev-parse", "--is-shallow-repository"]);
        if String::from_utf8_lossy(&shallow.run().await?).trim() != "false" {
            return Ok(None);
        }
        let (count, limit) = (most.to_string(), COMMIT_BYTES.saturating_mul(most as u64).max(COMMIT_BYTES));
        let log = self.command("read the history of a file").output_limit(limit).args([
            "--literal-pathspecs",
            "log",
            "-z",
            "--no-show-signature",
            "--no-mailmap",
            "--format=%H%n%at%n%an%n%s",
            "--max-count",
            count.as_str(),
            commit.as_str(),
            "--",
            path,
        ]);
        let output = log.run().await?;
        Ok(Some(output.split(|byte| *byte == 0).filter_map(past_commit).take(most).collect()))
    }
}

fn past_commit(record: &[u8]) -> Option<PastCommit> {
    let text = String::from_utf8_lossy(record);
    let mut lines = text.trim_start_matches('\n').splitn(4, '\n');
    let id = CommitId::parse(lines.next()?)?;
    let written = lines.next()?.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let author = lines.next()?.to_owned();
    let subject = lines.next().unwrap_or_default().trim().to_owned();
    let day = written.map(|written| written.strftime("%F").to_string()).unwrap_or_default();
    Some(PastCommit { id: id.to_string(), day, author, subject })
}
