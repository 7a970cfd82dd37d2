//! From the wire to what the review works with.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use review_core::{
    prompt::tools::PastCommit,
    pull_request::{
        Anchor, Comment, CommitId, Iteration, IterationFile, LineRange, Person, PullRequest, PullRequestKey, PullRequestStatus,
        RepositoryKey, Reviewer, Side, Thread, ThreadStatus, WorkItem,
    },
    sections::{OtherPullRequest, OtherRepository},
};
use serde_json::Value;
use url::Url;

use super::{ChangeEntry, Commit, CommitRef, Identity, Position, Project, Repository, ThreadContext, Word};
use crate::azure_devops::{Link, ListedPullRequest, StandingCommit, Tip, collection, plain_text};

/// Fields of a work item that say what is wanted, in the order in which they are read.
const TEXT_FIELDS: [(&str, &str); 3] = [
    ("System.Description", ""),
    ("Microsoft.VSTS.Common.AcceptanceCriteria", "Acceptance criteria:\n"),
    ("Microsoft.VSTS.TCM.ReproSteps", "Steps to reproduce:\n"),
];

/// Longest text of one work item, in characters.
const MAX_WORK_ITEM_TEXT: usize = 20_000;

/// How the artifact of a pull request begins: `…/{project}/{repository}/{id}`, escaped or not.
const PULL_REQUEST_ARTIFACT: &str = "vstfs:///Git/PullRequestId/";

/// What a path segment may carry as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn person(identity: Option<Identity>) -> Person {
    let identity = identity.unwrap_or_default();
    Person {
        id: identity.id.unwrap_or_default().to_ascii_lowercase(),
        display_name: identity.display_name.unwrap_or_default(),
        unique_name: identity.unique_name.unwrap_or_default(),
    }
}

/// None: it has no id.
pub(crate) fn past_commit(commit: Commit) -> Option<PastCommit> {
    let Commit { commit_id, comment, author, .. } = commit;
    let author = author.unwrap_or_default();
    let written = author.date.and_then(|date| date.parse::<jiff::Timestamp>().ok());
    Some(PastCommit {
        id: commit_id.filter(|id| !id.is_empty())?.to_ascii_lowercase(),
        day: written.map(|written| written.strftime("%F").to_string()).unwrap_or_default(),
        author: author.name.unwrap_or_default(),
        subject: comment.unwrap_or_default().lines().next().unwrap_or_default().trim().to_owned(),
    })
}

/// None: its id is none.
pub(crate) fn standing_commit(commit: Commit) -> Option<StandingCommit> {
    let Commit { commit_id, comment, parents, .. } = commit;
    let parents = parents.unwrap_or_default().iter().filter_map(|id| CommitId::parse(id)).collect();
    Some(StandingCommit { id: CommitId::parse(&commit_id?)?, parents, message: comment.unwrap_or_default() })
}

/// `labels` come from another call. The remotes are below `key.repository.collection`, whatever the answer says: git sends
/// the token there.
pub(crate) fn pull_request(wire: super::PullRequest, key: &PullRequestKey, labels: Vec<String>) -> PullRequest {
    let base = key.repository.collection.as_str();
    let repository = wire.repository.unwrap_or_default();
    let canonical = PullRequestKey { repository: canonical(&repository, &key.repository), id: key.id };
    let Repository { name, remote_url, project, .. } = repository;
    let project_name = project.and_then(|Project { name, .. }| name).unwrap_or_else(|| key.repository.project.clone());
    let repository_name = name.unwrap_or_else(|| key.repository.repository.clone());
    let page = page(base, &project_name, &repository_name);
    let fork_url = wire.fork_source.and_then(|fork| fork.repository).and_then(|fork| fork_url(fork, base));
    PullRequest {
        key: canonical,
        title: wire.title.unwrap_or_default(),
        description: wire.description.unwrap_or_default(),
        status: pull_request_status(wire.status.as_ref()),
        is_draft: wire.is_draft.unwrap_or(false),
        source_ref: wire.source_ref_name.unwrap_or_default(),
        target_ref: wire.target_ref_name.unwrap_or_default(),
        author: person(wire.created_by),
        labels,
        reviewers: reviewers(wire.reviewers),
        web_url: format!("{page}/pullrequest/{}", key.id),
        remote_url: remote_below(base, remote_url).unwrap_or(page),
        fork_url,
        project_name,
        repository_name,
    }
}

