//! What sections are laid out with.

use crate::{
    pull_request::CommitId,
    render::model_text::{code_span, neutralise_line},
};

pub(super) const MAX_PATH_CHARS: usize = 200;

/// A bold sentence in a quote: Azure DevOps does not know the alerts of other forges.
pub(super) fn note(title: &str, text: &str) -> String {
    format!("> **{title}** {text}")
}

pub(super) fn commits(base: &CommitId, head: &CommitId, incremental: bool) -> String {
    let (base, head) = (base.short(), head.short());
    if incremental {
        format!("`{base}` to `{head}`, only what is new since the last review")
    } else {
        format!("`{base}` to `{head}`")
    }
}

pub(in crate::render) fn folded(title: &str, text: &str) -> String {
    // The empty line after the summary lets Azure DevOps render the markdown inside.
    format!("<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>")
}

pub(in crate::render) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub(super) fn counted_u64(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub(super) fn listed(paths: &[String], most: usize) -> String {
    let paths = listed_paths(paths, most);
    if paths.is_empty() { String::new() } else { format!(": {paths}") }
}

pub(super) fn listed_paths(paths: &[String], most: usize) -> String {
    let spans = paths.iter().take(most).map(|path| code_span(path, MAX_PATH_CHARS)).filter(|span| !span.is_empty());
    let mut spans: Vec<String> = spans.collect();
    if let Some(more) = paths.len().checked_sub(most).filter(|more| *more > 0) {
        spans.push(format!("and {more} more"));
    }
    spans.join(", ")
}

pub(super) fn in_table(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Markdown of a section under its heading; None: it has nothing to say.
pub(super) fn section(heading: &str, text: &str) -> Option<String> {
    (!text.is_empty()).then(|| format!("## {heading}\n\n{text}"))
}

/// A link of ours: `label` is our own word, `url` one that we made of names that we trust.
pub(super) fn link(label: &str, url: &str) -> String {
    format!("[{label}]({url})")
}

/// A cell of a table.
pub(super) fn cell(text: &str, max_chars: usize) -> String {
    neutralise_line(text, max_chars)
}

/// As many of the lines as `max_chars` hold; one without room costs only itself.
pub(super) fn fitting(lines: Vec<String>, max_chars: usize) -> Vec<String> {
    let mut left = max_chars;
    let fits = |line: &String| {
        let length = line.chars().count().saturating_add(2);
        let has_room = length <= left;
        if has_room {
            left -= length;
        }
        has_room
    };
    lines.into_iter().filter(fits).collect()
}

/// `text` and `tail`, or `text` alone, or as many of its whole blocks as there is room for: never a cut tag.
pub(super) fn capped(text: String, tail: &str, max_chars: usize) -> String {
    let joined = if tail.is_empty() { text.clone() } else { format!("{text}\n\n{tail}") };
    if joined.chars().count() <= max_chars {
        return joined;
    }
    if text.chars().count() <= max_chars {
        return text;
    }
    let mut kept = String::new();
    let mut length = 0;
    for block in text.split("\n\n") {
        length += block.chars().count() + 2;
        if length > max_chars {
            break;
        }
        kept.push_str(block);
        kept.push_str("\n\n");
    }
    kept
}
