//! The threads that the service itself writes: the only place that names who pushed and who voted.

use serde_json::{Value, json};

use super::world::{Comment, Thread, World, now};

pub(crate) fn ref_update(world: &mut World, id: u32, actor: usize, head: &str, commits: &[String]) {
    let branch = world.pull_request(id).map(|pull_request| pull_request.source_ref.clone()).unwrap_or_default();
    let extra = [
        ("CodeReviewRefName", string(&branch)),
        ("CodeReviewRefNewHeadCommit", string(head)),
        ("CodeReviewRefNewCommits", string(&commits.join(";"))),
        ("CodeReviewRefNewCommitsCount", json!({ "$type": "System.Int32", "$value": commits.len() })),
        ("CodeReviewRefUpdatedByIdentity", string("1")),
    ];
    let text = format!("The reference {branch} was updated.");
    add(world, id, actor, "RefUpdate", &text, extra);
}

pub(crate) fn vote(world: &mut World, id: u32, actor: usize, vote: i64) {
    let extra = [
        ("CodeReviewVoteResult", string(&vote.to_string())),
        ("CodeReviewVotedByInitiatorIdentity", string("1")),
        ("CodeReviewVotedByIdentity", string("1")),
    ];
    let name = world.users.get(actor).map(|user| user.display_name.clone()).unwrap_or_default();
    add(world, id, actor, "VoteUpdate", &format!("{name} voted {vote}"), extra);
}

pub(crate) fn status(world: &mut World, id: u32, actor: usize, status: &str) {
    let extra = [("CodeReviewStatus", string(status)), ("CodeReviewStatusUpdatedByIdentity", string("1"))];
    let name = world.users.get(actor).map(|user| user.display_name.clone()).unwrap_or_default();
    add(world, id, actor, "StatusUpdate", &format!("{name} updated the pull request status to {status}"), extra);
}

pub(crate) fn draft(world: &mut World, id: u32, actor: usize, is_draft: bool) {
    let extra = [
        ("CodeReviewIsDraft", string(if is_draft { "True" } else { "False" })),
        ("CodeReviewIsDraftUpdatedByIdentity", string("1")),
    ];
    add(world, id, actor, "IsDraftUpdate", if is_draft { "Marked as draft" } else { "Published" }, extra);
}

pub(crate) fn reviewers(world: &mut World, id: u32, actor: usize, added: &str) {
    let extra = [
        ("CodeReviewReviewersUpdatedNumAdded", string("1")),
        ("CodeReviewReviewersUpdatedAddedIdentity", string("1")),
        ("CodeReviewReviewersUpdatedByIdentity", string("1")),
    ];
    add(world, id, actor, "ReviewersUpdate", &format!("{added} joined as a reviewer"), extra);
}

fn string(text: &str) -> Value {
    json!({ "$type": "System.String", "$value": text })
}

/// System threads have no status at all.
fn add<const N: usize>(world: &mut World, id: u32, actor: usize, kind: &str, text: &str, extra: [(&str, Value); N]) {
    let thread = world.next_thread;
    world.next_thread = thread.saturating_add(1);
    let Some(pull_request) = world.pull_request_mut(id) else { return };
    let when = now();
    let mut properties: std::collections::BTreeMap<String, Value> =
        extra.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    properties.insert("CodeReviewThreadType".to_owned(), string(kind));
    let comment = Comment {
        id: 1,
        parent: 0,
        author: actor,
        content: text.to_owned(),
        kind: "system".to_owned(),
        is_deleted: false,
        published: when,
        updated: when,
        content_updated: when,
        liked_by: std::collections::BTreeSet::new(),
    };
    pull_request.threads.push(Thread {
        id: thread,
        status: None,
        comments: vec![comment],
        context: None,
        pull_request_context: None,
        properties,
        identities: vec![actor],
        is_deleted: false,
        published: when,
        updated: when,
    });
}
