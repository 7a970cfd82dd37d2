//! Commits that clients make by the API: no work tree, no pack; they stand in the same git as all others.
//!
//! What is known of the real service: a reference that is not there begins at `oldObjectId` (how updaters of dependencies make
//! their branches), 40 zeros make a root commit, and one that moved is refused with 409 and `TF401028`. That files which exist
//! cannot be added, nor missing ones edited, is known; by which words it is refused is not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{no_such_route, not_allowed, record, require};
use crate::{
    azure_devops::{
        answer::{Answer, Outcome, Refusal},
        call::{self, Call, kind, member},
        iterations,
        ledger::Action,
        objects,
        options::Permission,
        world::{World, now},
    },
    repository::Repository,
};

const NOTHING: &str = "0000000000000000000000000000000000000000";
const BRANCHES: &str = "refs/heads/";
/// The members of `changeType` at their numbers, which are powers of two, as far as files have them.
const CHANGE_TYPES: [&str; 17] =
    ["none", "add", "edit", "", "encoding", "", "", "", "rename", "", "", "", "", "", "", "", "delete"];

/// One file of a push.
struct Written {
    path: String,
    /// None: it goes.
    content: Option<Vec<u8>>,
    is_executable: bool,
}

pub(super) fn push(world: &mut World, call: &Call, repository: usize) -> Outcome {
    if call.method != "POST" {
        return Err(not_allowed(call));
    }
    require(world, call, Permission::ContributeCode)?;
    let git = world.git(repository).ok_or_else(|| no_such_route(call))?;
    let body = call.object()?;
    let (name, old) = reference(&body)?;
    let branch = name.strip_prefix(BRANCHES).unwrap_or_default().to_owned();
    let tip = git.resolve_ref(&name);
    let parent = match &tip {
        Some(tip) if *tip == old => Some(old.clone()),
        Some(_) => return Err(stale(&name)),
        None => {
            require(world, call, Permission::CreateBranch)?;
            begin(&git, &old)?
        }
    };
    let commits = list(&body, "commits")?;
    let [commit] = commits.as_slice() else {
        return Err(Refusal::invalid("A push needs one commit here: this stand-in takes no more, and the service no fewer."));
    };
    let message = call::text(commit, "comment")?.filter(|text| !text.trim().is_empty());
    let message = message.ok_or_else(|| Refusal::invalid("The comment of a commit is required."))?;
    let files = changes(&git, parent.as_deref(), commit)?;
    let user = world.user(call.user).cloned();
    let (author, email) = user.map(|user| (user.display_name, user.unique_name)).unwrap_or_default();
    let mut change = git.change(&branch).author(&author, &email);
    change = match &parent {
        Some(parent) => change.onto(parent),
        None => change.orphan(),
    };
    for Written { path, content, is_executable } in files {
        change = match content {
            None => change.delete(&path),
            Some(content) if is_executable => change.executable(&path, content),
            Some(content) => change.file(&path, content),
        };
    }
    let made = change.commit(&message).map_err(|problem| {
        Refusal::new(400, "GitUnsuccessfulReferenceUpdateException", format!("The push was not made: {problem:#}"))
    })?;
    record(world, call, Action::Push(name.clone()), None, |write| write.content = message);
    iterations::sync(world, repository, call.user);
    let fields = world.commit(repository, &made).ok_or_else(|| no_such_route(call))?;
    let number = world.next_push;
    world.next_push = number.saturating_add(1);
    let repository_id = world.repositories.get(repository).map(|found| found.id.clone()).unwrap_or_default();
    let shape = json!({
        "pushId": number,
        "date": now().to_string(),
        "pushedBy": world.identity_json(call.collection, call.user),
        "url": format!("{}/pushes/{number}", world.repository_api(repository)),
        "commits": [world.commit_json(repository, &fields)],
        "refUpdates": [{
            "repositoryId": repository_id,
            "name": name,
            "oldObjectId": tip.unwrap_or_else(|| NOTHING.to_owned()),
            "newObjectId": made,
        }],
        "repository": world.repository_json(repository),
    });
    Ok(Answer { status: 201, ..Answer::json(&shape) })
}

/// The name and the old object of the one reference.
fn reference(body: &Map<String, Value>) -> Result<(String, String), Refusal> {
    let updates = list(body, "refUpdates")?;
    let [update] = updates.as_slice() else {
        return Err(Refusal::invalid("A push updates exactly one reference."));
    };
    let name = call::text(update, "name")?.unwrap_or_default();
    let is_proper = name.strip_prefix(BRANCHES).is_some_and(|short| {
        let is_part = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && part.strip_suffix(".lock").is_none()
        };
        let is_allowed = |character: char| !character.is_control() && !" ~^:?*[\\".contains(character);
        short.split('/').all(is_part) && !short.contains("..") && !short.contains("@{") && short.chars().all(is_allowed)
    });
    if !is_proper {
        return Err(Refusal::new(
            400,
            "InvalidGitRefNameException",
            format!("TF401025: '{name}' is not a valid name for a Git ref."),
        ));
    }
    let old = call::text(update, "oldObjectId")?.unwrap_or_default();
    if old.len() != 40 || !old.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::invalid(format!("The value '{old}' of oldObjectId is no object id of 40 digits.")));
    }
    Ok((name, old.to_ascii_lowercase()))
}

