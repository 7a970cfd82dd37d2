//! Pull requests, their iterations and what hangs on them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    found, found_mut, labels, no_such_route, not_allowed, page, project_of, properties, record, require, reviewers, statuses,
    threads,
};
use crate::azure_devops::{
    answer::{Answer, Outcome, Refusal},
    call::{self, Call, kind, member},
    hooks::{Happening, UpdateKind},
    iterations,
    ledger::Action,
    objects,
    options::Permission,
    system_threads,
    world::{Iteration, PullRequest, World, now},
};

/// In UTF-16 units.
const LONGEST_DESCRIPTION: usize = 4_000;
const LONGEST_TITLE: usize = 400;

const STATUSES: [&str; 5] = ["notSet", "active", "abandoned", "completed", "all"];

pub(super) fn dispatch(world: &mut World, call: &Call, id: u32, path: &[&str]) -> Outcome {
    match path {
        [] => match call.method.as_str() {
            "GET" => {
                let pull_request = found(world, id)?;
                let mut shape = world.pull_request_json(pull_request, false);
                if call.flag("includeWorkItemRefs") {
                    shape["workItemRefs"] = work_item_refs(world, pull_request).into();
                }
                if call.flag("includeCommits") {
                    shape["commits"] = commit_list(world, id)?.into();
                }
                Ok(Answer::json(&shape))
            }
            "PATCH" => update(world, call, id),
            _ => Err(not_allowed(call)),
        },
        ["threads", rest @ ..] => threads::dispatch(world, call, id, rest),
        ["statuses", rest @ ..] => statuses::dispatch(world, call, id, None, rest),
        ["labels", rest @ ..] => labels::dispatch(world, call, id, rest),
        ["reviewers", rest @ ..] => reviewers::dispatch(world, call, id, rest),
        ["properties"] => bag(world, call, id),
        _ if !call.is_read() && !matches!(path, ["iterations", _, "statuses", ..]) => Err(not_allowed(call)),
        ["workitems"] => Ok(Answer::list(work_item_refs(world, found(world, id)?))),
        ["commits"] => Ok(Answer::list(page(commit_list(world, id)?, call, 100, 1_000)?)),
        ["iterations"] => {
            let pull_request = found(world, id)?;
            Ok(Answer::list(
                pull_request.iterations.iter().map(|iteration| world.iteration_json(pull_request, iteration)).collect(),
            ))
        }
        ["iterations", number, rest @ ..] => {
            let iteration = iteration_of(world, id, number)?;
            match rest {
                [] => Ok(Answer::json(&world.iteration_json(found(world, id)?, &iteration))),
                ["changes"] => changes(world, call, id, &iteration),
                ["commits"] => Ok(Answer::list(commit_list(world, id)?)),
                ["statuses", rest @ ..] => statuses::dispatch(world, call, id, Some(iteration.id), rest),
                _ => Err(no_such_route(call)),
            }
        }
        _ => Err(no_such_route(call)),
    }
}

fn iteration_of(world: &World, id: u32, number: &str) -> Result<Iteration, Refusal> {
    let known = found(world, id)?.iterations.iter().find(|iteration| iteration.id.to_string() == number);
    known.cloned().ok_or_else(|| {
        let message = format!("The iteration {number} of pull request {id} was not found.");
        Refusal::new(404, "GitPullRequestIterationNotFoundException", message)
    })
}

/// Files of the iteration against the merge base, or against an earlier iteration.
fn changes(world: &mut World, call: &Call, id: u32, iteration: &Iteration) -> Outcome {
    let top = call.number("$top")?.unwrap_or(100).min(2_000);
    let skip = call.number("$skip")?.unwrap_or(0);
    let from = match call.number("$compareTo")?.unwrap_or(0) {
        0 => iteration.common.clone(),
        other => iteration_of(world, id, &other.to_string())?.source,
    };
    let all = iterations::changes(world, id, &from, &iteration.source);
    let total = all.len();
    let entries: Vec<Value> = all.into_iter().skip(skip).take(top).collect();
    let next = skip.saturating_add(entries.len());
    let mut shape = json!({ "changeEntries": entries });
    if next < total && top > 0 {
        shape["nextSkip"] = next.into();
        shape["nextTop"] = (total - next).min(top).into();
    }
    Ok(Answer::json(&shape))
}

