//! Rule files: what their front matter says they are for, and their text without it.
//!
//! Cursor's `.mdc` files name patterns by `globs` and `alwaysApply`, Copilot's instructions by `applyTo`, Cline's rules by `paths`.
//! Their values are often no YAML (`globs: *.ts` would be an alias), so they are read line by line.

use super::{
    is_below,
    places::{OwnPatterns, OwnScope, is_copilots, owner},
    relative_to,
};
use crate::{configuration::Glob, prompt::Guideline};

/// Lines of a front matter; what has no end by then is text.
const MAX_FRONT_LINES: usize = 200;
/// Patterns of one file.
const MAX_PATTERNS: usize = 50;
/// Characters of patterns that are shown with a rule.
const MAX_SHOWN_CHARS: usize = 200;

/// What a file says it is for.
#[derive(Debug, Default, PartialEq, Eq)]
struct FrontMatter {
    patterns: Vec<String>,
    always: Option<bool>,
    has_description: bool,
}

/// The guideline of a rule file; None when it is for none of the `changed` paths.
pub(super) fn guideline(path: &str, text: &str, own: &OwnPatterns, changed: &[&str]) -> Option<Guideline> {
    let (front, body) = read(text);
    let (folder, front) = match (owner(path), own.scope(path)) {
        (_, Some(OwnScope::Patterns(patterns))) => ("", FrontMatter { patterns: split(patterns), ..FrontMatter::default() }),
        (Some(folder), _) => (folder, front),
        (None, Some(OwnScope::Folder)) => (path.rsplit_once('/').map_or("", |(folder, _)| folder), front),
        (None, None) => return None,
    };
    if !changed.iter().any(|changed| is_below(changed, folder)) || body.trim().is_empty() {
        return None;
    }
    let is_always = front.always == Some(true);
    let patterns = if is_always { Vec::new() } else { front.patterns };
    let applies = if patterns.is_empty() {
        // A rule without patterns that is not for everything is one that people call by its name.
        is_always || !is_copilots(path) && (front.always.is_none() || front.has_description)
    } else {
        let globs: Vec<Glob> = patterns.iter().filter_map(|pattern| glob(pattern, is_copilots(path))).collect();
        changed.iter().any(|changed| {
            let below = relative_to(changed, folder);
            below.is_some_and(|below| globs.iter().any(|glob| glob.is_match(below) || glob.is_match(changed)))
        })
    };
    let shown: String = patterns.join(", ").chars().take(MAX_SHOWN_CHARS).collect();
    let path = if shown.is_empty() { path.to_owned() } else { format!("{path}, for files of {shown}") };
    applies.then(|| Guideline { path, folder: folder.to_owned(), text: body.trim().to_owned() })
}

/// One without a slash is for that name in any folder, and one that ends in a slash for all that is below; `is_strict`: it is not.
fn glob(pattern: &str, is_strict: bool) -> Option<Glob> {
    let pattern = pattern.trim_start_matches("./").trim_start_matches('/');
    let pattern = match pattern {
        "" => return None,
        folder if folder.ends_with('/') => format!("{folder}**"),
        name if !is_strict && !name.contains('/') => format!("**/{name}"),
        path => path.to_owned(),
    };
    Glob::case_sensitive(&pattern).ok()
}

/// Patterns at their commas, but for those in braces.
pub(super) fn split(patterns: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut depth = 0_usize;
    for character in patterns.chars() {
        match character {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(pattern) = found.last_mut() {
            pattern.push(character);
        }
    }
    let clean = |pattern: &String| pattern.trim().trim_matches(['"', '\'']).trim().to_owned();
    found.iter().map(clean).filter(|pattern| !pattern.is_empty()).take(MAX_PATTERNS).collect()
}

/// The front matter and what follows it; a text that has none is all text.
fn read(text: &str) -> (FrontMatter, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let mut front = FrontMatter::default();
    let mut lines = text.split_inclusive('\n');
    let mut length = match lines.next() {
        Some(first) if first.trim_end() == "---" => first.len(),
        _ => return (front, text),
    };
    let mut is_list_of_patterns = false;
    for line in lines.take(MAX_FRONT_LINES) {
        length += line.len();
        let line = line.trim_end();
        if matches!(line, "---" | "...") {
            return (front, text.get(length..).unwrap_or_default());
        }
        if let Some(item) = line.trim_start().strip_prefix('-').filter(|_| is_list_of_patterns) {
            front.patterns.extend(split(item));
            front.patterns.truncate(MAX_PATTERNS);
            continue;
        }
        let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t', '#'])) else { continue };
        let value = value.trim();
        is_list_of_patterns = matches!(key.trim(), "globs" | "applyTo" | "paths");
        match key.trim() {
            "globs" | "applyTo" | "paths" => {
                front.patterns = split(value.trim_start_matches('[').trim_end_matches(']'));
            }
            "alwaysApply" => front.always = Some(value.eq_ignore_ascii_case("true")),
            "description" => front.has_description = !value.trim_matches(['"', '\'']).is_empty(),
            _ => {}
        }
    }
    (FrontMatter::default(), text)
}
