//! The REST API: which handler a request goes to.

use std::collections::BTreeMap;

use super::{
    answer::{Answer, Outcome, Refusal},
    call::Call,
    iterations,
    ledger::{Action, Write},
    options::Permission,
    world::{PullRequest, World, now},
};

mod labels;
mod properties;
mod pull_requests;
mod pushes;
mod repositories;
mod reviewers;
mod service;
mod statuses;
mod subscriptions;
mod threads;
mod work_items;

pub(crate) use self::{properties::texts, work_items::new_item as new_work_item};

/// Answers a request that is signed in and whose api-version is taken.
pub(crate) fn dispatch(world: &mut World, call: &Call) -> Outcome {
    let lower = call.lower();
    let path: Vec<&str> = lower.iter().map(String::as_str).collect();
    if call.method == "OPTIONS" {
        return service::locations(world.options.mode, path.first().copied());
    }
    match path.as_slice() {
        [] => service::locations(world.options.mode, None),
        ["connectiondata"] => Ok(service::connection_data(world, call)),
        ["resourceareas", ..] => Ok(service::resource_areas(world, call)),
        ["projects"] => service::projects(world, call),
        ["projects", project] => service::project(world, call, project),
        ["projects", project, "teams", team, "members"] => service::team_members(world, call, project, team),
        ["identities"] => Ok(service::identities(world, call)),
        ["build", "builds"] => service::builds(world, call),
        ["policy", "evaluations"] => service::evaluations(world, call),
        ["hooks", rest @ ..] => subscriptions::dispatch(world, call, rest),
        ["wit", rest @ ..] => work_items::dispatch(world, call, rest),
        ["git", rest @ ..] => git(world, call, rest),
        _ => Err(no_such_route(call)),
    }
}

fn git(world: &mut World, call: &Call, path: &[&str]) -> Outcome {
    if world.options.denied.contains(&Permission::ReadCode) {
        let message = "TF401019: The Git repository with name or identifier does not exist or you do not have permissions for the \
                       operation you are attempting.";
        return Err(Refusal::new(404, "GitRepositoryNotFoundException", message));
    }
    match path {
        ["repositories"] => repositories::list(world, call),
        ["pullrequests"] => {
            sync_collection(world, call);
            pull_requests::list(world, call, None)
        }
        ["pullrequests", id] => {
            sync_collection(world, call);
            let id = pull_request_of(world, call, None, id)?;
            pull_requests::dispatch(world, call, id, &[])
        }
        ["repositories", name, rest @ ..] => {
            // The name as it was written: it may differ in case from the one in `path`.
            let name = call.rest.get(2).map_or(*name, String::as_str);
            let repository = repository_of(world, call, name)?;
            iterations::sync(world, repository, call.user);
            in_repository(world, call, repository, rest)
        }
        _ => Err(no_such_route(call)),
    }
}

fn in_repository(world: &mut World, call: &Call, repository: usize, path: &[&str]) -> Outcome {
    match path {
        [] => Ok(Answer::json(&world.repository_json(repository))),
        ["refs"] => repositories::refs(world, call, repository),
        ["items"] => repositories::items(world, call, repository),
        ["blobs", id] => repositories::blob(world, call, repository, id),
        ["commits"] => repositories::commits(world, call, repository),
        ["commitsbatch"] if call.method == "POST" => repositories::commits_batch(world, call, repository),
        ["commitsbatch"] => Err(not_allowed(call)),
        ["commits", id] => repositories::commit(world, repository, id),
        ["commits", id, "mergebases"] => repositories::merge_bases(world, call, repository, id),
        ["diffs", "commits"] => repositories::diffs(world, call, repository),
        ["pushes"] => pushes::push(world, call, repository),
        ["pullrequestquery"] => pull_requests::query(world, call, repository),
        ["pullrequests"] if call.method == "POST" => pull_requests::create(world, call, repository),
        ["pullrequests"] => pull_requests::list(world, call, Some(repository)),
        ["pullrequests", id, rest @ ..] => {
            let id = pull_request_of(world, call, Some(repository), id)?;
            pull_requests::dispatch(world, call, id, rest)
        }
        _ => Err(no_such_route(call)),
    }
}

fn sync_collection(world: &mut World, call: &Call) {
    for repository in 0..world.repositories.len() {
        if world.collection_of(repository) == call.collection {
            iterations::sync(world, repository, call.user);
        }
    }
}

pub(crate) fn no_such_route(call: &Call) -> Refusal {
    let message = format!("The controller for path '{}' was not found or does not implement {}.", call.path, call.method);
    Refusal::new(404, "VssResourceNotFoundException", message)
}