fn commit_list(world: &mut World, id: u32) -> Result<Vec<Value>, Refusal> {
    let pull_request = found(world, id)?;
    let (repository, source_repository) = (pull_request.repository, pull_request.source_repository);
    let last = pull_request.iterations.last().map(|last| (last.common.clone(), last.source.clone()));
    let (Some((from, to)), Some(git)) = (last, world.git(source_repository)) else { return Ok(Vec::new()) };
    let commits = objects::log(&git, &from, &to);
    let commits: Vec<_> = commits.iter().filter_map(|commit| world.commit(source_repository, commit)).collect();
    Ok(commits.iter().map(|commit| world.commit_json(repository, commit)).collect())
}

fn work_item_refs(world: &World, pull_request: &PullRequest) -> Vec<Value> {
    let base = world.announced_collection_url(world.collection_of(pull_request.repository));
    let shape = |id: &u32| json!({ "id": id.to_string(), "url": format!("{base}/_apis/wit/workItems/{id}") });
    pull_request.work_items.iter().map(shape).collect()
}

/// `repository`: those of one; else those of the project, or of the collection.
pub(super) fn list(world: &World, call: &Call, repository: Option<usize>) -> Outcome {
    let project = project_of(world, call)?;
    let status = call.query("searchCriteria.status").or_else(|| call.query("status")).unwrap_or("active").to_ascii_lowercase();
    let status = match status.as_str() {
        "0" | "1" | "notset" => "active".to_owned(),
        "2" => "abandoned".to_owned(),
        "3" => "completed".to_owned(),
        "4" => "all".to_owned(),
        word if STATUSES.iter().any(|known| known.eq_ignore_ascii_case(word)) => word.to_owned(),
        other => {
            return Err(Refusal::invalid(format!(
                "The value '{other}' of searchCriteria.status is none of {}.",
                STATUSES.join(", ")
            )));
        }
    };
    let criterion = |name: &str| call.query(&format!("searchCriteria.{name}")).filter(|value| !value.is_empty());
    let id_of = |user: usize| world.user(user).map_or("", |user| user.id.as_str());
    let is_wanted = |pull_request: &&PullRequest| {
        let of = world.repositories.get(pull_request.repository).map(|repository| repository.project);
        let in_place = world.collection_of(pull_request.repository) == call.collection
            && repository.is_none_or(|repository| pull_request.repository == repository)
            && (project.is_none() || of == project);
        let in_repository = criterion("repositoryId").is_none_or(|wanted| {
            world.repositories.get(pull_request.repository).is_some_and(|repository| repository.id.eq_ignore_ascii_case(wanted))
        });
        in_place
            && in_repository
            && !pull_request.is_gone
            && (status == "all" || pull_request.status.eq_ignore_ascii_case(&status))
            && criterion("sourceRefName").is_none_or(|name| pull_request.source_ref == name)
            && criterion("sourceRepositoryId").is_none_or(|wanted| {
                world.repositories.get(pull_request.source_repository).is_some_and(|of| of.id.eq_ignore_ascii_case(wanted))
            })
            && criterion("targetRefName").is_none_or(|name| pull_request.target_ref == name)
            && criterion("creatorId").is_none_or(|id| id_of(pull_request.created_by).eq_ignore_ascii_case(id))
            && criterion("reviewerId")
                .is_none_or(|id| pull_request.reviewers.iter().any(|reviewer| id_of(reviewer.user).eq_ignore_ascii_case(id)))
    };
    // Newest first.
    let all: Vec<&PullRequest> = world.pull_requests.iter().rev().filter(is_wanted).collect();
    let all = page(all, call, 101, 1_000)?;
    Ok(Answer::list(all.into_iter().map(|pull_request| world.pull_request_json(pull_request, true)).collect()))
}

