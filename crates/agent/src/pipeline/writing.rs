//! What somebody asked to have written by a command: the summary of the description, or a sequence diagram, by one question to the
//! model, whatever was reviewed. Changes of code go on in `own_change`.

use std::collections::BTreeSet;

use review_core::{
    command::Asked as Request,
    description,
    finding::answer::WalkthroughAnswer,
    prompt,
    pull_request::{PullRequestKey, PullRequestState, PullRequestStatus},
    render::{CommandReply, command_result, neutralise},
    sections::{Asked, Material, Sections, sections, summary_place},
};
use tokio_util::sync::CancellationToken;

use super::{
    analysis::AnalysisError,
    configuration::Settled,
    desired::MAX_SUMMARY_CHARS,
    evidence::{Context, gather},
    own_change::command_of,
    publish::Publisher,
    review::Reviewer,
    trouble::Trouble,
};
use crate::{
    azure_devops::PullRequestText,
    jobs::JobEnd,
    llm::{Account, Model, ModelError, Role},
    store::{ClaimedJob, Writing},
};

/// The comment that asked, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenFor {
    pub(super) thread: u64,
    pub(super) comment: u64,
    pub(super) writing: Writing,
}

impl WrittenFor {
    fn request(self) -> Request {
        Request::Command(command_of(self.writing))
    }
}

impl Reviewer {
    /// Writes what was asked for, and answers in its thread what became of it.
    pub(super) async fn write_for(
        &self,
        job: &ClaimedJob,
        key: &PullRequestKey,
        asked: WrittenFor,
        cancel: &CancellationToken,
    ) -> JobEnd {
        let (lease, lease_for, clock) = (&job.lease, self.lease_for, self.clock);
        let publisher =
            Publisher { azure: &self.azure, store: &self.store, lease, lease_for, key, cancel, clock, tells_status: true };
        let (end, given_up) = self.ended(job, key, cancel, Box::pin(self.write(&publisher, asked))).await;
        if let Some(problem) = given_up {
            self.say_not_written(&publisher, asked, &problem).await;
        }
        end
    }

    /// Best effort: what cannot be said is in the log.
    async fn say_not_written(&self, publisher: &Publisher<'_>, asked: WrittenFor, problem: &str) {
        let told = async {
            let me = self.azure.me(&publisher.key.repository.collection).await?;
            let reply = CommandReply::NotWritten { problem };
            let text = command_result(asked.comment, asked.request(), &reply, &me.display_name);
            publisher.reply(asked.thread, asked.comment, &text).await.map_err(Trouble::from)
        };
        if let Err(error) = told.await {
            tracing::warn!(pull_request = %publisher.key, %error, "that nothing was written could not be told");
        }
    }

    async fn write(&self, publisher: &Publisher<'_>, asked: WrittenFor) -> Result<&'static str, Trouble> {
        let state = publisher.reading(self.azure.state(publisher.key)).await?;
        if state.pull_request.status != PullRequestStatus::Active {
            return Ok("not_active");
        }
        let written = match asked.writing {
            Writing::Summary | Writing::Diagram => self.write_text(publisher, &state, asked).await,
            _ => self.make(publisher, &state, asked).await,
        };
        match written {
            // Another attempt would reach it as well, and who asked shall know whom to ask.
            Err(Trouble::Analysis(AnalysisError::Model(ModelError::CostLimit(reached)))) => {
                let sentence = reached.sentence();
                self.say_not_written(publisher, asked, sentence.trim_end_matches('.')).await;
                Ok("cost_limit")
            }
            written => written,
        }
    }

    async fn write_text(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        asked: WrittenFor,
    ) -> Result<&'static str, Trouble> {
        let said = publisher.reading(Box::pin(self.said(publisher, state, asked))).await?;
        let words = |reply: &CommandReply<'_>| command_result(asked.comment, asked.request(), reply, &state.me.display_name);
        let text = match (asked.writing, said) {
            (_, None) => words(&CommandReply::NothingToReview),
            (Writing::Diagram, Some(Said { sections, .. })) if sections.diagrams.is_empty() => words(&CommandReply::NoDiagram),
            (Writing::Diagram, Some(Said { sections, .. })) => words(&CommandReply::Diagram(&sections.diagrams)),
            (_, Some(Said { sections, placeholder })) => {
                let place = description::Place { placeholder: &placeholder, at_end: true };
                let summary = neutralise(&sections.release_notes, MAX_SUMMARY_CHARS);
                if summary.is_empty() {
                    words(&CommandReply::NotWritten { problem: "the model wrote none" })
                } else {
                    let edit = |text: &str| description::with_summary(text, &summary, place);
                    publisher.edit(PullRequestText::Description, &edit).await?;
                    let now = publisher.reading(self.azure.state(publisher.key)).await?.pull_request.description;
                    words(&match (edit(&now), description::stands(&now)) {
                        (None, true) => CommandReply::SummaryWritten,
                        (None, false) => CommandReply::NoRoomForSummary,
                        (Some(_), _) => CommandReply::NotWritten { problem: "Azure DevOps did not take it" },
                    })
                }
            }
        };
        publisher.reply(asked.thread, asked.comment, &text).await?;
        Ok("written")
    }

