//! Pushes become iterations, whoever pushed and however: the branches are looked at before every answer.

use serde_json::json;

use super::{
    hooks::{Happening, UpdateKind},
    objects::{self, RawChange},
    options::MergeComputation,
    system_threads,
    world::{Iteration, PullRequest, World, now},
};

/// Adds an iteration to every open pull request into or from `repository` whose source branch has moved.
pub(crate) fn sync(world: &mut World, repository: usize, pusher: usize) {
    let open: Vec<u32> = world
        .pull_requests
        .iter()
        .filter(|pull_request| pull_request.repository == repository || pull_request.source_repository == repository)
        .filter(|pull_request| pull_request.status == "active")
        .map(|pull_request| pull_request.id)
        .collect();
    for id in open {
        sync_one(world, id, pusher);
    }
}

fn sync_one(world: &mut World, id: u32, pusher: usize) -> Option<()> {
    let pull_request = world.pull_request(id)?;
    let repository = pull_request.source_repository;
    let git = world.git(repository)?;
    let source = git.resolve_ref(&pull_request.source_ref)?;
    let target = world.git(pull_request.repository)?.resolve_ref(&pull_request.target_ref)?;
    let last = pull_request.iterations.last();
    if last.is_some_and(|last| last.source == source) {
        let has_moved = pull_request.merge_target.as_ref().is_some_and(|merged| *merged != target);
        if has_moved && world.options.merges == MergeComputation::Immediate {
            merge(world, id);
        }
        return Some(());
    }
    let reason = match last {
        None => "create",
        Some(last) if objects::is_ancestor(&git, &last.source, &source) => "push",
        Some(_) => "forcePush",
    };
    let common = objects::merge_base(&git, &source, &target).unwrap_or_else(|| target.clone());
    let previous = last.map(|last| last.source.clone());
    let number = u32::try_from(pull_request.iterations.len()).unwrap_or(u32::MAX).saturating_add(1);
    let push = world.next_push;
    world.next_push = push.saturating_add(1);
    let iteration = Iteration {
        id: number,
        source: source.clone(),
        target,
        common: common.clone(),
        reason: reason.to_owned(),
        author: pusher,
        push,
        created: now(),
    };
    world.pull_request_mut(id)?.iterations.push(iteration);
    for change in world.diff(repository, &common, &source).iter() {
        track(world.pull_request_mut(id)?, change);
    }
    if let Some(previous) = previous {
        let commits = objects::log(&git, &previous, &source);
        system_threads::ref_update(world, id, pusher, &source, &commits);
        start_merge(world, id);
        world.happened(Happening::Updated(UpdateKind::Push), id, pusher);
    } else {
        start_merge(world, id);
    }
    Some(())
}

/// The id that follows a file through all iterations, also through renames.
pub(crate) fn track(pull_request: &mut PullRequest, change: &RawChange) -> u32 {
    if let Some(id) = pull_request.tracking.get(&change.path) {
        return *id;
    }
    let next = pull_request.tracking.values().max().map_or(1, |last| last.saturating_add(1));
    let original = change.original_path.as_ref().and_then(|path| pull_request.tracking.get(path)).copied();
    let id = original.unwrap_or(next);
    pull_request.tracking.insert(change.path.clone(), id);
    id
}

/// Computes the merge now, or only says that it is queued.
pub(crate) fn start_merge(world: &mut World, id: u32) {
    let computation = world.options.merges;
    if computation == MergeComputation::Immediate {
        merge(world, id);
        return;
    }
    let Some(pull_request) = world.pull_request_mut(id) else { return };
    "queued".clone_into(&mut pull_request.merge_status);
    pull_request.merge_commit = None;
    let last = pull_request.iterations.last().filter(|_| computation == MergeComputation::Queued);
    (pull_request.merge_source, pull_request.merge_target) =
        last.map_or((None, None), |last| (Some(last.source.clone()), Some(last.target.clone())));
}

/// Merges the source into the target and says so by `git.pullrequest.merged`.
pub(crate) fn merge(world: &mut World, id: u32) -> Option<()> {
    let pull_request = world.pull_request(id)?;
    let (git, source_git) = (world.git(pull_request.repository)?, world.git(pull_request.source_repository)?);
    let (source, target) = (source_git.resolve_ref(&pull_request.source_ref)?, git.resolve_ref(&pull_request.target_ref)?);
    let short = |name: &str| name.trim_start_matches("refs/heads/").to_owned();
    let message =
        format!("Merge pull request {id} from {} into {}", short(&pull_request.source_ref), short(&pull_request.target_ref));
    let merged = objects::merge(&source_git, &target, &source, &message);
    let reference = format!("refs/pull/{id}/merge");
    // Deleting a ref that is not there is no failure.
    let moved = match &merged {
        Some(commit) => objects::adopt(&git, &source_git, commit, &reference),
        None => git.git(&["update-ref", "-d", &reference]).map(drop),
    };
    let author = pull_request.created_by;
    let merge_id = world.guid();
    let pull_request = world.pull_request_mut(id)?;
    let is_merged = merged.is_some() && moved.is_ok();
    (if is_merged { "succeeded" } else { "conflicts" }).clone_into(&mut pull_request.merge_status);
    pull_request.merge_id = merge_id;
    pull_request.merge_source = Some(source);
    pull_request.merge_target = Some(target);
    pull_request.merge_commit = merged;
    world.happened(Happening::MergeAttempted, id, author);
    Some(())
}

/// Changes between two states of the pull request, in the service's shape.
pub(crate) fn changes(world: &mut World, id: u32, from: &str, to: &str) -> Vec<serde_json::Value> {
    let Some(repository) = world.pull_request(id).map(|pull_request| pull_request.source_repository) else { return Vec::new() };
    let (upper, combined) = (world.options.upper_case_ids, world.options.combined_change_types);
    let found = world.diff(repository, from, to);
    let Some(pull_request) = world.pull_request_mut(id) else { return Vec::new() };
    let object_id = |id: &str| if upper { id.to_uppercase() } else { id.to_owned() };
    let mut entries = Vec::with_capacity(found.len());
    for (number, change) in found.iter().enumerate() {
        let tracking = track(pull_request, change);
        let mut item = json!({ "path": format!("/{}", change.path) });
        if change.kind != 'D' {
            item["objectId"] = object_id(&change.new_id).into();
        }
        if change.kind != 'A' {
            item["originalObjectId"] = object_id(&change.old_id).into();
        }
        if change.new_mode == "160000" || change.old_mode == "160000" {
            item["gitObjectType"] = "commit".into();
        }
        let kind = match change.kind {
            'A' => "add",
            'D' => "delete",
            'R' if change.old_id == change.new_id || !combined => "rename",
            'R' => "edit, rename",
            _ => "edit",
        };
        let mut entry = json!({ "changeTrackingId": tracking, "changeId": number + 1, "item": item, "changeType": kind });
        if let Some(original) = &change.original_path {
            entry["originalPath"] = format!("/{original}").into();
        }
        entries.push(entry);
    }
    entries
}
