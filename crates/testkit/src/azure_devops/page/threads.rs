//! Threads: where they stand at the newest iteration, and how they look.

use std::fmt::Write as _;

use super::{badge, escape, markdown};
use crate::azure_devops::{
    anchors::{self, Side},
    objects,
    world::{Comment, PullRequest, Thread, World},
};

/// A thread and its place at the newest iteration.
#[derive(Debug)]
pub(super) struct Placed {
    /// None: it belongs to the whole pull request.
    pub(super) path: Option<String>,
    /// Line on the right side after which it is shown.
    pub(super) right: Option<usize>,
    pub(super) left: Option<usize>,
    pub(super) is_outdated: bool,
    pub(super) html: String,
    is_system: bool,
}

pub(super) fn place(world: &mut World, found: &PullRequest) -> Vec<Placed> {
    let newest = found.iterations.last().map_or(0, |last| last.id);
    let standing = found.threads.iter().filter(|thread| !thread.is_deleted);
    standing.map(|thread| place_one(world, found, thread, newest)).collect()
}

fn place_one(world: &mut World, found: &PullRequest, thread: &Thread, newest: u32) -> Placed {
    let line = |name: &str| {
        let line = thread.context.as_ref()?.get(name)?.get("line")?.as_u64()?;
        usize::try_from(line).ok()
    };
    let path =
        thread.context.as_ref().and_then(|context| Some(context.get("filePath")?.as_str()?.trim_start_matches('/').to_owned()));
    let range = line("rightFileStart").zip(line("rightFileEnd"));
    let anchored = anchored_lines(world, found, thread, path.as_deref(), range);
    let moved = anchors::moved(world, found.id, thread, newest);
    let html = card(world, thread, &anchored, moved.as_ref().is_some_and(|moved| moved.is_outdated));
    let is_system = thread.comments.first().is_some_and(|comment| comment.kind == "system");
    match moved {
        Some(moved) => Placed {
            path: Some(moved.path),
            right: (moved.side == Side::Right).then_some(moved.last),
            left: (moved.side == Side::Left).then_some(moved.last),
            is_outdated: moved.is_outdated,
            html,
            is_system,
        },
        None => {
            Placed { path, right: range.map(|(_, last)| last), left: line("leftFileEnd"), is_outdated: false, html, is_system }
        }
    }
}

fn anchored_lines(
    world: &World,
    found: &PullRequest,
    thread: &Thread,
    path: Option<&str>,
    range: Option<(usize, usize)>,
) -> Vec<String> {
    let lines = || {
        let (first, last) = range?;
        let (_, iteration) = anchors::iterations_of(thread.pull_request_context.as_ref())?;
        let commit = &found.iterations.iter().find(|known| known.id == iteration)?.source;
        let git = world.git(found.source_repository)?;
        let content = objects::file(&git, commit, path?)?;
        let text = String::from_utf8_lossy(&content).into_owned();
        let count = last.saturating_sub(first).saturating_add(1).min(200);
        Some(text.lines().skip(first.saturating_sub(1)).take(count).map(str::to_owned).collect())
    };
    lines().unwrap_or_default()
}

fn card(world: &World, thread: &Thread, anchored: &[String], is_outdated: bool) -> String {
    let status = thread.status.as_deref().unwrap_or("unknown");
    let outdated = if is_outdated { "<span class=\"badge grey\">outdated</span>" } else { "" };
    let iteration = anchors::iterations_of(thread.pull_request_context.as_ref());
    let iteration = iteration.map(|(_, second)| format!("· update {second}")).unwrap_or_default();
    let mut out = format!(
        "<div class=\"thread {}\" id=\"thread-{}\"><div class=\"bar\">{}{outdated}<span class=\"muted\">thread {} {iteration}</span></div>",
        if matches!(status, "active" | "pending") { "open" } else { "shut" },
        thread.id,
        badge(status),
        thread.id,
    );
    for comment in &thread.comments {
        out.push_str(&comment_html(world, comment, anchored));
    }
    out.push_str("</div>");
    out
}

fn comment_html(world: &World, comment: &Comment, anchored: &[String]) -> String {
    let author = world.user(comment.author).map_or("", |user| user.display_name.as_str());
    let initial: String = author.chars().take(1).collect();
    let text = if comment.is_deleted {
        "<p class=\"muted\">deleted</p>".to_owned()
    } else {
        markdown::render(&comment.content, anchored)
    };
    let likes = if comment.liked_by.is_empty() { String::new() } else { format!(" · 👍 {}", comment.liked_by.len()) };
    format!(
        "<div class=\"comment\"><span class=\"avatar\">{}</span><div><div class=\"by\"><b>{}</b> <span class=\"muted\">{}{likes}</span></div>\
         <div class=\"text\">{text}</div></div></div>",
        escape(&initial),
        escape(author),
        comment.published.strftime("%H:%M:%S"),
    )
}

/// What belongs to the whole pull request: first what people and bots wrote, then the service's own lines.
pub(super) fn overview(world: &World, found: &PullRequest, placed: &[Placed]) -> String {
    let mut out = String::new();
    for thread in placed.iter().filter(|thread| thread.path.is_none() && !thread.is_system) {
        out.push_str(&thread.html);
    }
    let mut lines = String::new();
    for thread in found.threads.iter().rev() {
        let Some(comment) = thread.comments.first().filter(|comment| comment.kind == "system") else { continue };
        let author = world.user(comment.author).map_or("", |user| user.display_name.as_str());
        write!(
            lines,
            "<li><span class=\"muted\">{}</span> <b>{}</b> {}</li>",
            comment.published.strftime("%H:%M:%S"),
            escape(author),
            escape(&comment.content)
        )
        .ok();
    }
    if !lines.is_empty() {
        write!(out, "<details class=\"card\"><summary>History</summary><ul class=\"list\">{lines}</ul></details>").ok();
    }
    if out.is_empty() { "<div class=\"card muted\">Nobody has said anything yet.</div>".to_owned() } else { out }
}
