//! Changes that the agent makes itself because a comment asked for them: documentation, tests, fixes, recipes; and plans, which change
//! nothing.
//!
//! A change is decided (`docstrings`, `unit_tests`, `fixes`, `edits`), stored with all its words, and then carried out (`carry_out`):
//! a commit by the API on a branch of the agent's own with a pull request, or on the source branch. What stands already is
//! found, and not made twice. Nothing is checked out, and nothing of the repository is executed.

mod carry_out;
mod docstrings;
mod edits;
mod files;
mod fixes;
mod objection;
mod planning;
mod unit_tests;

use review_core::{
    command::{Asked as Request, Command, is_done},
    configuration::Configuration,
    own_change::{OwnChange, OwnChangeKind, OwnPullRequest, WrittenFile},
    pull_request::{CommitId, Iteration, PullRequestState},
    render::{AccountOf, CommandReply, NotDone, account, command_result, description},
};

use self::carry_out::Standing;
pub(super) use self::objection::objection;
use super::{configuration::Settled, publish::Publisher, review::Reviewer, trouble::Trouble, writing::WrittenFor};
use crate::{
    git::Repository,
    llm::Model,
    store::{AskedBy, Writing},
};

/// Bytes of all files of a change.
const MAX_CHANGE_BYTES: usize = 4 << 20;
/// What the last line of every commit of ours begins with.
const ASKED_FOR_IN: &str = "Asked for in pull request ";
/// Questions that are open at the same moment.
const QUESTIONS_AT_ONCE: usize = 4;

/// All that a change is decided by.
struct Occasion<'a> {
    publisher: &'a Publisher<'a>,
    state: &'a PullRequestState,
    iteration: &'a Iteration,
    configuration: &'a Configuration,
    repository: &'a Repository,
    model: &'a Model,
}

/// What is to be written, and what of the wish is not.
#[derive(Debug, Default)]
struct Draft {
    files: Vec<WrittenFile>,
    /// One line each, as markdown.
    done: Vec<String>,
    not_done: Vec<NotDone>,
    /// What it is called: the title of the pull request, the first line of the commit.
    title: String,
    /// What is said when there was nothing to do at all.
    nothing: &'static str,
}

enum Decided {
    Change(Box<OwnChange>),
    /// Markdown.
    Told(String),
}

/// What is made for these words of a job; None: no change of the agent's own.
pub(super) fn kind_of(writing: Writing) -> Option<OwnChangeKind> {
    match writing {
        Writing::Summary | Writing::Diagram | Writing::Plan => None,
        Writing::Docstrings => Some(OwnChangeKind::Docstrings),
        Writing::UnitTests => Some(OwnChangeKind::UnitTests),
        Writing::Autofix => Some(OwnChangeKind::Fixes),
        Writing::AutofixStacked => Some(OwnChangeKind::StackedFixes),
        Writing::Simplify => Some(OwnChangeKind::Simplification),
        Writing::Recipe => Some(OwnChangeKind::Recipe),
    }
}

/// The command that has this written.
pub(super) fn command_of(writing: Writing) -> Command {
    match writing {
        Writing::Summary => Command::Summary,
        Writing::Diagram => Command::Diagram,
        Writing::Docstrings => Command::Docstrings,
        Writing::UnitTests => Command::UnitTests,
        Writing::Autofix => Command::Autofix,
        Writing::AutofixStacked => Command::AutofixStacked,
        Writing::Simplify => Command::Simplify,
        Writing::Recipe => Command::Run,
        Writing::Plan => Command::Plan,
    }
}

