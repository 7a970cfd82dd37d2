//! What is written: threads, comments, statuses, the description.

use review_core::{
    description::MAX_DESCRIPTION_UTF16,
    publication::{CheckState, DesiredStatus, NewAnchor, NewThread, PublicationStep, property},
    pull_request::{Comment, IterationFile, PullRequestKey, Side, ThreadStatus},
    title::MAX_TITLE_UTF16,
};
use serde_json::{Map, Value, json};

use super::{
    AzureDevOps,
    reads::{bag, below, itself},
    send::Call,
    versions::Maturity,
};
use crate::azure_devops::{AzureDevOpsError, wire::convert};

/// Longest comment that the service takes; counted here in UTF-16 units, the stricter way.
const MAX_COMMENT: usize = 150_000;

/// Longest description of a status; only its beginning is ever seen.
const MAX_STATUS_DESCRIPTION: usize = 1_000;

/// How often an edit of the description is made again on somebody else's.
const MAX_EDITS: usize = 4;

/// Names of our pull request status, `coderabbit/review`.
pub(super) const STATUS_GENRE: &str = "coderabbit";
pub(super) const STATUS_NAME: &str = "review";

/// What an author wrote and we may add to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestText {
    Title,
    Description,
}

impl AzureDevOps {
    /// Performs one write. `files` are those of the iteration that anchors refer to.
    ///
    /// # Errors
    /// `Closed` when the pull request takes no more changes: stop quietly. `Unavailable` when it is not known whether the
    /// write took effect: read the threads again before it is repeated.
    pub async fn apply(
        &self,
        key: &PullRequestKey,
        step: &PublicationStep,
        files: &[IterationFile],
    ) -> Result<(), AzureDevOpsError> {
        match step {
            PublicationStep::CreateThread(thread) => self.create_thread(key, thread, files).await,
            PublicationStep::UpdateThread { thread, comment, content, properties } => {
                self.update_thread(key, *thread, *comment, content, properties).await
            }
            PublicationStep::ResolveThread { thread, reply, status } => {
                let is_open = |standing: &ThreadStatus| standing.is_open() || matches!(standing, ThreadStatus::Other(_));
                self.answer_thread(key, *thread, reply, is_open, status).await
            }
            PublicationStep::ReopenThread { thread, reply } => {
                let is_fixed = |standing: &ThreadStatus| *standing == ThreadStatus::Fixed;
                self.answer_thread(key, *thread, reply, is_fixed, &ThreadStatus::Active).await
            }
            PublicationStep::SetThreadStatus { thread, status } => {
                self.patch_thread(key, *thread, json!({ "status": convert::thread_status_word(status) })).await
            }
            PublicationStep::CloseThread { thread } => {
                let by = [(property::CLOSED_BY.to_owned(), property::CLOSED_BY_COMMAND.to_owned())];
                let status = convert::thread_status_word(&ThreadStatus::Closed);
                self.patch_thread(key, *thread, json!({ "status": status, "properties": bag(&by) })).await
            }
            PublicationStep::AddLabel(name) => self.add_label(key, name).await,
            PublicationStep::AddReviewer(reviewer) => self.add_reviewer(key, reviewer).await,
            PublicationStep::SetStatus { iteration, status } => self.set_status(key, *iteration, STATUS_NAME, status).await,
            PublicationStep::SetCheckStatus { iteration, status } => {
                self.set_status(key, *iteration, &status.name, &status.status).await
            }
        }
    }

