//! Threads, comments and likes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{found, found_mut, no_such_route, not_allowed, properties, record, require};
use crate::azure_devops::{
    anchors,
    answer::{Answer, Outcome, Refusal},
    call::{self, Call, kind, member},
    hooks::{CommentChange, Happening},
    ledger::{Action, Write},
    options::Permission,
    world::{Comment, Thread, World, now},
};

const LONGEST_COMMENT: usize = 150_000;
const MOST_COMMENTS: usize = 500;

const STATUSES: [&str; 7] = ["unknown", "active", "fixed", "wontFix", "closed", "byDesign", "pending"];
const KINDS: [&str; 4] = ["unknown", "text", "codeChange", "system"];

pub(super) fn dispatch(world: &mut World, call: &Call, id: u32, path: &[&str]) -> Outcome {
    if !call.is_read() {
        require(world, call, Permission::ContributeToPullRequests)?;
    }
    match (call.method.as_str(), path) {
        ("GET", []) => list(world, call, id),
        ("POST", []) => create(world, call, id),
        (_, []) => Err(not_allowed(call)),
        (method, [thread, rest @ ..]) => {
            let thread = thread_of(world, id, thread)?;
            match (method, rest) {
                ("GET", []) => {
                    let shown = match call.number("$iteration")? {
                        Some(iteration) => projected(world, id, &thread, iteration),
                        None => thread,
                    };
                    Ok(Answer::json(&world.thread_json(found(world, id)?, &shown)))
                }
                ("PATCH", []) => update(world, call, id, thread.id),
                ("GET", ["comments"]) => {
                    let pull_request = found(world, id)?;
                    let shape = |comment: &Comment| world.comment_json(pull_request, thread.id, comment);
                    Ok(Answer::list(thread.comments.iter().map(shape).collect()))
                }
                ("POST", ["comments"]) => reply(world, call, id, &thread),
                (_, [] | ["comments"]) => Err(not_allowed(call)),
                (method, ["comments", comment, rest @ ..]) => {
                    let comment = comment_of(&thread, comment)?;
                    match (method, rest) {
                        ("GET", []) => Ok(Answer::json(&world.comment_json(found(world, id)?, thread.id, &comment))),
                        ("PATCH", []) => edit(world, call, id, thread.id, &comment),
                        ("DELETE", []) => delete(world, call, id, thread.id, &comment),
                        (_, ["likes"]) => likes(world, call, id, thread.id, &comment),
                        (_, []) => Err(not_allowed(call)),
                        _ => Err(no_such_route(call)),
                    }
                }
                _ => Err(no_such_route(call)),
            }
        }
    }
}

fn thread_of(world: &World, id: u32, number: &str) -> Result<Thread, Refusal> {
    let thread = found(world, id)?.threads.iter().find(|thread| thread.id.to_string() == number);
    thread
        .cloned()
        .ok_or_else(|| Refusal::new(404, "CommentThreadNotFoundException", format!("The comment thread {number} was not found.")))
}

fn comment_of(thread: &Thread, number: &str) -> Result<Comment, Refusal> {
    let comment = thread.comments.iter().find(|comment| comment.id.to_string() == number);
    comment.cloned().ok_or_else(|| Refusal::new(404, "CommentNotFoundException", format!("The comment {number} was not found.")))
}

fn thread_mut(world: &mut World, id: u32, thread: u32) -> Result<&mut Thread, Refusal> {
    let known = found_mut(world, id)?.threads.iter_mut().find(|known| known.id == thread);
    known
        .ok_or_else(|| Refusal::new(404, "CommentThreadNotFoundException", format!("The comment thread {thread} was not found.")))
}

fn comment_mut(world: &mut World, id: u32, thread: u32, comment: u32) -> Result<&mut Comment, Refusal> {
    let known = thread_mut(world, id, thread)?.comments.iter_mut().find(|known| known.id == comment);
    known.ok_or_else(|| Refusal::new(404, "CommentNotFoundException", format!("The comment {comment} was not found.")))
}

