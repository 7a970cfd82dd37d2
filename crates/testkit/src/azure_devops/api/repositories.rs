//! Repositories, refs, files and commits.

use serde_json::{Value, json};

use super::{page, project_of};
use crate::{
    azure_devops::{
        answer::{Answer, Outcome, Refusal},
        call::{self, Call},
        objects::{self, TreeEntry},
        world::World,
    },
    repository::Repository,
};

pub(super) fn list(world: &World, call: &Call) -> Outcome {
    let project = project_of(world, call)?;
    let ours = |index: &usize| {
        let of = world.repositories.get(*index).map(|repository| repository.project);
        world.collection_of(*index) == call.collection && (project.is_none() || of == project)
    };
    Ok(Answer::list((0..world.repositories.len()).filter(ours).map(|index| world.repository_json(index)).collect()))
}

/// `filter` is a prefix of the name after `refs/`.
pub(super) fn refs(world: &World, call: &Call, repository: usize) -> Outcome {
    let git = world.git(repository).ok_or_else(|| super::no_such_route(call))?;
    let listed = git.git(&["for-each-ref", "--format=%(refname) %(objectname)"]).unwrap_or_default();
    let prefix = format!("refs/{}", call.query("filter").unwrap_or_default());
    let contained = call.query("filterContains").unwrap_or_default();
    let creator = world.identity_json(call.collection, 0);
    let api = world.repository_api(repository);
    let shape = |line: &str| {
        let (name, id) = line.split_once(' ')?;
        let is_wanted = name.starts_with(&prefix) && name.contains(contained);
        is_wanted.then(|| json!({ "name": name, "objectId": id, "creator": creator, "url": format!("{api}/refs?filter={name}") }))
    };
    let all: Vec<Value> = String::from_utf8_lossy(&listed).lines().filter_map(shape).collect();
    Ok(Answer::list(page(all, call, 1_000, 1_000)?))
}

/// One file (`path`) or a list (`scopePath`). A file is raw unless JSON is asked for.
pub(super) fn items(world: &World, call: &Call, repository: usize) -> Outcome {
    let git = world.git(repository).ok_or_else(|| super::no_such_route(call))?;
    let version = call.query("versionDescriptor.version").or_else(|| call.query("version")).unwrap_or(crate::repository::MAIN);
    let kind = call.query("versionDescriptor.versionType").or_else(|| call.query("versionType")).unwrap_or("branch");
    let commit = resolve_version(&git, version, kind)?;
    let name = call.query("path").or_else(|| call.query("scopePath")).unwrap_or("/");
    let bare = name.trim_matches('/');
    let missing = || {
        let message = format!(
            "TF401174: The item '{name}' could not be found in the repository at the version specified by <{kind}: {version}>."
        );
        Refusal::new(404, "GitItemNotFoundException", message)
    };
    let entry = objects::entry(&git, &commit, bare).ok_or_else(missing)?;
    let shape = |entry: &TreeEntry| item_json(world, repository, &commit, entry);
    if entry.kind == "tree" || call.query("path").is_none() {
        let level = call.query("recursionLevel").unwrap_or("none").to_ascii_lowercase();
        let mut all = vec![shape(&entry)];
        if entry.kind == "tree" && level != "none" && level != "0" {
            let below = objects::entries_below(&git, &commit, bare, matches!(level.as_str(), "full" | "120"));
            all.extend(below.iter().map(shape));
        }
        return Ok(Answer::list(all));
    }
    let content = objects::object(&git, &entry.id).ok_or_else(missing)?;
    let format = call.query("$format").unwrap_or_default();
    let wants_json = format.eq_ignore_ascii_case("json") || (format.is_empty() && call.accept.contains("json"));
    if !wants_json {
        let kind = if content.contains(&0) { "application/octet-stream" } else { "text/plain" };
        return Ok(Answer::new(200, kind, content));
    }
    let mut item = shape(&entry);
    let extension = bare.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_binary = content.contains(&0);
    item["contentMetadata"] = json!({
        "encoding": 65001,
        "isBinary": is_binary,
        "extension": extension,
        "fileName": bare.rsplit('/').next(),
    });
    if call.flag("includeContent") && !is_binary {
        item["content"] = String::from_utf8_lossy(&content).into_owned().into();
    }
    Ok(Answer::json(&item))
}

