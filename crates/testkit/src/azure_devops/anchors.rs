//! Where threads hang. The service stores any position; what is wrong with one goes to the ledger. Reading threads for an
//! iteration moves the positions there.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    call::member,
    objects, patch,
    world::{Iteration, Thread, World},
};
use crate::repository::Repository;

/// To the end of the line, in what the service itself writes.
const TO_THE_END: u64 = 2_147_483_647;

/// The iterations that a thread compares: first and second.
pub(crate) fn iterations_of(pull_request_context: Option<&Value>) -> Option<(u32, u32)> {
    let context = pull_request_context?.as_object()?;
    let iterations = member(context, "iterationContext")?.as_object()?;
    let number = |name: &str| member(iterations, name)?.as_u64().and_then(|number| u32::try_from(number).ok());
    let second = number("secondComparingIteration")?;
    Some((number("firstComparingIteration").unwrap_or(second), second))
}

/// Everything that is wrong with the thread's place; the service would take it all the same.
pub(crate) fn problems(world: &World, pull_request: u32, thread: &Thread) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(context) = thread.context.as_ref().and_then(Value::as_object) else {
        let has_suggestion = thread.comments.iter().any(|comment| comment.content.contains("```suggestion"));
        if has_suggestion {
            problems.push("a suggestion on a thread without a file cannot be applied".to_owned());
        }
        return problems;
    };
    let Some(path) = member(context, "filePath").and_then(Value::as_str) else {
        return vec!["threadContext without a filePath".to_owned()];
    };
    let Some(found) = world.pull_request(pull_request) else { return problems };
    let Some(git) = world.git(found.source_repository) else { return problems };
    if !path.starts_with('/') {
        problems.push(format!("the path {path} does not start with /"));
    }
    let bare = path.trim_start_matches('/');
    let iterations = iterations_of(thread.pull_request_context.as_ref());
    if iterations.is_none() {
        problems.push(format!("{path}: no iterationContext"));
    }
    let of = |number: u32| found.iterations.iter().find(|iteration| iteration.id == number);
    let last = found.iterations.last().map_or(0, |iteration| iteration.id);
    let (first, second) = iterations.unwrap_or((last, last));
    let Some(iteration) = of(second) else {
        problems.push(format!("{path}: there is no iteration {second}"));
        return problems;
    };
    if let Some(tracking) = thread.pull_request_context.as_ref().and_then(|context| context.get("changeTrackingId")?.as_u64())
        && found.tracking.get(bare).copied().map(u64::from) != Some(tracking)
    {
        problems.push(format!("{path}: changeTrackingId {tracking} is not that of the file"));
    }
    let left_commit =
        if first == second { &iteration.common } else { of(first).map_or(&iteration.common, |first| &first.source) };
    let sides = [("left", left_commit), ("right", &iteration.source)];
    let mut anchored = 0;
    for (side, commit) in sides {
        let start = member(context, &format!("{side}FileStart"));
        let end = member(context, &format!("{side}FileEnd"));
        match (start, end) {
            (None, None) => {}
            (Some(start), Some(end)) => {
                anchored += 1;
                problems.extend(range_problems(&git, commit, path, bare, side, start, end));
            }
            _ => problems
                .push(format!("{path}: only one of {side}FileStart and {side}FileEnd; the page of the pull request breaks")),
        }
    }
    if anchored == 2 {
        problems.push(format!("{path}: a range on both sides"));
    }
    let has_suggestion = thread.comments.iter().any(|comment| comment.content.contains("```suggestion"));
    if has_suggestion && member(context, "rightFileStart").is_none() {
        problems.push(format!("{path}: a suggestion that is not on the right side cannot be applied"));
    }
    problems
}

fn range_problems(git: &Repository, commit: &str, path: &str, bare: &str, side: &str, start: &Value, end: &Value) -> Vec<String> {
    let Some(content) = objects::file(git, commit, bare) else {
        return vec![format!("{path}: there is no such file on the {side} side (commit {commit})")];
    };
    let content = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = content.lines().collect();
    let mut problems = Vec::new();
    let place = |position: &Value| {
        let number = |name: &str| member(position.as_object()?, name)?.as_u64();
        Some((number("line")?, number("offset")?))
    };
    let (Some(start), Some(end)) = (place(start), place(end)) else {
        return vec![format!("{path}: a position of the {side} side has no line or no offset")];
    };
    for (line, offset) in [start, end] {
        let text = usize::try_from(line).ok().and_then(|line| lines.get(line.checked_sub(1)?));
        let Some(text) = text else {
            problems.push(format!("{path}: there is no line {line} on the {side} side, which has {}", lines.len()));
            continue;
        };
        let width = text.encode_utf16().count() as u64;
        if offset == 0 || (offset > width + 1 && offset != TO_THE_END) {
            problems.push(format!("{path}: line {line} of the {side} side has no column {offset}; it has {width} characters"));
        }
    }
    if start > end {
        problems.push(format!("{path}: the range of the {side} side ends before it starts"));
    }
    problems
}