    /// Re-reads the title or the description, lets `edit` change it, writes it, and looks again: when somebody edited at the
    /// same moment, the edit is made once more on their text. `edit` returns None for "leave it".
    ///
    /// The service keeps the last write and offers no condition on it, so the text is read twice before it is written: what
    /// is edited is never older than one round trip.
    pub async fn edit_text(
        &self,
        key: &PullRequestKey,
        text: PullRequestText,
        edit: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<(), AzureDevOpsError> {
        let id = key.id.to_string();
        let (name, longest) = match text {
            PullRequestText::Title => ("title", MAX_TITLE_UTF16),
            PullRequestText::Description => ("description", MAX_DESCRIPTION_UTF16),
        };
        let mut current = self.text(key, text).await?;
        for _ in 0..MAX_EDITS {
            let Some(edited) = edit(&current).filter(|edited| !same_text(edited, &current)) else { return Ok(()) };
            let action = format!("writing the {name} of {key}");
            let length = utf16(&edited);
            if length > longest {
                let problem = format!("{length} characters are more than the {longest} that a {name} may have");
                return Err(AzureDevOpsError::NotSent { action, problem });
            }
            let latest = self.text(key, text).await?;
            if latest != current {
                current = latest;
                continue;
            }
            let call = Call::patch("edit_pull_request", action, &itself(key, &id), json!({ name: edited }));
            self.send(&key.repository.collection, &call).await?;
            current = self.text(key, text).await?;
            if same_text(&current, &edited) {
                return Ok(());
            }
        }
        tracing::warn!(pull_request = %key, "the {name} is left as it is: it keeps changing while we edit it");
        Ok(())
    }

    /// Casts our own vote, as the API numbers it (10, 5, 0, -5, -10). Who is no reviewer becomes one.
    pub async fn cast_vote(&self, key: &PullRequestKey, vote: i32) -> Result<(), AzureDevOpsError> {
        let me = self.me(&key.repository.collection).await?.id;
        let id = key.id.to_string();
        let action = format!("voting {vote} on {key}");
        let call = Call::put("vote", action, &below(key, &id, &["reviewers", &me]), json!({ "vote": vote }));
        self.send(&key.repository.collection, &call).await.map(drop)
    }

    async fn text(&self, key: &PullRequestKey, text: PullRequestText) -> Result<String, AzureDevOpsError> {
        let pull_request = self.pull_request(key).await?;
        let found = match text {
            PullRequestText::Title => pull_request.title,
            PullRequestText::Description => pull_request.description,
        };
        Ok(found.unwrap_or_default())
    }

    async fn create_thread(
        &self,
        key: &PullRequestKey,
        thread: &NewThread,
        files: &[IterationFile],
    ) -> Result<(), AzureDevOpsError> {
        let action = match &thread.anchor {
            Some(NewAnchor { anchor, .. }) => format!("posting a thread on {} line {} of {key}", anchor.path, anchor.lines.first),
            None => format!("posting a thread on {key}"),
        };
        let body = thread_body(thread, files);
        let content = body.pointer("/comments/0/content").and_then(Value::as_str).unwrap_or_default();
        check_length(&action, content)?;
        let id = key.id.to_string();
        let call = Call::post("create_thread", action, &below(key, &id, &["threads"]), body);
        self.send(&key.repository.collection, &call).await.map(drop)
    }

    async fn update_thread(
        &self,
        key: &PullRequestKey,
        thread: u64,
        comment: u64,
        content: &str,
        properties: &[(String, String)],
    ) -> Result<(), AzureDevOpsError> {
        let action = format!("updating comment {comment} of thread {thread} of {key}");
        check_length(&action, content)?;
        let (id, thread_id, comment_id) = (key.id.to_string(), thread.to_string(), comment.to_string());
        let segments = below(key, &id, &["threads", &thread_id, "comments", &comment_id]);
        let call = Call::patch("update_comment", action, &segments, json!({ "content": content }));
        self.send(&key.repository.collection, &call).await?;
        if properties.is_empty() {
            return Ok(());
        }
        self.patch_thread(key, thread, json!({ "properties": bag(properties) })).await
    }

    /// Replies, and sets the status. The reply is left out when it stands already: an earlier run was cut between the two writes.
    /// A thread that somebody deleted meanwhile, or whose status is none that `applies`, is left alone.
    async fn answer_thread(
        &self,
        key: &PullRequestKey,
        thread: u64,
        reply: &str,
        applies: impl Fn(&ThreadStatus) -> bool + Send,
        status: &ThreadStatus,
    ) -> Result<(), AzureDevOpsError> {
        let action = format!("answering in thread {thread} of {key}");
        check_length(&action, reply)?;
        let standing = self.thread(key, thread).await?;
        if standing.is_deleted || !applies(&standing.status) {
            return Ok(());
        }
        let me = self.me(&key.repository.collection).await?;
        let is_ours = |comment: &Comment| comment.author.id.eq_ignore_ascii_case(&me.id) && !comment.is_deleted;
        let is_answered = standing.comments.iter().any(|comment| is_ours(comment) && same_text(&comment.content, reply));
        if !reply.is_empty() && !is_answered {
            let (id, thread_id) = (key.id.to_string(), thread.to_string());
            let body = json!({ "content": reply, "parentCommentId": 1, "commentType": "text" });
            let call = Call::post("reply", action, &below(key, &id, &["threads", &thread_id, "comments"]), body);
            self.send(&key.repository.collection, &call).await?;
        }
        if standing.status == *status {
            return Ok(());
        }
        self.patch_thread(key, thread, json!({ "status": convert::thread_status_word(status) })).await
    }

    /// Answers comment `parent` of a thread. Left out when the answer, known by its last line, stands there by our identity, or when
    /// the thread was deleted.
    pub async fn reply(&self, key: &PullRequestKey, thread: u64, parent: u64, text: &str) -> Result<(), AzureDevOpsError> {
        let action = format!("answering comment {parent} in thread {thread} of {key}");
        check_length(&action, text)?;
        let standing = self.thread(key, thread).await?;
        let me = self.me(&key.repository.collection).await?;
        let mark = text.lines().next_back().unwrap_or_default();
        let is_answer = |comment: &Comment| {
            comment.author.id.eq_ignore_ascii_case(&me.id) && !comment.is_deleted && comment.content.contains(mark)
        };
        if standing.is_deleted || standing.comments.iter().any(is_answer) {
            return Ok(());
        }
        let (id, thread_id) = (key.id.to_string(), thread.to_string());
        let body = json!({ "content": text, "parentCommentId": parent, "commentType": "text" });
        let call = Call::post("reply", action, &below(key, &id, &["threads", &thread_id, "comments"]), body);
        self.send(&key.repository.collection, &call).await.map(drop)
    }

    async fn patch_thread(&self, key: &PullRequestKey, thread: u64, body: Value) -> Result<(), AzureDevOpsError> {
        let (id, thread_id) = (key.id.to_string(), thread.to_string());
        let action = format!("updating thread {thread} of {key}");
        let call = Call::patch("update_thread", action, &below(key, &id, &["threads", &thread_id]), body);
        self.send(&key.repository.collection, &call).await.map(drop)
    }

    async fn set_status(
        &self,
        key: &PullRequestKey,
        iteration: u32,
        name: &str,
        status: &DesiredStatus,
    ) -> Result<(), AzureDevOpsError> {
        let (id, number) = (key.id.to_string(), iteration.to_string());
        let action = format!("setting the status {STATUS_GENRE}/{name} of {key}");
        let mut body = json!({
            "state": state_word(status.state),
            "description": status.description.chars().take(MAX_STATUS_DESCRIPTION).collect::<String>(),
            "context": { "genre": STATUS_GENRE, "name": name },
        });
        let segments = if iteration == 0 {
            below(key, &id, &["statuses"])
        } else {
            if let Some(fields) = body.as_object_mut() {
                fields.insert("iterationId".to_owned(), iteration.into());
            }
            below(key, &id, &["iterations", &number, "statuses"])
        };
        let call = Call::post("set_status", action, &segments, body).maturity(Maturity::ReleasedIn7);
        self.send(&key.repository.collection, &call).await.map(drop)
    }
}

fn thread_body(thread: &NewThread, files: &[IterationFile]) -> Value {
    let mut body = Map::new();
    let mut content = thread.content.clone();
    if let Some(anchor) = &thread.anchor {
        let tracked = files.iter().find(|file| file.path == anchor.anchor.path);
        // A pull request without iterations lists no files, and needs no tracking. In any other one, an anchor in a file
        // that is not listed would be shown somewhere else without a word.
        if tracked.is_some() || files.is_empty() {
            body.insert("threadContext".to_owned(), thread_context(anchor));
        } else {
            tracing::warn!(path = anchor.anchor.path, "not a file of the iteration; the comment goes to the pull request");
            content = format!("{}\n\n{content}", place(anchor));
        }
        if let Some(file) = tracked {
            let context = json!({
                "changeTrackingId": file.change_tracking_id,
                "iterationContext": {
                    "firstComparingIteration": anchor.iteration,
                    "secondComparingIteration": anchor.iteration,
                },
            });
            body.insert("pullRequestThreadContext".to_owned(), context);
        }
    }
    let comment = json!({ "parentCommentId": 0, "content": content, "commentType": "text" });
    body.insert("comments".to_owned(), json!([comment]));
    body.insert("status".to_owned(), convert::thread_status_word(&thread.status).into());
    if !thread.properties.is_empty() {
        body.insert("properties".to_owned(), bag(&thread.properties));
    }
    Value::Object(body)
}

/// Whole lines of one side. Both ends are always told: with only one, the page of the pull request breaks for everybody.
fn thread_context(new: &NewAnchor) -> Value {
    let anchor = &new.anchor;
    let start = json!({ "line": int(anchor.lines.first), "offset": 1 });
    let end = json!({ "line": int(anchor.lines.last), "offset": int(new.last_line_utf16.saturating_add(1)) });
    let path = format!("/{}", anchor.path.trim_start_matches('/'));
    match anchor.side {
        Side::Right => json!({ "filePath": path, "rightFileStart": start, "rightFileEnd": end }),
        Side::Left => json!({ "filePath": path, "leftFileStart": start, "leftFileEnd": end }),
    }
}

fn place(new: &NewAnchor) -> String {
    let path = new.anchor.path.replace(['`', '\n', '\r'], "'");
    let (first, last) = (new.anchor.lines.first, new.anchor.lines.last);
    if first == last { format!("`{path}`, line {first}:") } else { format!("`{path}`, lines {first} to {last}:") }
}

/// Lines and columns are 32-bit signed in the API.
fn int(number: u32) -> u32 {
    number.min(i32::MAX.unsigned_abs())
}

pub(super) fn state_word(state: CheckState) -> &'static str {
    match state {
        CheckState::Pending => "pending",
        CheckState::Succeeded => "succeeded",
        CheckState::Failed => "failed",
        CheckState::NotApplicable => "notApplicable",
    }
}

fn check_length(action: &str, content: &str) -> Result<(), AzureDevOpsError> {
    let length = utf16(content);
    if length <= MAX_COMMENT {
        return Ok(());
    }
    let problem = format!("{length} characters are more than the {MAX_COMMENT} that a comment may have");
    Err(AzureDevOpsError::NotSent { action: action.to_owned(), problem })
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The service may write line ends its own way.
fn same_text(ours: &str, theirs: &str) -> bool {
    ours.lines().eq(theirs.lines())
}