fn item_json(world: &World, repository: usize, commit: &str, entry: &TreeEntry) -> Value {
    let mut shape = json!({
        "objectId": entry.id,
        "gitObjectType": entry.kind,
        "commitId": commit,
        "path": format!("/{}", entry.path),
        "url": format!("{}/items//{}?versionType=Commit&version={commit}", world.repository_api(repository), entry.path),
    });
    if entry.kind == "tree" {
        shape["isFolder"] = true.into();
    }
    if entry.mode == "120000" {
        shape["isSymLink"] = true.into();
    }
    shape
}

/// The bytes, or id and size when JSON is asked for.
pub(super) fn blob(world: &World, call: &Call, repository: usize, id: &str) -> Outcome {
    let git = world.git(repository).ok_or_else(|| super::no_such_route(call))?;
    let is_id = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let content = is_id.then(|| objects::object(&git, id)).flatten().ok_or_else(|| {
        Refusal::new(
            404,
            "GitObjectDoesNotExistException",
            format!("TF401175: The object {id} does not exist in the repository."),
        )
    })?;
    if call.query("$format").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        let url = format!("{}/blobs/{id}", world.repository_api(repository));
        return Ok(Answer::json(&json!({ "objectId": id, "size": content.len(), "url": url })));
    }
    Ok(Answer::new(200, "application/octet-stream", content))
}

fn no_such_commit(id: &str) -> Refusal {
    let message = format!("TF401175: The commit {id} does not exist in the repository.");
    Refusal::new(404, "GitCommitDoesNotExistException", message)
}

pub(super) fn commits(world: &mut World, call: &Call, repository: usize) -> Outcome {
    let git = world.git(repository).ok_or_else(|| super::no_such_route(call))?;
    let branch = call.query("searchCriteria.itemVersion.version").unwrap_or(crate::repository::MAIN);
    let Some(head) = git.head(branch) else { return Ok(Answer::list(Vec::new())) };
    let listed = git.git(&["rev-list", "--max-count=1000", &head]).unwrap_or_default();
    let ids: Vec<String> = String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect();
    let ids = page(ids, call, 100, 1_000)?;
    let all = ids.iter().filter_map(|id| world.commit(repository, id)).collect::<Vec<_>>();
    Ok(Answer::list(all.iter().map(|commit| world.commit_json(repository, commit)).collect()))
}

/// Commits by criteria in the body: those that touched `itemPath`, as `git log` finds them from `itemVersion` on.
pub(super) fn commits_batch(world: &mut World, call: &Call, repository: usize) -> Outcome {
    let git = world.git(repository).ok_or_else(|| super::no_such_route(call))?;
    let body = call.object()?;
    let descriptor = match call::member(&body, "itemVersion") {
        None => None,
        Some(Value::Object(descriptor)) => Some(descriptor),
        Some(other) => {
            return Err(Refusal::invalid(format!("itemVersion must be an object, not {}.", call::kind(other))));
        }
    };
    let of = |name: &str| descriptor.map_or(Ok(None), |descriptor| call::text(descriptor, name));
    let (version, kind) = (of("version")?, of("versionType")?);
    let version = version.unwrap_or_else(|| crate::repository::MAIN.to_owned());
    let from = resolve_version(&git, &version, kind.as_deref().unwrap_or("branch"))?;
    let path = call::text(&body, "itemPath")?.unwrap_or_default();
    let path = path.trim_matches('/');
    let mut arguments = vec!["--literal-pathspecs", "rev-list", "--max-count=1000", &from];
    if !path.is_empty() {
        arguments.extend(["--", path]);
    }
    let listed = git.git(&arguments).unwrap_or_default();
    let ids: Vec<String> = String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect();
    let ids = page(ids, call, 100, 50_000)?;
    let all = ids.iter().filter_map(|id| world.commit(repository, id)).collect::<Vec<_>>();
    Ok(Answer::list(all.iter().map(|commit| world.commit_json(repository, commit)).collect()))
}

