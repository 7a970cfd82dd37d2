//! A pull request for people: what it says, what stands on it and where. No script, nothing from elsewhere; whatever people
//! or models wrote is escaped.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    answer::{Answer, HTML},
    world::{PullRequest, Status, World},
};

mod diff;
mod markdown;
mod threads;

const STYLE: &str = include_str!("style.css");

/// All pull requests.
pub(crate) fn index(world: &mut World) -> Answer {
    let mut rows = String::new();
    for pull_request in world.pull_requests.iter().rev() {
        let url = format!("{}/pullrequest/{}", world.repository_web(pull_request.repository), pull_request.id);
        write!(
            rows,
            "<li><a href=\"{}\">!{} {}</a> {} <span class=\"muted\">{}</span></li>",
            escape(&url),
            pull_request.id,
            escape(&pull_request.title),
            badge(&pull_request.status),
            escape(&place(world, pull_request)),
        )
        .ok();
    }
    if rows.is_empty() {
        rows.push_str("<li class=\"muted\">There is none yet.</li>");
    }
    html(200, "Pull requests", &format!("<main><h1>Pull requests</h1><ul class=\"list card\">{rows}</ul></main>"))
}

/// The page of one pull request.
pub(crate) fn pull_request(world: &mut World, collection: usize, project: &str, repository: &str, id: Option<&String>) -> Answer {
    let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    let found = id.and_then(|id| id.parse().ok()).and_then(|id: u32| world.pull_request(id)).filter(|found| {
        let of = world.repositories.get(found.repository);
        let in_project = of.and_then(|of| world.projects.get(of.project));
        !found.is_gone
            && world.collection_of(found.repository) == collection
            && of.is_some_and(|of| same(&of.name, repository) || same(&of.id, repository))
            && in_project.is_some_and(|of| same(&of.name, project) || same(&of.id, project))
    });
    let Some(found) = found.cloned() else {
        return Answer::new(404, HTML, plain("Not found", "There is no such pull request."));
    };
    super::iterations::sync(world, found.repository, found.created_by);
    let found = world.pull_request(found.id).cloned().unwrap_or(found);
    let placed = threads::place(world, &found);
    let files = diff::files(world, &found, &placed);
    let overview = threads::overview(world, &found, &placed);
    let body = format!(
        "{}<main class=\"wide\"><div class=\"columns\"><div>{}<h2>Overview</h2>{overview}</div>{}</div><h2 id=\"files\">Files</h2>{files}</main>",
        head(world, &found),
        description(&found),
        aside(world, &found),
    );
    html(200, &format!("!{} {}", found.id, found.title), &body)
}

/// A page with one sentence.
pub(crate) fn plain(title: &str, text: &str) -> String {
    document(title, &format!("<main><h1>{}</h1><p>{}</p></main>", escape(title), escape(text)))
}

fn html(status: u16, title: &str, body: &str) -> Answer {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    Answer::new(status, HTML, document(title, body)).header("content-security-policy", policy)
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{}</title><style>{STYLE}</style></head><body>{body}</body></html>",
        escape(title)
    )
}

fn place(world: &World, pull_request: &PullRequest) -> String {
    let repository = world.repositories.get(pull_request.repository);
    let project = repository.and_then(|repository| world.projects.get(repository.project));
    let collection = world.collections.get(world.collection_of(pull_request.repository));
    let names = [
        collection.map_or("", |collection| &collection.name),
        project.map_or("", |project| &project.name),
        repository.map_or("", |repository| &repository.name),
    ];
    names.join(" / ")
}