/// Which pull requests a commit belongs to.
pub(super) fn query(world: &World, call: &Call, repository: usize) -> Outcome {
    let body = call.object()?;
    let queries = member(&body, "queries").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut results = Vec::new();
    for query in &queries {
        let items = query.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut found = Map::new();
        for item in items.iter().filter_map(Value::as_str) {
            let has = |pull_request: &&PullRequest| {
                pull_request.repository == repository
                    && (pull_request.merge_commit.as_deref() == Some(item)
                        || pull_request.iterations.iter().any(|iteration| iteration.source == item))
            };
            let matching: Vec<Value> =
                world.pull_requests.iter().filter(has).map(|pull_request| world.pull_request_json(pull_request, true)).collect();
            if !matching.is_empty() {
                found.insert(item.to_owned(), matching.into());
            }
        }
        results.push(Value::Object(found));
    }
    Ok(Answer::json(&json!({ "queries": queries, "results": results })))
}

pub(super) fn create(world: &mut World, call: &Call, repository: usize) -> Outcome {
    require(world, call, Permission::ContributeToPullRequests)?;
    let body = call.object()?;
    let required = |name: &str| {
        call::text(&body, name)?.filter(|text| !text.is_empty()).ok_or_else(|| Refusal::invalid(format!("{name} is required.")))
    };
    let (title, source_ref, target_ref) = (required("title")?, required("sourceRefName")?, required("targetRefName")?);
    let description = call::text(&body, "description")?.unwrap_or_default();
    check_texts(Some(&title), Some(&description))?;
    let source_repository = source_repository(world, call, repository, &body)?;
    for (of, name) in [(source_repository, &source_ref), (repository, &target_ref)] {
        if world.git(of).is_none_or(|git| git.resolve_ref(name).is_none()) {
            let message = format!("TF401398: The branch '{name}' of the pull request does not exist.");
            return Err(Refusal::new(400, "GitPullRequestStaleException", message));
        }
    }
    let is_open = |known: &PullRequest| {
        known.repository == repository
            && known.status == "active"
            && known.source_repository == source_repository
            && known.source_ref == source_ref
            && known.target_ref == target_ref
    };
    if world.pull_requests.iter().any(is_open) {
        let message = "TF401179: An active pull request for the source and target branch already exists.";
        return Err(Refusal::new(409, "GitPullRequestExistsException", message));
    }
    let id = world.pull_requests.iter().map(|known| known.id).max().unwrap_or(0).saturating_add(1);
    let pull_request = PullRequest {
        id,
        repository,
        source_repository,
        title,
        description,
        status: "active".to_owned(),
        is_draft: call::boolean(&body, "isDraft")?.unwrap_or(false),
        source_ref,
        target_ref,
        created_by: call.user,
        created: now(),
        closed: None,
        closed_by: None,
        merge_status: "queued".to_owned(),
        merge_id: world.guid(),
        merge_source: None,
        merge_target: None,
        merge_commit: None,
        iterations: Vec::new(),
        threads: Vec::new(),
        statuses: Vec::new(),
        labels: Vec::new(),
        reviewers: reviewers::of_body(world, &body),
        work_items: Vec::new(),
        properties: BTreeMap::new(),
        tracking: BTreeMap::new(),
        auto_complete_by: None,
        completion_options: None,
        is_gone: false,
    };
    world.pull_requests.push(pull_request);
    world.happened(Happening::Created, id, call.user);
    iterations::sync(world, repository, call.user);
    record(world, call, Action::CreatePullRequest, Some(id), |_| ());
    let shape = world.pull_request_json(found(world, id)?, false);
    Ok(Answer { status: 201, ..Answer::json(&shape) })
}

