//! A change that was decided becomes a commit and a pull request, once.
//!
//! Every round begins with what stands there: a push whose answer was lost, a run that was cut between push and pull request and a
//! second delivery all find the commit by its parent and its message, and go on from there.

use review_core::{
    own_change::{OwnChange, OwnPullRequest},
    pull_request::{CommitId, PullRequestState},
    render::neutralise,
};

use super::ASKED_FOR_IN;
use crate::{
    azure_devops::{AzureDevOpsError, Opened, PullRequestFrom, Pushed, StandingCommit},
    pipeline::{publish::Publisher, review::Reviewer, trouble::Trouble},
};

/// Rounds of look and write: an answer that did not come may hide a write that was made.
const ROUNDS: usize = 4;
/// Of what Azure DevOps says about a refusal.
const MAX_REFUSAL_CHARS: usize = 500;

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Made {
    Commit(CommitId),
    PullRequest(u64),
    /// The branch is not where it was when the change was decided.
    MovedOn,
    /// The branch of that name holds something else, or somebody else opened a pull request from it.
    Taken,
    /// Markdown.
    Refused(String),
}

/// What stands already for the same wish at the same head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    PullRequest(PullRequestFrom),
    /// A branch without a pull request of ours, or with something else on it. Its name is easily guessed.
    Branch,
}

impl Standing {
    pub(super) fn told(&self, branch: &str) -> String {
        match self {
            Self::PullRequest(PullRequestFrom { id, is_active: true, .. }) => {
                format!("**Made already: !{id}** is open for this state of the pull request.")
            }
            Self::PullRequest(PullRequestFrom { id, is_active: false, .. }) => format!(
                "**Made already: !{id}** was opened for this state of the pull request, and closed. The next push, or the deletion of \
                 its branch {}, makes room for another.",
                quoted(branch)
            ),
            Self::Branch => taken(branch),
        }
    }
}

fn taken(branch: &str) -> String {
    format!(
        "**Not done.** The branch {} stands there, and is none that this request made, or somebody else opened a pull request from \
         it; delete it, and give the command again.",
        quoted(branch)
    )
}

/// Names of branches are ours, or refs of git, which hold no backtick that ends a span.
fn quoted(branch: &str) -> String {
    format!("`{}`", branch.strip_prefix("refs/heads/").unwrap_or(branch).replace('`', "'"))
}

/// The answer to who asked.
pub(super) fn told(change: &OwnChange, made: &Made) -> String {
    let OwnChange { onto, branch, message, account, .. } = change;
    let title = message.lines().next().unwrap_or_default();
    match made {
        Made::Commit(commit) => format!(
            "**Committed to {}: `{}`** ({title}).\n\n{account}\n\nNothing was built or run. Threads stay open until the review of \
             this commit has looked at them.",
            quoted(branch),
            commit.short()
        ),
        Made::PullRequest(id) => format!("**Made: !{id}** ({title}).\n\n{account}"),
        Made::MovedOn => format!(
            "**Not done.** The source branch has moved on since `{}` was read, so nothing was committed. The command may be given \
             again.",
            onto.short()
        ),
        Made::Taken => taken(branch),
        Made::Refused(problem) => format!("**Not done.** {problem}"),
    }
}

impl Reviewer {
    /// What stands under the name of a branch of ours for this head.
    pub(super) async fn standing(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        head: &CommitId,
        branch: &str,
    ) -> Result<Option<Standing>, AzureDevOpsError> {
        let repository = &publisher.key.repository;
        let Some(_) = self.azure.branch_tip(repository, branch).await? else { return Ok(None) };
        let from = self.azure.pull_requests_from(repository, branch).await?;
        let Some(found) = own_among(state, &from) else { return Ok(Some(Standing::Branch)) };
        // People may have pushed on top of ours; and another pull request of the same branch may have asked for it.
        let made = self.commits_on(publisher, branch, head).await?;
        let is_ours = made.iter().any(|commit| commit.message.lines().any(|line| line.starts_with(ASKED_FOR_IN)));
        Ok(Some(if is_ours { Standing::PullRequest(found.clone()) } else { Standing::Branch }))
    }