fn page(base: &str, project: &str, repository: &str) -> String {
    format!("{base}/{}/_git/{}", utf8_percent_encode(project, SEGMENT), utf8_percent_encode(repository, SEGMENT))
}

/// None: it lies elsewhere than below the collection.
fn remote_below(base: &str, remote_url: Option<String>) -> Option<String> {
    let remote = remote_url.and_then(|remote| Url::parse(&remote).ok()).filter(|remote| collection::lies_in(remote, base));
    remote.map(|remote| collection::spelling(&remote))
}

/// Forks are in the collection of their parents. Where the answer spells it otherwise than the settings, the names are taken.
fn fork_url(fork: Repository, base: &str) -> Option<String> {
    let Repository { name, remote_url, project, .. } = fork;
    remote_below(base, remote_url).or_else(|| Some(page(base, &project?.name?, &name?)))
}

/// The repository by the ids that the service gives, in lower case; what is missing is taken from `named`. One pull request
/// must have one key, however a payload named it.
pub(crate) fn canonical(repository: &Repository, named: &RepositoryKey) -> RepositoryKey {
    let id = |id: Option<&String>| id.filter(|id| collection::is_guid(id)).map(|id| id.to_ascii_lowercase());
    let project = id(repository.project.as_ref().and_then(|project| project.id.as_ref()));
    let name = || repository.name.clone().filter(|_| named.repository.is_empty());
    RepositoryKey {
        collection: named.collection.clone(),
        project: project.unwrap_or_else(|| named.project.clone()),
        repository: id(repository.id.as_ref()).or_else(name).unwrap_or_else(|| named.repository.clone()),
    }
}

/// None when the answer lacks what makes an iteration.
pub(crate) fn iteration(wire: super::Iteration) -> Option<Iteration> {
    let commit = |commit: Option<CommitRef>| commit.and_then(|it| it.commit_id).and_then(|id| CommitId::parse(&id));
    Some(Iteration {
        id: wire.id.filter(|id| *id > 0)?,
        head: commit(wire.source_ref_commit)?,
        // The target's commit has the same merge base with the head.
        base: commit(wire.common_ref_commit).or_else(|| commit(wire.target_ref_commit))?,
    })
}

/// None for folders and for entries without a path or a tracking id.
pub(crate) fn iteration_file(wire: ChangeEntry) -> Option<IterationFile> {
    let item = wire.item.unwrap_or_default();
    if item.is_folder == Some(true) {
        return None;
    }
    let path = item.path.or(wire.original_path)?;
    Some(IterationFile { path: without_slash(&path), change_tracking_id: wire.change_tracking_id? })
}

/// None for a thread without an id.
pub(crate) fn thread(wire: super::Thread) -> Option<Thread> {
    let comments: Vec<Comment> = wire.comments.unwrap_or_default().into_iter().flatten().filter_map(comment).collect();
    Some(Thread {
        id: wire.id?,
        status: thread_status(wire.status.as_ref()),
        comments,
        anchor: wire.thread_context.and_then(anchor),
        properties: properties(wire.properties.as_ref()),
        is_deleted: wire.is_deleted.unwrap_or(false),
    })
}

/// The word that the API takes. A word that we do not know is never written back.
pub(crate) fn thread_status_word(status: &ThreadStatus) -> &'static str {
    match status {
        ThreadStatus::Active | ThreadStatus::Other(_) => "active",
        ThreadStatus::Pending => "pending",
        ThreadStatus::Fixed => "fixed",
        ThreadStatus::WontFix => "wontFix",
        ThreadStatus::ByDesign => "byDesign",
        ThreadStatus::Closed => "closed",
    }
}

/// None for a work item without an id.
pub(crate) fn work_item(wire: super::WorkItem) -> Option<WorkItem> {
    let fields = wire.fields.unwrap_or_default();
    let formats = wire.multiline_fields_format.unwrap_or_default();
    let field = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let texts = TEXT_FIELDS.iter().filter_map(|(name, heading)| {
        let is_markdown = formats.get(*name).is_some_and(|format| format.is("markdown"));
        let text = if is_markdown { field(name).trim().to_owned() } else { plain_text::from_html(field(name)) };
        (!text.is_empty()).then(|| format!("{heading}{text}"))
    });
    Some(WorkItem {
        id: wire.id?,
        kind: field("System.WorkItemType").to_owned(),
        title: field("System.Title").to_owned(),
        state: field("System.State").to_owned(),
        text: texts.collect::<Vec<_>>().join("\n\n").chars().take(MAX_WORK_ITEM_TEXT).collect(),
    })
}

