//! Talk (`review_core::chat`): one job for each comment that waits.
//!
//! What is said and done about a comment is put on record before any of it is done: a run that was cut gives the same answer, asks
//! no model again, and creates nothing twice. A model's answer can close the thread of a finding, teach something, or have a work
//! item created; each only for a person who may, and nothing of it by the text of a comment alone.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use review_core::{
    chat::{self, Bound, MAX_ANSWERS, Waiting, may_be_given_up, speaks_of_item, spoken_comments, teaches},
    configuration::Configuration,
    finding::{StandingFinding, answer::ChatAnswer, standing_findings},
    learning::{Learning, kept, learning_id, nearest},
    prompt::{self, ChatInput, Spoken, writer_manner},
    publication::PublicationStep,
    pull_request::{Iteration, PullRequestKey, PullRequestState, PullRequestStatus, Side, Thread, ThreadStatus},
    render::{ChatReply, ItemMade, Taught, chat_reply, with_item},
};
use tokio_util::sync::CancellationToken;

use super::{
    analysis::{AnalysisError, named},
    elsewhere::Elsewhere,
    evidence::{Context, MAX_TEXT_BYTES, gather},
    excerpts::numbered,
    learnings::Speaker,
    looks::Lookout,
    past::Past,
    publish::Publisher,
    review::{Reviewer, review_job},
    trouble::Trouble,
    work_items,
};
use crate::{
    git::GitError,
    jobs::JobEnd,
    llm::{Account, Model, ModelError, Role},
    store::{ClaimedJob, KnownLearning, NewChat, NewJob, PlannedChat, PlannedItem},
};

/// Comments of one pull request that are taken on at a time.
const MAX_AT_A_TIME: usize = 20;
/// Turns in which the model may look further.
const TURNS: usize = 6;
/// Lines of code around the thread's place.
const MARGIN: u32 = 25;
const MAX_ITEM_TITLE_CHARS: usize = 200;

impl Reviewer {
    /// Queues a job for each comment that waits. Whoever is followed without being named is so only where the repository wants
    /// that.
    pub(super) async fn take_up_talk(&self, publisher: &Publisher<'_>, state: &PullRequestState) -> Result<bool, Trouble> {
        let key = publisher.key;
        let mut waiting = Vec::new();
        for found in chat::pending(state, (self.clock)()) {
            let taken = self.store.chat(key, found.thread, found.comment).await?;
            if taken.is_none_or(|taken| taken.answered_at.is_none()) {
                waiting.push(found);
            }
        }
        if waiting.iter().any(|waiting| !waiting.is_named) && !self.follows_threads(publisher, state).await? {
            waiting.retain(|waiting| waiting.is_named);
        }
        for Waiting { thread, comment, .. } in waiting.iter().take(MAX_AT_A_TIME) {
            self.store.enqueue(&NewJob::chat(key, (*thread, *comment), (self.clock)()), (self.clock)()).await?;
        }
        Ok(!waiting.is_empty())
    }

    async fn follows_threads(&self, publisher: &Publisher<'_>, state: &PullRequestState) -> Result<bool, Trouble> {
        let settled = publisher.reading(self.configurations.of(state)).await?;
        Ok(settled.effective.configuration.chat.auto_reply)
    }

    /// Answers one comment; `asked` is its thread and its number there.
    pub(super) async fn chat(
        &self,
        job: &ClaimedJob,
        key: &PullRequestKey,
        asked: (u64, u64),
        cancel: &CancellationToken,
    ) -> JobEnd {
        let (lease, lease_for, clock) = (&job.lease, self.lease_for, self.clock);
        let publisher =
            Publisher { azure: &self.azure, store: &self.store, lease, lease_for, key, cancel, clock, tells_status: true };
        let (end, given_up) = self.ended(job, key, cancel, Box::pin(self.answer_talk(&publisher, asked))).await;
        if let Some(problem) = given_up {
            self.say_not_answered(&publisher, asked, &problem).await;
        }
        end
    }

    /// Best effort: what cannot be said is in the log.
    async fn say_not_answered(&self, publisher: &Publisher<'_>, (thread, comment): (u64, u64), problem: &str) {
        self.metrics.chat("failed");
        let text = chat_reply(comment, "", &ChatReply::NotAnswered { problem });
        if let Err(error) = publisher.reply(thread, comment, &text).await {
            tracing::warn!(pull_request = %publisher.key, thread, %error, "that a comment is not answered could not be told");
        }
    }