/// The parent of a branch that is not there yet.
fn begin(git: &Repository, old: &str) -> Result<Option<String>, Refusal> {
    if old == NOTHING {
        return Ok(None);
    }
    // As the service answers: with its own failure, not with that of who asks.
    let found = objects::commit_fields(git, old).map(|commit| commit.id);
    let missing = || Refusal::new(500, "GitObjectDoesNotExistException", format!("TF401035: The object '{old}' does not exist."));
    found.map(Some).ok_or_else(missing)
}

fn stale(name: &str) -> Refusal {
    let message = format!(
        "TF401028: The reference '{name}' has already been updated by another client, so you cannot update it. Please try again."
    );
    Refusal::new(409, "GitReferenceStaleException", message)
}

fn changes(git: &Repository, parent: Option<&str>, commit: &Map<String, Value>) -> Result<Vec<Written>, Refusal> {
    let listed = list(commit, "changes")?;
    if listed.is_empty() {
        return Err(Refusal::invalid("A commit without a change cannot be pushed."));
    }
    let mut files: Vec<Written> = Vec::new();
    for change in &listed {
        let kind_of = call::word(change, "changeType", &CHANGE_TYPES)?.unwrap_or_default();
        let item = member(change, "item").and_then(Value::as_object).cloned().unwrap_or_default();
        let stated = call::text(&item, "path")?.unwrap_or_default();
        let path = path(&stated)?;
        if files.iter().any(|known| known.path == path) {
            return Err(Refusal::invalid(format!("The path '{stated}' stands in the commit more than once.")));
        }
        let standing = parent.and_then(|parent| objects::entry(git, parent, &path)).filter(|entry| entry.kind == "blob");
        let is_executable = standing.as_ref().is_some_and(|entry| entry.mode == "100755");
        let content = match (kind_of.as_str(), standing) {
            ("add", Some(_)) => {
                let message = format!("The path '{stated}' cannot be added: it exists already in the commit.");
                return Err(Refusal::new(400, "GitPathExistsException", message));
            }
            ("edit" | "delete", None) => {
                let message = format!("The path '{stated}' cannot be changed: it does not exist in the commit.");
                return Err(Refusal::new(400, "GitPathDoesNotExistException", message));
            }
            ("delete", Some(_)) => None,
            ("add" | "edit", _) => Some(content(change, &stated)?),
            (other, _) => return Err(Refusal::invalid(format!("The changeType '{other}' is none that this stand-in makes."))),
        };
        files.push(Written { path, content, is_executable });
    }
    Ok(files)
}

/// Without its slash; refused is what leaves the tree or is git's own.
fn path(stated: &str) -> Result<String, Refusal> {
    let bare = stated.strip_prefix('/').unwrap_or(stated);
    let is_proper = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
    if !bare.split('/').all(is_proper) || bare.contains(['\0', '\\']) {
        let message = format!("The path '{stated}' is not a valid path of a Git tree.");
        return Err(Refusal::new(400, "InvalidGitPathException", message));
    }
    Ok(bare.to_owned())
}

fn content(change: &Map<String, Value>, path: &str) -> Result<Vec<u8>, Refusal> {
    let stated = member(change, "newContent").and_then(Value::as_object);
    let stated = stated.ok_or_else(|| Refusal::invalid(format!("newContent of '{path}' is required.")))?;
    let text = call::text(stated, "content")?.unwrap_or_default();
    match call::word(stated, "contentType", &["rawText", "base64Encoded"])?.as_deref() {
        Some("base64Encoded") => {
            STANDARD.decode(text).map_err(|_| Refusal::invalid(format!("The content of '{path}' is not base64.")))
        }
        _ => Ok(text.into_bytes()),
    }
}

/// A list of objects; missing is empty.
fn list(object: &Map<String, Value>, name: &str) -> Result<Vec<Map<String, Value>>, Refusal> {
    let of = |value: &Value| match value {
        Value::Object(entry) => Ok(entry.clone()),
        other => Err(Refusal::invalid(format!("An entry of {name} must be an object, not {}.", kind(other)))),
    };
    match member(object, name) {
        None => Ok(Vec::new()),
        Some(Value::Array(entries)) => entries.iter().map(of).collect(),
        Some(other) => Err(Refusal::invalid(format!("{name} must be a list, not {}.", kind(other)))),
    }
}