/// The commit that a version descriptor names.
fn resolve_version(git: &Repository, version: &str, kind: &str) -> Result<String, Refusal> {
    let commit = match kind.to_ascii_lowercase().as_str() {
        "commit" | "2" => objects::commit_fields(git, version).map(|commit| commit.id),
        "branch" | "0" => git.head(version),
        "tag" | "1" => objects::commit_fields(git, &format!("refs/tags/{version}")).map(|commit| commit.id),
        _ => return Err(Refusal::invalid(format!("The value '{kind}' of versionType is none of branch, tag, commit."))),
    };
    commit.ok_or_else(|| {
        let message =
            format!("TF401175: The version descriptor <{kind}: {version}> could not be resolved to a version in the repository.");
        Refusal::new(404, "GitUnresolvableToCommitException", message)
    })
}

pub(super) fn commit(world: &mut World, repository: usize, id: &str) -> Outcome {
    let commit = world.commit(repository, id).ok_or_else(|| no_such_commit(id))?;
    Ok(Answer::json(&world.commit_json(repository, &commit)))
}

pub(super) fn merge_bases(world: &World, call: &Call, repository: usize, id: &str) -> Outcome {
    let git = world.git(repository).ok_or_else(|| super::no_such_route(call))?;
    let other = call.query("otherCommitId").ok_or_else(|| Refusal::invalid("otherCommitId is required."))?;
    let one = objects::commit_fields(&git, id).ok_or_else(|| no_such_commit(id))?;
    let other = objects::commit_fields(&git, other).ok_or_else(|| no_such_commit(other))?;
    let base = objects::merge_base(&git, &one.id, &other.id);
    Ok(Answer::list(base.iter().map(|base| world.commit_ref(repository, base)).collect()))
}

/// The files between two commits, without their text.
pub(super) fn diffs(world: &mut World, call: &Call, repository: usize) -> Outcome {
    let git = world.git(repository).ok_or_else(|| super::no_such_route(call))?;
    let resolve = |name: &str| {
        let version = call.query(name).unwrap_or(crate::repository::MAIN);
        let by_branch = git.head(version);
        by_branch.or_else(|| objects::commit_fields(&git, version).map(|commit| commit.id)).ok_or_else(|| no_such_commit(version))
    };
    let (base, target) = (resolve("baseVersion")?, resolve("targetVersion")?);
    let common = objects::merge_base(&git, &base, &target).unwrap_or_else(|| base.clone());
    let from = if call.flag("diffCommonCommit") { &common } else { &base };
    let found = world.diff(repository, from, &target);
    let shape = |change: &objects::RawChange| {
        let kind = match change.kind {
            'A' => "add",
            'D' => "delete",
            'R' => "rename",
            _ => "edit",
        };
        let mut shape = json!({
            "item": { "objectId": change.new_id, "originalObjectId": change.old_id, "gitObjectType": "blob", "commitId": target,
                      "path": format!("/{}", change.path) },
            "changeType": kind,
        });
        if let Some(original) = &change.original_path {
            shape["sourceServerItem"] = format!("/{original}").into();
        }
        shape
    };
    let total = found.len();
    let changes = page(found.iter().map(shape).collect(), call, 100, 2_000)?;
    Ok(Answer::json(&json!({
        "allChangesIncluded": changes.len() == total,
        "changeCounts": { "Edit": total },
        "changes": changes,
        "commonCommit": common,
        "baseCommit": base,
        "targetCommit": target,
    })))
}