    async fn answer_talk(&self, publisher: &Publisher<'_>, asked: (u64, u64)) -> Result<&'static str, Trouble> {
        let (key, (thread, comment)) = (publisher.key, asked);
        let state = publisher.reading(self.azure.state(key)).await?;
        // What was decided is carried to its end, though the answer may stand there already: a thread may have to be closed.
        let before = self.store.chat(key, thread, comment).await?;
        let is_again = before.is_some();
        let taken = match before {
            Some(taken) if is_there(&state, asked) => taken,
            Some(_) => return Ok("gone"),
            None => {
                let waiting = chat::pending(&state, (self.clock)());
                let Some(waiting) = waiting.into_iter().find(|waiting| (waiting.thread, waiting.comment) == asked) else {
                    return Ok("nothing_asked");
                };
                let planned = publisher.reading(Box::pin(self.plan_talk(publisher, &state, &waiting))).await?;
                let Some(Planned { answer, learning, result }) = planned else { return Ok("auto_reply_off") };
                self.metrics.chat(result);
                tracing::info!(pull_request = %key, thread, comment, result, by = waiting.by.id, "a comment is taken on");
                let chat = NewChat { thread, comment, by: &waiting.by, answer, learning };
                self.store.take_chat(publisher.lease, key, &chat, (self.clock)()).await?
            }
        };
        let Some(answer) = taken.answer else { return Ok("silent") };
        if taken.answered_at.is_some() {
            // Somebody deleted the answer.
            return Ok("answered");
        }
        let mut text = answer.text;
        if let Some(item) = &answer.item {
            let made = work_items::make(publisher, &state, asked, item, is_again).await?;
            text = with_item(&text, &made.told());
        }
        publisher.reply(thread, comment, &text).await?;
        if answer.closes {
            // The answer stands there; one more reply would tell it twice where somebody's edit made its text another.
            let (reply, status) = (String::new(), ThreadStatus::WontFix);
            publisher.write(&[PublicationStep::ResolveThread { thread, reply, status }]).await?;
            // No event tells of a thread that was closed: its outcome is noted, and a vote may hang on it.
            self.store.enqueue(&review_job(key, (self.clock)()), (self.clock)()).await?;
        }
        self.store.chat_answered(key, thread, comment, (self.clock)()).await?;
        tracing::info!(pull_request = %key, thread, comment, "a comment is answered");
        Ok("answered")
    }

    /// What is said and done about a comment; None: the repository wants no answer to it.
    async fn plan_talk(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        waiting: &Waiting,
    ) -> Result<Option<Planned>, Trouble> {
        let settled = self.configurations.of(state).await?;
        let configuration = &settled.effective.configuration;
        if !waiting.is_named && !configuration.chat.auto_reply {
            return Ok(None);
        }
        let told = |reply: &ChatReply<'_>| chat_reply(waiting.comment, &waiting.by.id, reply);
        if waiting.bound == Bound::Reached {
            return Ok(Some(Planned::told(told(&ChatReply::NoMore { answers: MAX_ANSWERS }), "bound")));
        }
        let Some(thread) = state.threads.iter().find(|thread| thread.id == waiting.thread) else { return Ok(None) };
        // Whoever opens a pull request from a fork may be a stranger.
        let is_known = state.pull_request.fork_url.is_none() || self.commanders.are_named();
        let may = is_known && self.commanders.may(&publisher.key.repository.collection, &waiting.by).await?;
        let finding = standing_findings(state).into_iter().find(|finding| finding.thread == waiting.thread);
        let speaker = Speaker::of(&state.pull_request, settled.default_branch.as_deref());
        let question = Question { state, waiting, thread, finding: finding.as_ref(), may, configuration, speaker };
        let (answer, known) = match self.asked_of_model(publisher, &question).await {
            // Another attempt would reach it as well, and who asked shall know whom to ask.
            Err(Trouble::Analysis(AnalysisError::Model(ModelError::CostLimit(reached)))) => {
                let sentence = reached.sentence();
                let problem = sentence.trim_end_matches('.');
                return Ok(Some(Planned::told(told(&ChatReply::NotAnswered { problem }), "cost_limit")));
            }
            said => said?,
        };
        // Those that wait, and those that were not near, are known as well.
        let all = self.known_learnings(publisher.key, &configuration.knowledge_base, speaker).await?;
        Ok(Some(self.planned(&question, &answer, &Known { shown: &known, all: &all })))
    }

    /// What of a model's answer is done.
    fn planned(&self, question: &Question<'_>, answer: &ChatAnswer, known: &Known<'_>) -> Planned {
        let Question { state, waiting, thread, finding, may, configuration, .. } = *question;
        let redacted = |text: &str| self.model.redactor().redact(text).text.into_owned();
        let is_active = state.pull_request.status == PullRequestStatus::Active;
        let closes = answer.accepts && may && is_active && finding.is_some_and(|finding| may_be_given_up(finding, thread));
        let mut used = named(&answer.learnings_used, known.shown);
        let mut learning = kept(&redacted(&answer.learning)).map(|text| Learning {
            id: learning_id(&state.pull_request.key, waiting.thread, waiting.comment),
            text,
            path: thread.anchor.as_ref().map(|anchor| anchor.path.clone()).unwrap_or_default(),
            taught_by: waiting.by.display_name.clone(),
            pull_request: state.pull_request.key.id,
            taught_at: (self.clock)(),
        });
        // What is known already is not learnt again.
        let same = learning.as_ref().and_then(|new| known.of_text(&new.text));
        if let Some(same) = same {
            let same = (same.id.clone(), same.text.clone());
            if !used.contains(&same) {
                used.push(same);
            }
            learning = None;
        }
        let said = thread.comments.iter().find(|comment| comment.id == waiting.comment).map_or("", |said| said.content.as_str());
        let why_not = self.why_not_kept(may, configuration).or_else(|| {
            learning.as_ref().filter(|learning| !teaches(said, &learning.text))?;
            tracing::warn!(pull_request = %state.pull_request.key, thread = waiting.thread, comment = waiting.comment, "what the comment itself does not say is not learnt");
            Some("your comment itself does not say it; say it in a sentence.")
        });
        let date = Timestamp::from_millisecond((self.clock)()).map(|now| now.strftime("%Y-%m-%d").to_string());
        let date = date.unwrap_or_default();
        let taught = learning.as_ref().map(|learning| match why_not {
            Some(why) => Taught::NotKept(why),
            None => Taught::Added {
                id: &learning.id,
                text: &learning.text,
                by: &learning.taught_by,
                pull_request: learning.pull_request,
                path: &learning.path,
                date: &date,
                delay: configuration.knowledge_base.learnings.approval_delay,
            },
        });
        let title: String = redacted(&answer.create_item.title).split_whitespace().collect::<Vec<_>>().join(" ");
        let title: String = title.chars().take(MAX_ITEM_TITLE_CHARS).collect();
        let reply = redacted(&answer.reply);
        if reply.trim().is_empty() && !closes && taught.is_none() && same.is_none() && title.is_empty() {
            return Planned { answer: None, learning: None, result: "silent" };
        }
        let reply = ChatReply::Answer { reply: &reply, is_accepted: closes, taught, used: &used };
        let mut text = chat_reply(waiting.comment, &waiting.by.id, &reply);
        let mut item = (!title.is_empty()).then(|| PlannedItem { title, description: redacted(&answer.create_item.description) });
        let why_none = if !may {
            Some(
                "it takes somebody whom the operator of this agent named (`AZURE_DEVOPS_COMMAND_USERS`, `AZURE_DEVOPS_COMMAND_TEAMS`)",
            )
        } else if item.as_ref().is_some_and(|item| !speaks_of_item(said, &item.title)) {
            tracing::warn!(pull_request = %state.pull_request.key, thread = waiting.thread, comment = waiting.comment, "a work item that the comment does not speak of is not created");
            Some("your comment does not speak of one")
        } else {
            None
        };
        if let Some(why) = why_none
            && item.take().is_some()
        {
            text = with_item(&text, &ItemMade::Refused(why));
        }
        let learning = learning.filter(|_| why_not.is_none());
        Planned { answer: Some(PlannedChat { text, closes, item }), learning, result: "answered" }
    }

    /// In a sentence; None: what is taught is kept.
    fn why_not_kept(&self, may: bool, configuration: &Configuration) -> Option<&'static str> {
        if !may {
            Some("only people whom the operator of this agent named may teach it.")
        } else if !self.learns {
            Some("the operator of this agent has it learn nothing (`ENABLE_LEARNINGS`).")
        } else if configuration.knowledge_base.opt_out {
            Some("this repository wants nothing kept (`knowledge_base.opt_out`).")
        } else {
            None
        }
    }

