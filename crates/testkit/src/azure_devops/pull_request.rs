//! What tests do with a pull request, and what they see of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    AUTHOR, AzureDevOps, Person, anchors, index_of, iterations, objects, system_threads,
    world::{self, PullRequest, World},
};
use crate::repository::Change;

/// A pull request of the service.
#[derive(Debug, Clone)]
pub struct PullRequestHandle {
    azure: AzureDevOps,
    id: u32,
}

/// A thread as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadView {
    pub id: u32,
    /// None: the key is missing.
    pub status: Option<String>,
    /// Without the leading slash.
    pub path: Option<String>,
    /// First and last line on the right side.
    pub right: Option<(u32, u32)>,
    /// First and last line on the left side.
    pub left: Option<(u32, u32)>,
    /// The second iteration of its context.
    pub iteration: Option<u32>,
    pub comments: Vec<CommentView>,
    pub properties: BTreeMap<String, String>,
    pub is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentView {
    pub id: u32,
    pub author: Person,
    /// Empty when deleted.
    pub content: String,
    /// `text`, `system`, …
    pub kind: String,
    pub is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusView {
    pub id: u32,
    pub state: String,
    pub description: String,
    pub genre: String,
    pub name: String,
    pub iteration: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IterationView {
    pub id: u32,
    /// Head of the source branch.
    pub source: String,
    /// Head of the target branch then.
    pub target: String,
    /// Their merge base.
    pub common: String,
    pub reason: String,
}

impl ThreadView {
    /// The text of the first comment.
    pub fn content(&self) -> &str {
        self.comments.first().map_or("", |comment| comment.content.as_str())
    }

    pub fn is_by(&self, person: &Person) -> bool {
        self.comments.first().is_some_and(|comment| comment.author.id == person.id)
    }

    pub fn is_system(&self) -> bool {
        self.comments.first().is_some_and(|comment| comment.kind == "system")
    }
}

impl PullRequestHandle {
    pub(super) fn new(azure: AzureDevOps, id: u32) -> Self {
        Self { azure, id }
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    /// The page for people.
    pub fn web_url(&self) -> String {
        let url = |world: &World| {
            Some(format!("{}/pullrequest/{}", world.repository_web(world.pull_request(self.id)?.repository), self.id))
        };
        self.azure.server.look(url).unwrap_or_default()
    }

    fn look<T: Default>(&self, look: impl FnOnce(&PullRequest) -> T) -> T {
        self.azure.server.look(|world| world.pull_request(self.id).map(look).unwrap_or_default())
    }

    fn change(&self, change: impl FnOnce(&mut PullRequest)) {
        self.azure.server.with(|world| world.pull_request_mut(self.id).map(change));
    }

    pub fn title(&self) -> String {
        self.look(|found| found.title.clone())
    }

    pub fn description(&self) -> String {
        self.look(|found| found.description.clone())
    }

    /// `active`, `completed`, `abandoned`.
    pub fn status(&self) -> String {
        self.look(|found| found.status.clone())
    }

    pub fn labels(&self) -> Vec<String> {
        self.look(|found| found.labels.iter().map(|label| label.name.clone()).collect())
    }

    /// Identity and vote of every reviewer.
    pub fn votes(&self) -> Vec<(Person, i64)> {
        let reviewers = self.look(|found| found.reviewers.clone());
        reviewers.into_iter().map(|reviewer| (self.azure.person(reviewer.user), reviewer.vote)).collect()
    }

    pub fn iterations(&self) -> Vec<IterationView> {
        let view = |iteration: &world::Iteration| IterationView {
            id: iteration.id,
            source: iteration.source.clone(),
            target: iteration.target.clone(),
            common: iteration.common.clone(),
            reason: iteration.reason.clone(),
        };
        self.look(|found| found.iterations.iter().map(view).collect())
    }

    /// Everything that the bot or people wrote, deleted threads too; system threads are left out.
    pub fn threads(&self) -> Vec<ThreadView> {
        self.all_threads().into_iter().filter(|thread| !thread.is_system()).collect()
    }

    /// System threads too.
    pub fn all_threads(&self) -> Vec<ThreadView> {
        self.azure.server.look(|world| {
            let threads = world.pull_request(self.id).map(|found| found.threads.iter());
            threads.into_iter().flatten().map(|thread| view(world, thread)).collect()
        })
    }

    pub fn thread(&self, id: u32) -> Option<ThreadView> {
        self.all_threads().into_iter().find(|thread| thread.id == id)
    }

    /// All statuses, oldest first.
    pub fn statuses(&self) -> Vec<StatusView> {
        let view = |status: &world::Status| StatusView {
            id: status.id,
            state: status.state.clone(),
            description: status.description.clone().unwrap_or_default(),
            genre: status.genre.clone().unwrap_or_default(),
            name: status.name.clone(),
            iteration: status.iteration,
        };
        self.look(|found| found.statuses.iter().map(view).collect())
    }

    /// All statuses of this name, oldest first.
    pub fn statuses_of(&self, name: &str) -> Vec<StatusView> {
        let mut statuses = self.statuses();
        statuses.retain(|status| status.name == name);
        statuses
    }

    /// The newest status of this genre and name: the one that counts.
    pub fn latest_status(&self, genre: &str, name: &str) -> Option<StatusView> {
        self.statuses().into_iter().rfind(|status| status.genre == genre && status.name == name)
    }

    /// The file at the head of the newest iteration.
    pub async fn file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let (id, path) = (self.id, path.to_owned());
        self.azure
            .blocking(move |world| {
                let found = world.pull_request(id).context("the pull request is gone")?;
                let head = found.iterations.last().context("there is no iteration")?.source.clone();
                let git = world.git(found.source_repository).context("the repository is gone")?;
                Ok(objects::file(&git, &head, &path))
            })
            .await
    }

    /// Commits on the source branch and returns the number of the new iteration.
    pub async fn push<C: AsRef<[u8]>>(&self, files: &[(&str, C)]) -> Result<u32> {
        self.push_files(files, false).await
    }

    /// Replaces the commits of the pull request by one with these files, and returns the number of the new iteration.
    pub async fn force_push<C: AsRef<[u8]>>(&self, files: &[(&str, C)]) -> Result<u32> {
        self.push_files(files, true).await
    }

    async fn push_files<C: AsRef<[u8]>>(&self, files: &[(&str, C)], is_forced: bool) -> Result<u32> {
        let files: Vec<(String, Vec<u8>)> =
            files.iter().map(|(path, content)| ((*path).to_owned(), content.as_ref().to_owned())).collect();
        let base = self.iterations().last().map(|last| last.common.clone());
        self.push_change(move |change| {
            let files: Vec<(&str, &[u8])> = files.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
            let change = change.files(&files);
            match base.filter(|_| is_forced) {
                Some(base) => change.onto(&base).commit("Start over"),
                None => change.commit("Update"),
            }
        })
        .await
    }

    /// Commits whatever `make` makes of a change of the source branch, and returns the number of the newest iteration.
    pub async fn push_change(&self, make: impl FnOnce(Change<'_>) -> Result<String> + Send + 'static) -> Result<u32> {
        let id = self.id;
        self.azure
            .blocking(move |world| {
                let found = world.pull_request(id).context("the pull request is gone")?;
                let (repository, branch) =
                    (found.source_repository, found.source_ref.trim_start_matches("refs/heads/").to_owned());
                let git = world.git(repository).context("the repository is gone")?;
                make(git.change(&branch))?;
                iterations::sync(world, repository, AUTHOR);
                let found = world.pull_request(id).context("the pull request is gone")?;
                Ok(found.iterations.last().map_or(0, |last| last.id))
            })
            .await
    }

    /// Computes a merge that is queued.
    pub async fn finish_merge(&self) -> Result<()> {
        let id = self.id;
        self.azure.blocking(move |world| iterations::merge(world, id).context("the branches of the pull request are gone")).await
    }

    pub async fn set_title(&self, title: &str) -> Result<()> {
        self.patch(json!({ "title": title })).await
    }

    pub async fn set_description(&self, description: &str) -> Result<()> {
        self.patch(json!({ "description": description })).await
    }

    pub async fn set_draft(&self, is_draft: bool) -> Result<()> {
        self.patch(json!({ "isDraft": is_draft })).await
    }

    pub async fn abandon(&self) -> Result<()> {
        self.patch(json!({ "status": "abandoned" })).await
    }

    pub async fn reactivate(&self) -> Result<()> {
        self.patch(json!({ "status": "active" })).await
    }

    pub async fn complete(&self) -> Result<()> {
        self.patch(json!({ "status": "completed" })).await
    }

    async fn patch(&self, body: Value) -> Result<()> {
        self.azure.act(AUTHOR, self.id, "PATCH", "", body).await.map(drop)
    }

    /// From now on every call answers that it does not exist.
    pub fn delete(&self) {
        self.change(|found| found.is_gone = true);
    }

    pub async fn add_label(&self, name: &str) -> Result<()> {
        self.azure.act(AUTHOR, self.id, "POST", "/labels", json!({ "name": name })).await.map(drop)
    }

    pub async fn remove_label(&self, name: &str) -> Result<()> {
        self.azure.act(AUTHOR, self.id, "DELETE", &format!("/labels/{name}"), Value::Null).await.map(drop)
    }

    pub async fn remove_reviewer(&self, person: &Person) -> Result<()> {
        self.azure.act(AUTHOR, self.id, "DELETE", &format!("/reviewers/{}", person.id), Value::Null).await.map(drop)
    }

    pub fn link_work_item(&self, work_item: u32) {
        self.change(|found| found.work_items.push(work_item));
    }

    /// Asks `person` for a review.
    pub async fn add_reviewer(&self, person: &Person) -> Result<()> {
        self.azure
            .act(AUTHOR, self.id, "PUT", &format!("/reviewers/{}", person.id), json!({ "isRequired": false }))
            .await
            .map(drop)
    }

    /// 10, 5, 0, -5 or -10.
    pub async fn vote(&self, person: &Person, vote: i64) -> Result<()> {
        let user = self.azure.server.look(|world| index_of(world, person));
        self.azure.act(user, self.id, "PUT", &format!("/reviewers/{}", person.id), json!({ "vote": vote })).await.map(drop)
    }

    /// Comments on the pull request as `person` and returns the thread's id.
    pub async fn comment(&self, person: &Person, text: &str) -> Result<u32> {
        let body = json!({ "comments": [{ "parentCommentId": 0, "content": text, "commentType": "text" }], "status": "active" });
        self.post_thread(person, body).await
    }

    /// Comments on lines `first..=last` of the right side at the newest iteration.
    pub async fn comment_on(&self, person: &Person, path: &str, first: u32, last: u32, text: &str) -> Result<u32> {
        let iteration = self.iterations().len();
        let content = self.file(path).await?.with_context(|| format!("there is no file {path}"))?;
        let content = String::from_utf8_lossy(&content).into_owned();
        let line =
            usize::try_from(last)?.checked_sub(1).and_then(|last| content.lines().nth(last)).context("there is no such line")?;
        let body = json!({
            "comments": [{ "parentCommentId": 0, "content": text, "commentType": "text" }],
            "status": "active",
            "threadContext": {
                "filePath": format!("/{path}"),
                "rightFileStart": { "line": first, "offset": 1 },
                "rightFileEnd": { "line": last, "offset": line.encode_utf16().count() + 1 },
            },
            "pullRequestThreadContext": {
                "iterationContext": { "firstComparingIteration": iteration, "secondComparingIteration": iteration },
            },
        });
        self.post_thread(person, body).await
    }

    /// Any thread at all, as a client would post it.
    pub async fn post_thread(&self, person: &Person, body: Value) -> Result<u32> {
        let user = self.azure.server.look(|world| index_of(world, person));
        let posted = self.azure.act(user, self.id, "POST", "/threads", body).await?;
        number(&posted)
    }

    /// Answers in a thread and returns the comment's id.
    pub async fn reply(&self, person: &Person, thread: u32, text: &str) -> Result<u32> {
        let user = self.azure.server.look(|world| index_of(world, person));
        let body = json!({ "content": text, "parentCommentId": 1, "commentType": "text" });
        let posted = self.azure.act(user, self.id, "POST", &format!("/threads/{thread}/comments"), body).await?;
        number(&posted)
    }

    pub async fn edit_comment(&self, person: &Person, thread: u32, comment: u32, text: &str) -> Result<()> {
        let user = self.azure.server.look(|world| index_of(world, person));
        let path = format!("/threads/{thread}/comments/{comment}");
        self.azure.act(user, self.id, "PATCH", &path, json!({ "content": text })).await.map(drop)
    }

    pub async fn delete_comment(&self, person: &Person, thread: u32, comment: u32) -> Result<()> {
        let user = self.azure.server.look(|world| index_of(world, person));
        self.azure.act(user, self.id, "DELETE", &format!("/threads/{thread}/comments/{comment}"), Value::Null).await.map(drop)
    }

    /// A thumb up under a comment.
    pub async fn like(&self, person: &Person, thread: u32, comment: u32) -> Result<()> {
        self.set_like(person, thread, comment, "POST").await
    }

    /// Takes it back.
    pub async fn unlike(&self, person: &Person, thread: u32, comment: u32) -> Result<()> {
        self.set_like(person, thread, comment, "DELETE").await
    }

    async fn set_like(&self, person: &Person, thread: u32, comment: u32, method: &str) -> Result<()> {
        let user = self.azure.server.look(|world| index_of(world, person));
        let path = format!("/threads/{thread}/comments/{comment}/likes");
        self.azure.act(user, self.id, method, &path, Value::Null).await.map(drop)
    }

    /// `fixed`, `wontFix`, `closed`, `active`, …
    pub async fn set_thread_status(&self, person: &Person, thread: u32, status: &str) -> Result<()> {
        let user = self.azure.server.look(|world| index_of(world, person));
        self.azure.act(user, self.id, "PATCH", &format!("/threads/{thread}"), json!({ "status": status })).await.map(drop)
    }

    /// Where a thread stands at the newest iteration, on its own side: path, first and last line. None: it was changed away, or
    /// it has no lines.
    pub async fn place_now(&self, thread: u32) -> Result<Option<(String, u32, u32)>> {
        let id = self.id;
        let here = self.thread(thread).and_then(|thread| Some((thread.path?, thread.right.or(thread.left)?)));
        self.azure
            .blocking(move |world| {
                let found = world.pull_request(id).context("the pull request is gone")?;
                let newest = found.iterations.last().map_or(0, |last| last.id);
                let thread = found.threads.iter().find(|known| known.id == thread).context("there is no such thread")?.clone();
                Ok(match anchors::moved(world, id, &thread, newest) {
                    None => here.map(|(path, (first, last))| (path, first, last)),
                    Some(moved) if moved.is_outdated => None,
                    Some(moved) => Some((moved.path, u32::try_from(moved.first)?, u32::try_from(moved.last)?)),
                })
            })
            .await
    }

    /// A word that no client knows yet, as the status of the pull request.
    pub fn set_unknown_status(&self, word: &str) {
        self.change(|found| word.clone_into(&mut found.status));
    }

    /// The same for `mergeStatus`.
    pub fn set_unknown_merge_status(&self, word: &str) {
        self.change(|found| word.clone_into(&mut found.merge_status));
    }

    /// The same for the reason of the newest iteration.
    pub fn set_unknown_reason(&self, word: &str) {
        self.change(|found| {
            if let Some(last) = found.iterations.last_mut() {
                word.clone_into(&mut last.reason);
            }
        });
    }

    /// The same for the status of a thread, and the type of its comments.
    pub fn set_unknown_thread_words(&self, thread: u32, status: &str, comment_type: &str) {
        self.change(|found| {
            for thread in found.threads.iter_mut().filter(|known| known.id == thread) {
                thread.status = Some(status.to_owned());
                thread.comments.iter_mut().for_each(|comment| comment_type.clone_into(&mut comment.kind));
            }
        });
    }

    /// A thread of the service itself, as for a merge that was tried.
    pub fn add_system_thread(&self, text: &str) {
        self.azure.server.with(|world| system_threads::status(world, self.id, AUTHOR, text));
    }

    /// Returns when `is_so` holds for this pull request; see [`AzureDevOps::wait_for`].
    pub async fn wait_for(&self, is_so: impl Fn(&Self) -> bool, timeout: Duration) -> Result<()> {
        self.azure.wait_for(|_| is_so(self), timeout).await
    }

    /// Where the target repository lies on disk, for git.
    pub fn git(&self) -> Option<Arc<crate::repository::Repository>> {
        self.azure.server.look(|world| world.git(world.pull_request(self.id)?.repository))
    }
}

fn number(posted: &Value) -> Result<u32> {
    let id = posted.get("id").and_then(Value::as_u64).context("no id")?;
    Ok(u32::try_from(id)?)
}

fn view(world: &World, thread: &world::Thread) -> ThreadView {
    let context = thread.context.as_ref();
    let line = |name: &str| {
        let line = context?.get(name)?.get("line")?.as_u64()?;
        u32::try_from(line).ok()
    };
    let range = |start: &str, end: &str| line(start).zip(line(end));
    let person = |user: usize| {
        let user = world.user(user);
        Person {
            id: user.map(|user| user.id.clone()).unwrap_or_default(),
            display_name: user.map(|user| user.display_name.clone()).unwrap_or_default(),
            unique_name: user.map(|user| user.unique_name.clone()).unwrap_or_default(),
        }
    };
    let comment = |comment: &world::Comment| CommentView {
        id: comment.id,
        author: person(comment.author),
        content: comment.content.clone(),
        kind: comment.kind.clone(),
        is_deleted: comment.is_deleted,
    };
    ThreadView {
        id: thread.id,
        status: thread.status.clone(),
        path: context.and_then(|context| Some(context.get("filePath")?.as_str()?.trim_start_matches('/').to_owned())),
        right: range("rightFileStart", "rightFileEnd"),
        left: range("leftFileStart", "leftFileEnd"),
        iteration: anchors::iterations_of(thread.pull_request_context.as_ref()).map(|(_, second)| second),
        comments: thread.comments.iter().map(comment).collect(),
        properties: super::api::texts(&thread.properties),
        is_deleted: thread.is_deleted,
    }
}