/// None without an id. `are_completed`: what the list was asked for.
pub(crate) fn listed_pull_request(wire: super::PullRequest, is_completed: bool) -> Option<ListedPullRequest> {
    let commit = |commit: Option<CommitRef>| commit.and_then(|it| it.commit_id).and_then(|id| CommitId::parse(&id));
    let labels = wire.labels.unwrap_or_default().into_iter().flatten().filter(|label| label.active != Some(false));
    let other = OtherPullRequest {
        id: wire.pull_request_id.filter(|id| *id > 0)?,
        repository: None,
        title: wire.title.unwrap_or_default(),
        is_completed,
        author: person(wire.created_by),
        reviewers: reviewers(wire.reviewers),
        labels: labels.filter_map(|label| label.name).filter(|name| !name.trim().is_empty()).collect(),
        files: None,
        shared_work_items: Vec::new(),
    };
    let commits = commit(wire.last_merge_source_commit).zip(commit(wire.last_merge_target_commit));
    Some(ListedPullRequest { other, commits })
}

/// Of a list over all repositories of a project. None of the repository `own`, and where the answer names none.
pub(crate) fn pull_request_elsewhere(
    mut wire: super::PullRequest,
    own: &RepositoryKey,
    is_completed: bool,
) -> Option<OtherPullRequest> {
    let repository = wire.repository.take()?;
    let is_own = repository.id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(&own.repository));
    let name = repository.name.filter(|name| !is_own && !name.eq_ignore_ascii_case(&own.repository))?;
    let project = repository.project.and_then(|project| project.name).unwrap_or_else(|| own.project.clone());
    let url = page(&own.collection, &project, &name);
    let ListedPullRequest { other, .. } = listed_pull_request(wire, is_completed)?;
    Some(OtherPullRequest { repository: Some(OtherRepository { name, url }), ..other })
}

/// Where a repository stands; its remote is below `named.collection`, whatever the answer says.
pub(crate) fn tip(repository: Repository, named: &RepositoryKey, commit: CommitId) -> Tip {
    let base = named.collection.as_str();
    let key = canonical(&repository, named);
    let Repository { name, remote_url, project, .. } = repository;
    let project_name = project.and_then(|Project { name, .. }| name).unwrap_or_else(|| named.project.clone());
    let page = page(base, &project_name, &name.unwrap_or_else(|| named.repository.clone()));
    Tip { repository: key, project_name, remote_url: remote_below(base, remote_url).unwrap_or(page), commit }
}

fn reviewers(wire: Option<Vec<Option<super::Reviewer>>>) -> Vec<Reviewer> {
    let reviewer = |wire: super::Reviewer| {
        let super::Reviewer { id, display_name, unique_name, vote, is_container } = wire;
        let person = person(Some(Identity { id, display_name, unique_name }));
        Reviewer { person, vote: vote.unwrap_or(0), is_group: is_container.unwrap_or(false) }
    };
    wire.unwrap_or_default().into_iter().flatten().map(reviewer).filter(|reviewer| !reviewer.person.id.is_empty()).collect()
}

/// None for folders.
pub(crate) fn changed_file(wire: ChangeEntry) -> Option<String> {
    let item = wire.item?;
    item.path.filter(|_| item.is_folder != Some(true)).map(|path| without_slash(&path))
}

/// None for links to anything but work items and pull requests of `repository`.
pub(crate) fn link(wire: super::Relation, repository: &str) -> Option<Link> {
    let (rel, url) = (wire.rel?, wire.url?);
    if rel.eq_ignore_ascii_case("ArtifactLink") {
        let (head, rest) = url.split_at_checked(PULL_REQUEST_ARTIFACT.len())?;
        let path = percent_decode_str(rest).decode_utf8().ok().filter(|_| head.eq_ignore_ascii_case(PULL_REQUEST_ARTIFACT))?;
        let mut parts = path.split('/').skip(1);
        let is_here = parts.next()?.eq_ignore_ascii_case(repository);
        let id = parts.next()?.parse().ok()?;
        return is_here.then_some(Link::PullRequest(id));
    }
    let is_link = rel.to_ascii_lowercase().starts_with("system.linktypes.");
    url.rsplit('/').next()?.parse().ok().filter(|_| is_link).map(Link::WorkItem)
}