    /// What the model says, and the learnings that it was shown.
    async fn asked_of_model(
        &self,
        publisher: &Publisher<'_>,
        question: &Question<'_>,
    ) -> Result<(ChatAnswer, Vec<Learning>), Trouble> {
        let Question { state, waiting, thread, finding, may, configuration, speaker } = *question;
        let pull_request = &state.pull_request;
        let (project, repository) = (&pull_request.project_name, &pull_request.repository_name);
        self.store.name_repository(&publisher.key.repository, project, repository).await?;
        let account = Account {
            store: self.store.clone(),
            pull_request: publisher.key.clone(),
            limits: self.cost_limits,
            occasion: None,
            clock: self.clock,
        };
        let model = &self.model.on(account);
        let code = self.code(publisher, question, model).await?;
        let comments = spoken_comments(state, thread);
        let learnings = self.learnings(publisher.key, &configuration.knowledge_base, speaker).await?;
        let known = near(&learnings, &comments, thread, code.as_ref());
        let about = format!("{}\n\n{}", pull_request.title, pull_request.description);
        let asked = |code: Option<&Code>| {
            let excerpts: &[(String, String)] = code.map_or(&[], |code| code.excerpts.as_slice());
            let input = ChatInput {
                comments: &comments,
                comment: waiting.comment,
                place: thread.anchor.as_ref(),
                excerpts,
                finding,
                about: if code.is_some() { "" } else { &about },
                is_trusted: may,
            };
            prompt::chat(&input) + &prompt::learnings(&known) + &writer_manner(configuration)
        };
        // Whether a finding is wrong is for the model that verifies.
        let role = if finding.is_some() { Role::Heavy } else { Role::Medium };
        if let Some(code) = &code {
            let run = |tool_use| code.lookout.run(tool_use);
            let looks = code.lookout.looks(&run, TURNS, self.prompt_tokens);
            let instruction = asked(Some(code));
            let reply =
                model.investigate::<ChatAnswer>(role, &code.pack, &instruction, Some(&looks), None, publisher.cancel).await;
            match reply {
                Err(ModelError::ContextTooLong { model, message }) => {
                    tracing::warn!(model, message, "the change is too large for the model; it answers without the code");
                }
                reply => return Ok((reply.map_err(AnalysisError::from)?.answer, known)),
            }
        }
        let reply = model.ask::<ChatAnswer>(role, "", &asked(None), publisher.cancel).await.map_err(AnalysisError::from)?;
        Ok((reply.answer, known))
    }