/// Everything, also deleted and system threads; there are no pages.
fn list(world: &mut World, call: &Call, id: u32) -> Outcome {
    let iteration = call.number("$iteration")?;
    let threads = found(world, id)?.threads.clone();
    let shown: Vec<Thread> = match iteration {
        Some(iteration) => threads.iter().map(|thread| projected(world, id, thread, iteration)).collect(),
        None => threads,
    };
    let pull_request = found(world, id)?;
    Ok(Answer::list(shown.iter().map(|thread| world.thread_json(pull_request, thread)).collect()))
}

fn projected(world: &mut World, id: u32, thread: &Thread, iteration: usize) -> Thread {
    match u32::try_from(iteration) {
        Ok(iteration) => anchors::projected(world, id, thread, iteration),
        Err(_) => thread.clone(),
    }
}

fn create(world: &mut World, call: &Call, id: u32) -> Outcome {
    let body = call.object()?;
    let written = match member(&body, "comments") {
        Some(Value::Array(comments)) if !comments.is_empty() && comments.len() <= MOST_COMMENTS => comments.clone(),
        _ => return Err(Refusal::invalid(format!("A thread needs a list of 1 to {MOST_COMMENTS} comments."))),
    };
    let mut comments: Vec<Comment> = Vec::new();
    for comment in &written {
        let Value::Object(comment) = comment else {
            return Err(Refusal::invalid(format!("A comment must be an object, not {}.", kind(comment))));
        };
        let comment = new_comment(comment, &comments, call.user)?;
        comments.push(comment);
    }
    let status = call::word(&body, "status", &STATUSES)?.filter(|status| status != "unknown");
    let mut bag = BTreeMap::new();
    if let Some(written) = member(&body, "properties") {
        properties::merge(&mut bag, written)?;
    }
    let context = context(&body)?;
    let pull_request_context = pull_request_context(&body)?;
    let number = world.next_thread;
    world.next_thread = number.saturating_add(1);
    let when = now();
    let thread = Thread {
        id: number,
        status,
        comments,
        context,
        pull_request_context,
        properties: bag,
        identities: Vec::new(),
        is_deleted: false,
        published: when,
        updated: when,
    };
    found_mut(world, id)?.threads.push(thread.clone());
    for problem in anchors::problems(world, id, &thread) {
        world.ledger.violation(id, Some(number), problem);
    }
    if thread.status.is_none() {
        world.ledger.violation(id, Some(number), "a thread without a status is shown as Unknown");
    }
    if written.iter().any(|comment| comment.get("author").is_some()) {
        world.ledger.violation(id, Some(number), "an author was sent; the service takes that of the token");
    }
    record(world, call, Action::CreateThread, Some(id), |write| {
        write.comment = Some(1);
        write.content = thread.comments.first().map(|comment| comment.content.clone()).unwrap_or_default();
        about(write, &thread);
    });
    for comment in &thread.comments {
        let change = CommentChange::Created;
        world.happened(Happening::Commented { thread: number, comment: comment.id, change }, id, call.user);
    }
    let shape = world.thread_json(found(world, id)?, &thread);
    Ok(Answer::json(&shape))
}

fn about(write: &mut Write, thread: &Thread) {
    write.thread = Some(thread.id);
    write.is_inline = thread.context.is_some();
    write.iteration = anchors::iterations_of(thread.pull_request_context.as_ref()).map(|(_, second)| second);
    write.properties = properties::texts(&thread.properties);
}

fn new_comment(body: &Map<String, Value>, before: &[Comment], author: usize) -> Result<Comment, Refusal> {
    let content = content_of(body)?;
    let kind = call::word(body, "commentType", &KINDS)?.filter(|kind| kind != "unknown").unwrap_or_else(|| "text".to_owned());
    if kind == "system" {
        return Err(Refusal::invalid("A comment of type system cannot be written."));
    }
    let parent = call::integer(body, "parentCommentId", 0)?.unwrap_or(0);
    if parent != 0 && !before.iter().any(|comment| comment.id == parent) {
        return Err(Refusal::invalid(format!("The parent comment {parent} does not exist.")));
    }
    let when = now();
    Ok(Comment {
        id: before.iter().map(|comment| comment.id).max().unwrap_or(0).saturating_add(1),
        parent,
        author,
        content,
        kind,
        is_deleted: false,
        published: when,
        updated: when,
        content_updated: when,
        liked_by: BTreeSet::new(),
    })
}