impl Reviewer {
    /// Makes what was asked for, or tells why not, and answers in its thread.
    pub(super) async fn make(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        asked: WrittenFor,
    ) -> Result<&'static str, Trouble> {
        let request = Request::Command(command_of(asked.writing));
        let pull_request = publisher.key;
        let asked_by = AskedBy { pull_request, thread: asked.thread, comment: asked.comment, word: request.word() };
        // A run that ended between its answer and the end of its job is started again; what was stored is gone then, and the fixes
        // of another decision would be another commit.
        if is_done(state, asked.thread, asked.comment, request) {
            self.store.end_own_change(asked_by).await?;
            return Ok("answered");
        }
        let decided = match self.store.own_change(asked_by).await? {
            Some(change) => Decided::Change(Box::new(change)),
            None => Box::pin(self.decide(publisher, state, asked)).await?,
        };
        let told = match decided {
            Decided::Told(told) => told,
            Decided::Change(change) => {
                self.store.decide_own_change(publisher.lease, asked_by, &change, (self.clock)()).await?;
                let made = self.carry_out(publisher, state, &change).await?;
                carry_out::told(&change, &made)
            }
        };
        let reply = CommandReply::Told(&told);
        let text = command_result(asked.comment, request, &reply, &state.me.display_name);
        publisher.reply(asked.thread, asked.comment, &text).await?;
        self.store.end_own_change(asked_by).await?;
        Ok("made")
    }

    async fn decide(&self, publisher: &Publisher<'_>, state: &PullRequestState, asked: WrittenFor) -> Result<Decided, Trouble> {
        let Some(iteration) = state.newest_iteration() else {
            return Ok(Decided::Told("**Nothing to do.** The service lists no change of this pull request.".to_owned()));
        };
        let Settled { effective, .. } = publisher.reading(self.configurations.of(state)).await?;
        let configuration = &effective.configuration;
        let recipe = match asked.writing {
            Writing::Recipe => objection::recipe_of(state, asked, configuration),
            _ => None,
        };
        let kind = kind_of(asked.writing);
        let branch = kind.map(|kind| match kind {
            OwnChangeKind::Fixes => state.pull_request.source_ref.clone(),
            kind => kind.branch(&iteration.head, recipe.as_ref().map_or("", |recipe| &recipe.name)),
        });
        if let Some(branch) = branch.as_ref().filter(|_| kind != Some(OwnChangeKind::Fixes))
            && let Some(standing) = publisher.reading(self.standing(publisher, state, &iteration.head, branch)).await?
        {
            return Ok(Decided::Told(Standing::told(&standing, branch)));
        }
        let earlier = fixes::heads_of_findings(state, asked.writing);
        let fetched = self.fetch(publisher.key, state, iteration, earlier);
        let repository = &publisher.reading(Box::pin(fetched)).await?;
        if configuration.reviews.disable_cache {
            repository.forget_after_use();
        }
        let model = &self.model_for(publisher, asked);
        let occasion = Occasion { publisher, state, iteration, configuration, repository, model };
        let draft = match asked.writing {
            Writing::Plan => {
                let planned = publisher.reading(Box::pin(self.planned_work(&occasion))).await?;
                return Ok(Decided::Told(planned));
            }
            Writing::Docstrings => publisher.reading(Box::pin(docstrings::draft(&occasion))).await?,
            Writing::UnitTests => publisher.reading(Box::pin(unit_tests::draft(&occasion, self.prompt_tokens))).await?,
            Writing::Autofix | Writing::AutofixStacked => publisher.reading(Box::pin(fixes::draft(&occasion))).await?,
            Writing::Simplify => publisher.reading(Box::pin(edits::draft(&occasion, None))).await?,
            Writing::Recipe => match &recipe {
                Some(recipe) => publisher.reading(Box::pin(edits::draft(&occasion, Some(recipe)))).await?,
                None => return Ok(Decided::Told("**Not done.** The recipe is not there any more.".to_owned())),
            },
            Writing::Summary | Writing::Diagram => Draft::default(),
        };
        let (Some(kind), Some(branch)) = (kind, branch) else { return Ok(Decided::Told(String::new())) };
        Ok(decided(state, &iteration.head, kind, branch, asked, draft))
    }
}

fn decided(
    state: &PullRequestState,
    head: &CommitId,
    kind: OwnChangeKind,
    branch: String,
    asked: WrittenFor,
    draft: Draft,
) -> Decided {
    let Draft { files, done, not_done, title, nothing } = draft;
    let account = account(&AccountOf { kind, done: &done, not_done: &not_done });
    if files.is_empty() {
        let told = if account.is_empty() {
            format!("**Nothing to do.** {nothing}")
        } else {
            format!("**Nothing was changed.**\n\n{account}")
        };
        return Decided::Told(told);
    }
    if files.iter().map(|file| file.text.len()).sum::<usize>() > MAX_CHANGE_BYTES {
        return Decided::Told("**Not done.** The change would be larger than four megabytes.".to_owned());
    }
    let number = state.pull_request.key.id;
    // Names the request: so this commit is known again, and told from one that somebody else made.
    let message = format!("{title}\n\n{ASKED_FOR_IN}{number}, thread {}, comment {}.", asked.thread, asked.comment);
    let description = description(kind, number, head, &account);
    let pull_request = (kind != OwnChangeKind::Fixes).then(|| OwnPullRequest { title: title.clone(), description });
    Decided::Change(Box::new(OwnChange { kind, onto: head.clone(), branch, message, files, pull_request, account }))
}

/// "one file" or "3 files".
fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("one {one}") } else { format!("{count} {many}") }
}