    /// The change as a review shows it, and the code around the thread. None where it cannot be had any more (a pull request that
    /// was closed long ago), or not be read.
    async fn code(&self, publisher: &Publisher<'_>, question: &Question<'_>, model: &Model) -> Result<Option<Code>, Trouble> {
        let Question { state, thread, finding, may, configuration, .. } = *question;
        let Some(newest) = state.newest_iteration() else { return Ok(None) };
        let of_thread = finding.and_then(|finding| state.iterations.iter().find(|iteration| iteration.id == finding.iteration));
        let of_thread = of_thread.unwrap_or(newest);
        let earlier = BTreeSet::from([of_thread.head.clone(), of_thread.base.clone()]);
        let repository = match self.fetch(publisher.key, state, newest, earlier).await {
            Ok(repository) => repository,
            Err(Trouble::Git(error @ (GitError::CommitMissing { .. } | GitError::Failed { .. }))) => {
                tracing::info!(pull_request = %publisher.key, %error, "a comment is answered without the code, which is gone");
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if configuration.reviews.disable_cache {
            repository.forget_after_use();
        }
        let past = Past::AzureDevOps { azure: self.azure.clone(), repository: publisher.key.repository.clone() };
        let occasion = format!("chat {}", thread.id);
        // For people who may: a question could be made to carry code out by a search, or to show what its author may not read.
        let elsewhere = if may {
            Elsewhere::of(self, &state.pull_request, &newest.head, Some(&occasion), configuration).await
        } else {
            Elsewhere::default()
        };
        let context = Context { elsewhere, past, ..Context::default() };
        let change = context.change(state, newest, &repository, configuration);
        let evidence = match gather(change, model.redactor(), self.prompt_tokens).await {
            Ok(evidence) => evidence,
            Err(error @ (AnalysisError::Git(GitError::TooLarge { .. }) | AnalysisError::Patch(_))) => {
                tracing::warn!(pull_request = %publisher.key, %error, "a comment is answered without the code");
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let (mut excerpts, mut shown) = (Vec::new(), None);
        if let Some(anchor) = &thread.anchor {
            let commit = if anchor.side == Side::Right { &of_thread.head } else { &of_thread.base };
            // Best effort: the model can look for itself.
            let blob = repository.blob(commit, &anchor.path, MAX_TEXT_BYTES).await.unwrap_or_else(|error| {
                tracing::info!(%error, path = anchor.path, "the code of a thread is not shown");
                None
            });
            if let Some(blob) = blob.filter(|blob| !blob.contains(&0)) {
                let text = String::from_utf8_lossy(&blob).into_owned();
                let text = model.redactor().redact(&text).text.into_owned();
                excerpts.push((label(&anchor.path, of_thread, newest), numbered(&text, anchor.lines, MARGIN)));
                shown = Some(Arc::from(text));
            }
        }
        let paths = evidence.files.keys().cloned().collect();
        let lookout = Lookout::new(&change, model.redactor(), &evidence).beside(shown);
        Ok(Some(Code { pack: evidence.pack.text, paths, lookout, excerpts }))
    }
}

/// Whether nobody has deleted the comment since.
fn is_there(state: &PullRequestState, (thread, comment): (u64, u64)) -> bool {
    let thread = state.threads.iter().find(|known| known.id == thread && !known.is_deleted);
    thread.is_some_and(|thread| thread.comments.iter().any(|known| known.id == comment && !known.is_deleted))
}

fn label(path: &str, of_thread: &Iteration, newest: &Iteration) -> String {
    if of_thread.id == newest.id { path.to_owned() } else { format!("{path}, as it stood when the thread began") }
}

/// Learnings about the place of the thread, the files of the change, and what is spoken of.
fn near(learnings: &[Learning], comments: &[Spoken], thread: &Thread, code: Option<&Code>) -> Vec<Learning> {
    let changed = code.into_iter().flat_map(|code| code.paths.iter().map(String::as_str));
    let paths: Vec<&str> = thread.anchor.iter().map(|anchor| anchor.path.as_str()).chain(changed).collect();
    let text: String = comments.iter().flat_map(|spoken| [spoken.text.as_str(), "\n"]).collect();
    nearest(learnings, &paths, &text, &crate::llm::count_tokens)
}

/// What is asked, and by whom.
#[derive(Clone, Copy)]
struct Question<'a> {
    state: &'a PullRequestState,
    waiting: &'a Waiting,
    thread: &'a Thread,
    /// That the thread is about.
    finding: Option<&'a StandingFinding>,
    /// Whether the person may give commands, and so teach. On pull requests from forks only people who are named may.
    may: bool,
    configuration: &'a Configuration,
    /// For whom that speaks.
    speaker: Speaker,
}

/// What is taught already.
struct Known<'a> {
    /// To the model, numbered from 1.
    shown: &'a [Learning],
    /// Also those that do not count yet.
    all: &'a [KnownLearning],
}

impl Known<'_> {
    fn of_text(&self, text: &str) -> Option<&Learning> {
        let mut known = self.shown.iter().chain(self.all.iter().map(|known| &known.learning));
        known.find(|known| known.text.eq_ignore_ascii_case(text))
    }
}

/// What is shown of the code.
struct Code {
    pack: String,
    /// Of the change.
    paths: Vec<String>,
    lookout: Lookout,
    excerpts: Vec<(String, String)>,
}

/// What becomes of a comment.
struct Planned {
    answer: Option<PlannedChat>,
    learning: Option<Learning>,
    /// For metrics.
    result: &'static str,
}

impl Planned {
    fn told(text: String, result: &'static str) -> Self {
        Self { answer: Some(PlannedChat { text, closes: false, item: None }), learning: None, result }
    }
}