/// The fork that the body names by its id, else the repository itself. The real service takes any repository of the same family
/// of forks; here it must descend from the target.
fn source_repository(world: &World, call: &Call, repository: usize, body: &Map<String, Value>) -> Result<usize, Refusal> {
    let Some(fork) = member(body, "forkSource").and_then(Value::as_object) else { return Ok(repository) };
    let of = member(fork, "repository").and_then(Value::as_object);
    let id = of.and_then(|of| member(of, "id")).and_then(Value::as_str).unwrap_or_default();
    let found = world.repositories.iter().position(|known| known.id.eq_ignore_ascii_case(id));
    found.filter(|found| *found == repository || world.is_fork_of(*found, repository)).ok_or_else(|| {
        let name = call.rest.get(2).map_or("", String::as_str);
        Refusal::invalid(format!("The repository '{id}' of forkSource is no fork of {name}."))
    })
}

fn check_texts(title: Option<&str>, description: Option<&str>) -> Result<(), Refusal> {
    let is_longer = |text: Option<&str>, limit: usize| text.is_some_and(|text| text.encode_utf16().count() > limit);
    if is_longer(description, LONGEST_DESCRIPTION) {
        let message = format!(
            "Invalid argument value. Parameter name: A description for a pull request must not be longer than {LONGEST_DESCRIPTION} characters."
        );
        return Err(Refusal::invalid(message));
    }
    if is_longer(title, LONGEST_TITLE) || title.is_some_and(|title| title.trim().is_empty()) {
        return Err(Refusal::invalid(format!("A title for a pull request must have 1 to {LONGEST_TITLE} characters.")));
    }
    Ok(())
}

/// Only what the body names is changed; the last writer wins.
fn update(world: &mut World, call: &Call, id: u32) -> Outcome {
    require(world, call, Permission::ContributeToPullRequests)?;
    let body = call.object()?;
    let title = call::text(&body, "title")?;
    let description = call::text(&body, "description")?;
    let is_draft = call::boolean(&body, "isDraft")?;
    let status = call::word(&body, "status", &STATUSES)?.filter(|status| status != "notSet" && status != "all");
    let target = call::text(&body, "targetRefName")?;
    check_texts(title.as_deref(), description.as_deref())?;
    let pull_request = found(world, id)?;
    if pull_request.status == "completed" || (pull_request.status == "abandoned" && status.as_deref() != Some("active")) {
        return Err(Refusal::new(
            409,
            "GitPullRequestNotEditableException",
            "TF401181: The pull request cannot be edited due to its state.",
        ));
    }
    if let Some(target) = &target
        && world.git(pull_request.repository).is_none_or(|git| git.resolve_ref(target).is_none())
    {
        return Err(Refusal::invalid(format!("TF401398: The target branch '{target}' does not exist.")));
    }
    let auto_complete = member(&body, "autoCompleteSetBy").map(|by| by.get("id").and_then(Value::as_str).map(str::to_owned));
    let auto_complete = auto_complete.map(|id| world.users.iter().position(|user| Some(&user.id) == id.as_ref()));
    let mut changed = Vec::new();
    let mut kinds = Vec::new();
    let when = now();
    let pull_request = found_mut(world, id)?;
    if let Some(title) = title.filter(|title| *title != pull_request.title) {
        pull_request.title = title;
        changed.push("title");
    }
    if let Some(description) = description.filter(|description| *description != pull_request.description) {
        pull_request.description = description;
        changed.push("description");
    }
    if let Some(target) = target.filter(|target| *target != pull_request.target_ref) {
        pull_request.target_ref = target;
        changed.push("targetRefName");
    }
    if !changed.is_empty() {
        kinds.push(UpdateKind::Edited);
    }
    if let Some(is_draft) = is_draft.filter(|is_draft| *is_draft != pull_request.is_draft) {
        pull_request.is_draft = is_draft;
        changed.push("isDraft");
        kinds.push(if is_draft { UpdateKind::Drafted } else { UpdateKind::Published });
    }
    if let Some(user) = auto_complete {
        pull_request.auto_complete_by = user;
        changed.push("autoCompleteSetBy");
    }
    if let Some(options) = member(&body, "completionOptions").filter(|options| options.is_object()) {
        pull_request.completion_options = Some(options.clone());
        changed.push("completionOptions");
    }
    let status = status.filter(|status| *status != pull_request.status);
    if let Some(status) = &status {
        status.clone_into(&mut pull_request.status);
        changed.push("status");
        kinds.push(match status.as_str() {
            "completed" => UpdateKind::Completed,
            "abandoned" => UpdateKind::Abandoned,
            _ => UpdateKind::Reactivated,
        });
        let is_closed = status != "active";
        pull_request.closed = is_closed.then_some(when);
        pull_request.closed_by = is_closed.then_some(call.user);
    }
    let changed: Vec<String> = changed.into_iter().map(str::to_owned).collect();
    if let Some(status) = &status {
        system_threads::status(world, id, call.user, status);
        if status == "completed" {
            complete(world, id);
        }
    }
    if changed.iter().any(|field| field == "isDraft") {
        system_threads::draft(world, id, call.user, is_draft.unwrap_or(false));
    }
    let text = found(world, id)?.description.clone();
    record(world, call, Action::UpdatePullRequest(changed), Some(id), |write| write.content = text);
    for kind in kinds {
        world.happened(Happening::Updated(kind), id, call.user);
    }
    let repository = found(world, id)?.repository;
    iterations::sync(world, repository, call.user);
    let shape = world.pull_request_json(found(world, id)?, false);
    Ok(Answer::json(&shape))
}