/// Which version of a file a thread is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// That of the merge base.
    Left,
    /// That of the iteration.
    Right,
}

impl Side {
    /// What start and end are called in `threadContext`, and in `trackingCriteria`.
    fn names(self) -> [&'static str; 4] {
        match self {
            Self::Left => ["leftFileStart", "leftFileEnd", "origLeftFileStart", "origLeftFileEnd"],
            Self::Right => ["rightFileStart", "rightFileEnd", "origRightFileStart", "origRightFileEnd"],
        }
    }
}

/// Where a thread stands in another iteration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) side: Side,
    pub(crate) path: String,
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// One of the lines was changed or deleted: the range is empty.
    pub(crate) is_outdated: bool,
}

/// None: there is nothing to move (no lines, or the thread was made in `to`, or it is on the left of a comparison of two
/// iterations: the older one of them stays as it is).
pub(crate) fn moved(world: &mut World, pull_request: u32, thread: &Thread, to: u32) -> Option<Moved> {
    let context = thread.context.as_ref()?.as_object()?;
    let line = |name: &str| {
        let position = member(context, name)?.as_object()?;
        member(position, "line")?.as_u64().and_then(|line| usize::try_from(line).ok())
    };
    let lines = |side: Side| {
        let [start, end, ..] = side.names();
        line(start).zip(line(end))
    };
    let side = if lines(Side::Right).is_some() { Side::Right } else { Side::Left };
    let (first, last) = lines(side)?;
    let (compared, from) = iterations_of(thread.pull_request_context.as_ref())?;
    if from == to || (side == Side::Left && compared != from) {
        return None;
    }
    let path = member(context, "filePath")?.as_str()?.trim_start_matches('/').to_owned();
    let found = world.pull_request(pull_request)?;
    let repository = found.source_repository;
    let of = |number: u32| {
        let found = found.iterations.iter().find(|iteration: &&Iteration| iteration.id == number)?;
        // A rebase, or a merge of the target, makes another merge base.
        Some(if side == Side::Left { found.common.clone() } else { found.source.clone() })
    };
    let (from, to) = (of(from)?, of(to)?);
    let changes = world.diff(repository, &from, &to);
    let change = changes.iter().find(|change| change.original_path.as_deref().unwrap_or(&change.path) == path);
    let Some(change) = change else { return Some(Moved { side, path, first, last, is_outdated: false }) };
    if change.kind == 'D' {
        return Some(Moved { side, path, first, last: first, is_outdated: true });
    }
    let git: Arc<Repository> = world.git(repository)?;
    let paths = [path.as_str(), change.path.as_str()];
    let text = objects::patch(&git, &from, &to, &paths, 0).ok()?;
    let hunks = patch::hunks(&text);
    let ends = (patch::moved(&hunks, first), patch::moved(&hunks, last));
    let is_whole = (first..=last).take(10_000).all(|line| patch::moved(&hunks, line).is_ok());
    Some(match ends {
        (Ok(first), Ok(last)) if is_whole => Moved { side, path: change.path.clone(), first, last, is_outdated: false },
        (Ok(place) | Err(place), _) => Moved { side, path: change.path.clone(), first: place, last: place, is_outdated: true },
    })
}

/// The thread as a list for iteration `to` shows it: with its position moved there and the original one beside it.
pub(crate) fn projected(world: &mut World, pull_request: u32, thread: &Thread, to: u32) -> Thread {
    let Some(moved) = moved(world, pull_request, thread, to) else { return thread.clone() };
    let mut shown = thread.clone();
    let original = thread.context.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let mut context = original.clone();
    let at = |line: usize, offset: Option<&Value>| json!({ "line": line, "offset": offset.cloned().unwrap_or_else(|| 1.into()) });
    let offset = |name: &str| member(&original, name).and_then(|position| position.get("offset"));
    let [start_name, end_name, original_start, original_end] = moved.side.names();
    let start = at(moved.first, offset(start_name));
    let end = if moved.is_outdated { start.clone() } else { at(moved.last, offset(end_name)) };
    context.insert("filePath".to_owned(), format!("/{}", moved.path).into());
    context.insert(start_name.to_owned(), start);
    context.insert(end_name.to_owned(), end);
    shown.context = Some(Value::Object(context));
    let mut around: Map<String, Value> =
        thread.pull_request_context.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    let iterations = around.get("iterationContext").cloned().unwrap_or_default();
    around.insert(
        "trackingCriteria".to_owned(),
        json!({
            "firstComparingIteration": iterations.get("firstComparingIteration"),
            "secondComparingIteration": iterations.get("secondComparingIteration"),
            "origFilePath": original.get("filePath"),
            original_start: original.get(start_name),
            original_end: original.get(end_name),
        }),
    );
    around.insert("iterationContext".to_owned(), json!({ "firstComparingIteration": to, "secondComparingIteration": to }));
    shown.pull_request_context = Some(Value::Object(around));
    shown
}