fn content_of(body: &Map<String, Value>) -> Result<String, Refusal> {
    let content = call::text(body, "content")?.filter(|content| !content.is_empty());
    let content = content.ok_or_else(|| Refusal::invalid("The content of a comment is required."))?;
    if content.encode_utf16().count() > LONGEST_COMMENT {
        let message = format!("The content of a comment must not be longer than {LONGEST_COMMENT} characters.");
        return Err(Refusal::invalid(message));
    }
    Ok(content)
}

/// Lines and columns must be numbers; that they exist is not checked by the service.
fn context(body: &Map<String, Value>) -> Result<Option<Value>, Refusal> {
    let Some(context) = member(body, "threadContext") else { return Ok(None) };
    let Value::Object(context) = context else {
        return Err(Refusal::invalid(format!("threadContext must be an object, not {}.", kind(context))));
    };
    let mut shape = Map::new();
    let path = call::text(context, "filePath")?;
    shape.insert("filePath".to_owned(), path.map_or(Value::Null, Value::String));
    for name in ["leftFileStart", "leftFileEnd", "rightFileStart", "rightFileEnd"] {
        let Some(position) = member(context, name) else { continue };
        let Value::Object(position) = position else {
            return Err(Refusal::invalid(format!("{name} must be an object, not {}.", kind(position))));
        };
        let line = call::integer(position, "line", 1)?.ok_or_else(|| Refusal::invalid(format!("{name} needs a line.")))?;
        let offset = call::integer(position, "offset", 0)?.unwrap_or(0);
        shape.insert(name.to_owned(), json!({ "line": line, "offset": offset }));
    }
    Ok(Some(Value::Object(shape)))
}

fn pull_request_context(body: &Map<String, Value>) -> Result<Option<Value>, Refusal> {
    let Some(context) = member(body, "pullRequestThreadContext") else { return Ok(None) };
    let Value::Object(context) = context else {
        return Err(Refusal::invalid(format!("pullRequestThreadContext must be an object, not {}.", kind(context))));
    };
    let mut shape = Map::new();
    if let Some(tracking) = call::integer(context, "changeTrackingId", 0)? {
        shape.insert("changeTrackingId".to_owned(), tracking.into());
    }
    if let Some(iterations) = member(context, "iterationContext") {
        let Value::Object(iterations) = iterations else {
            return Err(Refusal::invalid(format!("iterationContext must be an object, not {}.", kind(iterations))));
        };
        let mut numbers = Map::new();
        for name in ["firstComparingIteration", "secondComparingIteration"] {
            if let Some(number) = call::integer(iterations, name, 0)? {
                numbers.insert(name.to_owned(), number.into());
            }
        }
        shape.insert("iterationContext".to_owned(), Value::Object(numbers));
    }
    Ok(Some(Value::Object(shape)))
}

/// Status and properties.
fn update(world: &mut World, call: &Call, id: u32, thread: u32) -> Outcome {
    let body = call.object()?;
    let status = call::word(&body, "status", &STATUSES)?;
    let mut bag = thread_mut(world, id, thread)?.properties.clone();
    if let Some(written) = member(&body, "properties") {
        properties::merge(&mut bag, written)?;
    }
    let known = thread_mut(world, id, thread)?;
    if known.is_deleted {
        return Err(Refusal::invalid(format!("The comment thread {thread} is deleted.")));
    }
    if status.is_some() {
        known.status = status;
    }
    known.properties = bag;
    known.updated = now();
    let known = known.clone();
    record(world, call, Action::UpdateThread, Some(id), |write| {
        write.content = known.status.clone().unwrap_or_default();
        about(write, &known);
    });
    let shape = world.thread_json(found(world, id)?, &known);
    Ok(Answer::json(&shape))
}