/// Moves the target branch to the merge.
fn complete(world: &mut World, id: u32) -> Option<()> {
    iterations::merge(world, id)?;
    let pull_request = world.pull_request(id)?;
    let (git, merged) = (world.git(pull_request.repository)?, pull_request.merge_commit.clone()?);
    git.git(&["update-ref", &pull_request.target_ref, &merged]).ok()?;
    Some(())
}

/// `P/properties`: the bag of the pull request itself, written by JSON patch.
fn bag(world: &mut World, call: &Call, id: u32) -> Outcome {
    let shape = |world: &World| {
        let bag = &found(world, id)?.properties;
        Ok(Answer::json(&json!({ "count": bag.len(), "value": crate::azure_devops::render::properties_json(bag) })))
    };
    if call.is_read() {
        return shape(world);
    }
    if call.method != "PATCH" {
        return Err(not_allowed(call));
    }
    require(world, call, Permission::ContributeToPullRequests)?;
    let Value::Array(operations) = call.json()? else {
        return Err(Refusal::invalid("The body must be a JSON patch document, which is a list."));
    };
    let mut bag = found(world, id)?.properties.clone();
    for operation in &operations {
        let Value::Object(operation) = operation else {
            return Err(Refusal::invalid(format!("An operation must be an object, not {}.", kind(operation))));
        };
        let path = call::text(operation, "path")?.unwrap_or_default();
        let key = path.trim_start_matches('/').to_owned();
        match (call::word(operation, "op", &["add", "remove", "replace", "move", "copy", "test"])?.as_deref(), key.is_empty()) {
            (Some("add" | "replace"), false) => {
                let value =
                    member(operation, "value").ok_or_else(|| Refusal::invalid("The value of an operation is required."))?;
                bag.insert(key.clone(), properties::string(&key, value)?);
            }
            (Some("remove"), false) => drop(bag.remove(&key)),
            _ => return Err(Refusal::invalid("An operation needs an op (add, replace, remove) and a path.")),
        }
    }
    found_mut(world, id)?.properties = bag;
    record(world, call, Action::UpdateProperties, Some(id), |_| ());
    shape(world)
}