    /// Writes what is missing of a change that was stored.
    pub(super) async fn carry_out(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        change: &OwnChange,
    ) -> Result<Made, Trouble> {
        let mut round = 1;
        loop {
            match self.carried(publisher, state, change).await {
                Err(Trouble::AzureDevOps(AzureDevOpsError::Unavailable { action, problem, .. })) if round < ROUNDS => {
                    tracing::warn!(pull_request = %publisher.key, action, problem, round, "a write was not answered; looking before writing again");
                    round += 1;
                }
                // Somebody was faster between look and write: what stands there now says more.
                Ok(None) if round < ROUNDS => round += 1,
                Ok(None) => return Ok(Made::MovedOn),
                Ok(Some(made)) => return Ok(made),
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// One round; None: what stood there changed meanwhile.
    async fn carried(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        change: &OwnChange,
    ) -> Result<Option<Made>, Trouble> {
        let repository = &publisher.key.repository;
        let tip = publisher.reading(self.azure.branch_tip(repository, &change.branch)).await?;
        let commit = match (&tip, &change.pull_request) {
            (Some(tip), Some(_)) => match publisher.reading(self.azure.standing_commit(repository, tip)).await? {
                Some(standing) if is_made_by(change, &standing) => standing.id,
                _ => return Ok(Some(Made::Taken)),
            },
            (None, None) => return Ok(Some(Made::MovedOn)),
            (Some(tip), None) if *tip != change.onto => {
                let ours = publisher.reading(self.ours_on_branch(publisher, change)).await?;
                return Ok(Some(ours.map_or(Made::MovedOn, Made::Commit)));
            }
            (None, Some(_)) | (Some(_), None) => {
                let azure = publisher.guard().await?;
                match azure.push(repository, change).await {
                    Ok(Pushed::Commit(commit)) => commit,
                    Ok(Pushed::Stale(message)) => {
                        let now = publisher.reading(self.azure.branch_tip(repository, &change.branch)).await?;
                        // Where nothing moved, something else is against it, as a policy may be.
                        let not_taken = || not_taken(&format!("the push to {}", quoted(&change.branch)), &message);
                        return Ok((now == tip).then(not_taken));
                    }
                    Err(error) => return refused(error, &format!("push to {}", quoted(&change.branch))).map(Some),
                }
            }
        };
        let Some(wanted) = &change.pull_request else { return Ok(Some(Made::Commit(commit))) };
        self.opened(publisher, state, change, wanted).await
    }

    async fn opened(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        change: &OwnChange,
        wanted: &OwnPullRequest,
    ) -> Result<Option<Made>, Trouble> {
        let repository = &publisher.key.repository;
        let from = publisher.reading(self.azure.pull_requests_from(repository, &change.branch)).await?;
        if let Some(found) = own_among(state, &from) {
            return Ok(Some(Made::PullRequest(found.id)));
        }
        let target = &state.pull_request.source_ref;
        // There is room for one, and it is somebody else's.
        if from.iter().any(|found| found.is_active && found.target == *target) {
            return Ok(Some(Made::Taken));
        }
        let azure = publisher.guard().await?;
        match azure.open_pull_request(repository, &change.branch, target, wanted).await {
            Ok(Opened::PullRequest(id)) => Ok(Some(Made::PullRequest(id))),
            Ok(Opened::Exists(message)) => {
                let now = publisher.reading(self.azure.pull_requests_from(repository, &change.branch)).await?;
                let not_taken =
                    || not_taken(&format!("a pull request from {}, which stands there", quoted(&change.branch)), &message);
                Ok((now == from).then(not_taken))
            }
            Err(error) => {
                let doing = format!("open a pull request from {}, which stands there", quoted(&change.branch));
                refused(error, &doing).map(Some)
            }
        }
    }

    /// The commit of this very change among the newest ones of its branch: people may have pushed on top of it.
    async fn ours_on_branch(&self, publisher: &Publisher<'_>, change: &OwnChange) -> Result<Option<CommitId>, AzureDevOpsError> {
        let found = self.commits_on(publisher, &change.branch, &change.onto).await?;
        Ok(found.into_iter().find(|standing| is_made_by(change, standing)).map(|standing| standing.id))
    }

    /// Those of the newest commits of a branch that were made on top of `onto`.
    async fn commits_on(
        &self,
        publisher: &Publisher<'_>,
        branch: &str,
        onto: &CommitId,
    ) -> Result<Vec<StandingCommit>, AzureDevOpsError> {
        let repository = &publisher.key.repository;
        let mut found = Vec::new();
        for id in self.azure.newest_commits(repository, branch).await? {
            if id == *onto {
                break;
            }
            let standing = self.azure.standing_commit(repository, &id).await?;
            found.extend(standing.filter(|standing| standing.parents == [onto.clone()]));
        }
        Ok(found)
    }
}

/// Our own pull request into the source branch, an open one first. One of somebody else's proves nothing, nor does one into
/// another branch.
fn own_among<'a>(state: &PullRequestState, from: &'a [PullRequestFrom]) -> Option<&'a PullRequestFrom> {
    let is_own = |found: &&PullRequestFrom| {
        let is_by_us = !state.me.id.is_empty() && found.author.eq_ignore_ascii_case(&state.me.id);
        is_by_us && found.target == state.pull_request.source_ref
    };
    from.iter().filter(is_own).find(|found| found.is_active).or_else(|| from.iter().find(is_own))
}

fn is_made_by(change: &OwnChange, standing: &StandingCommit) -> bool {
    let said = |text: &str| text.trim().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    standing.parents == [change.onto.clone()] && said(&standing.message) == said(&change.message)
}

/// What Azure DevOps will not take, in words; everything else is trouble, and may pass.
fn refused(error: AzureDevOpsError, doing: &str) -> Result<Made, Trouble> {
    let (needs, message) = match error {
        AzureDevOpsError::Forbidden { message, .. } => {
            let needs = " It needs *Contribute* and, for branches of its own, *Create branch* and *Contribute to pull requests* on this \
                         repository, and a token with *Code: read & write*.";
            (needs, message)
        }
        AzureDevOpsError::Refused { message, .. } | AzureDevOpsError::NotFound { message, .. } => ("", message),
        error => return Err(error.into()),
    };
    let said = neutralise(&message, MAX_REFUSAL_CHARS);
    Ok(Made::Refused(format!("The agent's identity may not {doing}.{needs} Azure DevOps says: {said}")))
}

fn not_taken(what: &str, message: &str) -> Made {
    let said = neutralise(message, MAX_REFUSAL_CHARS);
    Made::Refused(format!("Azure DevOps did not take {what}. It says: {said}"))
}