fn head(world: &World, found: &PullRequest) -> String {
    let author = world.user(found.created_by).map_or("", |user| &user.display_name);
    let branch = |name: &str| escape(name.trim_start_matches("refs/heads/"));
    let fork = world.repositories.get(found.source_repository).filter(|_| found.is_from_fork());
    let fork = fork.map(|fork| format!("{}:", escape(&fork.name))).unwrap_or_default();
    let draft = if found.is_draft { "<span class=\"badge grey\">draft</span>" } else { "" };
    format!(
        "<header><div class=\"crumbs\">{}</div><h1><span class=\"muted\">!{}</span> {} {}{draft}</h1>\
         <p class=\"muted\"><b>{}</b> wants to merge <code>{fork}{}</code> into <code>{}</code></p></header>",
        escape(&place(world, found)),
        found.id,
        escape(&found.title),
        badge(&found.status),
        escape(author),
        branch(&found.source_ref),
        branch(&found.target_ref),
    )
}

fn description(found: &PullRequest) -> String {
    if found.description.is_empty() {
        return "<div class=\"card muted\">No description.</div>".to_owned();
    }
    format!("<div class=\"card text\">{}</div>", markdown::render(&found.description, &[]))
}

/// Checks, iterations, reviewers, labels, work items.
fn aside(world: &World, found: &PullRequest) -> String {
    let mut out = String::from("<aside>");
    let mut section = |title: &str, items: Vec<String>| {
        if !items.is_empty() {
            write!(
                out,
                "<section class=\"card\"><h3>{title}</h3><ul class=\"list\"><li>{}</li></ul></section>",
                items.join("</li><li>")
            )
            .ok();
        }
    };
    section("Checks", latest(&found.statuses).into_iter().map(check).collect());
    let iteration = |iteration: &super::world::Iteration| {
        format!(
            "<b>{}</b> <code>{}</code> <span class=\"muted\">{} · {}</span>",
            iteration.id,
            escape(&iteration.source.chars().take(8).collect::<String>()),
            escape(&iteration.reason),
            iteration.created.strftime("%H:%M:%S"),
        )
    };
    section("Updates", found.iterations.iter().rev().map(iteration).collect());
    let reviewer = |reviewer: &super::world::Reviewer| {
        let vote = match reviewer.vote {
            10 => "approved",
            5 => "approved with suggestions",
            -5 => "waits for the author",
            -10 => "rejected",
            _ => "no vote",
        };
        let name = world.user(reviewer.user).map_or("", |user| &user.display_name);
        format!("{} <span class=\"muted\">{vote}</span>", escape(name))
    };
    section("Reviewers", found.reviewers.iter().map(reviewer).collect());
    section(
        "Labels",
        found.labels.iter().map(|label| format!("<span class=\"badge blue\">{}</span>", escape(&label.name))).collect(),
    );
    let work_item = |id: &u32| {
        let title = world.work_items.get(id).and_then(|item| item.fields.get("System.Title")).and_then(Value::as_str);
        format!("#{id} {}", escape(title.unwrap_or_default()))
    };
    section("Work items", found.work_items.iter().map(work_item).collect());
    out.push_str("</aside>");
    out
}

/// The newest status of each genre and name.
fn latest(statuses: &[Status]) -> Vec<&Status> {
    let mut latest: Vec<&Status> = Vec::new();
    for status in statuses.iter().rev() {
        if !latest.iter().any(|known| known.genre == status.genre && known.name == status.name) {
            latest.push(status);
        }
    }
    latest
}

fn check(status: &Status) -> String {
    let name = status.genre.as_ref().map_or(status.name.clone(), |genre| format!("{genre}/{}", status.name));
    let iteration = status.iteration.map(|iteration| format!(" · update {iteration}")).unwrap_or_default();
    format!(
        "{} <b>{}</b><br><span class=\"muted\">{}{iteration}</span>",
        badge(&status.state),
        escape(&name),
        escape(status.description.as_deref().unwrap_or_default()),
    )
}

fn badge(word: &str) -> String {
    let colour = match word {
        "active" | "pending" => "blue",
        "succeeded" | "completed" | "fixed" => "green",
        "failed" | "error" | "abandoned" => "red",
        _ => "grey",
    };
    format!("<span class=\"badge {colour}\">{}</span>", escape(word))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