pub(crate) fn not_allowed(call: &Call) -> Refusal {
    let message = format!("The requested resource does not support http method '{}'.", call.method);
    Refusal::new(405, "VssServiceResponseException", message)
}

/// The project of the path, by name or id in any case.
pub(crate) fn project_of(world: &World, call: &Call) -> Result<Option<usize>, Refusal> {
    let Some(name) = &call.project else { return Ok(None) };
    let is_it = |project: &super::world::Project| {
        project.collection == call.collection
            && (project.id.eq_ignore_ascii_case(name) || project.name.to_lowercase() == name.to_lowercase())
    };
    world.projects.iter().position(is_it).map(Some).ok_or_else(|| {
        let message =
            format!("TF200016: The following project does not exist: {name}. Verify that the name of the project is correct.");
        Refusal::new(404, "ProjectDoesNotExistWithNameException", message)
    })
}

fn repository_of(world: &World, call: &Call, name: &str) -> Result<usize, Refusal> {
    let project = project_of(world, call)?;
    let is_it = |(index, repository): (usize, &super::world::GitRepository)| {
        let in_place = match project {
            Some(project) => repository.project == project,
            None => world.collection_of(index) == call.collection,
        };
        let by_name = project.is_some() && repository.name.to_lowercase() == name.to_lowercase();
        (in_place && (by_name || repository.id.eq_ignore_ascii_case(name))).then_some(index)
    };
    world.repositories.iter().enumerate().find_map(is_it).ok_or_else(|| {
        let message = format!(
            "TF401019: The Git repository with name or identifier {name} does not exist or you do not have permissions for the operation \
             you are attempting."
        );
        Refusal::new(404, "GitRepositoryNotFoundException", message)
    })
}

/// The id of a pull request of this collection, project and repository.
fn pull_request_of(world: &World, call: &Call, repository: Option<usize>, id: &str) -> Result<u32, Refusal> {
    let project = project_of(world, call)?;
    let id: u32 = id.parse().map_err(|_| Refusal::invalid(format!("The value '{id}' is not a pull request id.")))?;
    let found = world.pull_request(id).filter(|found| !found.is_gone).filter(|found| {
        let of = world.repositories.get(found.repository).map(|repository| repository.project);
        world.collection_of(found.repository) == call.collection
            && repository.is_none_or(|repository| found.repository == repository)
            && (project.is_none() || of == project)
    });
    found.map(|found| found.id).ok_or_else(Refusal::pull_request_not_found)
}

/// The pull request, which the caller has looked up before.
fn found(world: &World, id: u32) -> Result<&PullRequest, Refusal> {
    world.pull_request(id).ok_or_else(Refusal::pull_request_not_found)
}

fn found_mut(world: &mut World, id: u32) -> Result<&mut PullRequest, Refusal> {
    world.pull_request_mut(id).ok_or_else(Refusal::pull_request_not_found)
}

/// 403 when the test has taken the right away.
fn require(world: &World, call: &Call, permission: Permission) -> Result<(), Refusal> {
    if !world.options.denied.contains(&permission) {
        return Ok(());
    }
    let name = world.user(call.user).map_or("", |user| &user.unique_name);
    let right = match permission {
        Permission::WriteStatuses => "PullRequestStatus",
        Permission::ContributeCode => "GenericContribute",
        Permission::CreateBranch => "CreateBranch",
        _ => "PullRequestContribute",
    };
    let message = format!(
        "TF401027: You need the Git '{right}' permission to perform this action. Details: identity '{name}', scope 'repository'."
    );
    Err(Refusal::new(403, "GitNeedsPermissionException", message))
}

/// Notes a write that took effect; `fill` adds what is special about it.
fn record(world: &mut World, call: &Call, action: Action, pull_request: Option<u32>, fill: impl FnOnce(&mut Write)) {
    let newest = pull_request.and_then(|id| Some(world.pull_request(id)?.iterations.last()?.id));
    let user = world.user(call.user).cloned();
    let mut write = Write {
        sequence: 0,
        at: now(),
        by_id: user.as_ref().map(|user| user.id.clone()).unwrap_or_default(),
        by: user.map(|user| user.display_name).unwrap_or_default(),
        action,
        pull_request,
        iteration: None,
        newest_iteration: newest,
        thread: None,
        comment: None,
        is_inline: false,
        properties: BTreeMap::new(),
        content: String::new(),
    };
    fill(&mut write);
    world.ledger.record(write);
}

/// `$top` and `$skip` of a list that is whole in memory.
fn page<T>(items: Vec<T>, call: &Call, default: usize, largest: usize) -> Result<Vec<T>, Refusal> {
    let top = call.number("$top")?.unwrap_or(default).min(largest);
    let skip = call.number("$skip")?.unwrap_or(0);
    Ok(items.into_iter().skip(skip).take(top).collect())
}
