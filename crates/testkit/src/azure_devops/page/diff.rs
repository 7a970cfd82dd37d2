//! The files of the newest iteration with the threads beside their lines.

use std::fmt::Write as _;

use super::{escape, threads::Placed};
use crate::azure_devops::{
    objects::{self, RawChange},
    patch::{self, Hunk},
    world::{PullRequest, World},
};

/// More would be no page for people.
const MOST_FILES: usize = 200;
const MOST_LINES: usize = 2_000;

pub(super) fn files(world: &mut World, found: &PullRequest, placed: &[Placed]) -> String {
    let Some(last) = found.iterations.last() else { return "<div class=\"card muted\">Nothing was pushed.</div>".to_owned() };
    let changes = world.diff(found.source_repository, &last.common, &last.source);
    let text =
        world.git(found.source_repository).and_then(|git| objects::patch(&git, &last.common, &last.source, &["."], 3).ok());
    let sections = split(&text.unwrap_or_default());
    let mut out = String::new();
    for (index, change) in changes.iter().take(MOST_FILES).enumerate() {
        let hunks = sections.get(index).map(|section| patch::hunks(section)).unwrap_or_default();
        let ours: Vec<&Placed> = placed.iter().filter(|thread| thread.path.as_deref() == Some(change.path.as_str())).collect();
        out.push_str(&file(change, &hunks, &ours));
    }
    if changes.len() > MOST_FILES {
        write!(out, "<div class=\"card muted\">… and {} more files.</div>", changes.len() - MOST_FILES).ok();
    }
    let is_shown = |thread: &&Placed| changes.iter().take(MOST_FILES).any(|change| thread.path.as_ref() == Some(&change.path));
    for thread in placed.iter().filter(|thread| thread.path.is_some() && !is_shown(thread)) {
        let path = thread.path.as_deref().unwrap_or_default();
        write!(
            out,
            "<div class=\"file card\"><p class=\"muted\">On {}, which this update does not change:</p>{}</div>",
            escape(path),
            thread.html
        )
        .ok();
    }
    out
}

/// One section for each `diff --git`; lines of content never start so.
fn split(patch: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in patch.split_inclusive('\n') {
        if line.starts_with("diff --git ") {
            sections.push(String::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push_str(line);
        }
    }
    sections
}

fn file(change: &RawChange, hunks: &[Hunk], threads: &[&Placed]) -> String {
    let count = |is_new: bool| {
        let lines = hunks.iter().flat_map(|hunk| &hunk.lines);
        lines.filter(|line| if is_new { line.old.is_none() } else { line.new.is_none() }).count()
    };
    let kind = match change.kind {
        'A' => "added",
        'D' => "deleted",
        'R' => "renamed",
        _ => "edited",
    };
    let from =
        change.original_path.as_ref().map(|path| format!("<span class=\"muted\">{} → </span>", escape(path))).unwrap_or_default();
    let mut out = format!(
        "<details class=\"file\" open><summary>{from}<b>{}</b> <span class=\"muted\">{kind}</span> <span class=\"plus\">+{}</span> \
         <span class=\"minus\">−{}</span></summary>",
        escape(&change.path),
        count(true),
        count(false),
    );
    let mut left: Vec<&Placed> = threads.to_vec();
    let mut take = |wanted: &dyn Fn(&Placed) -> bool| {
        let taken: String = left.iter().filter(|thread| wanted(thread)).map(|thread| thread.html.as_str()).collect();
        left.retain(|thread| !wanted(thread));
        taken
    };
    let whole_file = take(&|thread| thread.is_outdated || (thread.right.is_none() && thread.left.is_none()));
    let mut table = String::new();
    let mut shown = 0_usize;
    for hunk in hunks {
        write!(
            table,
            "<tr class=\"hunk\"><td></td><td></td><td class=\"code\">@@ -{} +{} @@</td></tr>",
            hunk.old_start, hunk.new_start
        )
        .ok();
        for line in &hunk.lines {
            shown = shown.saturating_add(1);
            if shown > MOST_LINES {
                break;
            }
            let class = match (line.old, line.new) {
                (None, _) => "add",
                (_, None) => "del",
                _ => "",
            };
            let number = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
            write!(
                table,
                "<tr class=\"{class}\"><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"code\">{}</td></tr>",
                number(line.old),
                number(line.new),
                escape(&line.text)
            )
            .ok();
            let here = take(&|thread| {
                thread.right.is_some_and(|right| line.new == Some(right))
                    || (thread.right.is_none() && thread.left.is_some() && thread.left == line.old)
            });
            if !here.is_empty() {
                write!(table, "<tr class=\"threads\"><td colspan=\"3\">{here}</td></tr>").ok();
            }
        }
    }
    let elsewhere = take(&|_| true);
    if table.is_empty() {
        table.push_str("<tr><td class=\"muted code\">No text to show.</td></tr>");
    }
    write!(out, "<div class=\"beside\">{whole_file}{elsewhere}</div><table class=\"diff\">{table}</table></details>").ok();
    out
}