/// A bag's values as text: `{"k":{"$type":"System.String","$value":"v"}}`, `{"k":{"type":…,"value":…}}` and bare scalars.
pub(crate) fn properties(bag: Option<&Value>) -> BTreeMap<String, String> {
    let Some(Value::Object(bag)) = bag else { return BTreeMap::new() };
    bag.iter().filter_map(|(key, value)| Some((key.clone(), property(value)?))).collect()
}

/// One value of a bag as text.
pub(crate) fn property(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Object(wrapped) => match wrapped.get("$value").or_else(|| wrapped.get("value"))? {
            Value::Object(_) | Value::Array(_) => None,
            scalar => property(scalar),
        },
        Value::Null | Value::Array(_) => None,
    }
}

fn comment(wire: super::Comment) -> Option<Comment> {
    let liked_by = wire.users_liked.unwrap_or_default().into_iter().flatten().map(|who| person(Some(who)).id);
    Some(Comment {
        id: wire.id?,
        author: person(wire.author),
        content: wire.content.unwrap_or_default(),
        is_deleted: wire.is_deleted.unwrap_or(false),
        published_at: wire.published_date.and_then(|date| milliseconds(&date)),
        is_text: wire.comment_type.is_none_or(|kind| kind.is("text") || kind.0 == "1"),
        liked_by: liked_by.filter(|id| !id.is_empty()).collect(),
    })
}

/// Milliseconds since the epoch.
pub(crate) fn milliseconds(date: &str) -> Option<i64> {
    date.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

fn pull_request_status(word: Option<&Word>) -> PullRequestStatus {
    match word.map(|word| word.0.to_ascii_lowercase()).as_deref() {
        Some("active" | "1") => PullRequestStatus::Active,
        Some("abandoned" | "2") => PullRequestStatus::Abandoned,
        Some("completed" | "3") => PullRequestStatus::Completed,
        _ => PullRequestStatus::Other(word.map(|word| word.0.clone()).unwrap_or_default()),
    }
}

fn thread_status(word: Option<&Word>) -> ThreadStatus {
    match word.map(|word| word.0.to_ascii_lowercase()).as_deref() {
        Some("active" | "1") => ThreadStatus::Active,
        Some("fixed" | "2") => ThreadStatus::Fixed,
        Some("wontfix" | "3") => ThreadStatus::WontFix,
        Some("closed" | "4") => ThreadStatus::Closed,
        Some("bydesign" | "5") => ThreadStatus::ByDesign,
        Some("pending" | "6") => ThreadStatus::Pending,
        _ => ThreadStatus::Other(word.map(|word| word.0.clone()).unwrap_or_default()),
    }
}

/// None for a thread about a whole file, too: it has no lines.
fn anchor(context: ThreadContext) -> Option<Anchor> {
    let (side, start, end) = match (context.right_file_start, context.left_file_start) {
        (Some(start), _) => (Side::Right, start, context.right_file_end.unwrap_or(start)),
        (None, Some(start)) => (Side::Left, start, context.left_file_end.unwrap_or(start)),
        (None, None) => return None,
    };
    let path = without_slash(&context.file_path?);
    Some(Anchor { path, side, lines: LineRange::new(line(start.line), line(last_line(start, end))) })
}

/// An end at column 1 lies before the line's first character.
fn last_line(start: Position, end: Position) -> Option<i64> {
    match (start.line, end.line, end.offset) {
        (Some(first), Some(last), Some(1)) if last > first => Some(last - 1),
        _ => end.line,
    }
}

fn line(line: Option<i64>) -> u32 {
    u32::try_from(line.unwrap_or(1).max(1)).unwrap_or(u32::MAX)
}

fn without_slash(path: &str) -> String {
    path.strip_prefix('/').unwrap_or(path).to_owned()
}