fn reply(world: &mut World, call: &Call, id: u32, thread: &Thread) -> Outcome {
    if thread.comments.len() >= MOST_COMMENTS {
        return Err(Refusal::invalid(format!("A thread cannot have more than {MOST_COMMENTS} comments.")));
    }
    if thread.is_deleted {
        return Err(Refusal::invalid(format!("The comment thread {} is deleted.", thread.id)));
    }
    let comment = new_comment(&call.object()?, &thread.comments, call.user)?;
    let known = thread_mut(world, id, thread.id)?;
    known.comments.push(comment.clone());
    known.updated = comment.published;
    record(world, call, Action::CreateComment, Some(id), |write| {
        about(write, thread);
        write.comment = Some(comment.id);
        comment.content.clone_into(&mut write.content);
    });
    let change = CommentChange::Created;
    world.happened(Happening::Commented { thread: thread.id, comment: comment.id, change }, id, call.user);
    let shape = world.comment_json(found(world, id)?, thread.id, &comment);
    Ok(Answer::json(&shape))
}

fn require_own(call: &Call, comment: &Comment) -> Result<(), Refusal> {
    if comment.author == call.user {
        return Ok(());
    }
    Err(Refusal::new(403, "CommentCannotBeUpdatedException", "A comment can be changed and deleted by its author only."))
}

fn edit(world: &mut World, call: &Call, id: u32, thread: u32, comment: &Comment) -> Outcome {
    require_own(call, comment)?;
    if comment.is_deleted {
        return Err(Refusal::invalid(format!("The comment {} is deleted.", comment.id)));
    }
    let content = content_of(&call.object()?)?;
    let known = comment_mut(world, id, thread, comment.id)?;
    content.clone_into(&mut known.content);
    known.updated = now();
    known.content_updated = known.updated;
    let (known, when) = (known.clone(), known.updated);
    let thread = {
        let thread = thread_mut(world, id, thread)?;
        thread.updated = when;
        thread.clone()
    };
    record(world, call, Action::UpdateComment, Some(id), |write| {
        about(write, &thread);
        write.comment = Some(known.id);
        write.content = content;
    });
    for problem in anchors::problems(world, id, &thread) {
        if !world.ledger.violations.iter().any(|known| known.thread == Some(thread.id) && known.problem == problem) {
            world.ledger.violation(id, Some(thread.id), problem);
        }
    }
    let change = CommentChange::Edited;
    world.happened(Happening::Commented { thread: thread.id, comment: known.id, change }, id, call.user);
    let shape = world.comment_json(found(world, id)?, thread.id, &known);
    Ok(Answer::json(&shape))
}

/// Soft: the comment stays without its content, and the thread is deleted with its last comment.
fn delete(world: &mut World, call: &Call, id: u32, thread: u32, comment: &Comment) -> Outcome {
    require_own(call, comment)?;
    let known = comment_mut(world, id, thread, comment.id)?;
    known.is_deleted = true;
    known.content.clear();
    known.updated = now();
    let whole = thread_mut(world, id, thread)?;
    whole.is_deleted = whole.comments.iter().all(|comment| comment.is_deleted);
    let whole = whole.clone();
    record(world, call, Action::DeleteComment, Some(id), |write| {
        about(write, &whole);
        write.comment = Some(comment.id);
    });
    let change = CommentChange::Deleted;
    world.happened(Happening::Commented { thread, comment: comment.id, change }, id, call.user);
    Ok(Answer::empty())
}

fn likes(world: &mut World, call: &Call, id: u32, thread: u32, comment: &Comment) -> Outcome {
    let user = call.user;
    let action = match call.method.as_str() {
        "GET" => {
            let collection = call.collection;
            return Ok(Answer::list(comment.liked_by.iter().map(|user| world.identity_json(collection, *user)).collect()));
        }
        "POST" => {
            comment_mut(world, id, thread, comment.id)?.liked_by.insert(user);
            Action::Like
        }
        "DELETE" => {
            comment_mut(world, id, thread, comment.id)?.liked_by.remove(&user);
            Action::Unlike
        }
        _ => return Err(not_allowed(call)),
    };
    record(world, call, action, Some(id), |write| {
        write.thread = Some(thread);
        write.comment = Some(comment.id);
    });
    Ok(Answer::empty())
}