    /// The model, with what it costs booked on the pull request, and answers that belong to this request alone.
    pub(super) fn model_for(&self, publisher: &Publisher<'_>, asked: WrittenFor) -> Model {
        self.model.on(Account {
            store: self.store.clone(),
            pull_request: publisher.key.clone(),
            limits: self.cost_limits,
            occasion: Some(format!("command {}/{}", asked.thread, asked.comment)),
            clock: self.clock,
        })
    }

    /// What the model wrote, without secrets; None: there is no change to write about.
    async fn said(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        asked: WrittenFor,
    ) -> Result<Option<Said>, Trouble> {
        let Some(iteration) = state.newest_iteration() else { return Ok(None) };
        let Settled { mut effective, .. } = self.configurations.of(state).await?;
        let reviews = &mut effective.configuration.reviews;
        // Whatever the repository wants of every review: this was asked for.
        match asked.writing {
            Writing::Summary => (reviews.high_level_summary, reviews.high_level_summary_in_walkthrough) = (true, false),
            _ => reviews.sequence_diagrams = true,
        }
        let repository = self.fetch(publisher.key, state, iteration, BTreeSet::new()).await?;
        if effective.configuration.reviews.disable_cache {
            repository.forget_after_use();
        }
        // No finder looks at it, and no neighbour is told of.
        let context = Context::default();
        let change = context.change(state, iteration, &repository, &effective.configuration);
        let model = &self.model_for(publisher, asked);
        let evidence = gather(change, model.redactor(), self.prompt_tokens).await?;
        evidence.check_room()?;
        if evidence.pack.included.is_empty() && evidence.overview.included.is_empty() {
            return Ok(None);
        }
        let material = Material { reviews: &effective.configuration.reviews, ..change.material() };
        let wanted = Asked::of(&material);
        let wanted = match asked.writing {
            Writing::Summary => Asked { release_notes: wanted.release_notes, ..Asked::default() },
            _ => Asked { diagrams: true, ..Asked::default() },
        };
        let question = prompt::walkthrough() + &prompt::sections(&wanted) + &prompt::writer_manner(&effective.configuration);
        let asking = model.ask::<WalkthroughAnswer>(Role::Light, evidence.overview_text(), &question, publisher.cancel);
        let reply = asking.await.map_err(AnalysisError::from)?;
        let mut answer = reply.answer.sections;
        for text in answer.texts_mut() {
            *text = model.redactor().redact(text).text.into_owned();
        }
        let placeholder = summary_place(&effective.configuration.reviews).placeholder.to_owned();
        Ok(Some(Said { sections: sections(&answer, &material, &BTreeSet::new()), placeholder }))
    }
}

struct Said {
    sections: Sections,
    placeholder: String,
}
